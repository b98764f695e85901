"""Several processes on one PostgreSQL: who may have what, whose numbers are whose; nothing is stuck or lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import Connection, text

from callbridge.calls.call import Party
from callbridge.calls.missed import MissedChanges, MissedRow
from callbridge.errors import AlreadyRunning
from callbridge.ports import SHARDS, Batch, shard_of
from callbridge.store import SharedStore, advisory_lock, open_shared_store, open_store, upgrade
from callbridge.store.postgres import PostgresAccess

from .made import AT, SetClock, a_call, a_life, delivered, telling, told

pytestmark = pytest.mark.postgres


@pytest.fixture
async def url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock is asked for once."""
    monkeypatch.setattr(advisory_lock, "TRIES", 1)


@pytest.fixture
async def stores(url: str) -> AsyncIterator[tuple[SharedStore, SharedStore]]:
    """Those of two daemons, with a PBX each."""
    async with AsyncExitStack() as stack:
        one, other = [await open_shared_store(url, [pbx], clock=SetClock()) for pbx in ("main", "branch")]
        for store in (one, other):
            await stack.enter_async_context(store)
        yield one, other


@pytest.mark.usefixtures("impatient")
async def test_a_pbx_is_heard_by_one_daemon_alone_and_nobody_has_the_database_to_himself_beside_it(
    stores: tuple[SharedStore, SharedStore], url: str
) -> None:
    with pytest.raises(AlreadyRunning, match="hears the PBX main"):
        await open_shared_store(url, ["other", "main"], clock=SetClock())
    for alone in (open_store(url, clock=SetClock()), upgrade(url)):
        with pytest.raises(AlreadyRunning, match="works on the database"):
            await alone
    async with await open_shared_store(url, (), clock=SetClock()) as worker:
        await worker.confirm()


@pytest.mark.usefixtures("impatient")
async def test_nobody_shares_a_database_that_a_daemon_has_to_itself(url: str) -> None:
    async with await open_store(url, clock=SetClock()):
        with pytest.raises(AlreadyRunning, match="works on the database"):
            await open_shared_store(url, ["main"], clock=SetClock())


async def test_each_pbx_has_a_series_of_its_own_and_keeps_it(stores: tuple[SharedStore, SharedStore], url: str) -> None:
    one, other = stores
    first, second = await one.series(), await other.series()

    assert {**first, **second}.keys() == {"main", "branch"}
    assert first["main"] != second["branch"]
    assert min(first["main"], second["branch"]) >= 1
    assert await one.series() == first


async def test_a_daemon_takes_up_its_own_calls_and_numbers_alone(stores: tuple[SharedStore, SharedStore]) -> None:
    one, other = stores
    series = (await one.series())["main"]
    await one.commit(Batch(protocols={f"20261122/{series}": 7, "20261122": 3}))
    await one.heard("main", AT)

    assert (await one.remember()).protocols == {f"20261122/{series}": 7}
    assert (await one.remember()).heard_until == {"main": AT}
    assert (await other.remember()).protocols == {}
    assert (await other.remember()).heard_until == {}


async def test_an_event_put_behind_one_that_is_just_being_delivered_becomes_the_head(
    stores: tuple[SharedStore, SharedStore],
) -> None:
    """Neither the daemon nor the worker would see the other, and the lane would stand still for ever."""
    daemon, worker = stores
    worker.delivers = frozenset(range(SHARDS))
    await daemon.commit(telling(told(a_call("a", 1))))
    for number in range(1, 60):
        (head,) = await worker.due(AT, 10, frozenset())
        following = telling(told(a_call("a", number + 1)))
        await asyncio.gather(daemon.commit(following), worker.settle(delivered(head)))
        assert [one.sequence for one in await worker.due(AT, 10, frozenset())] == [number + 1]


