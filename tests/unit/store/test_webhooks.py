"""Subscribers in the database: their lanes, how it stands with them, their dead letters, and what was tried."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from callbridge.ports import STRICT, DeadLetters, Due, Halt, KeptWebhook, Standing
from callbridge.store import SqlStore
from callbridge.store.access import T, Work

from .made import AT, EVER, SetClock, a_call, a_life, delivered, failed, ids, telling, told, told_of_the_pbx

IDLE: frozenset[tuple[str, str]] = frozenset()
LATER = AT + timedelta(seconds=5)


async def waiting(store: SqlStore) -> Sequence[Due]:
    return await store.due(EVER, 1000, IDLE)


def kept(name: str = "crm", secret: str = "whsec_1") -> KeptWebhook:  # noqa: S107 - none that opens anything
    return KeptWebhook(name, {"url": "https://crm.example"}, {"secret": secret, "headers": {}}, AT, AT)


# Lanes.


async def test_a_strict_subscriber_has_everything_in_one_lane_in_the_order_of_commits(store: SqlStore) -> None:
    await store.enlist("crm", strict=True)
    await store.commit(telling(told(a_call("b", 1)), told(a_call("a", 1))))
    await store.commit(telling(told(a_call("b", 2)), told_of_the_pbx(1)))

    found = await waiting(store)

    assert {one.lane for one in found} == {STRICT}
    assert ids(found)[:3] == ["evt_b_1", "evt_a_1", "evt_b_2"]
    assert len(found) == 4


async def test_while_the_head_of_a_strict_subscriber_waits_nothing_of_it_is_due(store: SqlStore) -> None:
    await store.enlist("crm", strict=True)
    await store.commit(telling(told(a_call("a")), told(a_call("b")), told(a_call("c"), "board")))
    first, *_ = [one for one in await waiting(store) if one.subscriber == "crm"]

    await store.settle([failed(first, LATER)])

    assert [one.subscriber for one in await store.due(AT, 10, IDLE)] == ["board"]
    again = [one for one in await store.due(LATER, 10, IDLE) if one.subscriber == "crm"]
    assert [(one.event_id, one.attempts) for one in again] == [("evt_a_1", 1), ("evt_b_1", 0)]


async def test_a_lane_is_read_no_further_than_there_is_room(store: SqlStore) -> None:
    await store.enlist("crm", strict=True)
    await store.commit(telling(*(told(a_call(f"{number:02}")) for number in range(20))))

    assert ids(await store.due(AT, 3, IDLE)) == ["evt_00_1", "evt_01_1", "evt_02_1"]
    assert await store.due(AT, 3, frozenset({("crm", STRICT)})) == []


async def test_what_waits_is_arranged_anew_when_the_order_changes_there_and_back(store: SqlStore) -> None:
    await store.commit(telling(told(a_call("a", 1)), told(a_call("b", 1)), told(a_call("a", 2)), told_of_the_pbx(1)))
    [first, *_] = await store.due(AT, 1, IDLE)
    await store.settle([failed(first, LATER)])

    await store.enlist("crm", strict=True)
    in_one = await waiting(store)
    assert ids(in_one)[:3] == ["evt_a_1", "evt_b_1", "evt_a_2"]
    assert len(in_one) == 4

    await store.enlist("crm", strict=False)
    heads = {one.lane: one for one in await waiting(store)}
    assert {lane: one.sequence for lane, one in heads.items() if lane.startswith("call")} == {"call_a": 1, "call_b": 1}
    assert len(heads) == 3
    await store.settle(delivered(*heads.values()))
    assert [(one.lane, one.sequence) for one in await waiting(store)] == [("call_a", 2)]


async def test_to_be_enlisted_again_changes_nothing(store: SqlStore) -> None:
    await store.enlist("crm", strict=True)
    await store.commit(a_life("a", 2))
    [first, _] = await waiting(store)
    await store.settle([failed(first, LATER)])

    await store.enlist("crm", strict=True)

    assert await store.due(AT, 10, IDLE) == []
    assert len(await store.due(LATER, 10, IDLE)) == 2


async def test_a_wait_that_a_clock_an_hour_ahead_began_is_as_long_as_was_meant_once_it_is_set_back(
    store: SqlStore, clock: SetClock
) -> None:
    hour = timedelta(hours=1)
    clock.passes(3600)
    await store.commit(telling(told(a_call("a", 1)), told(a_call("a", 2)), told(a_call("b")), told(a_call("c"))))
    a, b, _ = await waiting(store)
    await store.settle([failed(a, AT + hour + timedelta(seconds=5), at=AT + hour)])
    clock.passes(-3600)
    await store.settle([failed(b, AT + timedelta(days=1), at=AT)])

    await store.enlist("crm", strict=False)

    assert ids(await store.due(AT, 10, IDLE)) == ["evt_c_1"]
    assert ids(await store.due(AT + timedelta(seconds=5), 10, IDLE)) == ["evt_c_1", "evt_a_1"]
    assert ids(await store.due(AT + timedelta(days=1), 10, IDLE)) == ["evt_c_1", "evt_a_1", "evt_b_1"]


# How it stands.


async def test_a_halt_stands_until_it_is_lifted_and_tells_with_the_same_commit(store: SqlStore) -> None:
    standing = Standing(Halt.DISABLED, "gone", AT, AT, 3)
    await store.halt("crm", standing, [told(a_call("a"), "board")])

    assert await store.enlist("crm", strict=False) == standing
    assert await store.standings() == {"crm": standing}
    assert [(one.subscriber, one.event_id) for one in await waiting(store)] == [("board", "evt_a_1")]

    await store.halt("crm", Standing())
    assert await store.enlist("crm", strict=False) == Standing()


async def test_since_when_a_subscriber_fails_is_known_until_it_takes_something(store: SqlStore) -> None:
    await store.commit(telling(told(a_call("a")), told(a_call("b"))))
    a, b = await waiting(store)
    await store.settle([failed(a, LATER, at=AT), failed(b, LATER, at=LATER)])
    await store.settle([failed(b, LATER, at=LATER)])
    assert (await store.standings())["crm"] == Standing(failing_since=AT, failures=3)

    await store.settle([failed(a, LATER, at=AT), *delivered(a), failed(b, EVER, at=LATER)])
    assert (await store.standings())["crm"] == Standing(failing_since=LATER, failures=1)

    await store.settle(delivered(b))
    assert (await store.standings())["crm"] == Standing()


# Dead letters.


async def test_dead_letters_are_listed_page_by_page_and_replayed_before_what_waits(store: SqlStore) -> None:
    await store.commit(a_life("a", 3))
    for _ in range(2):
        await store.settle([failed((await waiting(store))[0], None, "HTTP 400")])

    [first] = await store.dead_letters("crm", 0, 1)
    assert (first.event_id, first.type, first.call_id, first.attempts) == ("evt_a_1", "call.ringing", "call_a", 1)
    assert first.error == "HTTP 400"
    assert [one.event_id for one in await store.dead_letters("crm", first.position, 10)] == ["evt_a_2"]
    assert await store.dead_letters("board", 0, 10) == []

    assert await store.replay("crm", DeadLetters(event_id="evt_a_2"), 10) == 1
    assert [(one.event_id, one.attempts) for one in await waiting(store)] == [("evt_a_2", 0)]
    assert await store.replay("crm", DeadLetters(), 10) == 1
    heard = []
    while found := await waiting(store):
        heard += ids(found)
        await store.settle(delivered(*found))
    assert heard == ["evt_a_1", "evt_a_2", "evt_a_3"]
    assert await store.replay("crm", DeadLetters(), 10) == 0


async def test_a_replay_takes_those_told_in_the_time_that_is_named(store: SqlStore, clock: SetClock) -> None:
    for name in ("a", "b", "c"):
        await store.commit(a_life(name, 1))
        clock.passes(60)
    await store.settle([failed(one, None) for one in await waiting(store)])

    minute = timedelta(seconds=60)
    assert await store.replay("crm", DeadLetters(since=AT + minute, until=AT + 2 * minute), 10) == 1
    assert ids(await waiting(store)) == ["evt_b_1"]
    assert await store.replay("crm", DeadLetters(), 1) == 1


async def test_a_try_that_fails_after_a_dead_letter_before_it_was_replayed_waits_behind_it(store: SqlStore) -> None:
    await store.commit(a_life("a", 2))
    await store.settle([failed((await waiting(store))[0], None)])
    [second] = await waiting(store)
    await store.replay("crm", DeadLetters(), 10)

    await store.settle([failed(second, LATER)])

    assert ids(await waiting(store)) == ["evt_a_1"]


async def test_what_waited_too_long_while_nothing_was_sent_becomes_a_dead_letter(
    store: SqlStore, clock: SetClock
) -> None:
    await store.commit(telling(told(a_call("a", 1), "crm", "board"), told(a_call("a", 2), "crm", "board")))
    await store.halt("crm", Standing(Halt.DISABLED, "gone", AT))
    later = clock.passes(60)
    await store.commit(telling(told(a_call("a", 3), "crm", "board")))

    assert await store.give_up(AT, 10, "too long") == 0
    assert await store.give_up(later, 1, "too long") == 1
    assert await store.give_up(later, 10, "too long") == 1

    dead = await store.dead_letters("crm", 0, 10)
    assert [(one.event_id, one.error, one.attempts) for one in dead] == [
        ("evt_a_1", "too long", 0),
        ("evt_a_2", "too long", 0),
    ]
    heads = await store.due(later, 10, IDLE)
    assert [(one.subscriber, one.event_id) for one in heads] == [("board", "evt_a_1"), ("crm", "evt_a_3")]
    assert await store.replay("crm", DeadLetters(), 10) == 2
    assert ids([one for one in await waiting(store) if one.subscriber == "crm"]) == ["evt_a_1"]


async def test_in_one_lane_what_waited_too_long_makes_room_for_the_next(store: SqlStore, clock: SetClock) -> None:
    await store.enlist("crm", strict=True)
    await store.commit(telling(told(a_call("a", 1)), told(a_call("b", 1))))
    later = clock.passes(60)
    await store.commit(telling(told(a_call("a", 2))))
    await store.halt("crm", Standing(Halt.PAUSED, "by me", AT))

    assert await store.give_up(later, 10, "too long") == 2

    assert ids(await waiting(store)) == ["evt_a_2"]


async def test_nothing_is_given_up_of_whoever_is_resumed_meanwhile(
    store: SqlStore, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.commit(a_life("a", 2))
    await store.halt("crm", Standing(Halt.DISABLED, "gone", AT))
    write = store._access.write

    async def after_a_resume(work: Work[T]) -> T:
        monkeypatch.setattr(store._access, "write", write)
        await store.halt("crm", Standing())
        return await write(work)

    monkeypatch.setattr(store._access, "write", after_a_resume)
    await store.give_up(clock.passes(60), 10, "too long")

    assert await store.dead_letters("crm", 0, 10) == []
    assert ids(await waiting(store)) == ["evt_a_1"]


async def test_dead_letters_are_forgotten_some_at_a_time_and_no_younger_ones(store: SqlStore, clock: SetClock) -> None:
    await store.commit(telling(told(a_call("a", 1)), told(a_call("b", 1)), told(a_call("c", 1))))
    a, b, _ = await waiting(store)
    later = clock.passes(60)
    await store.commit(telling(told(a_call("d", 1))))
    [*_, d] = await waiting(store)
    await store.settle([failed(a, None), failed(b, None), failed(d, None)])

    assert await store.forget_dead(AT, 10) == 0
    assert await store.forget_dead(later, 1) == 1
    assert await store.forget_dead(later, 10) == 1

    assert [one.event_id for one in await store.dead_letters("crm", 0, 10)] == ["evt_d_1"]
    assert ids(await waiting(store)) == ["evt_c_1"]


# Tries.


async def test_each_try_is_written_down_with_its_answer(store: SqlStore) -> None:
    await store.commit(a_life("a", 1))
    [one] = await waiting(store)
    await store.settle([replace(failed(one, LATER, "HTTP 503"), status=503, ms=12, answer="busy", number=1)])
    await store.settle([replace(*delivered(one), status=204, ms=3, number=2)])

    latest, first = await store.tries("crm", None, 10)

    assert (latest.attempt, latest.delivered, latest.status, latest.ms, latest.error) == (2, True, 204, 3, None)
    assert (first.attempt, first.type, first.status, first.error, first.answer) == (
        *(1, "call.ringing", 503, "HTTP 503", "busy"),
    )
    assert await store.tries("crm", latest.place, 10) == [first]
    assert await store.tries("board", None, 10) == []


async def test_old_tries_are_forgotten_some_at_a_time_and_no_younger_ones(store: SqlStore) -> None:
    await store.commit(telling(*(told(a_call(f"{number:02}")) for number in range(10))))
    found = await waiting(store)
    await store.settle([*delivered(*found[:7], at=AT), *delivered(*found[7:], at=LATER)])

    assert await store.prune_tries(LATER, 3) == 3
    assert await store.prune_tries(LATER, 100) == 4
    assert await store.prune_tries(LATER, 100) == 0
    assert len(await store.tries("crm", None, 100)) == 3


# The subscribers themselves.


async def test_a_subscriber_is_kept_as_it_is_last_written(store: SqlStore) -> None:
    await store.keep_webhook(kept("crm"))
    await store.keep_webhook(kept("board"))
    await store.keep_webhook(kept("crm", "whsec_2"))

    assert await store.webhooks() == [kept("board"), kept("crm", "whsec_2")]


async def test_a_forgotten_subscriber_leaves_nothing_and_gets_nothing_that_was_on_its_way(store: SqlStore) -> None:
    await store.keep_webhook(kept())
    await store.commit(telling(told(a_call("a"), "crm", "board")))
    one = next(one for one in await waiting(store) if one.subscriber == "crm")
    await store.settle([failed(one, LATER)])

    await store.drop_webhook("crm")
    await store.commit(telling(told(a_call("b"), "crm", "board")))  # routed before
    await store.settle([failed(one, LATER)])

    assert {one.subscriber for one in await waiting(store)} == {"board"}
    assert (await store.webhooks(), await store.standings(), await store.tries("crm", None, 9)) == ([], {}, [])

    await store.keep_webhook(kept())
    await store.commit(telling(told(a_call("c"), "crm")))
    assert [one.event_id for one in await waiting(store) if one.subscriber == "crm"] == ["evt_c_1"]
