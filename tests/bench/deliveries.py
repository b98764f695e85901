"""How many webhooks a second: what waits in the database, for one, ten and a hundred subscribers, beside a bare loop.

The bare loop POSTs the same bodies with as many connections over aiohttp, unsigned, and knows nothing of a
database. Both send to the same receiver, which has a process of its own, turn by turn.
"""

import asyncio
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

import aiohttp

from callbridge.calls.events import EventType
from callbridge.cli.run import loop_factory
from callbridge.clock import SystemClock
from callbridge.delivery.payload import render
from callbridge.delivery.samples import sample
from callbridge.delivery.subscriber import Subscriber
from callbridge.delivery.worker import Dispatcher
from callbridge.ports import Batch, Told
from callbridge.store import SqlStore, open_store, upgrade
from tests.bench.figures import Figure, Target
from tests.lab.processes import start

EACH: Final = 6_000
"""Deliveries of one turn, however many subscribers share them."""
SUBSCRIBERS: Final = (1, 10, 100)
ROUNDS: Final = 3
LONG: Final = 10
"""How many times as much waits in the long backlog."""
GROUP: Final = 500
EVENTS_A_CALL: Final = 4
KINDS: Final = (EventType.CALL_STARTED, EventType.CALL_RINGING, EventType.CALL_ANSWERED, EventType.CALL_ENDED)
SECRET: Final = "whsec_YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcy4uLi4="  # noqa: S105 - of this benchmark alone
CONCURRENCY: Final = 8
WITHIN_S: Final = 180.0
STARTS_S: Final = 10.0
CLOCK: Final = SystemClock()


def measure(folder: Path) -> list[Figure]:
    """`folder` takes databases and the receiver's log; it must lie on a real disk."""
    with asyncio.Runner(loop_factory=loop_factory()) as loop:
        return loop.run(_measured(folder))


async def _measured(folder: Path) -> list[Figure]:
    async with receiving(folder) as receiver:
        figures = [figure for count in SUBSCRIBERS for figure in await _beside_the_bare_loop(receiver, folder, count)]
        short = [await ours(receiver, folder, 1, EACH) for _ in range(ROUNDS)]
        long = await ours(receiver, folder, 1, EACH * LONG)
    ratio = long / statistics.median(short)
    return [*figures, Figure(f"a backlog of {EACH * LONG:,} : one of {EACH:,}", ratio, "times", target=Target(0.9))]


async def _beside_the_bare_loop(receiver: "Receiver", folder: Path, count: int) -> list[Figure]:
    pairs = [(await ours(receiver, folder, count), await bare(receiver, count)) for _ in range(ROUNDS)]
    our, their = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    name = f"{count} subscriber{'s' if count > 1 else ''}"
    return [
        Figure(f"deliveries to {name}", our, "a second", their),
        Figure(f"deliveries to {name} : bare loop", ratio, "times", target=Target(0.7)),
    ]


class Receiver:
    """The process that counts."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    async def seconds(self, count: int, sending: asyncio.Task[None]) -> float:
        """Return how long it took until so many had arrived."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(WITHIN_S)) as session:
            waiting = asyncio.create_task(self._get(session, f"/reached/{count}"))
            await asyncio.wait({waiting, sending}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()  # broken, it is told at once
            await waiting
        return loop.time() - began

    async def anew(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(WITHIN_S)) as session:
            await self._get(session, "/anew")

    async def _get(self, session: aiohttp.ClientSession, path: str) -> None:
        async with session.get(self.url + path) as answer:
            answer.raise_for_status()


@asynccontextmanager
async def receiving(folder: Path) -> AsyncIterator[Receiver]:
    log = folder / "counting.log"
    child = start(sys.executable, "-m", "tests.bench.counting", log=log)
    try:
        async with asyncio.timeout(STARTS_S):
            while not (said := log.read_text().strip()):  # noqa: ASYNC110 - another process' output
                await asyncio.sleep(0.05)
        yield Receiver(int(said.splitlines()[0]))
    finally:
        await child.stop(STARTS_S)


async def ours(receiver: Receiver, folder: Path, subscribers: int, deliveries: int = EACH) -> float:
    """Return deliveries a second of what waits in a database: read, signed, sent, and settled there."""
    names = [f"crm-{number}" for number in range(subscribers)]
    with tempfile.TemporaryDirectory(prefix="deliveries-", dir=folder) as place:
        url = f"sqlite+aiosqlite:///{place}/callbridge.db"
        await upgrade(url)
        store = await open_store(url, clock=CLOCK)
        try:
            await fill(store, names, deliveries // subscribers)
            await receiver.anew()
            return deliveries / await _drained(store, receiver, names, deliveries)
        finally:
            await store.close()


async def _drained(store: SqlStore, receiver: Receiver, names: Sequence[str], deliveries: int) -> float:
    hooks = [Subscriber(name, f"{receiver.url}/{name}", SECRET, allow_private=True) for name in names]
    dispatcher = Dispatcher(store, hooks, CLOCK)
    running = asyncio.create_task(dispatcher.run())
    try:
        return await receiver.seconds(deliveries, running)
    finally:
        dispatcher.stop()
        async with asyncio.timeout(WITHIN_S):
            await running


async def fill(store: SqlStore, names: Sequence[str], events: int) -> None:
    """Have so many events wait for each of these subscribers: some for each of many calls, as real ones do."""
    told = (
        an_event(call, number, tuple(names))
        for call in range(events // EVENTS_A_CALL)
        for number in range(EVENTS_A_CALL)
    )
    while group := tuple(islice(told, GROUP)):
        await store.commit(Batch(told=group))


def an_event(call: int, number: int, names: tuple[str, ...]) -> Told:
    event = sample(KINDS[number], "main", CLOCK.now())
    assert event.call is not None
    whole = replace(event.call, id=f"call_{call:032x}", sequence=number + 1)
    event = replace(event, id=f"evt_{call:032x}_{number + 1}", call=whole)
    return Told(event, render(event), names)


async def bare(receiver: Receiver, subscribers: int, deliveries: int = EACH) -> float:
    """Return POSTs a second of a loop that does nothing else, over as many connections."""
    await receiver.anew()
    event = sample(EventType.CALL_ANSWERED, "main", CLOCK.now())
    sending = asyncio.create_task(_post_all(receiver, subscribers, render(event), deliveries))
    rate = deliveries / await receiver.seconds(deliveries, sending)
    await sending
    return rate


async def _post_all(receiver: Receiver, subscribers: int, body: bytes, deliveries: int) -> None:
    each = deliveries // subscribers // CONCURRENCY + 1
    async with asyncio.TaskGroup() as group:
        for number in range(subscribers):
            group.create_task(_post_from(f"{receiver.url}/crm-{number}", body, each))


async def _post_from(url: str, body: bytes, each: int) -> None:
    async def post() -> None:
        for _ in range(each):
            async with session.post(url, data=body, headers={"content-type": "application/json"}) as answer:
                await answer.read()

    connector = aiohttp.TCPConnector(limit=CONCURRENCY)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(post())
