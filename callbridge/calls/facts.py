"""What we are told: everything that can change a call, in the field's words.

Adapters translate the PBX's own words into these; nothing else changes a call.
`channel` is always the PBX's id of a channel (Asterisk: Uniqueid), never its
name. Times are aware and in UTC; they are the PBX's own where it gives them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from callbridge.calls.call import Limits


@dataclass(frozen=True, slots=True)
class Fact:
    """Something happened at `at` on `pbx`."""

    pbx: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChannelFact(Fact):
    """Something happened to one channel."""

    channel: str


# ── channels ──────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ChannelBorn(ChannelFact):
    """A channel exists.

    `calling` is True where its device began it (somebody dials), False where
    the PBX did (somebody is being dialled). `exten` is what it wants to reach.
    """

    name: str
    linkedid: str
    calling: bool
    number: str | None = None
    caller_name: str | None = None
    exten: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelCalls(ChannelFact):
    """The device asks for somebody: what some drivers say only after the channel was born."""


@dataclass(frozen=True, slots=True)
class ChannelRang(ChannelFact):
    """The device rings."""


@dataclass(frozen=True, slots=True)
class ChannelProgressed(ChannelFact):
    """The far end sends sound before it answers: what a carrier does where a phone would ring."""


@dataclass(frozen=True, slots=True)
class ChannelUp(ChannelFact):
    """The channel is up: on a caller's side that may only mean music."""


@dataclass(frozen=True, slots=True)
class ChannelHeld(ChannelFact):
    """This side put the other on hold."""


@dataclass(frozen=True, slots=True)
class ChannelResumed(ChannelFact):
    """This side took the other back from hold."""


@dataclass(frozen=True, slots=True)
class ChannelRenamed(ChannelFact):
    """The channel has another name now (a masquerade)."""

    name: str


@dataclass(frozen=True, slots=True)
class CallerIdChanged(ChannelFact):
    """Who stands behind the channel became known, or is shown otherwise."""

    number: str | None
    caller_name: str | None


@dataclass(frozen=True, slots=True)
class HangupAsked(ChannelFact):
    """The device itself asked to hang up: this side ended it. `cause` is Q.850, None where the PBX does not say."""

    cause: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelGone(ChannelFact):
    """The channel is no more. `cause` is Q.850, None where the PBX does not say."""

    cause: int | None = None


@dataclass(frozen=True, slots=True)
class DialTried(ChannelFact):
    """The dialplan dials `phones` devices at once for `channel`."""

    phones: int


# ── dialling ──────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class DialBegan(ChannelFact):
    """`channel` is being dialled; by `source`, or by the PBX itself where that is None."""

    source: str | None
    dialled: str | None = None


@dataclass(frozen=True, slots=True)
class CallPlaced(Fact):
    """What became of an order to place a call to `exten`, `device` first; `channel` is None where nobody came to it."""

    device: str
    channel: str | None
    exten: str | None


@dataclass(frozen=True, slots=True)
class DialEnded(ChannelFact):
    """Dialling `channel` is over; `status` is ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION or CHANUNAVAIL.

    `forward` is the number to which the phone sends the caller on.
    """

    source: str | None
    status: str
    forward: str | None = None


@dataclass(frozen=True, slots=True)
class VoicemailBegan(ChannelFact):
    """The caller is asked to leave a message: nobody will answer now."""


@dataclass(frozen=True, slots=True)
class DialFailed(ChannelFact):
    """What `channel` dialled came to nothing: the only word said where no phone could even be tried."""

    status: str


# ── recordings ────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class RecordingAsked(ChannelFact):
    """The dialplan has the channel recorded: all the time, or while it is in a bridge only."""

    bridged_only: bool


@dataclass(frozen=True, slots=True)
class RecordingNamed(ChannelFact):
    """The file the channel is recorded to."""

    path: str


@dataclass(frozen=True, slots=True)
class RecordingBegan(ChannelFact):
    """The channel is recorded from now on."""


@dataclass(frozen=True, slots=True)
class RecordingMuted(ChannelFact):
    """What the channel hears (`read`), says (`write`) or both is left out of its recordings, or no longer is."""

    direction: str
    muted: bool


@dataclass(frozen=True, slots=True)
class RecordingStopped(ChannelFact):
    """One recording of the channel was ended by command."""


@dataclass(frozen=True, slots=True)
class RecordingMeasured(Fact):
    """The file of a recording that is over has that size; `length_s` is None where its form is not known."""

    recording: str
    length_s: float | None
    size: int


@dataclass(frozen=True, slots=True)
class RecordingMissing(Fact):
    """There is no file of a recording that is over, or none that may be read; `no_folder`: no place to look."""

    recording: str
    why: str


# ── what joins channels ───────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class LocalJoined(ChannelFact):
    """`channel` and `other` are two halves of one Local channel: plumbing."""

    other: str


@dataclass(frozen=True, slots=True)
class BridgeEntered(ChannelFact):
    """The channel came into a bridge. `holding` bridges (parking, music) join nobody to anybody.

    A `room` is a conference's, where people meet who never called one another.
    """

    bridge: str
    holding: bool = False
    room: bool = False


@dataclass(frozen=True, slots=True)
class BridgeLeft(ChannelFact):
    """The channel left a bridge."""

    bridge: str


@dataclass(frozen=True, slots=True)
class BridgeGone(Fact):
    """The bridge is no more."""

    bridge: str


