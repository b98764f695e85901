"""Pairs of what a real Asterisk wrote into its log (NAME.csv) and what we tell of it afterwards (NAME.events.jsonl).

Add a pair, get a test. `python -m tests.cel.make FOLDER` records the lab's scenes so;
what was told is read against the tape of the same scene before it is kept.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from callbridge.app import build
from callbridge.asterisk.cel.csv_file import CsvFile
from callbridge.asterisk.cel.fates import Fates
from callbridge.asterisk.cel.row import CelRow
from callbridge.asterisk.from_cel import CelReading
from callbridge.calls import facts as f
from callbridge.calls.arrival import call_id
from callbridge.calls.backfill import SEAM_S
from callbridge.calls.call import Call
from callbridge.calls.events import Event
from callbridge.calls.tracker import Tracker
from callbridge.config import load_profiles
from callbridge.config.words import CEL_COLUMNS
from callbridge.delivery.payload import render
from tests.stories.lives import next_life
from tests.tapes.test_pairs import limits_in, settings

HERE = Path(__file__).parent
PBXS = build.profiles(load_profiles(HERE.parent / "tapes" / "pbx.toml"))
TAPES = HERE.parent / "tapes"
LOGS = sorted(path.stem for path in HERE.glob("*.csv"))
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
QUIET_S = 0.1

RINGING = ("types", "timeline", "missed", "ringing")
"""What is told otherwise where a phone rang and CEL does not know it, or the other way round."""
UNLIKE_THE_TAPE: dict[str, tuple[set[str], str]] = {
    "03-offline-silent": ({"state", "reason", *RINGING}, "a phone that says nothing looks like one that rings"),
    "03-rejected-while-ringing": ({*RINGING}, "it rang for a second before it refused; CEL knows only that it refused"),
    "07-queue-empties": ({*RINGING}, "the same, of a member"),
    "08-queue-rejects-then-answers": ({"types", "timeline", "ringing"}, "the same, of a member"),
    "07-queue-full": (
        {"reason", "missed", "details"},
        "that a queue is full and not empty is said by QUEUESTATUS alone",
    ),
    "13-click-to-dial-agent-declines": (
        {"state", "reason", "ended_by", "to", "types", "timeline", "ringing"},
        "whom it was for is not in CEL, nor that the agent's phone rang, and was busy only then",
    ),
    "14-system-call-into-queue": (
        {"from", "to", "legs", "ringing"},
        "the number the PBX dials itself is not in CEL, so nobody can tell it from the one that is shown",
    ),
    "22-park-comes-back": ({"details"}, "the slot is said by whoever fetches the call; else the car park alone"),
    "22-park-hangup": ({"details"}, "the same"),
}
"""What CEL does not know of a scene, and why; docs/facts.md says so, too. All else is told as the tape tells it."""
LIKE_THE_TAPE = ("direction", "state", "reason", "ended_by", "from", "to", "queue", "agent", "hangup_cause")
DETAILS = ("transfer", "by", "slot", "changed", "forwarded", "reason", "limit_s")
SECONDS = ("wait_s", "hold_s", "talk_s")
WITHIN_S = 0.5
"""How far two runs of one scene may be apart."""


def tracker(name: str) -> Tracker:
    """One that has the limits of the tape of the same scene."""
    return Tracker(PBXS, limits=build.limits(limits_in(settings(name))))


@cache
def rows(name: str) -> tuple[CelRow, ...]:
    log = CsvFile(HERE / f"{name}.csv", CEL_COLUMNS, UTC)
    found = tuple(row for page in log.pages(LONG_AGO) for row in page)
    assert log.rubbish == 0
    return found


def facts_of(log: tuple[CelRow, ...], cut: int | None = None) -> list[f.Fact]:
    """Return what the first `cut` rows tell, knowing all."""
    fates = Fates()
    for row in log:
        fates.read(row)
    reading = CelReading("main", fates)
    return [f.Backfilled("main", fact.at, fact, fates.blur_s) for row in log[:cut] for fact in reading.facts_from(row)]


def told(listener: Tracker, facts: list[f.Fact]) -> list[Event]:
    events = [event for fact in facts for event in listener.apply(fact)]
    while (at := listener.next_telling("main")) is not None:
        events += listener.apply(f.Backfilled("main", at, f.TimePassed("main", at)))
    return events


@cache
def whole(name: str) -> tuple[Event, ...]:
    return tuple(told(tracker(name), facts_of(rows(name))))


def ends(events: tuple[Event, ...] | list[Event]) -> dict[str, Call]:
    return {event.call.id: event.call for event in events if event.call is not None}


def test_every_log_has_its_events_and_the_other_way_round() -> None:
    assert {path.name.removesuffix(".events.jsonl") for path in HERE.glob("*.events.jsonl")} == set(LOGS)
    assert len(LOGS) > 60


@pytest.mark.parametrize("name", LOGS)
def test_a_log_is_told_as_it_was(name: str) -> None:
    """To the byte."""
    assert b"".join(render(event) + b"\n" for event in whole(name)) == (HERE / f"{name}.events.jsonl").read_bytes()


@pytest.mark.parametrize("name", LOGS)
def test_nothing_is_odd_in_a_log_and_nothing_is_left(name: str) -> None:
    listener = tracker(name)
    told(listener, facts_of(rows(name)))

    assert not listener.board.oddities
    assert (listener.live_calls, listener.board.graph.channels, listener.board.graph.bridges) == (0, {}, {})


@pytest.mark.parametrize("name", LOGS)
def test_a_log_of_whole_seconds_tells_the_same_but_for_the_seconds(name: str) -> None:
    """As with `dateformat = %F %T` in cel.conf."""
    listener = tracker(name)
    blurred = told(listener, facts_of(tuple(replace(row, at=row.at.replace(microsecond=0)) for row in rows(name))))

    assert kernel(blurred) == kernel(whole(name))
    assert [event.type for event in blurred] == [event.type for event in whole(name)]


@pytest.mark.parametrize("places", range(1, 8))
def test_a_pick_up_may_be_written_down_after_what_followed_it(places: int) -> None:
    """Asterisk says so once all is done: the phone that rang may be gone by then, and both in their bridge."""
    name = "20-pickup-by-code"
    log = list(rows(name))
    at = next(place for place, row in enumerate(log) if row.event == "PICKUP")
    late = (*log[:at], *log[at + 1 : at + 1 + places], log[at], *log[at + 1 + places :])

    assert kernel(told(tracker(name), facts_of(late))) == kernel(whole(name))


def test_a_phone_that_sends_a_call_on_did_not_ring_whatever_cause_is_written_down() -> None:
    name = "21-forward-by-302"
    log = tuple(
        replace(row, extra={**row.extra, "hangupcause": 0}) if row.extra.get("hangupcause") == 23 else row
        for row in rows(name)
    )

    assert log != rows(name)
    assert [event.type for event in told(tracker(name), facts_of(log))] == [event.type for event in whole(name)]


def kernel(events: list[Event] | tuple[Event, ...]) -> list[object]:
    """Return what became of each call."""
    return [
        (call.id, call.state, call.reason, call.ended_by, call.agent, call.queue, call.missed, call.merged_into)
        for call in ends(events).values()
    ]


def quiet_moments(log: tuple[CelRow, ...]) -> list[int]:
    return [place for place in range(1, len(log)) if log[place].at - log[place - 1].at > timedelta(seconds=QUIET_S)]


@pytest.mark.parametrize("name", LOGS)
def test_a_backfill_that_is_killed_goes_on_where_it_was(name: str) -> None:
    """It reads again from two seconds before what was told last; calls that are over are known to the database.

    A commit holds a page of rows, which seldom ends in the middle of a swap of bridges: cut is in quiet moments.
    """
    log, expected = rows(name), [(event.id, event.type) for event in whole(name)]
    for cut in quiet_moments(log):
        first = tracker(name)
        before = [event for fact in facts_of(log, cut) for event in first.apply(fact)]
        if not all(channel.call_id for channel in first.board.graph.channels.values()):
            continue
        known = set(ends(before)) - set(first.board.open)
        new = next_life(first, tracker(name))
        heard_until = new.board.heard_until["main"] = log[cut - 1].at
        again = tuple(row for row in log if row.at >= heard_until - timedelta(seconds=SEAM_S))
        rest = told(new, [fact for fact in facts_of(again) if not begins(fact, known)])
        assert [(event.id, event.type) for event in [*before, *rest]] == expected, f"killed after {cut} rows"


def begins(fact: f.Fact, calls: set[str]) -> bool:
    """Tell whether a fact begins one of some calls: of them the database knows."""
    inner = fact.fact if isinstance(fact, f.Backfilled) else fact
    return isinstance(inner, f.ChannelBorn) and call_id("main", inner.channel) in calls


def as_told(path: Path) -> list[dict[str, Any]]:
    """Return what is the same in every run of a scene: what was told of each call, and what became of it."""
    calls: dict[str, dict[str, Any]] = {}
    for line in path.read_text().splitlines():
        event = json.loads(line)
        call = event["data"].get("call")
        if call is not None:
            told = calls.setdefault(call["id"], {"types": [], "details": [], "ringing": []})
            told["types"].append(event["type"])
            told["details"] += [(key, event["data"][key]) for key in DETAILS if key in event["data"]]
            told["ringing"] += [in_any_order(event["data"].get("ringing", ()))]
            told |= last(call)
    return list(calls.values())


def last(call: dict[str, Any]) -> dict[str, Any]:
    """Return what became of a call. Which member is called first is each run's own."""
    missed = call["missed"]
    return {
        **{key: call[key] for key in LIKE_THE_TAPE},
        **{key: call[key] for key in SECONDS},
        "merged": call["merged_into"] is not None,
        "missed": missed and {**missed, "rung": in_any_order(missed["rung"])},
        "timeline": [each["state"] for each in call["timeline"]],
        "legs": in_any_order({key: leg[key] for key in LEG} for leg in call["legs"]),
    }


