"""What is learnt afterwards of a gap: from the state of the PBX, and from its own log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from callbridge.calls.facts.fact import Fact


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
    dials: bool = False
    """The dialplan has it dial somebody: where it is up and in a car park, that one has answered it, and left."""
    answered_by: str | None = None
    """The name of the channel that answered the last it dialled, which may be gone."""
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
    parked: Mapping[str, str | None] = field(default_factory=dict)
    """channel → slot of the car park it waits in; None where the PBX does not say which"""
    slots: frozenset[str] = frozenset()
    """The slots in which somebody waits, asked where it is not known who"""


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
    """All the PBX's own log says of a gap has been told; what is heard from `at` on may repeat its last words.

    `complete` is False where the gap began before what may be told of it.
    """

    complete: bool = True


@dataclass(frozen=True, slots=True)
class BackfillFailed(Fact):
    """The PBX's own log could not be read, or not to its end: what it has of a gap stays untold."""