# ── transfers ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class BlindTransferred(ChannelFact):
    """`channel` sent whoever it was bridged with to the number `wanted`."""

    wanted: str | None = None


@dataclass(frozen=True, slots=True)
class AttendedTransferred(ChannelFact):
    """`channel` and `second`, of one person, leave two calls and join the others; by feature code they are the same."""

    second: str


@dataclass(frozen=True, slots=True)
class ConsultationBegan(ChannelFact):
    """The PBX makes the Local channel `channel`, so that the channel named `by` can ask somebody about its call."""

    by: str


# ── calls that go elsewhere ───────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class CallPickedUp(ChannelFact):
    """`channel` took the call for which `target` rings."""

    target: str


@dataclass(frozen=True, slots=True)
class CallParked(ChannelFact):
    """The channel waits in a car park, where it can be had by dialling `slot`; the device `parker` put it there."""

    slot: str
    parker: str | None = None


@dataclass(frozen=True, slots=True)
class CallUnparked(ChannelFact):
    """The channel is out of the car park: fetched by the channel `retriever`; None where its time there was over."""

    slot: str
    retriever: str | None = None


# ── queues ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class QueueTried(ChannelFact):
    """The dialplan sends the caller to a queue; whether it lets them in is not known yet."""

    queue: str


@dataclass(frozen=True, slots=True)
class QueueJoined(ChannelFact):
    """The caller waits in a queue, at `position` (1 is next)."""

    queue: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class QueueLeft(ChannelFact):
    """The caller is out of the queue; why is told by what comes before and after."""

    queue: str


@dataclass(frozen=True, slots=True)
class QueueAbandoned(ChannelFact):
    """The caller hung up while waiting."""

    queue: str


@dataclass(frozen=True, slots=True)
class QueueEnded(ChannelFact):
    """The queue let the caller go; `status` is the PBX's own word: TIMEOUT, FULL, JOINEMPTY, LEAVEEMPTY or CONTINUE."""

    status: str


@dataclass(frozen=True, slots=True)
class MemberCalled(ChannelFact):
    """A queue calls a member on `channel`, who is known to it as `member`."""

    queue: str
    member: str | None


# ── the PBX, the link, the time ───────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class EndpointsLearnt(Fact):
    """The PBX's own phones: endpoint name → extension number; trunks have None."""

    endpoints: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class LinkUp(Fact):
    """We hear the PBX (again). `started_at` tells a restarted PBX from a lost link."""

    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LinkDown(Fact):
    """We no longer hear the PBX."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """One channel as a resync found it."""

    channel: str
    name: str
    linkedid: str
    up: bool
    ringing: bool
    calling: bool
    number: str | None = None
    caller_name: str | None = None
    exten: str | None = None
    """What the caller dialled first, where the PBX still knows it; else where its dialplan is now."""
    bridge: str | None = None
    since: datetime | None = None
    on_hold: bool | None = None
    """Whether somebody keeps it on hold: it is held, it does not hold. None where the PBX does not say."""
    placed: bool = False
    """The PBX called it by itself, and nobody dialled anything on it."""
    voicemail: bool = False
    """It is asked to leave a message."""
    queue: str | None = None
    """The queue the dialplan sent it to, where it still is in it or in a talk that came of it."""
    queue_status: str | None = None
    """Why the last queue let it go, in the PBX's own word."""
    recording: str | None = None
    """The file it is, or was, recorded to."""
    asked_by: str | None = None
    """The name of the channel that consults somebody through it, where it is a Local channel made for that."""


@dataclass(frozen=True, slots=True)
class StateAsked(Fact):
    """The PBX is being asked what it has now: who is born from here on may be missing in its answer."""


@dataclass(frozen=True, slots=True)
class StateRead(Fact):
    """All channels the PBX has now: what is not here is over, what is new here began unheard."""

    channels: tuple[ChannelSeen, ...] = ()
    waiting: Mapping[str, str] = field(default_factory=dict)
    """channel → queue it waits in"""
    holding_bridges: frozenset[str] = frozenset()
    """Those that hold (music, parking) instead of joining."""
    rooms: frozenset[str] = frozenset()
    """The bridges in which any number of calls may meet and stay calls of their own: conferences."""
    waits_since: Mapping[str, datetime] = field(default_factory=dict)
    """channel → when it joined its queue, where the PBX says so"""
    parked: Mapping[str, str] = field(default_factory=dict)
    """channel → slot of the car park it waits in"""


@dataclass(frozen=True, slots=True)
class ChannelsListed(Fact):
    """The ids of all channels the PBX has now, asked to find calls whose end was not heard. Nothing is adopted."""

    alive: frozenset[str]


@dataclass(frozen=True, slots=True)
class Backfilled(Fact):
    """The PBX's own log says that `fact` happened while nobody listened, at `at` or up to `blur_s` later."""

    fact: Fact
    blur_s: float = 0.0


@dataclass(frozen=True, slots=True)
class BackfillDone(Fact):
    """All the PBX's own log says of a gap has been told; what is heard from `at` on may repeat its last words."""


@dataclass(frozen=True, slots=True)
class TimePassed(Fact):
    """It is `at` now on this PBX: said when nothing else was said and something waits for its time."""


@dataclass(frozen=True, slots=True)
class LimitsSet(Fact):
    """The people who run the PBX say how long its calls may go on, from now on."""

    limits: Limits


@dataclass(frozen=True, slots=True)
class Nonsense(Fact):
    """The PBX said something that cannot be read; `what` is short and holds no payload."""

    what: str
