"""However calls are searched for, no more of them are looked at than must be."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.dialects import sqlite as sqlite_words

from callbridge.calls.call import Agent, Call, CallState, Direction, Missed, Party, Reason
from callbridge.calls.customer import Customer, Known, Match
from callbridge.errors import TooMuch
from callbridge.ports import CallQuery
from callbridge.store import SqlStore, call_log, call_search, patience

from .made import AT, SetClock, a_call, telling, told

PAGE = CallQuery(limit=51)
FILTERS: dict[str, tuple[CallQuery, set[str]]] = {
    "nothing": (PAGE, {"calls_started"}),
    "since": (replace(PAGE, since=AT), {"calls_started"}),
    "until": (replace(PAGE, until=AT), {"calls_started"}),
    "cursor": (replace(PAGE, before=(AT, "call_a")), {"calls_started"}),
    "pbx": (replace(PAGE, pbx="main"), {"calls_pbx"}),
    "state": (replace(PAGE, states=("failed",)), {"calls_state"}),
    "states": (replace(PAGE, states=("failed", "busy")), {"calls_state"}),
    "direction": (replace(PAGE, directions=("outbound_auto",)), {"calls_direction"}),
    "queue": (replace(PAGE, queue="sales"), {"calls_queue"}),
    "agent": (replace(PAGE, agent="1001"), {"calls_agent_extension"}),
    "number": (replace(PAGE, number="+351912345678"), {"calls_from_number", "calls_to_number"}),
    "extension": (
        replace(PAGE, number="1001"),
        {"calls_from_extension", "calls_to_extension", "calls_agent_extension"},
    ),
    "customer": (replace(PAGE, customer="c-17"), {"calls_customer_id"}),
    "match": (replace(PAGE, matches=("many",)), {"calls_customer_match"}),
    "reason": (replace(PAGE, reasons=("queue_full", "abandoned")), {"calls_reason"}),
    "missed": (replace(PAGE, missed=True), {"calls_missed"}),
    "not missed": (replace(PAGE, missed=False), {"calls_started"}),
    "did": (replace(PAGE, dialled="+351210000000"), {"calls_to_number"}),
    "did as written": (replace(PAGE, dialled="210000000"), {"calls_to_raw"}),
    "protocol": (replace(PAGE, protocol="20261122-000042"), {"sqlite_autoindex_calls_2"}),
    "min_talk_s": (replace(PAGE, min_talk_s=3600.0), {"calls_talk_s"}),
    "min_wait_s": (replace(PAGE, min_wait_s=600.0), {"calls_wait_s"}),
}


async def plan(store: SqlStore, query: CallQuery) -> list[str]:
    """Return what SQLite says it will do for a page, a line each."""

    def explain(connection: Connection) -> Sequence[Any]:
        statement = call_log._wanted(connection, query)
        words = statement.compile(dialect=sqlite_words.dialect(), compile_kwargs={"literal_binds": True})
        return connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}").all()

    return [row.detail for row in await store._access.read(explain)]


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_each_filter_is_served_by_an_index(store: SqlStore, name: str) -> None:
    query, indexes = FILTERS[name]

    lines = await plan(store, query)

    of_calls = [line for line in lines if re.match(r"(SCAN|SEARCH) calls\b", line)]
    used = {found[1] for line in of_calls if (found := re.search(r"INDEX (\w+)", line))}
    live = {"calls_live"} if indexes.isdisjoint({"calls_started", "sqlite_autoindex_calls_2"}) else set()
    assert used - {"sqlite_autoindex_calls_1"} == indexes | live, lines
    scanned = {found[1] for line in of_calls if (found := re.match(r"SCAN calls USING INDEX (\w+)", line))}
    assert not [line for line in of_calls if line.startswith("SCAN") and "USING INDEX" not in line], lines
    assert scanned <= {"calls_started", "calls_live", "calls_missed"}, lines


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_deep_page_begins_where_the_one_before_ended(store: SqlStore, name: str) -> None:
    query, _ = FILTERS[name]

    lines = await plan(store, replace(query, before=(AT, "call_a")))

    if name not in {"protocol", "min_talk_s", "min_wait_s"}:
        assert not [line for line in lines if line.startswith("SCAN calls")], lines


ANA = Agent("1001", "Ana Costa")
SILVA = Known(Match.ONE, Customer("c-17", "Silva Lda"))
MISSED = Missed(Reason.ABANDONED, "sales", ())


def over(name: str, minute: int, **other: Any) -> Call:
    given: dict[str, Any] = {"state": CallState.COMPLETED, "ended_at": AT + timedelta(hours=1)} | other
    return a_call(name, started_at=AT + timedelta(minutes=minute), **given)


CALLS = (
    a_call("a", started_at=AT, customer=Known(Match.PENDING), queue="sales"),
    over("b", 1, agent=ANA, customer=SILVA, queue="sales", talk_s=61.5, wait_s=3.0),
    over("c", 2, state=CallState.CANCELLED, reason=Reason.ABANDONED, missed=MISSED, queue="sales", wait_s=40.0),
    over("d", 3, state=CallState.CANCELLED, reason=Reason.QUEUE_FULL, missed=MISSED, pbx="annex"),
    over("e", 4, direction=Direction.OUTBOUND_MANUAL, callee=Party("+351935550000", "0935550000"), agent=ANA),
    over("f", 5, direction=Direction.INTERNAL, caller=Party(extension="1001"), callee=Party(extension="1002")),
    a_call("g", started_at=AT + timedelta(minutes=6), agent=ANA, state=CallState.ANSWERED, customer=SILVA),
)


async def found(store: SqlStore, **wanted: Any) -> str:
    calls = await store.call_log.calls(CallQuery(**({"limit": 50} | wanted)))
    return "".join(each.id.removeprefix("call_") for each in calls)


@pytest.mark.parametrize(
    ("wanted", "those"),
    [
        ({}, "gfedcba"),
        ({"states": ("cancelled", "answered")}, "gdc"),
        ({"queue": "sales"}, "cba"),
        ({"customer": "c-17"}, "gb"),
        ({"matches": ("pending",)}, "a"),
        ({"matches": ("pending", "one")}, "gba"),
        ({"reasons": ("queue_full",)}, "d"),
        ({"reasons": ("queue_full", "abandoned")}, "dc"),
        ({"missed": True}, "dc"),
        ({"missed": False}, "gfeba"),
        ({"dialled": "+351935550000"}, "e"),
        ({"dialled": "0935550000"}, "e"),
        ({"number": "1001"}, "gfeb"),
        ({"protocol": "20261122-d"}, "d"),
        ({"protocol": "20261122-d", "queue": "sales"}, ""),
        ({"min_talk_s": 61.5}, "b"),
        ({"min_talk_s": 62.0}, ""),
        ({"min_wait_s": 0.5}, "cb"),
        ({"agent": "1001", "pbx": "main", "states": ("completed",)}, "eb"),
        ({"queue": "sales", "min_wait_s": 10.0, "missed": True}, "c"),
        ({"number": "+351912345678", "queue": "sales", "limit": 2}, "cb"),
        ({"agent": "1001", "before": (AT + timedelta(minutes=4), "call_e")}, "b"),
        ({"min_wait_s": 1.0, "until": AT + timedelta(minutes=2)}, "b"),
    ],
)
async def test_calls_that_go_on_and_calls_that_are_over_are_found_alike(
    store: SqlStore, wanted: dict[str, Any], those: str
) -> None:
    await store.commit(telling(*map(told, CALLS)))

    assert await found(store, **wanted) == those


async def test_a_condition_that_most_calls_fulfil_is_met_on_the_way(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sorting them all would take longer than looking at the newest."""
    await store.commit(telling(*map(told, CALLS)))
    monkeypatch.setattr(call_search, "ENOUGH", 1)

    assert await found(store, min_wait_s=0.5) == "cb"
    assert await found(store, min_wait_s=0.5, queue="sales") == "cb"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_of_two_filters_the_one_that_finds_less_leads(store: SqlStore) -> None:
    await store.commit(telling(*map(told, CALLS)))

    lines = await plan(store, replace(PAGE, pbx="main", reasons=("queue_full",), queue="sales"))

    assert {found[1] for line in lines if (found := re.search(r"calls USING INDEX (calls_\w+)", line))} == {
        "calls_live",
        "calls_reason",
    }


