"""A CRM that is really asked, over a real socket, and misbehaves as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


def naming(*customers: Mapping[str, Any]) -> Answering:
    async def answering(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"customers": customers})

    return answering


def saying(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answering:
    async def answering(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers=headers)

    return answering


MARIA = naming({"id": "c-17", "name": "Maria Silva"})
NOBODY_THERE = naming()


@dataclass
class Crm:
    """Answers by `answering`; keeps what it was asked."""

    url: str = ""
    answering: Answering = MARIA
    asked: list[web.Request] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """Where it is there, answers wait for it."""
    under_way: int = 0
    most_under_way: int = 0
    connections: set[object] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self._news.set()
        self.connections.add(request.transport)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.gate is not None:
                await self.gate.wait()
            return await self.answering(request)
        finally:
            self.under_way -= 1

    async def until_asked(self, times: int) -> None:
        async with asyncio.timeout(5.0):
            while len(self.asked) < times:
                await self._news.wait()
                self._news.clear()


@asynccontextmanager
async def listening(tls: ssl.SSLContext | None = None) -> AsyncIterator[Crm]:
    crm = Crm()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", crm.take)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        crm.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/phones"
        yield crm
    finally:
        if crm.gate is not None:
            crm.gate.set()
        await runner.cleanup()


def body(customers: int, padding: int) -> bytes:
    return orjson.dumps({"customers": [{"id": each} for each in range(customers)], "padding": "x" * padding})
