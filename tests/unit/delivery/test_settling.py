"""Results are written in order, in groups, and none is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from callbridge.delivery.pace import Pace
from callbridge.delivery.settling import GROUP_MOST, Settler
from callbridge.ports import Attempt

from .calls import AT, an_event, told
from .memory_store import MemoryStore

PACE = Pace(linger_s=0.01, store_rest_s=(0.005, 0.01))


def results(store: MemoryStore, count: int) -> list[Attempt]:
    events = [an_event(f"call_{number}") for number in range(count)]
    store.write([told(event) for event in events])
    return [Attempt("crm", f"call_{number}", event.id, delivered=True, at=AT) for number, event in enumerate(events)]


@asynccontextmanager
async def settling(settler: Settler) -> AsyncIterator[None]:
    running = asyncio.create_task(settler.run())
    try:
        yield
    finally:
        settler.close()
        async with asyncio.timeout(5):
            await running


async def until(store: MemoryStore, count: int) -> None:
    async with asyncio.timeout(5):
        while len(store.settled) < count:  # noqa: ASYNC110 - a store tells nobody
            await asyncio.sleep(0.001)


async def test_results_that_come_together_are_written_together_and_in_order() -> None:
    store, heard = MemoryStore(), list[Attempt]()
    settler = Settler(store, PACE, heard.append)
    attempts = results(store, 20)
    async with settling(settler):
        for attempt in attempts:
            settler.add(attempt)
        await until(store, 20)
    assert store.groups == [20]
    assert store.settled == attempts == heard


async def test_a_lone_result_is_written_after_the_linger() -> None:
    store = MemoryStore()
    settler = Settler(store, PACE, lambda _: None)
    async with settling(settler):
        settler.add(results(store, 1)[0])
        await until(store, 1)


async def test_results_for_which_somebody_waits_do_not_linger() -> None:
    store = MemoryStore()
    settler = Settler(store, Pace(linger_s=60.0), lambda _: None)
    async with settling(settler):
        settler.hurry()  # nobody's
        settler.add(results(store, 1)[0])
        settler.hurry()
        await until(store, 1)


async def test_enough_results_do_not_linger() -> None:
    store = MemoryStore()
    settler = Settler(store, Pace(linger_s=60, linger_most=5), lambda _: None)
    async with settling(settler):
        for attempt in results(store, 5):
            settler.add(attempt)
        await until(store, 5)


async def test_one_commit_takes_no_more_than_its_most() -> None:
    store = MemoryStore()
    settler = Settler(store, PACE, lambda _: None)
    async with settling(settler):
        for attempt in results(store, GROUP_MOST + 7):
            settler.add(attempt)
        await until(store, GROUP_MOST + 7)
    assert store.groups == [GROUP_MOST, 7]


async def test_results_wait_for_a_database_that_is_away_and_keep_their_order() -> None:
    store, heard = MemoryStore(), list[Attempt]()
    store.away = True
    settler = Settler(store, PACE, heard.append)
    attempts = results(store, 3)
    async with settling(settler):
        settler.add(attempts[0])
        await asyncio.sleep(0.05)
        settler.add(attempts[1])
        settler.add(attempts[2])
        assert heard == []
        store.away = False
        await until(store, 3)
    assert store.settled == heard == attempts


async def test_what_is_left_at_the_end_is_written() -> None:
    store = MemoryStore()
    settler = Settler(store, Pace(linger_s=60), lambda _: None)
    async with settling(settler):
        settler.add(results(store, 1)[0])
    assert len(store.settled) == 1


async def test_a_writing_that_is_broken_off_forgets_nothing() -> None:
    store = MemoryStore()
    store.open.clear()
    settler = Settler(store, PACE, lambda _: None)
    running = asyncio.create_task(settler.run())
    settler.add(results(store, 1)[0])
    await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.wait([running])
    assert store.settled == []
    store.open.set()
    async with settling(settler):
        pass
    assert len(store.settled) == 1
