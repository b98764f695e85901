"""One log-in to AMI from banner to goodbye, without a socket or a clock.

====================  ==============================  =============================
state                 what comes                      then
====================  ==============================  =============================
GREETING              the banner                      ask a Challenge: CHALLENGED
GREETING              anything else                   no AMI at all: CLOSED
CHALLENGED            a challenge                     Login by MD5: LOGGING_IN
CHALLENGED            Error, and plain is allowed     Login in plain: LOGGING_IN
CHALLENGED, …_IN      Error                           LoginRefused: CLOSED
LOGGING_IN            Success                         ask filters, version: LOGGED_IN
LOGGED_IN             answers, lists, events          to whom they belong
LOGGED_IN             silence                         Ping, then CLOSED
any                   `connection_lost`               all pending fail: CLOSED
====================  ==============================  =============================

Call `receive_data` with what the socket gave and `tick` when `next_deadline` has
come; after either, and after `act`, send `data_to_send`. Times are seconds of
one monotonic clock that the caller reads.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from callbridge.asterisk.ami.answers import Answered, Failed, PendingActions
from callbridge.asterisk.ami.keepalive import Due, Keepalive
from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.ami.settings import Login, Patience
from callbridge.asterisk.ami.wire import AmiParser, Oddities, asterisk_of, serialise
from callbridge.errors import LoginRefused, PbxError, PbxUnreachable, ProtocolError

MAX_PENDING: Final = 500
MAX_BANNER_BYTES: Final = 256
MAX_BYTES_BEFORE_LOGIN: Final = 64 * 1024
OWN_ACTION_DEADLINE_S: Final = 30.0  # of Filter and CoreSettings, which nobody waits for


class State(StrEnum):
    GREETING = "greeting"
    CHALLENGED = "challenged"
    LOGGING_IN = "logging in"
    LOGGED_IN = "logged in"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    banner: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The last that a session tells."""

    reason: PbxError


SessionEvent = Message | LoggedIn | Answered | Failed | Closed


