"""Whose turn it is: only heads of lanes, nobody behind somebody else's trouble."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from callbridge.ports import Attempt, Due
from callbridge.store import SqlStore

from .made import AT, EVER, SetClock, a_call, a_life, delivered, failed, ids, telling, told, told_of_the_pbx

IDLE: frozenset[tuple[str, str]] = frozenset()
LATER = AT + timedelta(seconds=5)


async def heads(store: SqlStore, busy: frozenset[tuple[str, str]] = IDLE) -> Sequence[Due]:
    """Everything undelivered that is not held back, whenever its time."""
    return await store.due(EVER, 1000, busy)


async def test_nothing_waits_in_an_empty_database(store: SqlStore) -> None:
    assert await store.due(EVER, 10, IDLE) == []
    assert await store.backlogs() == []


async def test_a_call_is_told_one_event_after_the_other(store: SqlStore) -> None:
    await store.commit(a_life("a", 3))
    heard = []

    while found := await heads(store):
        heard.append(ids(found))
        await store.settle(delivered(*found))

    assert heard == [["evt_a_1"], ["evt_a_2"], ["evt_a_3"]]


async def test_an_event_committed_later_waits_behind_an_undelivered_one(store: SqlStore) -> None:
    await store.commit(a_life("a", 1))
    await store.commit(telling(told(a_call("a", 2))))

    assert ids(await heads(store)) == ["evt_a_1"]


async def test_a_lane_that_is_served_is_left_out_and_the_others_are_not(store: SqlStore) -> None:
    await store.commit(telling(told(a_call("a"), "crm", "board"), told(a_call("b"), "crm")))

    found = await heads(store, frozenset({("crm", "call_a")}))

    assert {(one.subscriber, one.lane) for one in found} == {("board", "call_a"), ("crm", "call_b")}


async def test_lanes_that_are_served_take_no_room_from_the_others(store: SqlStore) -> None:
    await store.commit(telling(*(told(a_call(name)) for name in "abcd")))

    found = await store.due(AT, 2, frozenset({("crm", "call_a"), ("crm", "call_b")}))

    assert ids(found) == ["evt_c_1", "evt_d_1"]


async def test_what_failed_has_its_turn_again_at_its_time_and_holds_its_call_back(store: SqlStore) -> None:
    await store.commit(telling(told(a_call("a", 1)), told(a_call("a", 2)), told(a_call("b"))))
    [first, other] = await store.due(AT, 10, IDLE)

    await store.settle([failed(first, LATER, "HTTP 503")])

    assert ids(await store.due(LATER - timedelta(microseconds=1), 10, IDLE)) == [other.event_id]
    again = await store.due(LATER, 10, frozenset({("crm", "call_b")}))
    assert [(one.event_id, one.attempts) for one in again] == [("evt_a_1", 1)]


async def test_a_dead_letter_lets_its_call_go_on_and_never_comes_back(store: SqlStore) -> None:
    await store.commit(a_life("a", 2))
    [first] = await heads(store)

    await store.settle([failed(first, None, "HTTP 410")])

    assert ids(await heads(store)) == ["evt_a_2"]
    await store.settle(delivered(*await heads(store)))
    assert await heads(store) == []
    [backlog] = await store.backlogs()
    assert (backlog.waiting, backlog.dead, backlog.oldest_at, backlog.last_error) == (0, 1, None, "HTTP 410")


async def test_behind_a_dead_letter_alone_a_new_event_has_its_turn_at_once(store: SqlStore) -> None:
    await store.commit(a_life("a", 1))
    await store.settle([failed((await heads(store))[0], None)])

    await store.commit(telling(told(a_call("a", 2))))

    assert ids(await heads(store)) == ["evt_a_2"]


async def test_results_of_a_whole_lane_may_be_settled_at_once(store: SqlStore) -> None:
    """Delivery sends a lane's events one after the other and writes what came of them together."""
    await store.commit(a_life("a", 4))
    tries = [Due("crm", "call_a", f"evt_a_{n}", n, b"", 0) for n in range(1, 5)]

    await store.settle([*delivered(tries[0]), failed(tries[1], None), failed(tries[2], LATER)])

    assert ids(await store.due(LATER, 10, IDLE)) == ["evt_a_3"]
    assert await store.due(LATER - timedelta(microseconds=1), 10, IDLE) == []


async def test_settling_what_is_gone_changes_nothing(store: SqlStore) -> None:
    await store.commit(a_life("a", 2))
    [first] = await heads(store)
    await store.settle(delivered(first))

    await store.settle([failed(first, LATER), *delivered(first)])

    assert ids(await store.due(AT, 10, IDLE)) == ["evt_a_2"]


async def test_a_dead_letter_is_not_raised_by_a_late_failure(store: SqlStore) -> None:
    await store.commit(a_life("a", 1))
    [only] = await heads(store)
    await store.settle([failed(only, None)])

    await store.settle([failed(only, LATER)])

    assert await heads(store) == []


async def test_the_same_event_is_settled_for_its_subscriber_alone(store: SqlStore) -> None:
    await store.commit(a_life("a", 2, "crm", "board"))
    crm = next(one for one in await heads(store) if one.subscriber == "crm")

    await store.settle(delivered(crm))

    assert {(one.subscriber, one.event_id) for one in await heads(store)} == {("board", "evt_a_1"), ("crm", "evt_a_2")}


