"""One POST and the beginning of its answer, over connections that aiohttp makes, guards and keeps.

aiohttp's connector opens connections (names, TLS, the guard's sockets, traces), and its parser
reads answers. Its session has no part in a request: what it does anew for each one (URL and
headers merged, cookies, redirects, a timer, objects for request and answer) takes longer
than all the rest, and of a webhook only four headers ever change.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.http import RawResponseMessage
from aiohttp.tracing import Trace
from yarl import URL

from callbridge.delivery.guard import Guard, GuardedResolver

ANSWER_MOST: Final = 16 * 1024
"""Bytes of an answer that are read; after them the connection is dropped."""

DRAIN_S: Final = 1.0
"""How long an answer's body may take once its status is known: all that depends on it is whether the connection can be
used again."""

KEEPALIVE_S: Final = 4.0
"""Shorter than the 5 s after which Node's and uvicorn's servers close an idle connection: a POST sent into the closing
is lost and costs a try."""

INTERIM: Final = frozenset(range(100, 200)) - {HTTPStatus.SWITCHING_PROTOCOLS}
"""An answer of these is followed by the answer."""
SCHEMES: Final = ("http", "https")

_SMUGGLED: Final = re.compile(r"[\r\n\0]")

Heard = Callable[[Mapping[str, str]], None]
"""Takes the headers of an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `start` is of its body, `retry_after` the header as it came."""

    status: int
    reason: str
    retry_after: str | None
    start: bytes


class Exchange:
    """All that goes to one URL; use it as a context manager.

    `headers` go along with each request. `traces` watch how far each comes, `heard` takes the headers of its answer.
    """

    def __init__(  # noqa: PLR0913 - what one URL's requests have in common
        self,
        url: URL,
        headers: Mapping[str, str],
        guard: Guard,
        *,
        timeout_s: float,
        limit: int,
        traces: Sequence[aiohttp.TraceConfig] = (),
        heard: Heard | None = None,
    ) -> None:
        self._url = url
        self._headers = headers
        self._guard = guard
        self._timeout_s = timeout_s
        self._limit = limit
        self._traces = traces
        self._heard = heard
        self._request: aiohttp.ClientRequest | None = None
        self._head = ""
        self._idle: deque[tuple[aiohttp.connector.Connection, float]] = deque()
        self._look: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._connector = aiohttp.TCPConnector(
            limit=self._limit,
            resolver=GuardedResolver(self._guard),
            socket_factory=self._guard.socket,
            force_close=True,  # what is kept is kept here
        )
        self._session = aiohttp.ClientSession(
            connector=self._connector, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=list(self._traces)
        )
        for trace in self._traces:
            trace.freeze()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._idle:
            self._idle.pop()[0].close()
        if self._look is not None:
            self._look.cancel()
        await self._session.close()

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send it, with these headers besides, and return the answer.

        Raises:
            TimeoutError: not within `timeout_s`, which is for everything up to the answer's status.
            aiohttp.ClientError, aiohttp.http.HttpProcessingError, OSError, ValueError: what went wrong.
        """
        by = self._loop.time() + self._timeout_s
        connection = self._kept() or await self._connected(by)
        try:
            answer = await self._asked(connection, self._written(headers, body), by)
        except BaseException:
            connection.close()
            raise
        self._keep(connection)
        return answer

    def _kept(self) -> aiohttp.connector.Connection | None:
        """Return a connection over which something has gone already."""
        while self._idle:
            connection, since = self._idle.popleft()
            protocol = connection.protocol
            fresh = protocol is not None and protocol.is_connected() and not protocol.should_close
            if fresh and self._loop.time() - since <= KEEPALIVE_S:
                return connection
            connection.close()
        return None

    def _keep(self, connection: aiohttp.connector.Connection) -> None:
        if connection.protocol is None or connection.protocol.should_close:
            connection.close()
            return
        self._idle.append((connection, self._loop.time()))
        if self._look is None:
            self._look = self._loop.call_later(KEEPALIVE_S, self._close_old)

    def _close_old(self) -> None:
        """Close what was idle for too long, and look again as long as anything is left."""
        oldest = self._loop.time() - KEEPALIVE_S
        while self._idle and self._idle[0][1] <= oldest:
            self._idle.popleft()[0].close()
        wait = self._idle[0][1] - oldest if self._idle else 0.0
        self._look = self._loop.call_later(wait, self._close_old) if self._idle else None

    async def _connected(self, by: float) -> aiohttp.connector.Connection:
        request = self._request or self._introduced()
        traces = [Trace(self._session, config, config.trace_config_ctx()) for config in self._traces]
        async with asyncio.timeout_at(by):
            connection = await self._connector.connect(request, traces, aiohttp.ClientTimeout(total=self._timeout_s))
        if connection.protocol is not None:
            # Nothing unpacked: an answer's first bytes go into the error as they are.
            connection.protocol.set_response_params(read_until_eof=True, auto_decompress=False)
        return connection

    def _introduced(self) -> aiohttp.ClientRequest:
        """Have aiohttp say what all our requests have in common: where to connect, Host, and a user in the URL."""
        if self._url.scheme not in SCHEMES:
            raise aiohttp.InvalidURL(self._url)
        headers = {"accept": "*/*", "accept-encoding": "identity", **self._headers}
        request = aiohttp.ClientRequest("POST", self._url, headers=headers, session=self._session, loop=self._loop)
        common = ((name, value) for name, value in request.headers.items() if name.lower() not in PER_REQUEST)
        self._head = f"POST {request.url.raw_path_qs} HTTP/1.1\r\n{_lines(common)}"
        self._request = request
        return request

    def _written(self, headers: Mapping[str, str], body: bytes) -> bytes:
        head = f"{self._head}{_lines(headers.items())}content-length: {len(body)}\r\n\r\n"
        return head.encode() + body

    async def _asked(self, connection: aiohttp.connector.Connection, request: bytes, by: float) -> Answer:
        protocol, transport = connection.protocol, connection.transport
        if protocol is None or transport is None or len(protocol):  # answered before it was asked
            raise aiohttp.ServerDisconnectedError
        alarm = self._loop.call_at(by, protocol.set_exception, TimeoutError())
        try:
            transport.write(request)
            message, body = await protocol.read()
            while message.code in INTERIM:
                message, body = await protocol.read()
        finally:
            alarm.cancel()
        start = bytes(body.read_nowait()) if body.is_eof() else await _start_of(body, by)
        return self._answer(message, start)

    def _answer(self, message: RawResponseMessage, start: bytes) -> Answer:
        if self._heard is not None:
            self._heard(message.headers)
        return Answer(message.code, message.reason, message.headers.get("retry-after"), start[:ANSWER_MOST])


PER_REQUEST: Final = frozenset({"content-length", "content-type", "transfer-encoding", "user-agent"})
"""What aiohttp would say and each request says itself."""


def _lines(headers: Iterable[tuple[str, str]]) -> str:
    """Return headers for the wire; ValueError where one would be more than a line."""
    lines = [f"{name}: {value}" for name, value in headers]
    if _SMUGGLED.search("".join(lines)):
        raise ValueError("a header holds the end of a line")
    return "\r\n".join((*lines, ""))


async def _start_of(body: aiohttp.StreamReader, by: float) -> bytes:
    """Return the first bytes of an answer's body; what is left unread makes its connection one not to keep.

    The status has decided by now: a body that is slow, endless or broken changes nothing.
    """
    start = bytearray()
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(DRAIN_S), asyncio.timeout_at(by):
            while len(start) <= ANSWER_MOST and (piece := await body.readany()):
                start += piece
    return bytes(start)
