"""Where webhooks arrive: notes when, answers 204, and looks into them only later."""

import asyncio
import base64
from types import TracebackType
from typing import Self

from aiohttp import web


class Receiver:
    """`async with Receiver() as receiver:` - listens on a free loopback port inside."""

    def __init__(self) -> None:
        self.secret = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()
        self.arrived: list[tuple[float, bytes]] = []
        """When, by the loop's clock, and the body."""
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/hook", self._receive)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hook"

    async def has(self, count: int) -> None:
        """Wait until so many have arrived. The deadline is the caller's."""
        while len(self.arrived) < count:
            self._news.clear()
            await self._news.wait()

    async def _receive(self, request: web.Request) -> web.Response:
        at = asyncio.get_running_loop().time()
        self.arrived.append((at, await request.read()))
        self._news.set()
        return web.Response(status=204)
