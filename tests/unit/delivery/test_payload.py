"""The body, key by key as the documentation has it."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from callbridge.calls.call import (
    Agent,
    Call,
    CallState,
    Leg,
    LegState,
    Missed,
    Moment,
    Party,
    Pause,
    Reason,
    Recording,
    RecordingState,
    Side,
    TooLong,
)
from callbridge.calls.events import Event, EventType, call_event, pbx_event
from callbridge.delivery.payload import as_json, render, stamp

from .calls import AT, a_call

ANA = Party(extension="1001", name="Ana Costa", raw="1001")
NAMES = ("id", "name", "type", "tax_id", "owner", "url", "matched", "at", "source", "by")
NOBODY: dict[str, Any] = {"match": "none", **dict.fromkeys(NAMES), "candidates": []}


RECORDING = Recording(
    id="rec_1",
    channel="1763805600.41",
    path="/var/spool/asterisk/monitor/2026/x.wav",
    file="2026/x.wav",
    state=RecordingState.READY,
    started_at=AT,
    stopped_at=AT + timedelta(seconds=60),
    pauses=(Pause(AT + timedelta(seconds=1), AT + timedelta(seconds=2)), Pause(AT + timedelta(seconds=3))),
    length_s=59.98049,
    size=959_732,
    measured=True,
)


def a_whole_call() -> Call:
    """A call with something in every field."""
    leg = Leg("PJSIP/1001-0000002a", "1763805600.42", Side.CALLEE, ANA, LegState.UP, cause=16)
    return replace(
        a_call(sequence=4),
        state=CallState.COMPLETED,
        queue="sales",
        agent=Agent("1001", "Ana Costa"),
        timeline=(Moment(CallState.STARTED, AT), Moment(CallState.ANSWERED, AT + timedelta(seconds=3))),
        legs=(leg,),
        answered_at=AT + timedelta(seconds=3),
        ended_at=AT + timedelta(seconds=63),
        wait_s=12.40049,
        ring_s=3.1,
        hold_s=0.0004,
        talk_s=60.0,
        ended_by=Side.CALLER,
        hangup_cause=16,
        reason=Reason.ABANDONED,
        missed=Missed(Reason.ABANDONED, "sales", (ANA,)),
        recordings=(RECORDING,),
        too_long=TooLong(3600.0, AT),
        merged_into="call_9",
        oddities=1,
    )


def body_of(event: Event) -> dict[str, Any]:
    found = orjson.loads(render(event))
    assert isinstance(found, dict)
    return found


def test_the_body_has_type_timestamp_and_data_in_this_order() -> None:
    body = body_of(call_event(a_call(), EventType.CALL_STARTED, AT))
    assert list(body) == ["type", "timestamp", "data"]
    assert body["type"] == "call.started"
    assert body["timestamp"] == "2026-11-22T10:00:00.123Z"
    assert list(body["data"]) == ["pbx", "sequence", "call"]


def test_the_call_has_every_key_of_the_documentation_in_its_order() -> None:
    assert body_of(call_event(a_whole_call(), EventType.CALL_ENDED, AT))["data"]["call"] == {
        "id": "call_1",
        "pbx": "main",
        "protocol": "20261122-000042",
        "direction": "inbound",
        "state": "completed",
        "from": {"number": "+351912345678", "raw": "912345678", "name": "Maria Silva", "extension": None},
        "to": {"number": "+351210000000", "raw": "210000000", "name": None, "extension": None},
        "queue": "sales",
        "agent": {"extension": "1001", "name": "Ana Costa"},
        "customer": NOBODY,
        "timeline": [
            {"state": "started", "at": "2026-11-22T10:00:00.123Z"},
            {"state": "answered", "at": "2026-11-22T10:00:03.123Z"},
        ],
        "started_at": "2026-11-22T10:00:00.123Z",
        "answered_at": "2026-11-22T10:00:03.123Z",
        "ended_at": "2026-11-22T10:01:03.123Z",
        "wait_s": 12.4,
        "ring_s": 3.1,
        "hold_s": 0.0,
        "talk_s": 60.0,
        "ended_by": "caller",
        "hangup_cause": 16,
        "reason": "abandoned",
        "legs": [
            {
                "channel": "PJSIP/1001-0000002a",
                "party": "callee",
                "state": "up",
                "number": None,
                "extension": "1001",
                "name": "Ana Costa",
                "uniqueid": "1763805600.42",
                "hangup_cause": 16,
            },
        ],
        "recordings": [
            {
                "id": "rec_1",
                "state": "ready",
                "file": "2026/x.wav",
                "started_at": "2026-11-22T10:00:00.123Z",
                "stopped_at": "2026-11-22T10:01:00.123Z",
                "paused": [
                    {"from": "2026-11-22T10:00:01.123Z", "to": "2026-11-22T10:00:02.123Z"},
                    {"from": "2026-11-22T10:00:03.123Z", "to": None},
                ],
                "length_s": 59.98,
                "size": 959_732,
                "measured": True,
                "reason": None,
            },
        ],
        "notes": [],
        "tags": [],
        "disposition": None,
        "quote": None,
        "missed": {
            "reason": "abandoned",
            "queue": "sales",
            "rung": [{"number": None, "raw": "1001", "name": "Ana Costa", "extension": "1001"}],
        },
        "too_long": {"limit_s": 3600.0, "at": "2026-11-22T10:00:00.123Z"},
        "merged_into": "call_9",
        "oddities": 1,
    }


def test_the_keys_of_the_call_are_the_same_whatever_is_known_of_it() -> None:
    empty = body_of(call_event(a_call(), EventType.CALL_STARTED, AT))["data"]["call"]
    whole = body_of(call_event(a_whole_call(), EventType.CALL_ENDED, AT))["data"]["call"]
    assert list(empty) == list(whole)
    assert [empty[key] for key in ("agent", "answered_at", "talk_s", "missed", "ended_by")] == [None] * 5


def test_details_stand_between_the_sequence_and_the_call_as_plain_data() -> None:
    event = call_event(
        a_call(),
        EventType.CALL_RINGING,
        AT,
        ringing=(ANA, Party(number="+351910000000")),
        by=Agent("1001"),
        reason=Reason.TIMEOUT,
        since=AT,
        limit_s=1.23456,
        position=2,
        nested={"deep": (ANA,)},
    )
    data = body_of(event)["data"]
    assert list(data) == [
        "pbx",
        "sequence",
        "ringing",
        "by",
        "reason",
        "since",
        "limit_s",
        "position",
        "nested",
        "call",
    ]
    ana = {"number": None, "raw": "1001", "name": "Ana Costa", "extension": "1001"}
    assert data["ringing"][0] == ana
    assert data["by"] == {"extension": "1001", "name": None}
    assert (data["reason"], data["since"], data["limit_s"]) == ("timeout", "2026-11-22T10:00:00.123Z", 1.235)
    assert data["nested"] == {"deep": [ana]}


def test_an_event_about_no_call_has_neither_sequence_nor_call() -> None:
    event = pbx_event("main", EventType.PBX_CONNECTED, AT, gap={"from": AT, "to": AT})
    gap = {"from": "2026-11-22T10:00:00.123Z", "to": "2026-11-22T10:00:00.123Z"}
    assert body_of(event)["data"] == {"pbx": "main", "gap": gap}


def test_times_of_any_zone_are_told_in_utc() -> None:
    lisbon_in_summer = timezone(timedelta(hours=1))
    assert stamp(datetime(2026, 7, 1, 12, 30, tzinfo=lisbon_in_summer)) == "2026-07-01T11:30:00.000Z"
    assert stamp(datetime(2026, 7, 1, 12, 30, 0, 999999, tzinfo=UTC)) == "2026-07-01T12:30:00.999Z"


@pytest.mark.parametrize("name", ["Иван", 'a"b\\c', "<script>", "Ann\u2028e\x00\x1b[2J", "😀" * 80])
def test_a_name_arrives_exactly_as_it_came(name: str) -> None:
    call = replace(a_call(), caller=Party(name=name))
    assert body_of(call_event(call, EventType.CALL_STARTED, AT))["data"]["call"]["from"]["name"] == name


def test_half_a_character_in_a_name_or_a_monstrous_number_stops_no_event() -> None:
    call = replace(a_call(), caller=Party(name="Jo\ud83d"), hangup_cause=2**70)
    said = body_of(call_event(call, EventType.CALL_STARTED, AT))["data"]["call"]
    assert said["from"]["name"] == "Jo?"
    render(call_event(call, EventType.CALL_STARTED, AT)).decode()


def test_what_replay_prints_is_what_a_subscriber_reads() -> None:
    event = call_event(a_whole_call(), EventType.CALL_ENDED, AT)
    assert orjson.dumps(as_json(event)) == render(event)


def test_rendering_is_quick_enough_for_the_hot_path() -> None:
    """25 µs is the aim; ten times that still fails nobody who shares the machine, and catches a slip in the order."""
    event = call_event(a_whole_call(), EventType.CALL_ENDED, AT)
    best = min(_seconds(event) for _ in range(20))
    assert best < 250e-6


def _seconds(event: Event, times: int = 50) -> float:
    begun = time.perf_counter()
    for _ in range(times):
        render(event)
    return (time.perf_counter() - begun) / times


def test_a_recording_is_told_as_it_stands_in_its_call() -> None:
    event = call_event(a_whole_call(), EventType.RECORDING_READY, AT, recording=RECORDING)
    data = body_of(event)["data"]

    assert list(data) == ["pbx", "sequence", "recording", "call"]
    assert data["recording"] == data["call"]["recordings"][0]
