"""From resources to aiohttp's routes: the door, the input, the handler, the answer."""

import asyncio
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from aiohttp import web
from pydantic import BaseModel

from callbridge.api import asking
from callbridge.api.doors import Door
from callbridge.api.idempotency import Idempotency
from callbridge.api.resources import ROOT, Made, Resource
from callbridge.api.scopes import Caller

HANDLE_S: Final = 30.0
"""How long a handler may take, unless it answers with a stream."""


def routes(resources: Iterable[Resource], door: Door, idempotency: Idempotency) -> tuple[web.RouteDef, ...]:
    """Return the routes behind a door; the application must answer errors with `as_problems`."""
    return tuple(_route(each, door, idempotency) for each in resources)


def _route(resource: Resource, door: Door, idempotency: Idempotency) -> web.RouteDef:
    async def handle(request: web.Request) -> web.StreamResponse:
        caller = await door.caller(request, resource)
        body = await asking.body_of(request, resource.most_bytes)
        if resource.streams:
            return await _answered(resource, request, caller, body)
        async with asyncio.timeout(HANDLE_S):
            if not resource.takes_key:
                return await _answered(resource, request, caller, body)
            return await idempotency.once(
                request, caller, body, lambda: _answered(resource, request, caller, body), resource.shown_once
            )

    return web.RouteDef(resource.method, f"{ROOT}{resource.path}", handle, _options(resource))


def _options(resource: Resource) -> dict[str, Any]:
    """A stream has no length to be asked for by HEAD."""
    return {"allow_head": not resource.streams} if resource.method == "GET" else {}


async def _answered(resource: Resource, request: web.Request, caller: Caller, body: bytes) -> web.StreamResponse:
    given: dict[str, Any] = {**asking.understood(resource, request, body), "caller": caller, "request": request}
    answer = await resource.handler(**{name: given[name] for name in resource.parts})
    if isinstance(answer, web.StreamResponse):
        return answer
    if answer is None:
        return web.Response(status=204)
    status, answer = (HTTPStatus.CREATED, answer.answer) if isinstance(answer, Made) else (resource.status, answer)
    plain: Mapping[str, Any] = answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer
    headers = {"Cache-Control": "no-store"}
    return web.Response(status=status, body=orjson.dumps(plain), content_type="application/json", headers=headers)
