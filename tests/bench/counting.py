"""A receiver in a process of its own, which answers 204 and counts: `python -m tests.bench.counting`.

It prints its port. `POST` anywhere is counted; `GET /reached/N` answers once N have come since `GET /anew`.
"""

import asyncio

from aiohttp import web

from callbridge.cli.run import loop_factory


class Counting:
    """How many have come."""

    def __init__(self) -> None:
        self._count = 0
        self._more = asyncio.Condition()

    async def take(self, request: web.Request) -> web.Response:
        await request.read()
        async with self._more:
            self._count += 1
            self._more.notify_all()
        return web.Response(status=204)

    async def anew(self, _: web.Request) -> web.Response:
        self._count = 0
        return web.Response(status=204)

    async def reached(self, request: web.Request) -> web.Response:
        wanted = int(request.match_info["count"])
        async with self._more:
            await self._more.wait_for(lambda: self._count >= wanted)
        return web.Response(status=204)


async def serve() -> None:
    counting = Counting()
    application = web.Application()
    application.router.add_get("/anew", counting.anew)
    application.router.add_get("/reached/{count}", counting.reached)
    application.router.add_post("/{hook}", counting.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as loop:
        loop.run(serve())
