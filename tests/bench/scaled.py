"""Where several processes share the work: what one daemon commits and publishes, and what workers deliver.

A real PostgreSQL, a real nats-server, real workers as processes of their own; all on one machine, with the receiver
and whoever measures. So two workers on two cores show what they cost each other, not what two machines would do.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callbridge.app.neighbours import LOOK_S
from callbridge.clock import SystemClock
from callbridge.ports import SHARDS, Batch, Halt, Standing, Told
from callbridge.store import SharedStore, SqlStore, open_shared_store, open_store, upgrade
from callbridge.stream.link import StreamLink
from callbridge.stream.publisher import Publisher
from callbridge.stream.settings import StreamSettings
from tests.bench.deliveries import CONCURRENCY, EVENTS_A_CALL, ROUNDS, SECRET, Receiver, an_event, ours, receiving
from tests.bench.figures import Figure
from tests.lab.nats import NatsServer
from tests.lab.postgres import PostgresServer
from tests.lab.worker import Worker

EVENTS: Final = 4_000
GROUPS: Final = (20, 500)
"""Events in one commit: of a quiet PBX, and of one under load."""
AHEAD: Final = 800
"""Events committed and not delivered: fewer than a worker keeps in memory."""
AT_ONCE: Final = 100
"""Of them in one commit."""
WITHIN_S: Final = 300.0
CLOCK: Final = SystemClock()


@dataclass
class Crm:
    """Where the workers send."""

    url: str
    secret: str = SECRET


async def measure(folder: Path) -> list[Figure]:
    """`folder` takes the receiver's log, and the database of the daemon alone that workers are compared with."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(PostgresServer())
        nats = await stack.enter_async_context(NatsServer())
        receiver = await stack.enter_async_context(receiving(folder))
        figures = [await _committed(server, group) for group in GROUPS]
        figures.append(await _published(nats))
        rounds = [
            (
                await ours(receiver, folder, 1, EVENTS),
                await _drained(server, nats, receiver, 1),
                await _drained(server, nats, receiver, 2),
                await _brought(server, nats, receiver, turn),
            )
            for turn in range(ROUNDS)
        ]
    alone, *others = (statistics.median(rates) for rates in zip(*rounds, strict=True))
    return [*figures, *(Figure(what, rate, "a second", alone) for what, rate in zip(WORKERS, others, strict=True))]


WORKERS: Final = (
    "deliveries by 1 worker, from the database",
    "deliveries by 2 workers, from the database",
    "deliveries by 1 worker, brought by the stream",
)
"""Beside those of a daemon alone, from SQLite."""


def _events(names: tuple[str, ...], first: int = 0, count: int = EVENTS) -> Sequence[Told]:
    calls = range(first, first + count // EVENTS_A_CALL)
    return [an_event(call, number, names) for call in calls for number in range(EVENTS_A_CALL)]


async def _database(server: PostgresServer, name: str) -> str:
    url = server.create_database(name)
    await upgrade(url)
    return url


async def _committed(server: PostgresServer, group: int) -> Figure:
    """Commit beside a daemon that has the same PostgreSQL to itself, turn by turn."""
    url = await _database(server, f"committed_{group}")
    rates: list[tuple[float, float]] = []
    for turn in range(ROUNDS):
        calls = EVENTS // EVENTS_A_CALL
        async with await open_shared_store(url, ["main"], clock=CLOCK) as shared:
            rate = await _commit(shared, _events(("crm",), 2 * turn * calls), group)
        async with await open_store(url, clock=CLOCK) as alone:
            rates.append((rate, await _commit(alone, _events(("crm",), (2 * turn + 1) * calls), group)))
    server.drop_database(f"committed_{group}")
    ours_, theirs = (statistics.median(each) for each in zip(*rates, strict=True))
    return Figure(f"events committed by one daemon of several, {group} at once", ours_, "a second", theirs)


async def _commit(store: SqlStore, events: Sequence[Told], group: int) -> float:
    """Return how many a second."""
    began = CLOCK.monotonic()
    for first in range(0, len(events), group):
        await store.commit(Batch(told=events[first : first + group]))
    return len(events) / (CLOCK.monotonic() - began)


async def _published(nats: NatsServer) -> Figure:
    publisher = Publisher(frozenset)
    link = StreamLink(StreamSettings(nats.url), CLOCK)
    events = _events(("crm",))
    running = asyncio.create_task(link.run([publisher.run]))
    try:
        async with asyncio.timeout(WITHIN_S):
            while not link.state.connected:  # noqa: ASYNC110 - a state
                await asyncio.sleep(0.01)
            began = CLOCK.monotonic()
            publisher.publish(events)
            await publisher.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return Figure("events published by one daemon, acknowledged", EVENTS / (CLOCK.monotonic() - began), "a second")


@asynccontextmanager
async def _at_work(
    server: PostgresServer, nats: NatsServer, receiver: Receiver, name: str, workers: int
) -> AsyncIterator[SharedStore]:
    """Have workers that have their parts each, on a database of their own."""
    url = await _database(server, name)
    async with AsyncExitStack() as stack:
        stack.callback(server.drop_database, name)
        store = await stack.enter_async_context(await open_shared_store(url, ["main"], clock=CLOCK))
        crm = Crm(f"{receiver.url}/crm")
        each = f"concurrency = {CONCURRENCY * workers}\n"  # which they share
        running = [await stack.enter_async_context(Worker(url, nats.url, crm, more=each)) for _ in range(workers)]
        while {worker.shards for worker in running} != {SHARDS // workers}:  # noqa: ASYNC110 - logs of other processes
            await asyncio.sleep(0.1)
        await receiver.anew()
        yield store


async def _drained(server: PostgresServer, nats: NatsServer, receiver: Receiver, workers: int) -> float:
    """Deliver what waits for a subscriber that was paused; counted from the first tenth on, when all are at it."""
    async with _at_work(server, nats, receiver, f"drained_{workers}", workers) as store:
        await store.halt("crm", Standing(Halt.PAUSED, "until all is there", CLOCK.now()))
        await asyncio.sleep(LOOK_S * 2)
        await _commit(store, _events(("crm",)), 500)
        await store.halt("crm", Standing())
        await _reached(receiver, EVENTS // 10)
        return EVENTS * 0.9 / await _reached(receiver, EVENTS)


async def _brought(server: PostgresServer, nats: NatsServer, receiver: Receiver, turn: int) -> float:
    """Commit and publish as fast as one worker delivers; other calls each turn, for JetStream knows the former."""
    publisher = Publisher(frozenset)
    link = StreamLink(StreamSettings(nats.url), CLOCK)
    async with _at_work(server, nats, receiver, "brought", 1) as store:
        running = asyncio.create_task(link.run([publisher.run]))
        began = CLOCK.monotonic()
        for first in range(0, EVENTS, AT_ONCE):
            some = _events(("crm",), (turn * EVENTS + first) // EVENTS_A_CALL, AT_ONCE)
            await store.commit(Batch(told=some))
            publisher.publish(some)
            await _reached(receiver, first + AT_ONCE - AHEAD)
        await _reached(receiver, EVENTS)
        rate = EVENTS / (CLOCK.monotonic() - began)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return rate


async def _reached(receiver: Receiver, count: int) -> float:
    """Wait until so many have come; return how long that took."""
    waiting = asyncio.create_task(asyncio.sleep(WITHIN_S))
    try:
        return await receiver.seconds(count, waiting)
    finally:
        waiting.cancel()