LEG = ("party", "number", "extension", "name", "hangup_cause")


def alike(key: str, one: Any, other: Any) -> bool:
    return bool(abs(one - other) < WITHIN_S if key in SECONDS else one == other)


def in_any_order(found: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(map(str, found))


@pytest.mark.parametrize("name", ["03-congestion", "11-outbound-busy"])
def test_a_phone_that_is_taken_down_after_its_caller_had_refused_all_the_same(name: str) -> None:
    """Each is taken down by a thread of its own."""
    log = rows(name)
    of_phone = [row for row in log if row.event in {"HANGUP", "CHAN_END"} and row.channel != row.linkedid]
    caller_ends = next(place for place, row in enumerate(log) if row.event == "HANGUP" and row.channel == row.linkedid)
    late = [row for row in log[: caller_ends + 1] if row not in of_phone] + of_phone + list(log[caller_ends + 1 :])
    events = told(tracker(name), facts_of(tuple(replace(row, at=each.at) for row, each in zip(late, log, strict=True))))
    expected = whole(name)

    assert [event.type for event in events] == [event.type for event in expected]
    ends = [(last.state, last.reason, last.ended_by) for last in (events[-1].call, expected[-1].call) if last]
    assert ends[0] == ends[1]


@pytest.mark.parametrize("name", [name for name in LOGS if (TAPES / f"{name}.events.jsonl").exists()])
def test_the_log_and_the_tape_of_a_scene_tell_the_same(name: str) -> None:
    """Two runs of one scene: ids, times and which member rings first are each run's own."""
    log, tape = as_told(HERE / f"{name}.events.jsonl"), as_told(TAPES / f"{name}.events.jsonl")
    unlike = {
        key for one, other in zip(log, tape, strict=True) for key in other if not alike(key, one[key], other[key])
    }

    assert unlike == UNLIKE_THE_TAPE.get(name, (set(), ""))[0]


def test_what_a_log_does_not_know_is_named_of_logs_there_are() -> None:
    assert set(UNLIKE_THE_TAPE) <= set(LOGS)
