"""Subscribers that come, change and go while events are delivered: nothing is lost, nothing doubled, order is kept."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import orjson
import pytest
from aiohttp import web

from callbridge.delivery.subscriber import Subscriber
from callbridge.errors import StoreUnavailable
from callbridge.hooks import Order
from callbridge.ports import Attempt, Batch, DeadLetters, Due, Halt, Store
from callbridge.store import SqlStore
from tests.unit.delivery.calls import SetClock, an_event, told

from .receiver import PACE, SECRET, Delivery, Receiver, delivering, receiver, subscriber

pytestmark = pytest.mark.faults

STRICT = Order.STRICT


def order_of(crm: Receiver) -> list[tuple[str, int]]:
    """(call, sequence) as they came, each once."""
    found = [orjson.loads(hit.body)["data"] for hit in crm.hits]
    return list(dict.fromkeys((data["call"]["id"], data["sequence"]) for data in found))


async def standing(delivery: Delivery, name: str = "crm") -> Halt | None:
    return next(one.standing.halted for one in await delivery.dispatcher.statuses() if one.name == name)


async def test_a_strict_subscriber_gets_all_events_in_the_order_of_their_commits(store: Store, clock: SetClock) -> None:
    failures = [500 if number % 4 == 0 else 204 for number in range(200)]
    async with receiver(*failures) as crm, delivering(store, clock, subscriber(crm.url, order=STRICT)) as delivery:
        committed = [(f"call_{call}", number) for number in range(1, 5) for call in range(30)]
        for call, number in committed:
            await delivery.tell_call(call, number)
        await delivery.until_settled(meanwhile=lambda: clock.pass_by(timedelta(minutes=30)))
        assert order_of(crm) == committed


async def test_a_strict_order_is_kept_over_a_restart(store: Store, clock: SetClock) -> None:
    committed = [(f"call_{call}", number) for number in range(1, 4) for call in range(50)]
    async with receiver(204, 204, 500) as crm:
        async with delivering(store, clock, subscriber(crm.url, order=STRICT)) as delivery:
            for call, number in committed[:100]:
                await delivery.tell_call(call, number)
            await delivery.until_error("answered 500")
        async with delivering(store, clock, subscriber(crm.url, order=STRICT)) as delivery:
            for call, number in committed[100:]:
                await delivery.tell_call(call, number)
            await delivery.until_settled(meanwhile=lambda: clock.pass_by(timedelta(minutes=30)))
        assert order_of(crm) == committed


async def test_a_strict_subscriber_with_a_dead_letter_goes_on(store: Store, clock: SetClock) -> None:
    refused = 0

    async def first_is_refused(request: web.Request) -> web.StreamResponse:
        nonlocal refused
        dead = request.headers["webhook-id"] == "evt_0_1"
        refused += dead
        return web.Response(status=500 if dead else 204)

    async with (
        receiver(always=first_is_refused) as crm,
        delivering(store, clock, subscriber(crm.url, order=STRICT)) as delivery,
    ):
        for call in range(20):
            await delivery.tell_call(f"call_{call}", 1)
        await delivery.until_settled(meanwhile=lambda: clock.pass_by(timedelta(hours=1)))
        assert refused == 10
        assert order_of(crm) == [(f"call_{call}", 1) for call in range(20)]

        crm.always = 204
        assert await delivery.dispatcher.replay("crm", DeadLetters()) == 1
        await delivery.until_settled()
        assert crm.ids[-1] == "evt_0_1"
        assert len({hit.body for hit in crm.hits if hit.id == "evt_0_1"}) == 1


async def is_dead(store: Store, count: int) -> bool:
    return sum(one.dead for one in await store.backlogs()) == count


async def test_a_dead_letter_that_is_replayed_comes_before_what_waits_in_its_call(
    store: Store, clock: SetClock
) -> None:
    async with receiver(410) as crm, delivering(store, clock, subscriber(crm.url)) as delivery:
        await delivery.tell_call("call_1", 1)
        await delivery.until(lambda: is_dead(store, 1))
        await delivery.tell_call("call_1", 2, 3)
        assert await delivery.dispatcher.replay("crm", DeadLetters(event_id="evt_1_1")) == 1
        assert await delivery.dispatcher.replay("crm", DeadLetters()) == 0
        await delivery.dispatcher.resume("crm")
        await delivery.until_settled()
        assert crm.by_call() == {"call_1": [1, 1, 2, 3]}


async def test_whoever_is_added_while_it_runs_gets_the_next_event(store: Store, clock: SetClock) -> None:
    async with receiver() as crm, receiver() as late, delivering(store, clock, subscriber(crm.url)) as delivery:
        await tell_routed(delivery, "call_1", 1)
        delivery.dispatcher.add(subscriber(late.url, "late"))
        await tell_routed(delivery, "call_1", 2)
        await late.hears(1)
        await crm.hears(2)
        assert late.by_call() == {"call_1": [2]}


async def test_whoever_is_removed_gets_what_is_on_its_way_and_no_more(store: Store, clock: SetClock) -> None:
    gate = asyncio.Event()

    async def held(_request: web.Request) -> web.StreamResponse:
        await gate.wait()
        return web.Response()

    async with receiver(held) as crm, delivering(store, clock, subscriber(crm.url, timeout_s=30)) as delivery:
        await tell_routed(delivery, "call_1", 1)
        await crm.hears(1)
        delivery.dispatcher.remove("crm")
        await tell_routed(delivery, "call_1", 2)
        gate.set()
        delivery.dispatcher.add(subscriber(crm.url))
        await tell_routed(delivery, "call_1", 3)
        await delivery.until_settled()
        assert crm.by_call() == {"call_1": [1, 3]}


async def test_a_new_url_gets_what_failed_at_the_old_one(store: Store, clock: SetClock) -> None:
    async with receiver(always=500) as old, receiver() as new:
        async with delivering(store, clock, subscriber(old.url)) as delivery:
            await delivery.tell_call("call_1", 1, 2)
            await delivery.until_error("answered 500")
            delivery.dispatcher.change(subscriber(new.url))
            clock.pass_by(timedelta(seconds=6))
            await new.hears(2)
            await delivery.until_settled()
        assert new.by_call() == {"call_1": [1, 2]}


async def test_a_pause_outlives_a_restart(store: Store, clock: SetClock) -> None:
    async with receiver() as crm:
        async with delivering(store, clock, subscriber(crm.url)) as delivery:
            await delivery.until_caught_up()
            await delivery.dispatcher.pause("crm", "paused by ana")
        async with (
            receiver() as other,
            delivering(store, clock, subscriber(crm.url), subscriber(other.url, "other")) as delivery,
        ):
            await delivery.tell_call("call_1", 1, to=("crm", "other"))
            await other.hears(1)
            status = next(one for one in await delivery.dispatcher.statuses() if one.name == "crm")
            assert (status.paused, crm.hits) == ("paused by ana", [])
            await delivery.dispatcher.resume("crm")
            await crm.hears(1)


async def test_gone_outlives_a_restart_and_the_others_are_told(store: SqlStore, clock: SetClock) -> None:
    async with receiver(410) as crm, receiver() as other:
        everyone = (subscriber(crm.url), subscriber(other.url, "other"))
        async with delivering(store, clock, *everyone) as delivery:
            await delivery.tell_call("call_1", 1)
            await other.hears(1)
            [hit] = other.hits
            body = hit.verified()
            assert body["type"] == "webhook.disabled"
            assert body["data"]["pbx"] is None
            assert body["data"]["webhook"]["name"] == "crm"
            assert body["data"]["webhook"]["reason"] == "it answered 410 Gone"
        async with delivering(store, clock, *everyone) as delivery:

            async def halted() -> bool:
                return await standing(delivery) is Halt.DISABLED

            await delivery.until(halted)
            await delivery.tell_call("call_1", 2, to=("crm", "other"))
            await other.hears(2)
            assert crm.ids == ["evt_1_1"]


async def test_a_subscriber_that_takes_nothing_for_days_is_disabled_over_restarts(
    store: SqlStore, clock: SetClock
) -> None:
    pace = replace(PACE, disable_after=timedelta(days=5), disable_tries=4)
    async with receiver(always=500) as crm, receiver() as other:
        everyone = (subscriber(crm.url), subscriber(other.url, "other"))
        for day in range(3):
            async with delivering(store, clock, *everyone, pace=pace) as delivery:
                await delivery.tell_call(f"call_{day}", 1)
                await crm.hears(day + 1)
                assert await standing(delivery) is None
            clock.pass_by(timedelta(days=2))
        async with delivering(store, clock, *everyone, pace=pace) as delivery:
            await other.hears(1)
            assert other.hits[0].told()["data"]["webhook"]["reason"] == "it took nothing for 5 days"
            assert await standing(delivery) is Halt.DISABLED


async def test_what_waits_for_a_disabled_subscriber_is_given_up_after_a_month_and_forgotten_after_three(
    store: Store, clock: SetClock
) -> None:
    pace = replace(PACE, prune_s=0.02)
    async with receiver(410) as crm, delivering(store, clock, subscriber(crm.url), pace=pace) as delivery:
        await delivery.tell_call("call_1", 1)
        await delivery.until(lambda: is_dead(store, 1))
        await delivery.tell_call("call_1", 2, 3)
        clock.pass_by(timedelta(days=29))
        await delivery.tell_call("call_1", 4)
        assert await is_dead(store, 1)
        clock.pass_by(timedelta(days=2))
        await delivery.until(lambda: is_dead(store, 3))
        await delivery.dispatcher.resume("crm")
        await crm.hears(2)
        assert crm.ids == ["evt_1_1", "evt_1_4"]
        assert await delivery.dispatcher.replay("crm", DeadLetters(event_id="evt_1_2")) == 1
        await crm.hears(3)
        assert crm.ids[-1] == "evt_1_2"
        await delivery.until_settled()
        clock.pass_by(timedelta(days=60))
        await delivery.until(lambda: is_dead(store, 0))


async def test_a_success_makes_all_failures_before_it_forgotten(store: SqlStore, clock: SetClock) -> None:
    pace = replace(PACE, disable_after=timedelta(days=1), disable_tries=2)
    async with receiver(500, 204, 500) as crm, delivering(store, clock, subscriber(crm.url), pace=pace) as delivery:
        await delivery.tell_call("call_1", 1)
        await delivery.until_error("answered 500")
        clock.pass_by(timedelta(days=3))
        await crm.hears(2)
        await delivery.tell_call("call_2", 1)
        await crm.hears(3)
        await delivery.until_error("answered 500")
        assert await standing(delivery) is None


async def test_a_rate_is_kept(store: Store, clock: SetClock) -> None:
    async with receiver() as crm, delivering(store, clock, subscriber(crm.url, rate=20.0)) as delivery:
        await delivery.until_caught_up()
        await delivery.tell(*(an_event(f"call_{number}", 1) for number in range(40)))
        await crm.hears(40)
        assert crm.hits[-1].at - crm.hits[0].at > 0.9  # twenty at once, the others at twenty a second
        await delivery.until_settled()
        assert len(crm.hits) == 40


async def test_a_subscriber_that_says_too_much_gets_less_at_once(store: Store, clock: SetClock) -> None:
    now = most = 0
    pressed = True

    async def counting(_request: web.Request) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return web.Response(status=429 if pressed else 204)

    async with receiver(always=counting) as crm, delivering(store, clock, subscriber(crm.url)) as delivery:
        await delivery.until_caught_up()
        await delivery.tell(*(an_event(f"call_{number}", 1) for number in range(8)))
        await crm.hears(8)
        assert most == 8
        await delivery.until_error("answered 429")
        pressed, most = False, 0
        await delivery.tell_call("call_next", 1)
        await crm.hears(9)
        await delivery.tell(*(an_event(f"call_more{number}", 1) for number in range(6)))
        await crm.hears(15)
        assert most <= 4
        await delivery.until_settled(meanwhile=lambda: clock.pass_by(timedelta(minutes=10)))


async def test_a_retry_is_made_at_its_time_and_not_at_the_next_tick(store: Store) -> None:
    async def soon(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=503, headers={"retry-after": "1"})

    pace = replace(PACE, poll_s=30.0, rest_s=(0.01, 0.01))
    async with receiver(soon) as crm, delivering(store, SetClock(), subscriber(crm.url), pace=pace) as delivery:
        await delivery.until_caught_up()
        await delivery.tell_call("call_1", 1)
        await crm.hears(2)
        assert 1.0 <= crm.hits[1].at - crm.hits[0].at < 3.0


async def test_a_retry_of_a_former_life_is_made_at_its_time_too(store: Store) -> None:
    async def soon(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=503, headers={"retry-after": "2"})

    pace = replace(PACE, poll_s=30.0)
    async with receiver(soon) as crm:
        async with delivering(store, SetClock(), subscriber(crm.url)) as delivery:
            await delivery.tell_call("call_1", 1)
            await delivery.until_error("answered 503")
        async with delivering(store, SetClock(), subscriber(crm.url), pace=pace):
            await crm.hears(2)
        assert 2.0 <= crm.hits[1].at - crm.hits[0].at < 6.0


async def test_what_was_put_off_while_the_clock_was_ahead_comes_soon_after_it_is_set_back(
    store: Store, clock: SetClock
) -> None:
    clock.pass_by(timedelta(hours=1))
    async with receiver(500, 500) as crm, delivering(store, clock, subscriber(crm.url)) as delivery:
        await delivery.until_caught_up()
        await delivery.tell_call("call_1", 1, 2)
        await delivery.tell_call("call_2", 1)
        await delivery.until_error("answered 500")
        await crm.hears(2)
        clock.pass_by(timedelta(hours=-1))
        await crm.hears(5)
        assert crm.by_call() == {"call_1": [1, 1, 2], "call_2": [1, 1]}
        assert crm.hits[2].at - crm.hits[0].at > 4.0
        await delivery.until_settled()


async def test_what_a_former_life_put_off_by_a_clock_that_was_ahead_comes_too(store: Store, clock: SetClock) -> None:
    async with receiver(500) as crm:
        clock.pass_by(timedelta(hours=1))
        async with delivering(store, clock, subscriber(crm.url)) as delivery:
            await delivery.tell_call("call_1", 1)
            await delivery.until_error("answered 500")
        clock.pass_by(timedelta(hours=-1))
        async with delivering(store, clock, subscriber(crm.url)):
            await crm.hears(2)


class Stuck(SqlStore):
    """A database that can be read and not written."""

    stuck = False
    reads = 0

    async def settle(self, attempts: Sequence[Attempt]) -> None:
        if self.stuck:
            raise StoreUnavailable("the disk is full; make room")
        await super().settle(attempts)

    async def due(
        self, now: datetime, limit: int, busy: frozenset[tuple[str, str]], following: int = 0
    ) -> Sequence[Due]:
        self.reads += 1
        return await super().due(now, limit, busy, following)


async def test_a_retry_whose_last_result_cannot_be_written_keeps_nobody_busy(store: SqlStore, clock: SetClock) -> None:
    stuck = Stuck(store._access, clock)
    pace = replace(PACE, poll_s=0.1)
    async with receiver(500) as crm, delivering(stuck, clock, subscriber(crm.url), pace=pace) as delivery:
        await delivery.until_caught_up()
        stuck.stuck = True
        await delivery.tell_call("call_1", 1)
        await delivery.until_error("answered 500")
        clock.pass_by(timedelta(minutes=1))
        stuck.reads = 0
        await asyncio.sleep(1.0)  # the time in which it is counted
        assert stuck.reads <= 40
        stuck.stuck = False
        await delivery.until_settled()
        assert crm.ids == ["evt_1_1", "evt_1_1"]


async def tell_routed(delivery: Delivery, call: str, number: int) -> None:
    """Commit an event for whoever wants it now, and hand it over."""
    event = an_event(call, number)
    batch = [told(event, *names)] if (names := delivery.dispatcher.route(event)) else []
    await delivery.store.commit(Batch(told=batch))
    delivery.dispatcher.committed(batch)


@dataclass
class Life:
    """One subscriber whose admin cannot make up their mind, and a receiver that often fails."""

    delivery: Delivery
    clock: SetClock
    subscriber: Subscriber
    dice: random.Random
    sequence: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)
    there: bool = True

    async def tell(self) -> None:
        call = f"call_{self.dice.randrange(6)}"
        self.sequence[call] += 1
        event = an_event(call, self.sequence[call])
        names = self.delivery.dispatcher.route(event)
        await asyncio.sleep(0)
        batch = [told(event, "crm")] if names else []
        self.told += [event.id] if names else []
        await self.delivery.store.commit(Batch(told=batch))
        if self.dice.random() < 0.3:
            await asyncio.sleep(self.dice.random() / 200)
        self.delivery.dispatcher.committed(batch)

    async def change(self) -> None:
        order = self.dice.choice((Order.CALL, Order.STRICT))
        self.subscriber = replace(self.subscriber, order=order, concurrency=self.dice.randint(1, 8))
        if self.there:
            self.delivery.dispatcher.change(self.subscriber)

    async def come_or_go(self) -> None:
        if self.there:
            self.delivery.dispatcher.remove("crm")
        else:
            self.delivery.dispatcher.add(self.subscriber)
        self.there = not self.there

    async def pause_or_resume(self) -> None:
        if self.there and self.dice.random() < 0.5:
            await self.delivery.dispatcher.pause("crm", "because")
        elif self.there:
            await self.delivery.dispatcher.resume("crm")

    async def replay(self) -> None:
        if self.there:
            await self.delivery.dispatcher.replay("crm", DeadLetters())

    async def time_passes(self) -> None:
        self.clock.pass_by(timedelta(minutes=self.dice.choice((1, 40))))
        await asyncio.sleep(self.dice.random() / 100)

    async def live(self, steps: int) -> None:
        moves: dict[Callable[[], Awaitable[None]], float] = {
            self.tell: 10,
            self.change: 1,
            self.come_or_go: 0.7,
            self.pause_or_resume: 0.7,
            self.replay: 0.2,
            self.time_passes: 2,
        }
        for move in self.dice.choices(tuple(moves), tuple(moves.values()), k=steps):
            await move()
        if not self.there:
            await self.come_or_go()
        await self.delivery.dispatcher.resume("crm")


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_is_done_to_a_subscriber_no_event_is_lost_doubled_or_out_of_order(
    store: Store, clock: SetClock, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - interleavings, and the same ones for the same seed
    taken: list[str] = []

    async def moody(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(dice.random() / 300)
        fails = dice.random() < 0.15
        taken.extend([] if fails else [request.headers["webhook-id"]])
        return web.Response(status=500 if fails else 204)

    pace = replace(PACE, page=4, held_most=20, behind_most=5)
    async with receiver(always=moody) as crm:
        one = Subscriber("crm", crm.url, SECRET, allow_private=True, timeout_s=10)
        async with delivering(store, clock, one, pace=pace) as delivery:
            life = Life(delivery, clock, one, dice)
            await life.live(steps=250)
            await delivery.until_settled(meanwhile=lambda: clock.pass_by(timedelta(minutes=30)))
    assert sorted(taken) == sorted(life.told), "lost or doubled"
    for call in life.sequence:
        numbers = [int(each.rpartition("_")[2]) for each in taken if each.startswith(f"evt_{call[5:]}_")]
        assert numbers == sorted(numbers), f"{call} is out of order"
