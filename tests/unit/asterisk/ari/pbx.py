"""A pretended ARI on loopback that misbehaves as told: aiohttp's real server, or bare bytes."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from callbridge.asterisk.ari.link import AriLink
from callbridge.asterisk.ari.settings import AriSettings
from callbridge.asterisk.ari.stream import Item
from callbridge.clock import SystemClock

PASSWORD = "s3cret-never-shown"  # noqa: S105 - of a pretended PBX
DEADLINE_S = 5.0

Life = Callable[[web.WebSocketResponse], Awaitable[None]]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SteadyClock(SystemClock):
    """Real time without chance: retries come after exactly half of their step."""

    def jitter(self) -> float:
        return 0.0


@dataclass
class Pbx:
    """What the test scripts (`lives`, `refusals`, `answer`) and what it may look at afterwards."""

    url: str = ""
    lives: list[Life] = field(default_factory=list)
    """What each websocket does in turn; the last one stands for all later ones."""
    refusals: list[web.Response] = field(default_factory=list)
    """Given instead of a websocket, one each, before the first life."""
    answer: Answer | None = None
    asked: list[web.BaseRequest] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    raw_paths: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.asked_at.append(asyncio.get_running_loop().time())
        self.raw_paths.append(request.raw_path)
        if request.path == "/ari/events":
            return await self._websocket(request)
        if self.answer is None:
            return web.json_response({"message": "Resource not found"}, status=404)
        return await self.answer(request)

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        if self.refusals:
            return self.refusals.pop(0)
        websocket = web.WebSocketResponse(autoping=True)
        await websocket.prepare(request)
        life = self.lives.pop(0) if len(self.lives) > 1 else self.lives[0]
        await life(websocket)
        return websocket


@asynccontextmanager
async def serving(pbx: Pbx, tls: ssl.SSLContext | None = None) -> AsyncIterator[Pbx]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", pbx.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    host, port = runner.addresses[0][:2]
    pbx.url = f"http{'s' if tls else ''}://{host}:{port}/ari"
    try:
        yield pbx
    finally:
        await runner.cleanup()


@asynccontextmanager
async def bare(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """Serve bytes without any library's manners, and give the URL."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the client left, which is what some tests are about
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/ari"
    finally:
        server.close()
        await server.wait_closed()


def settings(url: str, **changes: Any) -> AriSettings:
    quick: dict[str, Any] = {"heartbeat_s": 5.0, "retry_first_s": 0.02, "retry_most_s": 0.1, "refused_s": 0.3}
    return AriSettings(url=url, username="callbridge", password=PASSWORD, **{**quick, **changes})


@asynccontextmanager
async def listening(asked: AriSettings) -> AsyncIterator[AriLink]:
    link = AriLink(asked, SteadyClock())
    running = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        running.cancel()
        await asyncio.wait([running])
        if not running.cancelled():
            running.result()


async def taken(link: AriLink, count: int) -> list[Item]:
    """Take exactly `count` items, one by one."""
    async with asyncio.timeout(DEADLINE_S):
        return [item for _ in range(count) for item in await link.take(1)]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not true():  # noqa: ASYNC110 - the condition lies in the code under test, which has no event to offer
            await asyncio.sleep(0.005)


def event(number: int = 0, **more: Any) -> str:
    return json.dumps({"type": "ChannelVarset", "application": "callbridge", "value": str(number), **more})


def says(*texts: str) -> Life:
    """Send these, then stay until the client leaves."""

    async def life(websocket: web.WebSocketResponse) -> None:
        for text in texts:
            await websocket.send_str(text)
        await stays(websocket)

    return life


async def stays(websocket: web.WebSocketResponse) -> None:
    while not websocket.closed:
        if (await websocket.receive()).type in {WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR}:
            return


async def leaves(websocket: web.WebSocketResponse) -> None:
    await websocket.close(code=1001)


async def cuts(websocket: web.WebSocketResponse) -> None:
    """Go as a killed process does: no closing frame."""
    transport = websocket._req.transport if websocket._req else None
    assert transport is not None
    transport.abort()
