"""A CRM on loopback that does as it is told, and a dispatcher that delivers to it from a real database."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from aiohttp import web
from standardwebhooks.webhooks import Webhook

from callbridge.calls.events import Event
from callbridge.delivery.pace import Pace
from callbridge.delivery.subscriber import Subscriber
from callbridge.delivery.worker import Dispatcher
from callbridge.ports import Batch, Store
from tests.unit.delivery.calls import SetClock, an_event, told

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the specification's example
SOON_S = 30.0
"""The deadline of a wait for something that takes milliseconds."""

PACE = Pace(poll_s=0.02, linger_s=0.005, rest_s=(0.05, 0.2), restart_s=0.02, grace_s=1.0, store_rest_s=(0.01, 0.05))

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Hit:
    """One POST as it came in."""

    id: str
    body: bytes
    headers: dict[str, str]
    at: float

    def told(self) -> Any:
        """Return the body."""
        return orjson.loads(self.body)

    def verified(self) -> Any:
        """Return the body, once the public package has found the signature good."""
        return Webhook(SECRET).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Answers each POST with the next of its scripted answers, and 204 when there are none left."""

    url: str = ""
    hits: list[Hit] = field(default_factory=list)
    script: list[int | Answer] = field(default_factory=list)
    always: int | Answer = 204
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def ids(self) -> list[str]:
        return [hit.id for hit in self.hits]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = dict(request.headers)
        hit = Hit(request.headers.get("webhook-id", ""), body, headers, time.perf_counter())
        async with self.changed:
            self.hits.append(hit)
            self.changed.notify_all()
        answer = self.script.pop(0) if self.script else self.always
        return web.Response(status=answer) if isinstance(answer, int) else await answer(request)

    async def hears(self, count: int, within_s: float = SOON_S) -> None:
        """Wait for so many POSTs in all."""
        async with asyncio.timeout(within_s), self.changed:
            await self.changed.wait_for(lambda: len(self.hits) >= count)

    def by_call(self) -> dict[str, list[int]]:
        """The sequence numbers received, call by call."""
        found = defaultdict[str, list[int]](list)
        for hit in self.hits:
            data = orjson.loads(hit.body)["data"]
            found[data["call"]["id"]].append(data["sequence"])
        return found


@asynccontextmanager
async def receiver(*script: int | Answer, always: int | Answer = 204) -> AsyncIterator[Receiver]:
    """Run a receiver on a free port."""
    crm = Receiver(script=list(script), always=always)
    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{path:.*}", crm.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    crm.url = f"http://{host}:{port}/hook"
    try:
        yield crm
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_receiver(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Run a server that need not speak HTTP; give its URL."""
    talks: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            talks.add(task)
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def subscriber(url: str, name: str = "crm", **changes: Any) -> Subscriber:
    return replace(Subscriber(name, url, SECRET, allow_private=True, timeout_s=2.0), **changes)


@dataclass
class Delivery:
    """A dispatcher that runs, with its database and its clock."""

    store: Store
    dispatcher: Dispatcher
    clock: SetClock

    async def tell(self, *events: Event, to: Sequence[str] = ("crm",)) -> None:
        """Commit events and hand them over, as the pipeline does."""
        batch = [told(event, *to) for event in events]
        await self.store.commit(Batch(told=batch))
        self.dispatcher.committed(batch)

    async def tell_call(self, name: str, *sequence: int, to: Sequence[str] = ("crm",)) -> None:
        await self.tell(*(an_event(name, number) for number in sequence), to=to)

    async def until(self, holds: Callable[[], Awaitable[bool]], within_s: float = SOON_S) -> None:
        """Wait until something holds of the database or the dispatcher."""
        async with asyncio.timeout(within_s):
            while not await holds():  # noqa: ASYNC110 - a database tells nobody
                await asyncio.sleep(0.005)

    async def until_error(self, words: str, name: str = "crm") -> None:
        async def holds() -> bool:
            return words in (await self.error(name) or "")

        await self.until(holds)

    async def until_settled(self, meanwhile: Callable[[], None] = lambda: None, within_s: float = SOON_S) -> None:
        """Wait until nothing waits in the database and everyone has caught up."""

        async def holds() -> bool:
            meanwhile()
            backlogs = await self.store.backlogs()
            statuses = await self.dispatcher.statuses()
            return not any(one.waiting for one in backlogs) and not any(one.catching_up for one in statuses)

        await self.until(holds, within_s)

    async def until_caught_up(self) -> None:
        """Wait until events go out from memory."""

        async def holds() -> bool:
            return not any(one.catching_up for one in await self.dispatcher.statuses())

        await self.until(holds)

    async def error(self, name: str = "crm") -> str | None:
        return next(one.last_error for one in await self.dispatcher.statuses() if one.name == name)


@asynccontextmanager
async def delivering(
    store: Store, clock: SetClock, *subscribers: Subscriber, pace: Pace = PACE, **options: Any
) -> AsyncIterator[Delivery]:
    """Run a dispatcher, and stop it as the daemon does."""
    dispatcher = Dispatcher(store, subscribers, clock, pace=pace, **options)
    running = asyncio.create_task(dispatcher.run())
    try:
        yield Delivery(store, dispatcher, clock)
    finally:
        dispatcher.stop()
        async with asyncio.timeout(SOON_S):
            await running
