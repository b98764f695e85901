"""The control socket: how the command line asks the daemon beside it.

A unix socket in the data folder that its owner alone may use, so it needs no
token. `GET /status` answers once; `GET /events` follows, one JSON line each. And the
whole of `/v1` is served here too, with what is nobody else's business.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, cast

import structlog
from aiohttp import web

from callbridge.api.problems import as_problems
from callbridge.api.resources import MAX_BODY_BYTES
from callbridge.api.status import Status
from callbridge.errors import AlreadyRunning, CallbridgeError
from callbridge.logs import Action

Subscribe = Callable[[], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Opens a subscription that yields each event as one JSON document, without a line end."""

SLOW_AFTER_S: Final = 5.0  # a follower that takes no line for so long is cut off rather than waited for
STOP_WITHIN_S: Final = 2.0
PROBE_S: Final = 1.0

log = structlog.get_logger(__name__)


class LocalServer:
    """Serves the socket from `start` to `stop`."""

    def __init__(
        self,
        path: Path,
        status: Callable[[], Status],
        subscribe: Subscribe,
        *,
        routes: Iterable[web.RouteDef] = (),
        slow_after_s: float = SLOW_AFTER_S,
    ) -> None:
        self._path = path
        self._status = status
        self._subscribe = subscribe
        self._slow_after_s = slow_after_s
        self._followers: set[asyncio.Task[Any]] = set()
        self._runner = web.AppRunner(
            self._application(routes), access_log=None, handler_cancellation=True, shutdown_timeout=STOP_WITHIN_S
        )
        self._is_listening = False

    async def start(self) -> None:
        """Listen; a socket left by a dead daemon is replaced. Raises AlreadyRunning when another one answers."""
        await self._runner.setup()
        listening = await asyncio.to_thread(_listening, self._path)
        await web.SockSite(self._runner, listening).start()
        self._is_listening = True
        log.info("the command line may ask", action=Action.CONTROL_LISTENING, path=str(self._path))

    async def stop(self) -> None:
        """Let every follower go and take the socket away. Safe to call twice, and before `start`."""
        if self._is_listening:
            self._path.unlink(missing_ok=True)
            self._is_listening = False
        await self._runner.cleanup()

    def _application(self, routes: Iterable[web.RouteDef]) -> web.Application:
        application = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[as_problems])
        application.add_routes(routes)
        application.router.add_get("/status", self._tell_status)
        application.router.add_get("/events", self._tell_events)
        application.on_shutdown.append(self._let_followers_go)
        return application

    async def _tell_status(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._status().as_json(), content_type="application/json")

    async def _tell_events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        with self._followed():
            async with self._subscribe() as events:
                await response.prepare(request)
                async for event in events:
                    if not await self._passed_on(event, request, response):
                        break
        return response

    async def _passed_on(self, event: bytes, request: web.Request, response: web.StreamResponse) -> bool:
        """Send one line; False when the follower is gone, or too slow and therefore cut off."""
        try:
            async with asyncio.timeout(self._slow_after_s):
                await response.write(event + b"\n")
        except ConnectionError:
            return False
        except TimeoutError:
            log.warning("a follower of events does not keep up", action=Action.CONTROL_CUT_OFF)
            if request.transport is not None:
                request.transport.abort()
            return False
        return True

    @contextmanager
    def _followed(self) -> Iterator[None]:
        """Let `stop` find this request: it would wait for its end, and a follower's never comes."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())  # a handler always runs in one
        self._followers.add(task)
        try:
            yield
        finally:
            self._followers.discard(task)

    async def _let_followers_go(self, _application: web.Application) -> None:
        for task in self._followers:
            task.cancel()


def _listening(path: Path) -> socket.socket:
    """Return a bound socket that its owner alone may use; nobody can connect before it listens."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket():
            _take_away_the_dead(path)
        listening.bind(str(path))
        path.chmod(0o600)
    except OSError as error:
        listening.close()
        advice = f"Let callbridge's user write to {path.parent}."
        raise CallbridgeError(
            f"The control socket {path} cannot be made: {error.strerror or error}. {advice}"
        ) from None
    except AlreadyRunning:
        listening.close()
        raise
    return listening


def _take_away_the_dead(path: Path) -> None:
    """Remove the socket of a daemon that was killed. Raises AlreadyRunning when somebody answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_S)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        else:
            raise AlreadyRunning(
                f"Another callbridge answers on {path}. Stop it, or give this one a data_dir of its own."
            )
