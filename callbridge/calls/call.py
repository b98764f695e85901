"""What a call is: frozen values, so that whoever holds one holds the truth of that moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from callbridge.calls.customer import NOBODY, Known


class Direction(StrEnum):
    """Which way a call goes, seen from the company."""

    INBOUND = "inbound"
    OUTBOUND_MANUAL = "outbound_manual"
    OUTBOUND_AUTO = "outbound_auto"
    INTERNAL = "internal"


class CallState(StrEnum):
    """Where a call is; the last five are how it ended."""

    STARTED = "started"
    QUEUED = "queued"
    RINGING = "ringing"
    ANSWERED = "answered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"


OVER = frozenset(
    {CallState.COMPLETED, CallState.CANCELLED, CallState.NO_ANSWER, CallState.BUSY, CallState.FAILED},
)


class Reason(StrEnum):
    """Finer than the state: why a call ended so, or why it left a queue."""

    ABANDONED = "abandoned"
    TIMEOUT = "timeout"
    QUEUE_EMPTY = "queue_empty"
    QUEUE_FULL = "queue_full"
    QUEUE_KEY = "queue_key"
    TRANSFERRED = "transferred"
    REJECTED = "rejected"
    FORWARDED = "forwarded"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    UNALLOCATED = "unallocated"
    CONGESTION = "congestion"
    VOICEMAIL = "voicemail"
    IVR = "ivr"
    INTERRUPTED = "interrupted"


class Side(StrEnum):
    """Which party; `PBX` only where somebody ended something."""

    CALLER = "caller"
    CALLEE = "callee"
    PBX = "pbx"


class TransferKind(StrEnum):
    """How a call is handed on: unasked, after asking, or while the one who is asked still rings."""

    BLIND = "blind"
    ATTENDED = "attended"
    BLONDE = "blonde"


class LegState(StrEnum):
    """Where one channel is in its life."""

    NEW = "new"
    RINGING = "ringing"
    UP = "up"
    HELD = "held"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a call.

    `number` is E.164 or None (withheld, or an extension); `raw` is what the PBX
    wrote, kept exactly; `extension` is set for one of our own phones.
    """

    number: str | None = None
    raw: str | None = None
    name: str | None = None
    extension: str | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """One channel's part in a call. Times are the PBX's, None while not yet so."""

    channel: str
    uniqueid: str
    side: Side
    who: Party
    state: LegState = LegState.NEW
    trunk: bool = False
    placed: bool = False
    """Of a call the PBX places itself: this phone is called, on whichever side it is."""
    started_at: datetime | None = None
    rang_at: datetime | None = None
    up_at: datetime | None = None
    ended_at: datetime | None = None
    dial_status: str | None = None
    """What the PBX said when it stopped dialling this leg: ANSWER, BUSY, NOANSWER, CANCEL, …"""
    cause: int | None = None
    """Q.850 cause of the hang-up."""

    @property
    def called(self) -> bool:
        """Whether the PBX called this phone or line, in contrast to one that called the PBX."""
        return self.placed or self.side is Side.CALLEE


@dataclass(frozen=True, slots=True)
class Moment:
    """A line of the timeline."""

    state: CallState
    at: datetime


@dataclass(frozen=True, slots=True)
class Agent:
    """A person at an extension."""

    extension: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """What a missed call leaves behind: why, where it waited, and whose phones rang."""

    reason: Reason | None
    queue: str | None
    rung: tuple[Party, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How many seconds a call may go on once it is answered; None: as long as it likes. A queue's wins."""

    inbound_s: float | None = None
    outbound_s: float | None = None
    internal_s: float | None = None
    queues: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TooLong:
    """The limit a call went beyond, and when that was."""

    limit_s: float
    at: datetime


class RecordingState(StrEnum):
    """Where a recording is: over is `stopped` until its file was looked at."""

    RECORDING = "recording"
    PAUSED = "paused"
    STOPPED = "stopped"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which nothing was heard on a recording."""

    began_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """One file a channel of a call is recorded to.

    `file` is below the PBX's `recordings_dir`, else as the PBX wrote it (`path`).
    `length_s` is None until it is over, or where nobody can know.
    """

    id: str
    channel: str
    path: str
    file: str
    state: RecordingState
    started_at: datetime
    bridged_only: bool = False
    """It is silent, and no longer, while its channel is in no bridge."""
    start_unheard: bool = False
    """It went on when we first asked: `started_at` is when that was, and when it began nobody knows."""
    doubtful: bool = False
    """Its file is to tell whether it goes on, or is over: it was found, or is one of several of which one was ended."""
    stopped_at: datetime | None = None
    end_unheard: bool = False
    """It was over when we asked: when it ended nobody knows."""
    pauses: tuple[Pause, ...] = ()
    muted: tuple[str, ...] = ()
    """The directions that are silenced now: read, write."""
    length_s: float | None = None
    size: int | None = None
    """Of the file, in bytes; None where nobody looked."""
    measured: bool = False
    """Whether the length was read from the file."""
    reason: str | None = None
    """Why it failed."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it is after the last event told of it.

    Seconds are None until their phase is over and known: `wait_s` is the time in
    queues, `ring_s` the time somebody's phone rang before anybody answered,
    `talk_s` answered to end without `hold_s`.
    """

    id: str
    pbx: str
    protocol: str
    direction: Direction
    state: CallState
    caller: Party
    callee: Party
    started_at: datetime
    sequence: int = 0
    queue: str | None = None
    agent: Agent | None = None
    customer: Known = NOBODY
    timeline: tuple[Moment, ...] = ()
    legs: tuple[Leg, ...] = ()
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    wait_s: float | None = None
    ring_s: float | None = None
    hold_s: float = 0.0
    talk_s: float | None = None
    ended_by: Side | None = None
    hangup_cause: int | None = None
    reason: Reason | None = None
    recordings: tuple[Recording, ...] = ()
    missed: Missed | None = None
    too_long: TooLong | None = None
    merged_into: str | None = None
    backfilled: bool = False
    """Whether some of it was told afterwards, from the PBX's own log."""
    oddities: int = 0

    @property
    def over(self) -> bool:
        """Whether nobody is left."""
        return self.ended_at is not None
