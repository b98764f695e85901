"""What is remembered of a call while it goes on: the call as told, and what the next event needs."""

from dataclasses import dataclass, field
from datetime import datetime

from callbridge.calls.call import Call, CallState, Leg, LegState, Moment, Party, Reason, Side
from callbridge.calls.correlation import Key
from callbridge.calls.frozen import replace
from callbridge.calls.missed import Attempt

BEING_CALLED = frozenset({LegState.NEW, LegState.RINGING})
TALKING = frozenset({LegState.UP, LegState.HELD})


@dataclass(frozen=True, slots=True)
class QueueWait:
    """One caller's wait in one queue; `left_at` is set when they are out and the reason is not yet known."""

    queue: str
    channel: str
    joined_at: datetime
    left_at: datetime | None = None
    abandoned: bool = False

    def seconds(self, until: datetime) -> float:
        """Return how long the wait lasted, to the earlier of leaving and `until`."""
        return max(0.0, ((self.left_at or until) - self.joined_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Parked:
    """Which channel of a call waits in a car park, and where; None where the PBX did not say that."""

    channel: str
    slot: str | None


@dataclass(frozen=True, slots=True)
class Fetch:
    """Which channel fetched the call from its slot, where nothing was said of that channel yet."""

    retriever: str
    slot: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Joining:
    """A wait that has begun and is not told yet."""

    position: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """Who brought somebody into the call they had on hold, and whom: channel ids. Told once it is clear they stay."""

    by: str
    brought: str
    told: bool = False


@dataclass(frozen=True, slots=True)
class Handover:
    """A blind transfer that is not told yet; `wanted` is the number it goes to, None where the PBX named none."""

    by: Party
    wanted: str | None
    at: datetime
    bridge: Key | None = None
    """Where they talked, if they still did when it was said."""


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """What is known of a recording that is not known to have begun, or not to which file."""

    path: str | None = None
    began_at: datetime | None = None
    bridged_only: bool = False
    unheard: bool = False
    """It was found going on at `began_at`."""


@dataclass(slots=True)
class OpenCall:
    """A call that is not over. Plain data only, so that it can be written down and read back."""

    call: Call
    untold: Call | None = None
    """The call as it began, as long as its beginning is held back."""
    legs: dict[str, Leg] = field(default_factory=dict)
    """By channel id, in the order in which they came."""
    alive: set[Key] = field(default_factory=set)
    """Its channels that still exist, Local channels among them."""

    placed_on: str | None = None
    """What the PBX was asked to call first (`PJSIP/1001`), where it places the call itself."""

    wait: QueueWait | None = None
    joined_untold: Joining | None = None
    waited_s: float | None = None
    queue_tried: str | None = None
    queue_exit: Reason | None = None

    round: tuple[str, ...] = ()
    """Channel ids of the last round of dialling."""
    round_before: tuple[str, ...] = ()
    """Channel ids of the round before it."""
    forwards: tuple[tuple[str, str], ...] = ()
    """From whom to whom the call was told to be forwarded."""
    dial_status: str | None = None
    """What the PBX said of a round in which it could dial nobody."""
    ring_told: tuple[str, ...] = ()
    """Channel ids of all phones whose ringing was told."""
    ring_held_at: datetime | None = None
    """Since when a ringing is held back, until the set of phones is complete."""
    phones_to_come: int | None = None
    """How many phones the dialplan is still to dial for this round; None where that cannot be known."""
    ringing_since: datetime | None = None
    rang_until: datetime | None = None
    """Of the last ringing that was counted: after a gap the next one may seem to have begun before its end."""
    rang_s: float | None = None

    asked: str | None = None
    """The number for which the directory is, or was, asked."""
    calls_back: Attempt | None = None
    """Its line in the history of the missed caller it is to."""
    told_at: datetime | None = None
    """The time of the latest that was told of it."""
    held_since: datetime | None = None
    parked: Parked | None = None
    fetch: Fetch | None = None
    came_back: Parked | None = None
    """Where it was parked until it was seen to go on in the dialplan: that its time is over may be said later."""
    passed_on_by: str | None = None
    """Channel id of whoever let go of an answered call, until somebody else answers it."""
    let_go: tuple[str, ...] = ()
    """Channel ids of all who handed it on: what their phones do afterwards ends nothing."""
    handover: Handover | None = None
    consults_for: str | None = None
    """Id of the call that is on hold meanwhile, where this one is to find somebody for it."""
    three_way: ThreeWay | None = None
    """As long as both are in the call: if whoever brought the other leaves first, the call is handed over."""

    recording_plans: dict[str, RecordingPlan] = field(default_factory=dict)
    """By the channel that is to be recorded."""
    empty_since: datetime | None = None
    """Since when nobody is in it, where its end is held back."""
    voicemail: bool = False
    gave_up: bool = False
    hung_up_by: Side | None = None
    interrupted: bool = False

    def being_called(self) -> tuple[Leg, ...]:
        """Return the phones that are called for this call and have neither answered nor failed."""
        return tuple(leg for leg in self.legs.values() if is_called(leg))

    def ringing(self) -> tuple[Leg, ...]:
        """Return the phones that ring for it."""
        return tuple(leg for leg in self.being_called() if leg.state is LegState.RINGING)

    @property
    def caller_leg(self) -> Leg:
        """The leg the call began with; of several phones that the PBX called first, the one that came."""
        first = next(iter(self.legs.values()))
        if first.placed and first.up_at is None:
            return next((leg for leg in self.legs.values() if leg.side is first.side and leg.up_at), first)
        return first

    @property
    def placed(self) -> bool:
        """Whether the PBX places the call itself."""
        return self.placed_on is not None

    def called_for(self, leg: Leg) -> bool:
        """Tell whether a leg was called for whoever the call began with."""
        return leg.side is not next(iter(self.legs.values())).side

    @property
    def awaits_answer(self) -> bool:
        """Whether somebody is still to answer it: for the first time, or whoever it was passed on to."""
        return self.call.answered_at is None or self.passed_on_by is not None

    def state_now(self) -> CallState:
        """Return where the call is, from what is true of it now."""
        if self.awaits_answer and self.ringing_since is not None:
            return CallState.RINGING
        if self.awaits_answer and self.wait is not None:
            return CallState.QUEUED
        return CallState.ANSWERED if self.call.answered_at is not None else CallState.STARTED

    def refreshed(self, sequence: int | None = None) -> Call:
        """Return the call as it is now, with its legs, its seconds and its state; `sequence` is its next event's."""
        return replace(
            self.call,
            sequence=self.call.sequence if sequence is None else sequence,
            legs=tuple(self.legs.values()),
            state=self.call.state if self.call.over else self.state_now(),
            wait_s=self.waited_s,
            ring_s=self.rang_s,
        )

    def hangs_up_all(self, at: datetime) -> None:
        """Close every leg: also of a phone that is in another call by now."""
        for leg in list(self.legs.values()):
            if leg.state is not LegState.DOWN:
                self.legs[leg.uniqueid] = replace(leg, state=LegState.DOWN, ended_at=at)

    def stops_waiting(self, at: datetime) -> None:
        """Close the wait, if there is one, and add it to the seconds waited."""
        if self.wait is not None:
            self.waited_s = (self.waited_s or 0.0) + self.wait.seconds(at)
            self.wait = None

    def stops_ringing(self, at: datetime) -> None:
        """Close the ringing, if there is any, and add it to the seconds rung before the first answer."""
        if self.ringing_since is not None:
            if self.call.answered_at is None:
                self.rang_s = (self.rang_s or 0.0) + seconds_between(self.ringing_since, at)
            self.ringing_since, self.rang_until = None, at

    def rang_until_answered(self, at: datetime) -> None:
        """Take back what was counted after the answer: of a gap it may be known last who answered in it."""
        if self.rang_until is not None and self.call.answered_at is None:
            self.rang_s = max(0.0, (self.rang_s or 0.0) - seconds_between(at, self.rang_until))

    def stops_holding(self, at: datetime) -> None:
        """Close the hold, if there is one, and add it to the seconds held."""
        if self.held_since is not None:
            held = self.call.hold_s + seconds_between(self.held_since, at)
            self.call = replace(self.call, hold_s=held)
            self.held_since = None


def is_called(leg: Leg) -> bool:
    """Tell whether a phone is being called and has neither answered nor failed."""
    return leg.called and leg.state in BEING_CALLED and leg.dial_status is None


def seconds_between(begin: datetime, end: datetime) -> float:
    """Return the seconds from `begin` to `end`; 0.0 where a clock jumped back."""
    return max(0.0, (end - begin).total_seconds())


def marked(call: Call, state: CallState, at: datetime) -> Call:
    """Return the call with a line more in its timeline."""
    return replace(call, state=state, timeline=(*call.timeline, Moment(state, at)))
