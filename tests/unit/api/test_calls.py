"""`/v1/calls`: each call as its last event has it, the newest first, a page at a time."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection

from callbridge.calls.call import Agent, Call, CallState, Direction, Missed, Party, Reason
from callbridge.calls.customer import Customer, Known, Match
from callbridge.calls.events import EventType, call_event
from callbridge.delivery.payload import call_as_json, render
from callbridge.ports import Batch, CallQuery
from callbridge.ports import Told as ToldEvent
from tests.unit.api.conftest import Api
from tests.unit.store.made import AT, a_call, telling


def told(call: Call, kind: EventType = EventType.CALL_STARTED) -> ToldEvent:
    event = call_event(call, kind, AT)
    return ToldEvent(event, render(event), ("crm",))


def the_call(name: str, minute: int = 0, **other: Any) -> Call:
    return a_call(name, started_at=AT + timedelta(minutes=minute), **other)


async def ids(api: Api, query: str = "") -> list[str]:
    answer = await api.owner("GET", f"/v1/calls?{query}")
    assert answer.status == 200, answer.json
    return [each["id"].removeprefix("call_") for each in answer.json["items"]]


async def test_a_call_is_as_its_last_event_has_it_live_or_over(api: Api) -> None:
    live, over = the_call("live"), the_call("over")
    ended = replace(over, sequence=2, state=CallState.COMPLETED, ended_at=AT + timedelta(minutes=3), talk_s=12.5)
    await api.store.commit(telling(told(live), told(over)))
    await api.store.commit(telling(told(ended, EventType.CALL_ENDED)))

    assert (await api.owner("GET", "/v1/calls/call_live")).json == call_as_json(live)
    assert (await api.owner("GET", "/v1/calls/call_over")).json == call_as_json(ended)
    listed = await api.owner("GET", "/v1/calls")
    assert listed.json == {"items": [call_as_json(ended), call_as_json(live)], "next": None}


async def test_a_call_there_is_not_is_not_found(api: Api) -> None:
    for path in ("call_nobody", "call_nobody/events", "x%00y", "%ff"):
        refused = await api.owner("GET", f"/v1/calls/{path}")

        assert (refused.status, refused.json["type"]) == (404, "/problems/not-found"), path


async def test_events_are_told_byte_for_byte_in_their_sequence(api: Api) -> None:
    bodies = [b'{"type":"call.x",  "data" : {"odd":1.10}, "timestamp":"x%d"}' % each for each in range(1, 6)]
    for sequence, body in enumerate(bodies, 1):
        one = told(the_call("a", sequence=sequence))
        await api.store.commit(telling(replace(one, body=body)))

    first = await api.owner("GET", "/v1/calls/call_a/events?after=1&limit=2")
    rest = await api.owner("GET", f"/v1/calls/call_a/events?limit=2&cursor={first.json['next']}")

    assert first.body.startswith(b'{"items":[' + b",".join(bodies[1:3]) + b'],"next":"')
    assert rest.body == b'{"items":[' + b",".join(bodies[3:5]) + b'],"next":null}'
    assert (await api.owner("GET", "/v1/calls/call_a/events?after=5")).json == {"items": [], "next": None}


async def test_pages_follow_one_another_without_a_call_lost_or_told_twice(api: Api) -> None:
    """Also calls of the same moment; and a call that begins in between moves nothing."""
    calls = [the_call(name, minute) for name, minute in (("a", 1), ("b", 2), ("c", 2), ("d", 2), ("e", 3))]
    await api.store.commit(telling(*map(told, calls)))
    seen, cursor = [], ""
    for round_ in range(4):
        answer = await api.owner("GET", f"/v1/calls?limit=2{cursor}")
        seen += [each["id"].removeprefix("call_") for each in answer.json["items"]]
        await api.store.commit(telling(told(the_call(f"new{round_}", 10))))
        if answer.json["next"] is None:
            break
        cursor = f"&cursor={answer.json['next']}"

    assert seen == ["e", "d", "c", "b", "a"]


async def test_a_call_of_which_nothing_was_told_yet_is_not_there_and_ends_no_page(api: Api) -> None:
    silent = the_call("silent", 5, sequence=0)
    await api.store.commit(Batch(calls=[silent]))
    await api.store.commit(telling(told(the_call("a", 1)), told(the_call("b", 9))))

    first = await api.owner("GET", "/v1/calls?limit=1")

    assert [each["id"] for each in first.json["items"]] == ["call_b"]
    assert await ids(api, f"limit=1&cursor={first.json['next']}") == ["a"]
    assert (await api.owner("GET", "/v1/calls/call_silent")).status == 404


ANA, RUI = Agent("1001", "Ana Costa"), Agent("1002")
SILVA = Known(Match.ONE, Customer("c-17", "Silva Lda", url="https://crm.example/c/17"))
TURNED_AWAY: Any = {
    "state": CallState.NO_ANSWER,
    "reason": Reason.QUEUE_FULL,
    "missed": Missed(Reason.QUEUE_FULL, "front desk"),
    "wait_s": 1.5,
    "ended_at": AT,
}
CALLS = (
    the_call("a", 0, state=CallState.RINGING),
    the_call("b", 1, queue="sales", agent=ANA, state=CallState.COMPLETED, ended_at=AT, talk_s=60.0, customer=SILVA),
    the_call("c", 2, queue="front desk", agent=RUI, pbx="other", **TURNED_AWAY),
    the_call("d", 3, direction=Direction.INTERNAL, caller=Party(extension="1001"), callee=Party(extension="1002")),
    the_call(
        "e", 4, direction=Direction.OUTBOUND_MANUAL, caller=Party(extension="1002"), callee=Party("+351935550000")
    ),
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "edcba"),
        ("state=ringing", "a"),
        ("state=ringing&state=completed", "ba"),
        ("direction=internal&direction=outbound_manual", "ed"),
        ("queue=sales", "b"),
        ("queue=front%20desk", "c"),
        ("queue=SALES", ""),
        ("agent=1001", "b"),
        ("pbx=other", "c"),
        ("number=%2B351912345678", "cba"),
        ("number=%2B351210000000", "cba"),
        ("number=+351935550000", "e"),
        ("number=1001", "db"),
        ("number=1002", "edc"),
        ("since=2026-11-22T10:02:00.123457Z", "edc"),
        ("until=2026-11-22T10:02:00.123457Z", "ba"),
        ("since=2026-11-22T11:02:00%2B01:00&until=2026-11-22T11:04:00+01:00", "dc"),
        ("since=2026-11-22T10:01:00Z&state=completed&limit=1", "b"),
        ("customer=c-17", "b"),
        ("match=one&match=many", "b"),
        ("match=none&pbx=main", "eda"),
        ("reason=queue_full", "c"),
        ("missed=true", "c"),
        ("missed=false", "edba"),
        ("did=%2B351210000000", "cba"),
        ("did=+351935550000", "e"),
        ("did=210000000&pbx=other", "c"),
        ("protocol=20261122-d", "d"),
        ("min_talk_s=59.9", "b"),
        ("min_talk_s=61", ""),
        ("min_wait_s=1&missed=true", "c"),
    ],
)
async def test_calls_are_found_by_what_is_known_of_them(api: Api, query: str, found: str) -> None:
    await api.store.commit(telling(*map(told, CALLS)))

    assert "".join(await ids(api, query)) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("reason=queue_ful", "reason.0"),
        ("min_talk_s=-1", "min_talk_s"),
        ("min_talk_s=0", "min_talk_s"),
        ("did=x", "did"),
    ],
)
async def test_a_filter_that_means_nothing_is_refused_by_its_name(api: Api, query: str, field: str) -> None:
    refused = await api.owner("GET", f"/v1/calls?{query}")

    assert refused.status == 422
    assert [each["field"] for each in refused.json["errors"]] == [field]


async def test_a_mistyped_filter_is_answered_with_the_nearest_one(api: Api) -> None:
    refused = await api.owner("GET", "/v1/calls?reasn=ivr")

    assert refused.json["errors"] == [{"field": "reasn", "message": 'is unknown; did you mean "reason"?'}]


async def test_what_would_take_too_long_is_refused_with_what_to_do(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def forever(connection: Connection, query: CallQuery) -> Any:
        slow = {"sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n"}
        return connection.exec_driver_sql(slow.get(connection.dialect.name, "SELECT pg_sleep(30)"))

    monkeypatch.setattr("callbridge.store.call_log._wanted", forever)
    monkeypatch.setattr("callbridge.store.patience.QUESTION_S", 0.05)
    for path in ("/v1/calls?agent=1001", "/v1/calls.csv", "/v1/agents/1001/recent"):
        refused = await api.owner("GET", path)

        assert (refused.status, refused.json["type"]) == (422, "/problems/too-much"), path
        assert "shorter period" in refused.json["detail"]


async def test_the_last_calls_of_an_agent_lead_to_their_customers(api: Api) -> None:
    calls = [the_call(f"a{minute}", minute, agent=ANA, customer=SILVA) for minute in range(7)]
    await api.store.commit(telling(*map(told, [*calls, the_call("x", 9, agent=RUI)])))

    five = await api.owner("GET", "/v1/agents/1001/recent")
    one = await api.owner("GET", "/v1/agents/1001/recent?limit=1")

    assert [each["id"] for each in five.json["items"]] == [f"call_a{minute}" for minute in (6, 5, 4, 3, 2)]
    assert [each["customer"]["url"] for each in five.json["items"]] == ["https://crm.example/c/17"] * 5
    assert one.json["items"] == five.json["items"][:1]
    assert (await api.owner("GET", "/v1/agents/9999/recent")).json == {"items": []}
    assert (await api.owner("GET", "/v1/agents/1001/recent?pbx=other")).json == {"items": []}
    assert (await api.ask("GET", "/v1/agents/1001/recent", await api.token("agents:read"))).status == 403


async def test_a_cursor_of_another_list_is_refused(api: Api) -> None:
    await api.store.commit(telling(told(the_call("a", sequence=1))))
    await api.store.commit(telling(told(the_call("a", sequence=2))))
    other = (await api.owner("GET", "/v1/calls/call_a/events?limit=1")).json["next"]

    assert (await api.owner("GET", f"/v1/calls?cursor={other}")).status == 422


async def test_every_time_there_is_can_be_asked_for(api: Api) -> None:
    await api.store.commit(telling(told(the_call("a"))))

    for moment, found in (("0001-01-01T00:00:00Z", ["a"]), ("9999-12-31T23:59:59Z", [])):
        assert datetime.fromisoformat(moment)
        assert await ids(api, f"since={moment}") == found


async def test_a_database_that_is_away_is_told_as_such(api: Api) -> None:
    await api.store.close()

    refused = await api.owner("GET", "/v1/calls")

    assert (refused.status, refused.json["type"]) == (503, "/problems/unavailable")
    assert refused.headers["Retry-After"] == "5"
    assert orjson.loads(refused.body).keys() == {"type", "title", "status"}