async def test_a_worker_is_given_the_lanes_of_its_shards_alone(stores: tuple[SharedStore, SharedStore]) -> None:
    daemon, worker = stores
    await daemon.commit(telling(*(told(a_call(f"{number:04x}")) for number in range(0, 5000, 100))))
    found: list[str] = []
    for shards in (range(SHARDS // 2), range(SHARDS // 2, SHARDS)):
        worker.delivers = frozenset(shards)
        lanes = [head.lane for head in await worker.due(AT, 100, frozenset())]
        assert all(shard_of(lane) in worker.delivers for lane in lanes)
        found += lanes
    worker.delivers = frozenset()

    assert len(found) == len(set(found)) == 50
    assert await worker.due(AT, 100, frozenset()) == ()


async def test_a_reader_passes_no_event_over_that_is_committed_late(stores: tuple[SharedStore, SharedStore]) -> None:
    slow, quick = stores
    await quick.commit(a_life("before", 1))
    place = (await quick.shared_log.newest()).position
    access = slow._access
    assert isinstance(access, PostgresAccess)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def commit_slowly() -> None:
        async with access._writer.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock_shared(" + SCHEMA + ")"))
            await connection.run_sync(_add_event)
            begun.set()
            await go_on.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(commit_slowly())
        await begun.wait()
        await quick.commit(a_life("after", 1))
        reading = group.create_task(quick.shared_log.behind(place, None))
        await asyncio.sleep(0.2)
        assert not reading.done()  # there is a hole, and somebody who may fill it
        go_on.set()
    page = reading.result()

    late, _ = page.events
    assert late.id == "evt_late"


async def test_a_reader_passes_no_event_over_that_is_committed_while_it_looks(
    stores: tuple[SharedStore, SharedStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its two looks there was no hole any more, and what had filled it was not on the page."""
    slow, quick = stores
    await quick.commit(a_life("before", 1))
    place = (await quick.shared_log.newest()).position
    access = slow._access
    assert isinstance(access, PostgresAccess)
    begun, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()
    read = quick._access.read

    async def read_and_see_it_committed(work: Callable[[Connection], Any]) -> Any:
        found = await read(work)
        go_on.set()
        await done.wait()
        return found

    async def commit_slowly() -> None:
        async with access._writer.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock_shared(" + SCHEMA + ")"))
            await connection.run_sync(_add_event)
            begun.set()
            await go_on.wait()
        done.set()

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(commit_slowly())
        await begun.wait()
        await quick.commit(a_life("after", 1))
        monkeypatch.setattr(quick._access, "read", read_and_see_it_committed)
        page = await quick.shared_log.behind(place, None)

    late, _ = page.events
    assert late.id == "evt_late"


SCHEMA = "hashtextextended('callbridge events ' || coalesce(current_schema(), ''), 0)"


def _add_event(connection: Connection) -> None:
    connection.execute(
        text("INSERT INTO events (id, pbx, type, at, body) VALUES ('evt_late', 'main', 'pbx.connected', 0, '')")
    )


async def test_a_hole_that_nobody_will_fill_keeps_nobody_waiting(stores: tuple[SharedStore, SharedStore]) -> None:
    one, other = stores
    await one.commit(a_life("a", 1))
    access = other._access
    assert isinstance(access, PostgresAccess)
    with pytest.raises(ZeroDivisionError):
        await access.write(_add_and_break)
    await one.commit(a_life("b", 1))
    asked: list[Any] = []
    async with asyncio.timeout(2):
        page = await other.shared_log.behind(0, None)
        asked += page.events

    assert len(asked) == 2
    assert asked[1].position - asked[0].position > 1


def _add_and_break(connection: Connection) -> None:
    _add_event(connection)
    raise ZeroDivisionError


async def test_shards_are_taken_renewed_given_back_and_lost_with_time(stores: tuple[SharedStore, SharedStore]) -> None:
    one, other = (store.shards for store in stores)
    assert (await one.live("one", "host 1", 30.0)).free == SHARDS
    assert len(await one.take("one", SHARDS, 30.0)) == SHARDS
    leases = await other.live("other", "host 2", 30.0)
    assert (leases.held, leases.workers, leases.free) == (frozenset(), 2, 0)
    assert await other.take("other", SHARDS, 30.0) == frozenset()

    await one.give_back("one", {3, 5})
    assert await other.take("other", SHARDS, 30.0) == {3, 5}
    assert len((await one.live("one", "host 1", 0.1)).held) == SHARDS - 2

    await asyncio.sleep(0.3)  # a lease ends by the database's clock
    assert len(await other.take("other", SHARDS, 30.0)) == SHARDS - 2
    assert (await one.live("one", "host 1", 0.3)).held == frozenset()
    assert {worker.id: worker.shards for worker in await one.workers(60.0)} == {"one": 0, "other": SHARDS}
    await other.leave("other")
    assert (await one.live("one", "host 1", 0.3)).free == SHARDS


async def test_what_was_put_for_a_subscriber_that_another_process_forgot_is_dropped(
    stores: tuple[SharedStore, SharedStore],
) -> None:
    daemon, other = stores
    await daemon.commit(telling(told(a_call("a", 1))))
    await other.drop_webhook("crm")
    await daemon.commit(telling(told(a_call("a", 2))))

    await daemon.drop_leftovers("crm")

    assert await other.backlogs() == []


async def test_a_daemon_takes_up_the_missed_callers_of_its_own_pbx_alone(
    stores: tuple[SharedStore, SharedStore],
) -> None:
    one, other = stores
    rows = [MissedRow(f"missed_{pbx}", pbx, "+351912345678", Party(), AT, AT, "call_1") for pbx in ("main", "branch")]
    for store, row in zip(stores, rows, strict=True):
        await store.commit(Batch(missed=MissedChanges((row,))))

    assert (await one.remember()).missed == rows[:1]
    assert (await other.remember()).missed == rows[1:]
    assert await one.missed.row("missed_branch") == rows[1], "whoever asks may read all"
