"""`/v1/openapi.json`: what there is, for programs."""

import asyncio
from collections.abc import Iterable

import orjson
from aiohttp import web

from callbridge.api import openapi
from callbridge.api.resources import JSON, Resource

DOES = (
    "What there is, as an OpenAPI 3.1 document. On callbridge's own host it needs no token; from elsewhere any will do."
)


def described(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """Return the resources, with one more that describes them all, itself among them.

    The document is made when it is first asked for: that takes 0.1 s, which no start of the daemon shall wait for.
    """
    body = b""

    async def read() -> web.Response:
        nonlocal body
        body = body or await asyncio.to_thread(written)
        return web.Response(body=body, content_type=JSON)

    everything = (*resources, Resource("GET", "/openapi.json", read, None, DOES, answer=openapi.Document))

    def written() -> bytes:
        return orjson.dumps(openapi.document(everything))

    return everything
