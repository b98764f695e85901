"""Who follows events over `/v1`: how many may, what they share, and when each must go.

All share the memory of the last events (`Recent`); of its own a stream has no more
than its place, and what it is just sending.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from callbridge.api.problems import Kind, Refused, too_many
from callbridge.api.recent import Recent
from callbridge.api.scopes import OWNER, Caller
from callbridge.clock import Clock
from callbridge.errors import StoreUnavailable
from callbridge.ports import EventLog, EventPage, Tokens, Told

COME_BACK_S: Final = 10.0
"""For whoever found every place taken."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """How long things take, in seconds."""

    heartbeat_s: float = 15.0
    """Without an event."""
    write_s: float = 10.0
    """For a reader to take 64 KiB; one that takes longer is cut off."""
    gather_s: float = 0.05
    """Events that come within so long go out together, but for the first: each write to each stream takes 40 µs."""
    look_s: float = 1.0
    """How often it is seen whose token is good no longer, and who has gone."""
    last_words_s: float = 1.0
    """For a stream that must end to take what it was just sent."""
    retry_s: float = 2.0
    """For the database to come back, and for whoever follows to come again."""


class Stream:
    """One who follows. `news` is set when there may be something to send, or the stream must end."""

    def __init__(self, caller: Caller, request: web.Request) -> None:
        self.caller = caller
        self._request = request
        self.position = 0
        """Everything up to there was sent, or is not wanted."""
        self.news = asyncio.Event()
        self.ended = False
        self.silenced = False
        """Whether it is sent nothing any more."""

    @property
    def gone(self) -> bool:
        transport = self._request.transport
        return transport is None or transport.is_closing()

    def end(self, *, silent: bool = False) -> None:
        self.ended = True
        self.silenced |= silent
        self.news.set()

    def cut(self) -> None:
        """Break the connection off, with what is on its way."""
        if self._request.transport is not None:
            self._request.transport.abort()


class Streams:
    """Takes every event once, for everyone who follows. `run` looks after the streams from the start to the end."""

    def __init__(self, log: EventLog, tokens: Tokens, clock: Clock, *, most: int, tempo: Tempo | None = None) -> None:
        self.log, self.clock, self.tempo = log, clock, tempo or Tempo()
        self.recent = Recent()
        self._tokens, self._most = tokens, most
        self._open: set[Stream] = set()
        self._stopped = False
        self._reading = asyncio.Semaphore(1)
        self._waking: asyncio.TimerHandle | None = None
        self._woken_at = float("-inf")
        log.follow(self)

    def __len__(self) -> int:
        return len(self._open)

    def limit(self, most: int) -> None:
        """Let in so many from now on; whoever is in stays."""
        self._most = most

    @contextmanager
    def opened(self, caller: Caller, request: web.Request) -> Iterator[Stream]:
        """Count a stream among those that are open. Raises Refused."""
        if self._stopped:
            raise Refused(Kind.UNAVAILABLE, "callbridge is stopping.", headers={"Retry-After": str(int(COME_BACK_S))})
        if len(self._open) >= self._most:
            raise too_many(COME_BACK_S, f"All {self._most} streams are in use ([http] max_streams).")
        stream = Stream(caller, request)
        self._open.add(stream)
        try:
            yield stream
        finally:
            self._open.discard(stream)

    async def page(self, position: int, types: Sequence[str] | None) -> EventPage:
        """Read from the database; one at a time, so that delivery always finds a reader free."""
        async with self._reading:
            return await self.log.behind(position, types)

    def committed(self, events: Sequence[tuple[int, Told]]) -> None:
        if self._open:
            self.recent.add(events)
            self._wake_soon()
        else:
            self.recent.forget()

    def lost(self) -> None:
        self.recent.forget()
        self._wake_soon()

    def _wake_soon(self) -> None:
        """At once after a quiet time, else when enough has gathered."""
        if self._waking is None:
            wait_s = max(0.0, self._woken_at + self.tempo.gather_s - self.clock.monotonic())
            self._waking = asyncio.get_running_loop().call_later(wait_s, self._wake)

    def _wake(self) -> None:
        self._waking = None
        self._woken_at = self.clock.monotonic()
        for stream in self._open:
            stream.news.set()

    def stop(self) -> None:
        """End every stream, and let none in. Safe to call twice."""
        self._stopped = True
        self._end(tuple(self._open))

    def _end(self, streams: Sequence[Stream], *, silent: bool = False) -> None:
        for stream in streams:
            stream.end(silent=silent)
        if streams:
            asyncio.get_running_loop().call_later(self.tempo.last_words_s, self._cut, streams)

    def _cut(self, streams: Sequence[Stream]) -> None:
        for stream in streams:
            if stream in self._open:
                stream.cut()

    async def run(self) -> None:
        """End the streams whose token is good no longer, and those whose reader went without a word."""
        while True:
            await asyncio.sleep(self.tempo.look_s)
            for stream in self._open:
                if stream.gone:
                    stream.end(silent=True)
            with suppress(StoreUnavailable, TimeoutError):  # nothing is told then either
                await self._end_the_revoked()

    async def _end_the_revoked(self) -> None:
        known = [each for each in self._open if each.caller != OWNER and not each.ended]
        if known:
            tokens, now = await self._tokens.all(), self.clock.now()
            good = {token.id for token in tokens if token.good(now)}
            self._end([each for each in known if each.caller.id not in good], silent=True)