async def test_events_about_no_call_hold_nobody_back(store: SqlStore) -> None:
    await store.commit(telling(told_of_the_pbx(1), told_of_the_pbx(2), told(a_call())))

    found = await heads(store)

    assert [one.lane == one.event_id for one in found] == [True, True, False]
    assert [one.sequence for one in found] == [0, 0, 1]


async def test_the_oldest_comes_first(store: SqlStore, clock: SetClock) -> None:
    await store.commit(telling(told(a_call("b")), told(a_call("a"))))
    clock.passes(1)
    await store.commit(telling(told(a_call("0"), "another")))

    assert ids(await heads(store)) == ["evt_b_1", "evt_a_1", "evt_0_1"]


async def test_one_with_many_due_leaves_room_for_the_others(store: SqlStore, clock: SetClock) -> None:
    await store.commit(telling(*(told(a_call(f"{n:03}"), "dead") for n in range(50))))
    clock.passes(1)
    await store.commit(telling(*(told(a_call(name), "crm", "board") for name in ("x", "y"))))

    found = await store.due(clock.now(), 6, IDLE)

    assert [one.subscriber for one in found] == ["dead", "dead", "board", "crm", "board", "crm"]
    assert ids(found)[:2] == ["evt_000_1", "evt_001_1"]


async def test_who_waits_alone_gets_all_the_room(store: SqlStore) -> None:
    await store.commit(telling(*(told(a_call(f"{n:04}")) for n in range(700))))

    assert len(await store.due(AT, 650, IDLE)) == 650


async def test_a_backlog_says_how_much_since_when_and_why(store: SqlStore, clock: SetClock) -> None:
    await store.commit(a_life("a", 2))
    clock.passes(60)
    await store.commit(a_life("b", 1, "crm", "board"))
    [a, b] = [one for one in await heads(store) if one.subscriber == "crm"]
    await store.settle([failed(a, LATER, "HTTP 500", at=LATER), failed(b, LATER, "HTTP 503", at=AT)])

    found = {one.subscriber: (one.waiting, one.dead, one.oldest_at, one.last_error) for one in await store.backlogs()}

    assert found == {"crm": (3, 0, AT, "HTTP 500"), "board": (1, 0, AT + timedelta(seconds=60), None)}


@pytest.mark.parametrize("error", ["\0", "<html>\ud800</html>"])
async def test_no_answer_of_a_subscriber_stops_the_settling(store: SqlStore, error: str) -> None:
    await store.commit(a_life("a", 1))
    [only] = await heads(store)

    await store.settle([Attempt("crm", only.lane, only.event_id, delivered=False, at=AT, error=error)])

    [backlog] = await store.backlogs()
    assert backlog.last_error is not None
    assert "\ufffd" in backlog.last_error


async def test_what_follows_a_head_comes_with_it_where_that_is_asked_for(store: SqlStore) -> None:
    await store.commit(a_life("a", 4))
    await store.commit(a_life("b", 2))

    found = await store.due(AT, 10, IDLE, 2)

    assert ids(found) == ["evt_a_1", "evt_a_2", "evt_a_3", "evt_b_1", "evt_b_2"]
    assert [one.body for one in found] == [b"evt_a_1", b"evt_a_2", b"evt_a_3", b"evt_b_1", b"evt_b_2"]
    await store.settle(delivered(*found))
    assert ids(await heads(store)) == ["evt_a_4"]


async def test_what_follows_takes_no_more_room_than_there_is(store: SqlStore) -> None:
    await store.commit(a_life("a", 4))
    await store.commit(a_life("b", 2))

    assert ids(await store.due(AT, 3, IDLE, 7)) == ["evt_a_1", "evt_a_2", "evt_a_3"]
    assert ids(await store.due(AT, 2, frozenset({("crm", "call_a")}), 7)) == ["evt_b_1"]
    assert ids(await store.due(AT, 3, frozenset({("crm", "call_a")}), 7)) == ["evt_b_1", "evt_b_2"]


async def test_nothing_follows_a_head_whose_time_has_not_come(store: SqlStore) -> None:
    await store.commit(a_life("a", 3))
    [head] = await heads(store)
    await store.settle([failed(head, LATER, "HTTP 503")])

    assert await store.due(AT, 10, IDLE, 7) == []
    again = await store.due(LATER, 10, IDLE, 7)
    assert [(one.event_id, one.attempts) for one in again] == [("evt_a_1", 1), ("evt_a_2", 0), ("evt_a_3", 0)]


async def test_a_dead_letter_follows_nobody(store: SqlStore) -> None:
    await store.commit(a_life("a", 4))
    first, second, *_ = await store.due(AT, 10, IDLE, 7)
    await store.settle([*delivered(first), failed(second, None, "HTTP 410")])

    assert ids(await store.due(AT, 10, IDLE, 7)) == ["evt_a_3", "evt_a_4"]


async def test_a_run_that_ends_in_a_failure_waits_from_there_on(store: SqlStore) -> None:
    await store.commit(a_life("a", 4))
    first, second, third, _ = await store.due(AT, 10, IDLE, 7)
    await store.settle([*delivered(first, second), failed(third, LATER, "HTTP 503")])

    assert await heads(store) == await store.due(LATER, 10, IDLE)
    assert ids(await store.due(LATER, 10, IDLE, 7)) == ["evt_a_3", "evt_a_4"]
    assert await store.due(LATER - timedelta(microseconds=1), 10, IDLE, 7) == []