ALL = CallQuery(
    51, pbx="main", states=("failed",), directions=("inbound",), queue="sales", agent="1001", customer="c-17",
    matches=("one",), reasons=("timeout",), missed=True, dialled="210000000", min_talk_s=3.0, min_wait_s=3.0, since=AT,
)  # fmt: skip
EACH = ("customer_id", "agent_extension", "queue", "to_raw", "pbx", "reason", "state", "customer_match", "direction",
        "missed", "talk_s", "wait_s")  # fmt: skip


@pytest.mark.parametrize("place", range(len(EACH)), ids=EACH)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_whichever_leads_all_others_are_put_aside(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    monkeypatch.setattr(call_search, "_best", lambda _connection, _query, ways: ways[place])

    lines = await plan(store, ALL)

    assert {found[1] for line in lines if (found := re.search(r"calls USING INDEX (calls_\w+)", line))} == {
        "calls_live",
        f"calls_{EACH[place]}",
    }


@pytest.mark.patient
async def test_what_takes_too_long_is_broken_off_and_the_reader_is_free_again(store: SqlStore, clock: SetClock) -> None:
    endless = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "postgresql": "SELECT pg_sleep(30)",
    }

    def ask(connection: Connection) -> None:
        with patience.bounded(connection, clock, 0.05):
            connection.execute(text(endless[connection.dialect.name]))

    for _ in range(5):
        with pytest.raises(TooMuch, match=r"more than 0\.05 seconds"):
            await store._access.read(ask)
    assert await found(store) == ""


def test_what_is_wrong_for_another_reason_is_told_as_such(clock: SetClock) -> None:
    with (
        create_engine("sqlite://").connect() as connection,
        pytest.raises(Exception, match="no such table"),
        patience.bounded(connection, clock),
    ):
        connection.execute(text("SELECT * FROM nowhere"))
