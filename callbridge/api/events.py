"""`/v1/events`: events as they are committed, as server-sent events.

A stream begins at a place in the log: now, at a time, or behind an event. What is
behind its place it takes from memory, and where that does not reach back so far, from the
database. As the place is a position in the order of commits, going over from one to
the other neither leaves out nor repeats anything.

Specification: HTML Living Standard, 9.2 Server-sent events.
"""

import asyncio
import socket
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Final

from aiohttp import ClientConnectionError, web
from pydantic import AfterValidator, Field

from callbridge.api.problems import Kind, Refused
from callbridge.api.recent import framed
from callbridge.api.resources import Input, Resource
from callbridge.api.scopes import Caller, Scope
from callbridge.api.streams import Stream, Streams
from callbridge.api.words import When
from callbridge.errors import StoreUnavailable
from callbridge.filters import EventFilter, fits, queue_in
from callbridge.hooks import EVENT_TYPES, event_glob
from callbridge.logs import Action, logger
from callbridge.ports import LoggedEvent, Place

MEDIA_TYPE: Final = "text/event-stream"
LAST_EVENT_ID: Final = "Last-Event-ID"
HEADERS: Final = {
    "Content-Type": MEDIA_TYPE,
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would keep events until it has some kilobytes
}
HEARTBEAT: Final = b":\n\n"
CHUNK: Final = 64 * 1024
AT_ONCE: Final = 64
"""Events taken from memory in one go."""
BEGIN_S: Final = 30.0
MOST_PATTERNS: Final = 20
LONGEST_ID: Final = 200

UNANSWERED_MS: Final = 30_000
"""A reader whose host is gone, or which takes nothing, for so long is gone (TCP_USER_TIMEOUT)."""
KERNEL_BYTES: Final = 128 * 1024
"""The kernel doubles it; left alone, it keeps up to 4 MiB for a reader that is slow."""

log = logger()

TypeGlob = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(event_glob)]
Glob = Annotated[str, Field(min_length=1, max_length=128)]


class StreamQuery(Input):
    type: Annotated[tuple[TypeGlob, ...], Field(max_length=MOST_PATTERNS)] = Field(
        (), description="Types or globs, such as `call.*`; may be given several times. None: all."
    )
    pbx: Annotated[tuple[Glob, ...], Field(max_length=MOST_PATTERNS)] = Field(
        (), description="PBXs or globs; may be given several times. An event about no PBX is told all the same."
    )
    queue: Annotated[tuple[Glob, ...], Field(max_length=MOST_PATTERNS)] = Field(
        (), description="Queues or globs; may be given several times. What is about no call and no queue is told too."
    )
    last_event_id: Annotated[str, Field(max_length=LONGEST_ID)] | None = Field(
        None, description=f"As the header {LAST_EVENT_ID}, which goes before, for who cannot send it."
    )
    since: When | None = Field(
        None, description="Begin with the first event that happened then or later; not with a last event's id."
    )


def resources(streams: Streams) -> tuple[Resource, ...]:
    async def follow(query: StreamQuery, caller: Caller, request: web.Request) -> web.StreamResponse:
        with streams.opened(caller, request) as stream:
            place = await _beginning(streams, query, request.headers.get(LAST_EVENT_ID) or query.last_event_id)
            response = web.StreamResponse(headers=HEADERS)
            _bound(request)
            await response.prepare(request)
            await _Telling(streams, stream, response, _filter(query), place).run()
        return response

    return (
        Resource(
            "GET",
            "/events",
            follow,
            Scope.EVENTS_READ,
            "Follow events as they happen, as server-sent events.",
            produces=MEDIA_TYPE,
            problems=(Kind.EVENT_GONE,),
            headers={LAST_EVENT_ID: "Begin behind the event of this id."},
        ),
    )


def _filter(query: StreamQuery) -> EventFilter:
    return EventFilter(query.type or ("*",), query.pbx, query.queue)


async def _beginning(streams: Streams, query: StreamQuery, last: str | None) -> Place:
    async with asyncio.timeout(BEGIN_S):
        if last:
            found = await streams.log.find(last) if last.isascii() and len(last) <= LONGEST_ID else None
            if found is None:
                raise Refused(Kind.EVENT_GONE)
            return found
        return await (streams.log.newest() if query.since is None else streams.log.before(query.since))