class AmiSession:
    """Bytes in, what they mean out."""

    def __init__(self, login: Login, patience: Patience, *, plain_allowed: bool, id_prefix: str, now: float) -> None:
        """Begin with a fresh connection.

        `plain_allowed` is for a PBX that knows no MD5, where nobody can listen in.
        ActionIDs are `id_prefix` and a number: other clients' are heard as well.
        """
        self.state = State.GREETING
        self.fully_booted = False
        self.filters_refused: tuple[str, ...] = ()
        self._login = login
        self._plain_allowed = plain_allowed
        self._patience = patience
        self._keepalive = Keepalive(patience, now)
        self._id_prefix = id_prefix
        self._login_deadline = now + patience.connect_s
        self._ids = 0
        self._parser = AmiParser(needless=login.needless)
        self._pending = PendingActions()
        self._own: dict[str, Callable[[Answered | Failed], None]] = {}
        self._bytes_before_login = 0
        self._pbx_version: str | None = None
        self._output = bytearray()
        self._events: list[SessionEvent] = []

    # --- what is known

    @property
    def banner(self) -> str:
        return self._parser.banner or ""

    @property
    def pbx_version(self) -> str | None:
        """Asterisk's version as it tells it itself, or its major number as the banner betrays it."""
        return self._pbx_version or asterisk_of(self.banner)

    @property
    def oddities(self) -> Oddities:
        return self._parser.oddities

    @property
    def late_answers(self) -> int:
        return self._pending.late_answers

    def next_deadline(self) -> float:
        """Return when to call `tick`, whatever comes before."""
        mine = self._keepalive.next_deadline() if self.state is State.LOGGED_IN else self._login_deadline
        action = self._pending.next_deadline()
        return mine if action is None else min(mine, action)

    # --- verbs

    def receive_data(self, data: bytes, now: float) -> list[SessionEvent]:
        """Return what `data` tells, in the order of the wire. After `Closed`, nothing more."""
        self._keepalive.heard(now)
        if self.state is State.CLOSED:
            return []
        messages = self._parser.receive(data)
        if self.state is State.GREETING:
            self._greet(data)
        for message in messages:
            self._receive(message)
        if self.state is not State.LOGGED_IN:
            self._guard_before_login(len(data))
        return self._told()

    def tick(self, now: float) -> list[SessionEvent]:
        """Let time pass: expire actions, ping, notice that the peer is gone."""
        if self.state is State.CLOSED:
            return []
        if self.state is not State.LOGGED_IN:
            self._wait_for_login(now)
            return self._told()
        for failed in self._pending.expire(now):
            self._decided(failed)
        self._keep_alive(now)
        return self._told()

    def act(
        self,
        action: str,
        headers: Iterable[tuple[str, str]] = (),
        *,
        deadline: float,
        as_list: bool = False,
    ) -> str:
        """Send an action and return its ActionID; one `Answered` or `Failed` with it follows by `deadline`.

        Asterisk works a session's actions off one after the other and answers no
        Ping meanwhile: Originate needs ``Async: true``.
        Raises `UnsafeValue`, and `PbxUnreachable` when nobody is logged in.
        """
        if self.state is not State.LOGGED_IN:
            raise PbxUnreachable(f"Not logged in to the PBX, so {action} was not sent.")
        if len(self._pending) >= MAX_PENDING:
            raise PbxUnreachable(f"{MAX_PENDING} actions wait for an answer, so {action} was not sent. Try later.")
        return self._send(action, headers, deadline=deadline, as_list=as_list)

    def connection_lost(self, reason: PbxError) -> list[SessionEvent]:
        self._close(reason)
        return self._told()

    def data_to_send(self) -> bytes:
        """Return what is to be written now, once."""
        data = bytes(self._output)
        self._output.clear()
        return data

    # --- logging in

    def _guard_before_login(self, received: int) -> None:
        """Count what comes without letting us in; events that follow the log-in in the same read are none of it."""
        self._bytes_before_login += received
        if self._bytes_before_login > MAX_BYTES_BEFORE_LOGIN:
            self._close(ProtocolError("The peer talks on without letting us log in. Is this Asterisk's AMI port?"))

    def _wait_for_login(self, now: float) -> None:
        if now >= self._login_deadline:
            within = f"{self._patience.connect_s:g} s"
            self._close(PbxUnreachable(f"No log-in within {within}. Is this Asterisk's AMI port?"))

    def _greet(self, data: bytes) -> None:
        if self._parser.banner is not None:
            self.state = State.CHALLENGED
            self._send("Challenge", [("AuthType", "MD5")], deadline=self._login_deadline, then=self._challenged)
        elif b"\n" in data or self._bytes_before_login + len(data) > MAX_BANNER_BYTES:
            self._close(ProtocolError("The peer's first line is no AMI banner. Is this Asterisk's AMI port?"))

    def _challenged(self, told: Answered | Failed) -> None:
        challenge = told.response.message.get("Challenge") if isinstance(told, Answered) else None
        if challenge:
            self._log_in(self._login.by_md5(challenge))
        elif self._plain_allowed:
            self._log_in(self._login.in_plain())
        else:
            self._close(LoginRefused("The PBX offers no MD5 challenge. Use TLS, where the secret may go in plain."))

    def _log_in(self, headers: list[tuple[str, str]]) -> None:
        self.state = State.LOGGING_IN
        headers.append(("Events", self._login.event_mask))
        self._send("Login", headers, deadline=self._login_deadline, then=self._logged_in)

    def _logged_in(self, told: Answered | Failed) -> None:
        if isinstance(told, Failed):
            self._close(
                LoginRefused(
                    f"The PBX refuses to log in {self._login.username!r}. "
                    "Check username, secret and permit in its manager.conf."
                )
            )
            return
        self.state = State.LOGGED_IN
        self._events.append(LoggedIn(self.banner))
        self._ask_version()
        for expression in self._login.filters:
            self._ask_filter(expression)

    def _ask_version(self) -> None:
        def then(told: Answered | Failed) -> None:
            if isinstance(told, Answered):  # refused without the privilege `system` or `reporting`
                self._pbx_version = told.response.message.get("AsteriskVersion")

        self._send("CoreSettings", deadline=self._keepalive.last_heard + OWN_ACTION_DEADLINE_S, then=then)

    def _ask_filter(self, expression: str) -> None:
        def then(told: Answered | Failed) -> None:
            if isinstance(told, Failed):  # not fatal: more is heard than needed
                self.filters_refused += (expression,)

        headers = [("Operation", "Add"), ("Filter", expression)]
        self._send("Filter", headers, deadline=self._keepalive.last_heard + OWN_ACTION_DEADLINE_S, then=then)

    # --- logged in

    def _receive(self, message: Message) -> None:
        if self.state is State.CLOSED:
            return
        if not message.is_event or (b"\nActionID:" in message.raw and self._pending.claims(message)):
            decided = self._pending.take(message)
            if decided is not None:
                self._decided(decided)
        elif self.state is State.LOGGED_IN:
            self.fully_booted = self.fully_booted or message.name == "FullyBooted"
            self._events.append(message)

    def _decided(self, told: Answered | Failed) -> None:
        then = self._own.pop(told.action_id, None)
        if then is None:
            self._events.append(told)
        else:
            then(told)

    def _keep_alive(self, now: float) -> None:
        due = self._keepalive.due(now)
        if due is Due.PING:
            self._send("Ping", deadline=now + OWN_ACTION_DEADLINE_S, then=lambda _: self._keepalive.ponged())
        elif due is Due.GIVE_UP:
            silence = now - self._keepalive.last_heard
            self._close(
                PbxUnreachable(f"The PBX was silent for {silence:.1f} s and answers no Ping. The link is dead.")
            )

    # --- both

    def _send(
        self,
        action: str,
        headers: Iterable[tuple[str, str]] = (),
        *,
        deadline: float,
        as_list: bool = False,
        then: Callable[[Answered | Failed], None] | None = None,
    ) -> str:
        self._ids += 1
        action_id = f"{self._id_prefix}-{self._ids}"
        data = serialise(action, headers, action_id=action_id)
        self._pending.add(action_id, action, deadline, as_list=as_list)
        if then is not None:
            self._own[action_id] = then
        self._output += data
        return action_id

    def _close(self, reason: PbxError) -> None:
        """Fail what waits, tell the end, and never more than once."""
        if self.state is State.CLOSED:
            return
        self.state = State.CLOSED
        for failed in self._pending.fail_all():
            if self._own.pop(failed.action_id, None) is None:
                self._events.append(failed)
        self._events.append(Closed(reason))

    def _told(self) -> list[SessionEvent]:
        events = self._events
        self._events = []
        return events
