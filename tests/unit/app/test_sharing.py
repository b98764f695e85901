"""Who delivers which shard: equal parts, let go when idle, and nothing sent with leases that may be over."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import pytest

from callbridge.app import sharing
from callbridge.app.sharing import Sharing
from callbridge.clock import SystemClock
from callbridge.errors import StoreUnavailable
from callbridge.ports import SHARDS, Leases, Worker

SOON_S = 10.0


class Table:
    """The leases of all workers, as the database has them; nobody's ends while it lasts."""

    def __init__(self) -> None:
        self.owner: dict[int, str] = {}
        self.alive: set[str] = set()
        self.away = False

    async def live(self, worker: str, name: str, lease_s: float) -> Leases:  # noqa: ARG002 - the port's
        if self.away:
            raise StoreUnavailable("It is away.")
        self.alive.add(worker)
        return Leases(self.of(worker), len(self.alive), SHARDS - len(self.owner))

    async def take(self, worker: str, most: int, lease_s: float) -> frozenset[int]:  # noqa: ARG002 - the port's
        taken = [shard for shard in range(SHARDS) if shard not in self.owner][:most]
        self.owner |= dict.fromkeys(taken, worker)
        return frozenset(taken)

    async def give_back(self, worker: str, shards: Collection[int]) -> None:
        for shard in shards:
            assert self.owner.pop(shard) == worker

    async def leave(self, worker: str) -> None:
        self.alive.discard(worker)
        self.owner = {shard: owner for shard, owner in self.owner.items() if owner != worker}

    async def workers(self, within_s: float) -> tuple[Worker, ...]:  # noqa: ARG002 - the port's
        return ()

    def of(self, worker: str) -> frozenset[int]:
        return frozenset(shard for shard, owner in self.owner.items() if owner == worker)


class Sharer:
    """A worker: what it was told to serve, and what is on its way."""

    def __init__(self, table: Table, name: str) -> None:
        self.serving: frozenset[int] = frozenset()
        self.busy: set[int] = set()
        self.sharing = Sharing(
            table, (name, f"host {name}"), SystemClock(), self._serve, lambda shards: bool(self.busy & shards)
        )

    def _serve(self, shards: frozenset[int]) -> None:
        self.serving = shards

    async def until(self, count: int) -> None:
        async with asyncio.timeout(SOON_S):
            while len(self.serving) != count:  # noqa: ASYNC110 - it is told by a callback
                await asyncio.sleep(0.005)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.sharing.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    monkeypatch.setattr(sharing, "BEAT_S", 0.02)
    monkeypatch.setattr(sharing, "LEASE_S", 0.5)
    monkeypatch.setattr(sharing, "MARGIN_S", 0.2)
    return Table()


async def test_one_worker_has_everything_and_two_have_half_each(table: Table) -> None:
    one, other = Sharer(table, "one"), Sharer(table, "other")
    async with one.at_work():
        await one.until(SHARDS)
        async with other.at_work():
            await other.until(SHARDS // 2)
            await one.until(SHARDS // 2)

    assert one.serving.isdisjoint(other.serving)


async def test_a_shard_with_a_try_on_the_way_is_served_no_more_and_kept_until_it_is_over(table: Table) -> None:
    one, other = Sharer(table, "one"), Sharer(table, "other")
    async with one.at_work():
        await one.until(SHARDS)
        one.busy.add(SHARDS - 1)
        async with other.at_work():
            await one.until(SHARDS // 2)
            await asyncio.sleep(0.1)
            assert other.serving == frozenset()
            assert table.owner[SHARDS - 1] == "one"
            one.busy.clear()
            await other.until(SHARDS // 2)


@pytest.mark.patient
async def test_nothing_is_sent_with_leases_that_could_not_be_renewed_and_everything_once_they_are(table: Table) -> None:
    one = Sharer(table, "one")
    async with one.at_work():
        await one.until(SHARDS)
        table.away = True
        await one.until(0)
        assert one.sharing.error == "It is away."
        table.away = False
        await one.until(SHARDS)
        assert one.sharing.error is None


async def test_who_leaves_takes_nothing_more_and_gives_everything_back(table: Table) -> None:
    one, other = Sharer(table, "one"), Sharer(table, "other")
    async with one.at_work(), other.at_work():
        await one.until(SHARDS // 2)
        await other.until(SHARDS // 2)
        one.sharing.stop()
        assert one.serving == frozenset()
        await asyncio.sleep(0.1)
        assert len(table.of("one")) == SHARDS // 2  # what is on the way may still be written
        await one.sharing.leave()
        table.alive.discard("one")
    assert table.of("one") == frozenset()
