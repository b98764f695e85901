"""A receiver of webhooks that shows what it was sent: bounded in all it reads and remembers."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import aiohttp
import orjson
from aiohttp import web

from callbridge.clock import Clock
from callbridge.delivery.verifying import Verdict, Verifier
from callbridge.errors import CallbridgeError

BODY_MOST: Final = 1024 * 1024
"""Bytes; the longest event of the longest call is some 100 KiB."""
READ_S: Final = 10.0
"""For a body to arrive."""
AT_ONCE: Final = 32
"""Bodies that are read at one time; callbridge sends eight."""
REMEMBERED: Final = 10_000
"""Ids, to know again what is sent twice."""
CLOSE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Taken:
    """One request, as it was judged and answered."""

    at: datetime
    sender: str
    path: str
    event_id: str | None
    verdict: Verdict
    status: int
    event: dict[str, Any] | None
    """The body; None where it is no JSON object."""
    again: bool = False
    """Whether its id came before."""


class Receiver:
    """Answers `answer` to what is signed as it should be, and 401 to what is not."""

    def __init__(self, verifier: Verifier, answer: int, show: Callable[[Taken], None], clock: Clock) -> None:
        self._verifier, self._answer, self._show, self._clock = verifier, answer, show, clock
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._reading = 0

    async def take(self, request: web.Request) -> web.Response:
        if self._reading >= AT_ONCE:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})
        self._reading += 1
        try:
            async with asyncio.timeout(READ_S):
                body = await request.read()
        except TimeoutError:
            return self._unread(request, HTTPStatus.REQUEST_TIMEOUT, f"its body did not arrive within {READ_S:g} s")
        except web.HTTPRequestEntityTooLarge:
            what = f"its body is longer than {BODY_MOST} bytes"
            return self._unread(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, what)
        except (aiohttp.ClientError, OSError):
            return self._unread(request, HTTPStatus.BAD_REQUEST, "it broke off in the middle of its body")
        finally:
            self._reading -= 1
        return self._judged(request, body)

    def _judged(self, request: web.Request, body: bytes) -> web.Response:
        verdict = self._verifier.judge(request.headers, body)
        event_id = _id_of(request)
        status = self._answer if verdict.verified else HTTPStatus.UNAUTHORIZED
        again = verdict.verified and event_id is not None and self._came_before(event_id)
        self._tell(request, verdict, status, body, again=again)
        return web.Response(status=status, text=None if verdict.verified else verdict.why)

    def _came_before(self, event_id: str) -> bool:
        if event_id in self._seen:
            return True
        self._seen[event_id] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return False

    def _unread(self, request: web.Request, status: HTTPStatus, why: str) -> web.Response:
        self._tell(request, Verdict(None, why), status)
        answer = web.Response(status=status, text=why)
        answer.force_close()
        return answer

    def _tell(
        self, request: web.Request, verdict: Verdict, status: int, body: bytes = b"", *, again: bool = False
    ) -> None:
        self._show(
            Taken(
                at=self._clock.now(),
                sender=request.remote or "somebody",
                path=request.path,
                event_id=_id_of(request),
                verdict=verdict,
                status=status,
                event=_object(body),
                again=again,
            )
        )


def _id_of(request: web.Request) -> str | None:
    """Return the event's id; a header may hold bytes that are no text."""
    given = request.headers.get("webhook-id")
    return None if given is None else given.encode("utf-8", "replace").decode()


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


@asynccontextmanager
async def listening(receiver: Receiver, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
    """Take POSTs on every path; yield the address, with the port that was free where `port` is 0.

    Raises CallbridgeError where nobody can listen there.
    """
    application = web.Application(client_max_size=BODY_MOST)
    application.router.add_post("/{path:.*}", receiver.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=CLOSE_S)
    await runner.setup()
    try:
        await _bound(web.TCPSite(runner, host, port))
        address = runner.addresses[0]
        yield str(address[0]), int(address[1])
    finally:
        await runner.cleanup()


async def _bound(site: web.TCPSite) -> None:
    try:
        await site.start()
    except OSError as error:
        why = (error.strerror or str(error)).rpartition(": ")[2]
        raise CallbridgeError(f"Nobody can listen on {site.name}: {why}. Name another with --listen.") from None
