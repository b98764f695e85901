"""The websocket to ARI, kept up for as long as `run()` runs.

::

    CONNECTING ──open──▶ UP ──lost──▶ WAITING ──backoff──▶ CONNECTING
        │                 │
        └──refused────────┴──▶ REFUSED ──refused_s──▶ CONNECTING

REFUSED is for what only a person can mend: a wrong password, or a second program
that calls itself by our application's name and so takes our events from us.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, NoReturn

import aiohttp

from callbridge.asterisk.ari import door, wire
from callbridge.asterisk.ari.settings import AriSettings
from callbridge.asterisk.ari.stream import Item, LinkDown, LinkUp, Received, Stream
from callbridge.clock import Clock
from callbridge.errors import AlreadyRunning, CallbridgeError, LoginRefused, PbxError, PbxUnreachable
from callbridge.logs import Action, logger

MAX_FRAME_BYTES: Final = 4 * wire.MAX_MESSAGE_BYTES
"""Past it the link is dropped; an event between the two limits is an oddity and costs only itself."""

ALARMS: Final = (LoginRefused, AlreadyRunning)

_EVENT_FRAMES: Final = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)
_GOODBYE_S: Final = 1.0  # for the closing handshake: a daemon that stops does not wait for a dead peer

log = logger()


class LinkState(StrEnum):
    STOPPED = "stopped"
    CONNECTING = "connecting"
    UP = "up"
    WAITING = "waiting"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """The link as it is at one moment, for status and metrics."""

    state: LinkState
    since: datetime
    depth: int = 0
    """Items waiting to be taken."""
    connects: int = 0
    received: int = 0
    last_received_at: datetime | None = None
    last_error: str | None = None
    """Why the link was last lost or not made; kept while it is up again."""
    oddities: Mapping[str, int] = field(default_factory=dict)
    last_oddity: str | None = None


class AriLink:
    """Hears one Asterisk: `run()` in one task, `take()` in another.

    `take` gives LinkUp, then Received after Received, then LinkDown, and so on.
    """

    def __init__(self, settings: AriSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._stream = Stream(settings.queue_size)
        self._oddities: Counter[str] = Counter()
        self._status = LinkStatus(LinkState.STOPPED, clock.now())
        self._received = 0
        self._last_received_at: datetime | None = None

    @property
    def depth(self) -> int:
        """Items waiting to be taken."""
        return self._stream.depth

    @property
    def status(self) -> LinkStatus:
        return replace(
            self._status,
            depth=self.depth,
            received=self._received,
            last_received_at=self._last_received_at,
            oddities=dict(self._oddities),
        )

    async def take(self, limit: int) -> list[Item]:
        """Wait until there is something, then return it: at least one item, at most `limit`, oldest first."""
        return await self._stream.take(limit)

    async def run(self) -> NoReturn:
        """Keep the link up until cancelled. Raises ConfigError for a CA file that cannot be used."""
        try:
            async with door.session(self._settings) as http:
                await self._keep_up(http)
        finally:
            self._turn(LinkState.STOPPED)

    async def _keep_up(self, http: aiohttp.ClientSession) -> NoReturn:
        failures = 0
        while True:
            began = self._clock.monotonic()
            error = await self._one_life(http)
            lasted = self._clock.monotonic() - began
            # A link that opens and falls at once is a failure too: it must not be hammered.
            failures = 0 if lasted >= self._settings.retry_most_s else failures + 1
            await self._rest_after(error, failures)

    async def _rest_after(self, error: CallbridgeError, failures: int) -> None:
        was_up = self._status.state is LinkState.UP
        alarm = isinstance(error, ALARMS)
        self._turn(LinkState.REFUSED if alarm else LinkState.WAITING, str(error))
        first, most = self._settings.retry_first_s, self._settings.retry_most_s
        jitter = self._clock.jitter()
        # Two daemons with one name must not meet again and again: chance tells them apart.
        pause = self._settings.refused_s * (1 + jitter / 10) if alarm else backoff(failures, first, most, jitter)
        if alarm:
            log.error("ARI refuses us", action=Action.ARI_REFUSED, reason=str(error), retry_in_s=round(pause, 1))
        else:
            action = Action.ARI_LOST if was_up else Action.ARI_UNREACHABLE
            log.warning("no link to ARI", action=action, reason=str(error), retry_in_s=round(pause, 1))
        await asyncio.sleep(pause)
        await self._stream.room()

    async def _one_life(self, http: aiohttp.ClientSession) -> CallbridgeError:
        """Connect, listen until it ends, and return why it ended."""
        self._turn(LinkState.CONNECTING)
        try:
            websocket = await self._connect(http)
        except PbxError as error:
            return error
        ended: CallbridgeError = PbxUnreachable("The daemon stopped listening.")
        try:
            self._open()
            ended = await self._listen(websocket)
        finally:
            self._stream.mark(LinkDown(self._clock.now(), ended))
            await websocket.close()
        return ended

    async def _connect(self, http: aiohttp.ClientSession) -> "aiohttp.ClientWebSocketResponse[bool]":
        settings = self._settings
        asked = {"app": settings.app, "subscribeAll": "true" if settings.subscribe_all else "false"}
        try:
            async with door.deadline(settings, settings.connect_s):
                return await http.ws_connect(
                    door.address(settings, "events").with_query(asked),
                    decode_text=False,
                    heartbeat=settings.heartbeat_s,
                    max_msg_size=MAX_FRAME_BYTES,
                    server_hostname=settings.server_name,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_GOODBYE_S),
                )
        except aiohttp.WSServerHandshakeError as error:
            # from None: the repr of aiohttp's errors shows the request's headers, our password among them.
            raise wire.refusal(error.status, b"", "the websocket") from None

    async def _listen(self, websocket: "aiohttp.ClientWebSocketResponse[bool]") -> CallbridgeError:
        while True:
            frame = await websocket.receive()  # its deadline is the heartbeat
            if frame.type not in _EVENT_FRAMES:
                return PbxUnreachable(_why_ended(frame.type, frame.data, websocket.exception()))
            trouble = self._hear(frame.data)
            if trouble is not None:
                return trouble

    def _hear(self, data: bytes) -> CallbridgeError | None:
        """Hand one frame on, and return why the link cannot go on, if so."""
        message = wire.read(data)
        if isinstance(message, wire.Oddity):
            self._odd(message)
            return None
        now = self._clock.now()
        self._received += 1
        self._last_received_at = now
        if not self._stream.offer(Received(now, message)):
            return PbxUnreachable(
                f"{self._settings.queue_size} events wait to be handled: the ARI link is dropped until they are."
            )
        # Asterisk tells an application's events to whoever asked last. The loser hears this one
        # event, then nothing at all on a websocket that stays open and answers pings (22.10.1).
        if message.type == "ApplicationReplaced" and message.application == self._settings.app:
            return AlreadyRunning(
                f"Another program took the ARI application {self._settings.app}. Stop it, or change ari.app."
            )
        return None

    def _odd(self, oddity: wire.Oddity) -> None:
        """Count it, and log the first, then only when they have doubled: a mad peer shall not fill the disk."""
        self._oddities[oddity.kind] += 1
        self._status = replace(self._status, last_oddity=oddity.excerpt)
        total = self._oddities.total()
        if total & (total - 1) == 0:
            log.warning("ARI sent what is no event", action=Action.ARI_ODDITY, counts=dict(self._oddities))

    def _open(self) -> None:
        self._turn(LinkState.UP)
        self._status = replace(self._status, connects=self._status.connects + 1)
        self._stream.mark(LinkUp(self._clock.now()))
        log.info("ARI link is up", action=Action.ARI_CONNECTED)

    def _turn(self, state: LinkState, error: str | None = None) -> None:
        self._status = replace(
            self._status, state=state, since=self._clock.now(), last_error=error or self._status.last_error
        )


def backoff(failures: int, first: float, most: float, jitter: float) -> float:
    """Return seconds to wait after the nth failure in a row: doubling, then spread over the upper half.

    `jitter` is in [0, 1): many daemons that lost one PBX do not come back as one.
    """
    doubled = first * 2.0 ** min(max(failures - 1, 0), 30)
    return min(most, doubled) * (0.5 + jitter / 2)


def _why_ended(kind: aiohttp.WSMsgType, data: object, failure: BaseException | None) -> str:
    cause = data if kind is aiohttp.WSMsgType.ERROR else failure
    if isinstance(cause, aiohttp.ServerTimeoutError):
        return "The ARI link is dead: no answer to a ping."
    if isinstance(cause, aiohttp.WebSocketError):
        return f"ARI broke the websocket protocol or sent more than {MAX_FRAME_BYTES} bytes at once."
    if kind is aiohttp.WSMsgType.CLOSE:
        return f"Asterisk closed the ARI link (code {data})."
    return "The ARI link was cut."
