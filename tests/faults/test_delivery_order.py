"""Order, isolation and memory, while receivers, the database and we ourselves fail."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from callbridge.delivery.post import Poster
from callbridge.delivery.retry import Outcome
from callbridge.errors import StoreUnavailable
from callbridge.ports import Attempt, Batch, Store
from callbridge.store import SqlStore
from tests.unit.delivery.calls import SetClock, an_event, told

from .receiver import PACE, Answer, delivering, receiver, subscriber

pytestmark = pytest.mark.faults


def held(gate: asyncio.Event) -> Answer:
    """Answer once the gate is open."""

    async def answer(request: web.Request) -> web.StreamResponse:
        await gate.wait()
        return web.Response()

    return answer


async def test_an_undelivered_event_holds_back_its_own_call_and_no_other(store: Store, clock: SetClock) -> None:
    async with receiver(500) as crm, delivering(store, clock, subscriber(crm.url)) as delivery:
        await delivery.until_caught_up()
        await delivery.tell_call("call_1", 1)
        await delivery.until_error("answered 500")
        await delivery.tell_call("call_1", 2, 3)
        await delivery.tell_call("call_2", 1, 2)
        await crm.hears(3)
        assert crm.by_call() == {"call_1": [1], "call_2": [1, 2]}
        clock.ahead += timedelta(seconds=6)
        await crm.hears(6)
        assert crm.by_call() == {"call_1": [1, 1, 2, 3], "call_2": [1, 2]}


async def test_calls_interleaved_under_random_failures_keep_their_order(store: Store, clock: SetClock) -> None:
    failures = [500 if number % 3 == 0 else 204 for number in range(120)]
    async with receiver(*failures) as crm, delivering(store, clock, subscriber(crm.url)) as delivery:
        for number in range(1, 6):
            for call in range(20):
                await delivery.tell_call(f"call_{call}", number)
        await delivery.until_settled(meanwhile=lambda: clock.pass_by(timedelta(minutes=30)))
        for sequence in crm.by_call().values():
            assert list(dict.fromkeys(sequence)) == [1, 2, 3, 4, 5]
            assert sequence == sorted(sequence)


async def test_what_was_committed_before_the_start_is_delivered_in_order(store: Store, clock: SetClock) -> None:
    async with receiver() as crm:
        async with delivering(store, clock, subscriber("http://127.0.0.1:1/", "elsewhere")) as delivery:
            await delivery.tell_call("call_1", 1, 2, 3)
            await delivery.tell_call("call_2", 1, 2)
        async with delivering(store, clock, subscriber(crm.url)) as delivery:
            await delivery.until_settled()
        assert crm.by_call() == {"call_1": [1, 2, 3], "call_2": [1, 2]}


async def test_the_database_is_read_at_the_start_and_not_at_the_next_tick(store: Store, clock: SetClock) -> None:
    await store.commit(Batch(told=[told(an_event("call_1", 1))]))
    pace = replace(PACE, poll_s=60.0)
    async with receiver() as crm, delivering(store, clock, subscriber(crm.url), pace=pace) as delivery:
        await crm.hears(1)
        await delivery.until_caught_up()
        await delivery.tell_call("call_2", 1)
        await crm.hears(2)


async def test_a_retry_of_a_former_life_still_holds_back_its_call(store: Store, clock: SetClock) -> None:
    async with receiver(500) as crm:
        async with delivering(store, clock, subscriber(crm.url)) as delivery:
            await delivery.tell_call("call_1", 1)
            await delivery.until_error("answered 500")
        async with delivering(store, clock, subscriber(crm.url)) as delivery:
            await delivery.until_caught_up()
            await delivery.tell_call("call_1", 2)
            await delivery.tell_call("call_2", 1)
            await crm.hears(2)
            assert crm.ids == ["evt_1_1", "evt_2_1"]
            clock.ahead += timedelta(seconds=6)
            await crm.hears(4)
        assert crm.ids == ["evt_1_1", "evt_2_1", "evt_1_1", "evt_1_2"]


async def test_after_dying_in_mid_delivery_the_event_comes_again_with_the_same_id(
    store: Store, clock: SetClock
) -> None:
    gate = asyncio.Event()
    async with receiver(held(gate)) as crm:
        async with delivering(store, clock, subscriber(crm.url, timeout_s=30)) as delivery:
            await delivery.tell_call("call_1", 1, 2)
            await crm.hears(1)
            # The stop waits for its grace, then breaks off what is on the way.
        gate.set()
        async with delivering(store, clock, subscriber(crm.url)) as delivery:
            await delivery.until_settled()
        assert crm.ids == ["evt_1_1", "evt_1_1", "evt_1_2"]
        assert crm.hits[0].body == crm.hits[1].body


async def test_a_stop_waits_for_what_is_on_the_way_and_for_its_result(store: Store, clock: SetClock) -> None:
    gate = asyncio.Event()
    async with receiver(held(gate)) as crm:
        async with delivering(store, clock, subscriber(crm.url), pace=replace(PACE, grace_s=5.0)) as delivery:
            await delivery.tell_call("call_1", 1)
            await crm.hears(1)
            delivery.dispatcher.stop()
            gate.set()
        assert await store.backlogs() == []
        assert len(crm.hits) == 1


async def test_a_slow_subscriber_delays_neither_the_pipeline_nor_another(store: Store, clock: SetClock) -> None:
    gate = asyncio.Event()
    async with (
        receiver(always=held(gate)) as slow,
        receiver() as quick,
        delivering(
            store, clock, subscriber(slow.url, "slow", timeout_s=60), subscriber(quick.url, "quick")
        ) as delivery,
    ):
        for number in range(200):
            await delivery.tell_call(f"call_{number}", 1, to=("slow", "quick"))
        await quick.hears(200)  # all while the slow one has not answered once
        await slow.hears(8)
        assert len(slow.hits) == 8  # its concurrency
        gate.set()
        await slow.hears(200)


async def test_a_dead_subscriber_with_a_long_backlog_neither_delays_another_nor_is_hammered(
    store: Store, clock: SetClock
) -> None:
    pace = replace(PACE, rest_s=(30.0, 30.0), behind_most=20, held_most=50, page=8)
    async with (
        receiver(always=500) as dead,
        receiver() as quick,
        delivering(store, clock, subscriber(dead.url, "dead"), subscriber(quick.url, "quick"), pace=pace) as delivery,
    ):
        events = [an_event(f"call_{number}", 1) for number in range(500)]
        await delivery.tell(*events, to=("dead", "quick"))
        await quick.hears(500)
        assert len(dead.hits) <= 16
        status = next(one for one in await delivery.dispatcher.statuses() if one.name == "dead")
        assert status.resting
        assert status.waiting == 500


async def test_more_than_memory_holds_comes_from_the_database_once_and_in_order(store: Store, clock: SetClock) -> None:
    gate = asyncio.Event()
    pace = replace(PACE, held_most=20, behind_most=10, page=8)
    async with (
        receiver(*[held(gate)] * 8) as crm,
        delivering(store, clock, subscriber(crm.url, timeout_s=30), pace=pace) as delivery,
    ):
        await delivery.until_caught_up()
        for number in range(1, 5):
            await delivery.tell(*(an_event(f"call_{call}", number) for call in range(100)))
        await crm.hears(8)
        gate.set()
        await delivery.until_settled()
        assert len(crm.hits) == 400
        assert all(sequence == [1, 2, 3, 4] for sequence in crm.by_call().values())
        await delivery.tell_call("call_7", 5)
        await crm.hears(401)


class Flaky(SqlStore):
    """A database that can be sent away."""

    away = False
    settles = 0

    async def settle(self, attempts: Sequence[Attempt]) -> None:
        self.settles += 1
        if self.away:
            raise StoreUnavailable("the database is away; wait")
        await super().settle(attempts)


async def test_results_wait_for_a_database_that_is_away_and_nothing_is_sent_twice(
    store: SqlStore, clock: SetClock
) -> None:
    flaky = Flaky(store._access, clock)
    flaky.away = True
    pace = replace(PACE, unsettled_most=10)
    async with receiver() as crm, delivering(flaky, clock, subscriber(crm.url), pace=pace) as delivery:
        await delivery.until_caught_up()
        await delivery.tell(*(an_event(f"call_{number}", 1) for number in range(50)))
        await crm.hears(10)

        async def tried() -> bool:
            return flaky.settles > 3

        await delivery.until(tried)
        # Ten results are not written: the eleventh event waits, up to those already on the way.
        assert 10 <= len(crm.hits) < 10 + 8
        flaky.away = False
        await crm.hears(50)
        await delivery.until_settled()
        assert sorted(crm.ids) == sorted(f"evt_{number}_1" for number in range(50))


async def test_a_line_that_breaks_is_started_again_and_harms_no_other(
    store: Store, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Poster.post
    faults = 2

    async def post(poster: Poster, event_id: str, body: bytes) -> Outcome:
        nonlocal faults
        if "broken" in str(poster._url) and faults:
            faults -= 1
            raise ZeroDivisionError
        return await real(poster, event_id, body)

    monkeypatch.setattr(Poster, "post", post)
    async with (
        receiver() as crm,
        receiver() as other,
        delivering(store, clock, subscriber(crm.url + "/broken"), subscriber(other.url, "other")) as delivery,
    ):
        await delivery.tell_call("call_1", 1, 2, to=("crm", "other"))
        await other.hears(2)
        await crm.hears(2)
        await delivery.until_settled()
        assert faults == 0
        assert crm.by_call() == {"call_1": [1, 2]}


async def test_events_of_a_commit_nobody_told_us_of_are_found(store: Store, clock: SetClock) -> None:
    async with receiver() as crm, delivering(store, clock, subscriber(crm.url)) as delivery:
        await delivery.until_caught_up()
        batch = [told(an_event("call_1", 1))]
        await store.commit(Batch(told=batch))
        delivery.dispatcher.look_again()
        await crm.hears(1)


async def test_events_for_subscribers_that_were_removed_hide_nobodys(store: Store, clock: SetClock) -> None:
    pace = replace(PACE, page=4, behind_most=20)
    async with receiver() as crm:
        events = [told(an_event(f"call_{number}", 1), "gone", "gone too", "crm") for number in range(30)]
        await store.commit(Batch(told=events))
        async with delivering(store, clock, subscriber(crm.url), pace=pace) as delivery:
            await crm.hears(30)
            await delivery.until_caught_up()
            await delivery.tell_call("call_0", 2, to=("gone", "crm"))
            await crm.hears(31)
            assert crm.by_call()["call_0"] == [1, 2]


async def test_results_that_wait_to_be_written_hide_no_event_behind_them(store: SqlStore, clock: SetClock) -> None:
    flaky = Flaky(store._access, clock)
    flaky.away = True
    pace = replace(PACE, page=4, behind_most=20)
    await store.commit(Batch(told=[told(an_event(f"call_{number}", 1)) for number in range(30)]))
    async with receiver() as crm, delivering(flaky, clock, subscriber(crm.url), pace=pace) as delivery:
        await crm.hears(4)
        await asyncio.sleep(0.1)
        flaky.away = False
        await crm.hears(30)
        await delivery.until_settled()
        assert len(set(crm.ids)) == 30
