"""A CRM that receives webhooks, verifies each signature with the public package, and remembers what it was told."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web
from standardwebhooks import Webhook

WITHIN_S: Final = 30.0

BUSY: Final = {"Retry-After": "6"}
"""Goes with a 503: else the third try comes after five minutes, and the second may be made before a test is ready."""

PAST: Final = "call.recovered"
"""Comes in a call or not, by who was missed before it: no part of how that call went."""

Answer = Callable[["Delivery"], int]
"""Returns the HTTP status to answer with."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook as it came."""

    id: str
    body: bytes
    content: dict[str, Any]
    status: int

    @property
    def type(self) -> str:
        return str(self.content["type"])

    @property
    def data(self) -> dict[str, Any]:
        return dict(self.content["data"])

    @property
    def call(self) -> dict[str, Any]:
        return dict(self.data["call"])


class Crm:
    """`async with Crm() as crm:` - listens on a free loopback port inside. `answer` may be changed at any time."""

    def __init__(self, answer: Answer = lambda _: 204) -> None:
        self.secret = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()
        self.answer = answer
        self.deliveries: list[Delivery] = []
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/hook", self._receive)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def taken(self) -> list[Delivery]:
        """What was answered with success, each event once, in the order of arrival."""
        return list({one.id: one for one in reversed(self.deliveries) if one.status < 300}.values())[::-1]

    @property
    def heard(self) -> list[str]:
        """The types of the calls' events that were taken, but for what is told of calls before."""
        return [one.type for one in self.taken if one.type.startswith("call.") and one.type != PAST]

    def of_type(self, kind: str) -> list[Delivery]:
        return [one for one in self.taken if one.type == kind]

    async def hears(self, kind: str, count: int = 1, within_s: float = WITHIN_S) -> Delivery:
        """Wait until `count` events of a type have been taken; return the last of them."""
        await self.until(lambda: len(self.of_type(kind)) >= count, f"{count} {kind}", within_s)
        return self.of_type(kind)[count - 1]

    async def until(self, condition: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
        """Wait until something holds of what was received."""
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(condition)
        except TimeoutError:
            raise AssertionError(f"waited {within_s} s for {what}, heard {[one.type for one in self.taken]}") from None

    def forget(self) -> None:
        self.deliveries.clear()

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        content = Webhook(self.secret).verify(body, dict(request.headers))
        delivery = Delivery(request.headers["webhook-id"], body, content, 0)
        status = self.answer(delivery)
        async with self._news:
            self.deliveries.append(Delivery(delivery.id, body, content, status))
            self._news.notify_all()
        return web.Response(status=status, headers=BUSY if status == HTTPStatus.SERVICE_UNAVAILABLE else None)
