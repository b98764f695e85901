"""`/healthz` and `/readyz`, for whatever watches the daemon: no token on loopback, and no secret in the answer.

`/healthz` asks whether to restart it: 503 when it stands still. `/readyz` asks
whether it does its work: 503 while a PBX is not heard or the database is away.
A subscriber that is down is neither's business: its events wait.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import orjson
from aiohttp import web

from callbridge.api.doors import from_here
from callbridge.api.problems import Kind, Refused

NOT_HERE: Final = "Without a token this is answered to callbridge's own host only."


@dataclass(frozen=True, slots=True)
class Health:
    """How the daemon is, in words that anybody may read."""

    alive: bool
    not_ready: tuple[str, ...] = ()
    """What is missing: `pbx main`, `database`."""


def routes(health: Callable[[], Health]) -> tuple[web.RouteDef, ...]:
    async def healthz(request: web.Request) -> web.Response:
        require_here(request)
        return _answer(alive=health().alive)

    async def readyz(request: web.Request) -> web.Response:
        require_here(request)
        now = health()
        return _answer(alive=now.alive and not now.not_ready, missing=now.not_ready)

    return web.get("/healthz", healthz), web.get("/readyz", readyz)


def _answer(*, alive: bool, missing: tuple[str, ...] = ()) -> web.Response:
    document: dict[str, object] = {"status": "ok" if alive else "unavailable"}
    if missing:
        document["missing"] = missing
    status = HTTPStatus.OK if alive else HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Cache-Control": "no-store"}
    return web.Response(status=status, body=orjson.dumps(document), content_type="application/json", headers=headers)


def require_here(request: web.Request) -> None:
    """Refuse whoever is not on this host."""
    if not from_here(request):
        raise Refused(Kind.TOKEN_NEEDED, NOT_HERE)
