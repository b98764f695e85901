"""Nothing left out and nothing twice, however commits, reading and going over from database to memory fall together."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

import pytest

from callbridge.api import events
from callbridge.api.recent import Recent
from callbridge.api.scopes import OWNER
from callbridge.api.streams import Streams, Tempo
from callbridge.clock import SystemClock
from callbridge.errors import StoreUnavailable
from callbridge.filters import EventFilter
from callbridge.ports import EventPage, Feed, Place
from callbridge.store import SqlStore
from callbridge.store import event_log as module
from tests.unit.store.made import a_call, telling, told

WITHIN_S = 60.0
TEMPO = Tempo(heartbeat_s=60.0, gather_s=0.001, retry_s=0.001)
ROUNDS = 12
BODY = b'{"data":{"call":{"queue":null}}}'


class Chance:
    """Decides with a seed what happens next; commits, some of them of unknown outcome."""

    def __init__(self, store: SqlStore, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a test that can be repeated
        self._store, self._write = store, store._access.write
        self._calls = 0
        self.monkey = False

    async def commit(self) -> None:
        """Commit some events, as the pipeline does: again until it is known that they are written."""
        self._calls += 1
        calls = [a_call(f"c{self._calls}", number) for number in range(1, self.random.randint(2, 5))]
        batch = telling(*(told(call, body=BODY) for call in calls))
        self.monkey = self.random.random() < 0.15
        with suppress(StoreUnavailable):
            await self._store.commit(batch)
            return
        await self.pause()
        await self._store.commit(batch)

    async def write(self, work: Any) -> Any:
        """In place of the access's own."""
        if not self.monkey:
            return await self._write(work)
        self.monkey = False
        if self.random.random() < 0.5:
            await self._write(work)
        raise StoreUnavailable("nobody knows")

    async def pause(self) -> None:
        for _ in range(self.random.choice((0, 0, 1, 2, 5))):
            await asyncio.sleep(0)


class Log:
    """The log; commits fall before and after each read of it."""

    def __init__(self, store: SqlStore, chance: Chance) -> None:
        self._log, self._chance = store.event_log, chance
        self.reads = 0
        self.left = 40
        """Commits still to be made."""

    def follow(self, feed: Feed) -> None:
        self._log.follow(feed)

    async def newest(self) -> Place:
        return await self._log.newest()

    async def find(self, event_id: str) -> Place | None:
        return await self._log.find(event_id)

    async def before(self, at: datetime) -> Place:
        return await self._log.before(at)

    async def behind(self, position: int, types: Sequence[str] | None) -> EventPage:
        await self._some_commits()
        page = await self._log.behind(position, types)
        self.reads += 1
        await self._some_commits()
        return page

    async def _some_commits(self) -> None:
        for _ in range(self._chance.random.choice((0, 0, 1, 1, 2))):
            if self.left:
                self.left -= 1
                await self._chance.commit()
        await self._chance.pause()


class Request:
    transport = None


class Response:
    """What was sent; it takes its time, and breaks off now and then."""

    def __init__(self, chance: Chance, *, breaks: float) -> None:
        self._chance, self._breaks = chance, breaks
        self.data = b""

    async def write(self, chunk: bytes) -> None:
        await self._chance.pause()
        if self._breaks and self._chance.random.random() < self._breaks:
            raise ConnectionResetError
        self.data += chunk

    @property
    def ids(self) -> list[str]:
        frames = self.data.decode().split("\n\n")[1:-1]  # the first one is the greeting
        return [frame.partition("\n")[0].removeprefix("id: ") for frame in frames]


