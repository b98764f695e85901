"""Receivers that answer, and some that do not; and how a sample is sent to one."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from callbridge.calls.events import EventType
from callbridge.clock import SystemClock
from callbridge.delivery.subscriber import Subscriber
from callbridge.delivery.trial import tried
from callbridge.trials import Trial

CLOCK = SystemClock()
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # noqa: S105 - made for this test
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[int]:
    """A server that is no web server; each connection lasts until its other side goes."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


def status(code: int, **headers: str) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=code, text="a word of mine", headers=headers)

    return answer


def subscriber(url: str, **more: Any) -> Subscriber:
    return Subscriber("crm", url, SECRET, **{"allow_private": True, "timeout_s": 10.0, **more})


async def trial(url: str, kind: EventType = EventType.CALL_ENDED, **more: Any) -> Trial:
    async with asyncio.timeout(20):
        return await tried(subscriber(url, **more), kind, CLOCK, ())


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        pass
