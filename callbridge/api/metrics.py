"""`/metrics`, for Prometheus: no token on loopback. It names PBXs and subscribers, and no person."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from callbridge.api.health import require_here

HEADERS: Final = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store"}


def routes(text: Callable[[], bytes]) -> tuple[web.RouteDef, ...]:
    """`text` gives every figure as it is now."""

    async def metrics(request: web.Request) -> web.Response:
        require_here(request)
        return web.Response(body=text(), headers=HEADERS)

    return (web.get("/metrics", metrics),)