@pytest.fixture
async def chance(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> Chance:
    monkeypatch.setattr(module, "PAGE", 3)
    found = Chance(store, 0)
    monkeypatch.setattr(store._access, "write", found.write)
    return found


async def follow(streams: Streams, chance: Chance, wanted: EventFilter, began: Place, breaks: float) -> list[str]:
    """Read until the streams are stopped, coming again after each break; return the ids in the order they came."""
    got: list[str] = []
    place = began
    while True:
        response: Any = Response(chance, breaks=breaks)
        request: Any = Request()
        with streams.opened(OWNER, request) as stream:
            await events._Telling(streams, stream, response, wanted, place).run()
            over = stream.ended and not stream.silenced
        got += response.ids
        if over:
            return got
        found = await streams.log.find(got[-1]) if got else began
        assert found is not None
        place = found
        await chance.pause()


@asynccontextmanager
async def running(
    streams: Streams, chance: Chance, began: Place, breaks: float
) -> AsyncIterator[list[asyncio.Task[list[str]]]]:
    wanted = [EventFilter(), EventFilter(("call.*",)), EventFilter(queues=("*",))]
    tasks = [asyncio.create_task(follow(streams, chance, each, began, breaks)) for each in wanted for _ in range(2)]
    yield tasks
    for task in tasks:
        task.cancel()


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_whenever_events_are_committed_each_reader_gets_each_once_in_the_order_of_commits(
    store: SqlStore, chance: Chance, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance.random.seed(seed)
    await chance.commit()
    began = await store.event_log.newest()
    log = Log(store, chance)
    streams = Streams(log, store.tokens, SystemClock(), most=10, tempo=TEMPO)
    streams.recent = Recent(most=chance.random.choice((2, 8, 1000)))

    async with asyncio.timeout(WITHIN_S), running(streams, chance, began, 0.05 * (seed % 2)) as readers:
        while log.left:
            log.left -= 1
            await chance.commit()
            await chance.pause()
        await chance.commit()
        newest = await store.event_log.newest()
        await until_all_are_at(streams, newest.position)
        streams.stop()
        got = await asyncio.gather(*readers)

    kept = [one.id for one in await store.events_after(began.position, 10_000)]
    assert len(kept) > 60
    assert got == [kept, kept, kept, kept, [], []]
    assert log.reads > 5


async def until_all_are_at(streams: Streams, position: int, readers: int = 6) -> None:
    """Wait until what is in the database is known to every reader: then a stop takes nothing away."""
    for _ in range(3000):
        await asyncio.sleep(0.001)
        if all(each.position >= position for each in streams._open) and len(streams) == readers:
            return
    raise AssertionError(f"readers hang at {sorted(each.position for each in streams._open)} of {position}")


class LateCommit(Log):
    """One commit falls between the read of the last page and its return; it is long known by then."""

    streams: Streams

    async def behind(self, position: int, types: Sequence[str] | None) -> EventPage:
        page = await self._log.behind(position, types)
        if self.left:
            self.left = 0
            await self._chance.commit()
            async with asyncio.timeout(WITHIN_S):
                await asyncio.gather(*(each.news.wait() for each in self.streams._open))
        return page


async def test_what_is_committed_while_the_last_page_is_read_comes_without_waiting_for_more(
    store: SqlStore, chance: Chance
) -> None:
    log = LateCommit(store, chance)
    streams = log.streams = Streams(log, store.tokens, SystemClock(), most=10, tempo=TEMPO)
    began = await log.newest()
    reader = asyncio.create_task(follow(streams, chance, EventFilter(), began, 0.0))

    async with asyncio.timeout(WITHIN_S):
        while log.left:  # noqa: ASYNC110 - the log tells nobody
            await asyncio.sleep(0.001)
        newest = await log.newest()
        await until_all_are_at(streams, newest.position, readers=1)
        streams.stop()

        assert await reader == [one.id for one in await store.events_after(0, 100)]


async def test_while_nothing_is_lost_live_events_are_read_from_memory_alone(store: SqlStore, chance: Chance) -> None:
    log = Log(store, chance)
    log.left = 0
    streams = Streams(log, store.tokens, SystemClock(), most=10, tempo=TEMPO)
    began = await log.newest()
    async with asyncio.timeout(WITHIN_S), running(streams, chance, began, 0.0) as readers:
        await until_all_are_at(streams, 0)
        await streams_have_read(log, 6)
        for number in range(50):
            await store.commit(telling(told(a_call("a", number + 1), body=BODY)))
        await until_all_are_at(streams, (await log.newest()).position)
        reads = log.reads
        streams.stop()
        got = await asyncio.gather(*readers)

    assert [len(each) for each in got] == [50, 50, 50, 50, 0, 0]
    assert reads == 6, "each reads once, to see that there is nothing before"


async def streams_have_read(log: Log, times: int) -> None:
    while log.reads < times:  # noqa: ASYNC110 - the log tells nobody
        await asyncio.sleep(0.001)
