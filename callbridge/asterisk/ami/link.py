"""The socket to one PBX: connect, read always, hand off in order, come back.

Run `AmiLink.run` as one supervised task; another takes what came with `take`.
Asterisk drops a session that does not read for 100 ms (`writetimeout`), so
nothing here waits for the pipeline. When the backlog is full the link lets go and
says so: a gap that is told can be resynced, falling behind silently cannot.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterable

from callbridge.asterisk.ami.alarm import Alarm
from callbridge.asterisk.ami.answers import Answered, Failed, Response
from callbridge.asterisk.ami.backlog import Backlog
from callbridge.asterisk.ami.dial import READ_BYTES, dial, unreachable
from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.ami.session import AmiSession, Closed, LoggedIn, SessionEvent, State
from callbridge.asterisk.ami.settings import AmiSettings
from callbridge.asterisk.ami.stream import LinkDown, LinkItem, LinkState, LinkStatus, LinkUp, Received
from callbridge.clock import Clock
from callbridge.errors import LoginRefused, PbxError, PbxUnreachable
from callbridge.logs import Action, logger

__all__ = ["AmiLink", "LinkDown", "LinkItem", "LinkState", "LinkStatus", "LinkUp", "Received"]

log = logger()


class AmiLink:
    """One PBX's AMI, for as long as the daemon runs."""

    def __init__(self, settings: AmiSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._backlog: Backlog[LinkItem] = Backlog(settings.max_backlog)
        self._session = self._new_session()
        self._writer: asyncio.StreamWriter | None = None
        self._alarm = Alarm()  # of whatever `run` waits for now
        self._waiting: dict[str, asyncio.Future[Response]] = {}
        self._stopping = asyncio.Event()
        self._attempt = 0
        self._state = LinkState.WAITING
        self._since = clock.now()
        self._last_error: PbxError | None = None
        self._counts: Counter[str] = Counter()
        self._oddities: Counter[str] = Counter()  # of past sessions
        self._oddities_to_tell = 1

    @property
    def status(self) -> LinkStatus:
        session = self._session
        return LinkStatus(
            state=self._state,
            since=self._since,
            last_error=self._last_error,
            banner=session.banner,
            pbx_version=session.pbx_version,
            backlog=self._backlog.depth,
            backlog_high_water=self._backlog.high_water,
            events_received=self._counts["events"],
            connects=self._counts["connects"],
            overflows=self._counts["overflows"],
            late_answers=self._counts["late answers"] + session.late_answers,
            oddities=dict(self._oddities + session.oddities.counts),
            filters_refused=session.filters_refused,
        )

    # --- for the pipeline and the switch

    async def take(self, max_items: int) -> list[LinkItem]:
        """Wait for something, then return all there is in the order of the wire, at most `max_items`."""
        return await self._backlog.take(max_items)

    async def send(self, action: str, headers: Iterable[tuple[str, str]] = (), *, timeout_s: float) -> Response:
        """Send an action once and return its answer.

        Raises `ActionFailed` when the PBX refuses, `ActionTimeout` when nobody
        knows what came of it, `PbxUnreachable` or `UnsafeValue` when it was not sent.
        """
        return await self._send(action, headers, timeout_s=timeout_s, as_list=False)

    async def send_list(self, action: str, headers: Iterable[tuple[str, str]] = (), *, timeout_s: float) -> Response:
        """Send an action that is answered by a list of events, and return it whole. Raises as `send` does."""
        return await self._send(action, headers, timeout_s=timeout_s, as_list=True)

    async def stop(self) -> None:
        """Say goodbye if the PBX listens; `run` returns soon after."""
        self._stopping.set()
        if self._session.state is State.LOGGED_IN:
            with contextlib.suppress(PbxError):
                await self.send("Logoff", timeout_s=self._settings.patience.logoff_s)
        if self._writer is not None:
            self._writer.transport.abort()  # a clean end of TLS would wait for its peer
        self._alarm.ring_in(0)

    async def _send(
        self, action: str, headers: Iterable[tuple[str, str]], *, timeout_s: float, as_list: bool
    ) -> Response:
        deadline = self._clock.monotonic() + timeout_s
        action_id = self._session.act(action, headers, deadline=deadline, as_list=as_list)
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[action_id] = answer
        self._flush()
        self._alarm.ring_in(timeout_s)
        try:
            return await answer  # the session ends it by the deadline, whatever happens
        finally:
            del self._waiting[action_id]

    # --- the supervised loop

    async def run(self) -> None:
        """Keep the link until `stop`."""
        while not self._stopping.is_set():
            self._enter(LinkState.CONNECTING)
            began = self._clock.monotonic()
            try:
                reason = await self._one_connection()
            except PbxError as error:
                reason = error
            except OSError as error:
                reason = unreachable(self._settings, error)
            if self._clock.monotonic() - began > self._settings.backoff.longest_s:
                self._attempt = 0
            self._attempt += 1
            await self._rest(reason)
        self._enter(LinkState.STOPPED)

    async def _one_connection(self) -> PbxError:
        """Connect, log in, read until it ends, and return why it did."""
        reader, self._writer = await self._connect()
        self._counts["late answers"] += self._session.late_answers
        self._oddities.update(self._session.oddities.counts)
        self._session = self._new_session()
        try:
            return await self._converse(reader)
        finally:
            self._end_of_connection(PbxUnreachable("The link was dropped."))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        settings = self._settings
        log.debug("connecting to the PBX", action=Action.AMI_CONNECTING, host=settings.host, port=settings.port)
        async with self._alarm.at_most(settings.patience.connect_s):
            return await dial(settings)

    async def _converse(self, reader: asyncio.StreamReader) -> PbxError:
        session = self._session
        while True:
            data = await self._read(reader)
            now = self._clock.monotonic()
            events: list[SessionEvent] = []
            if data:
                events += session.receive_data(data, now)
            if data == b"":
                events += session.connection_lost(PbxUnreachable("The PBX closed the connection."))
            if now >= session.next_deadline():  # on a busy link reading never times out
                events += session.tick(now)
            self._flush()
            self._log_oddities()
            reason = self._tell(events)
            if reason is not None:
                return reason

    async def _read(self, reader: asyncio.StreamReader) -> bytes | None:
        """Return what came, b"" at the end, None when it is time for a `tick`."""
        wait = max(0.0, self._session.next_deadline() - self._clock.monotonic())
        alarm = None
        try:
            async with self._alarm.at_most(wait) as alarm:
                return await reader.read(READ_BYTES)
        except TimeoutError:
            if alarm is not None and alarm.expired():
                return None
            raise  # ETIMEDOUT, of the socket itself

    def _flush(self) -> None:
        data = self._session.data_to_send()
        if data and self._writer is not None:
            self._writer.write(data)  # no drain: what may be pending is bounded, and reading must not wait

    # --- what the session tells

    def _tell(self, events: list[SessionEvent]) -> PbxError | None:
        """Hand on `events` in their order. Return the reason when the link is at its end."""
        at = self._clock.now()
        news: list[LinkItem] = []
        reason = None
        for event in events:
            if type(event) is Message:
                news.append(Received(at, event))
            elif isinstance(event, LoggedIn):
                news.append(LinkUp(at, event.banner))
                self._is_up(event)
            elif isinstance(event, Closed):
                reason = event.reason
            elif isinstance(event, Answered | Failed):
                self._settle(event)
        self._counts["events"] += len(news)
        if self._backlog.add(news):
            return reason
        return reason or self._overflows()

    def _overflows(self) -> PbxError:
        self._counts["overflows"] += 1
        log.error("too much is waiting: the link is dropped", action=Action.AMI_OVERFLOW, backlog=self._backlog.depth)
        return PbxUnreachable(
            f"{self._backlog.bound} messages wait to be worked off, so the link was dropped. Is the database slow?"
        )

    def _is_up(self, event: LoggedIn) -> None:
        self._enter(LinkState.UP)
        self._counts["connects"] += 1
        self._last_error = None
        log.info("logged in to the PBX", action=Action.AMI_CONNECTED, banner=event.banner)

    def _settle(self, told: Answered | Failed) -> None:
        future = self._waiting.get(told.action_id)
        if future is None or future.done():  # whoever asked was cancelled
            return
        if isinstance(told, Answered):
            future.set_result(told.response)
        else:
            future.set_exception(told.error)

    # --- the end of a connection, and the time until the next

    def _end_of_connection(self, reason: PbxError) -> None:
        """Fail what waits and close, however the connection ended: by its peer, by us, by cancellation."""
        self._tell(self._session.connection_lost(reason))
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None

    async def _rest(self, reason: PbxError) -> None:
        if self._state is LinkState.UP:
            self._backlog.add_always(LinkDown(self._clock.now(), reason))
        if self._stopping.is_set():
            return
        self._last_error = reason
        delay = self._delay_s(reason)
        self._log_end(reason, delay)
        self._enter(LinkState.REFUSED if isinstance(reason, LoginRefused) else LinkState.WAITING)
        crowded = True
        while crowded and not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._stopping.wait()
            crowded = self._backlog.depth > self._backlog.bound // 2  # coming back now would only overflow again

    def _delay_s(self, reason: PbxError) -> float:
        jitter = self._clock.jitter()
        if isinstance(reason, LoginRefused):
            return self._settings.backoff.refused_s * (1 + jitter / 10)
        return self._settings.backoff.delay_s(self._attempt, jitter)

    def _log_end(self, reason: PbxError, delay_s: float) -> None:
        told = {"reason": str(reason), "next_try_s": round(delay_s, 1), "attempt": self._attempt}
        if isinstance(reason, LoginRefused):
            log.error("the PBX refuses to log us in", action=Action.AMI_REFUSED, **told)
        elif self._state is LinkState.UP:
            log.warning("the link to the PBX is gone", action=Action.AMI_LOST, **told)
        else:
            log.warning("the PBX cannot be reached", action=Action.AMI_UNREACHABLE, **told)

    def _log_oddities(self) -> None:
        """Tell the first, then only when they have doubled: a mad peer shall not fill the disk."""
        counts = self._oddities + self._session.oddities.counts
        if counts.total() >= self._oddities_to_tell:
            self._oddities_to_tell = 2 * counts.total()
            log.warning("the PBX sends what is no AMI", action=Action.AMI_ODDITY, counts=dict(counts))

    # --- small things

    def _enter(self, state: LinkState) -> None:
        if state is not self._state:
            self._state = state
            self._since = self._clock.now()

    def _new_session(self) -> AmiSession:
        settings = self._settings
        return AmiSession(
            settings.login,
            settings.patience,
            plain_allowed=settings.wire_is_private,
            # of its own: what an action of the last session still does must not answer one of this
            id_prefix=f"callbridge-{int(self._clock.jitter() * 2**32):08x}",
            now=self._clock.monotonic(),
        )