def _bound(request: web.Request) -> None:
    """Have the kernel keep little for a slow reader, and find out soon about one that is gone."""
    connection = request.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
    if connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MS)


class _Telling:
    """Sends to one stream until it ends, its reader goes, or is too slow."""

    def __init__(
        self, streams: Streams, stream: Stream, response: web.StreamResponse, wanted: EventFilter, place: Place
    ) -> None:
        self._streams, self._stream, self._response, self._wanted = streams, stream, response, wanted
        self._place = place
        stream.position = place.position
        self._written_at = 0.0
        types = tuple(kind for kind in EVENT_TYPES if fits(wanted.types, kind))
        self._types = None if len(types) == len(EVENT_TYPES) else types

    async def run(self) -> None:
        try:
            await self._write([self._greeting()])
            while not await self._ends():
                pass
        except (ConnectionError, ClientConnectionError):
            self._stream.end(silent=True)
        except TimeoutError:
            log.warning(
                "a reader of events does not keep up", action=Action.EVENTS_CUT_OFF, token=self._stream.caller.id
            )
            self._stream.cut()

    def _greeting(self) -> bytes:
        """The place goes with it: a reader that is cut off before its first event knows where to begin again."""
        retry_s = self._streams.tempo.retry_s * (1 + self._streams.clock.jitter())  # not all at once after a restart
        return b"retry: %d\nid: %b\n\n" % (retry_s * 1000, self._place.id.encode())

    async def _ends(self) -> bool:
        """Send what there is, and wait for more; return whether it is over."""
        stream = self._stream
        stream.news.clear()
        ended = stream.ended  # before looking: what was committed until then is sent
        if stream.silenced:
            return True
        wait_s = await self._tell_some()
        if ended:
            return True
        with_heart_s = self._written_at + self._streams.tempo.heartbeat_s - self._streams.clock.monotonic()
        if with_heart_s <= 0:
            await self._write([HEARTBEAT])
        elif wait_s:
            await self._news(min(wait_s, with_heart_s))
        return False

    async def _news(self, within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s):
                await self._stream.news.wait()
        except TimeoutError:
            return

    async def _tell_some(self) -> float:
        """Send what is next; return how long to wait for news before looking again: 0 where there is more."""
        frames = self._streams.recent.behind(self._stream.position, AT_ONCE)
        if frames is None:
            return await self._tell_a_page()
        wanted = self._wanted
        await self._write(frame.data for frame in frames if wanted.wants(frame.type, frame.pbx, frame.queue))
        if frames:
            self._stream.position = frames[-1].position
        return 0.0 if len(frames) == AT_ONCE else float("inf")

    async def _tell_a_page(self) -> float:
        try:
            page = await self._streams.page(self._stream.position, self._types)
        except (StoreUnavailable, TimeoutError):
            return self._streams.tempo.retry_s
        await self._write(self._framed(page.events))
        self._stream.position = page.upto
        return 0.0 if page.more else float("inf")

    def _framed(self, events: Sequence[LoggedEvent]) -> Iterator[bytes]:
        queues = bool(self._wanted.queues)
        for event in events:
            if self._wanted.wants(event.type, event.pbx, queue_in(event.body) if queues else None):
                yield framed(event.id, event.type, event.body)

    async def _write(self, frames: Iterable[bytes]) -> None:
        """Send in chunks of which the reader must take each in time. Raises TimeoutError, ConnectionError."""
        for chunk in _chunks(frames):
            async with asyncio.timeout(self._streams.tempo.write_s):
                await self._response.write(chunk)
            self._written_at = self._streams.clock.monotonic()


def _chunks(frames: Iterable[bytes]) -> Iterator[bytes]:
    """Join what is small; one event is never cut."""
    waiting: list[bytes] = []
    size = 0
    for frame in frames:
        if waiting and size + len(frame) > CHUNK:
            yield b"".join(waiting)
            waiting, size = [], 0
        waiting.append(frame)
        size += len(frame)
    if waiting:
        yield b"".join(waiting)
