"""What one commit of the pipeline writes, and what a starting daemon reads of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from callbridge.calls.call import Agent, Call
from callbridge.calls.events import Event
from callbridge.calls.missed import MissedChanges, MissedRow
from callbridge.calls.switchboard import Registered
from callbridge.ports.notices import Notice


@dataclass(frozen=True, slots=True)
class Told:
    """An event with the exact bytes every subscriber gets, and who is to get it."""

    event: Event
    body: bytes
    subscribers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call that is not over: its id, its PBX and the tracker's own memory of it."""

    call_id: str
    pbx: str
    snapshot: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything one group commit writes, all or nothing.

    `calls` holds each changed call once, as it is at the end of the batch;
    `live` the memory of those of them that go on. The memory of a call that is
    over is dropped with the same commit. `protocols` is the highest protocol
    number given out for each day, `{"20261122": 42}`.
    """

    calls: Sequence[Call] = ()
    live: Sequence[LiveCall] = ()
    told: Sequence[Told] = ()
    agents: Sequence[tuple[str, Agent, datetime]] = ()
    """(pbx, agent, last seen)"""
    protocols: Mapping[str, int] = field(default_factory=dict)
    heard: Mapping[str, datetime] = field(default_factory=dict)
    """For each PBX that said something, the time of its last fact: where a gap would begin."""
    missed: MissedChanges = field(default_factory=MissedChanges)
    registered: Sequence[Registered] = ()
    """Customers the daemon itself makes of unknown callers."""
    notices: Sequence[Notice] = ()
    """Of events among `told`; where an event was told before, its notices were, too."""
    amended: Sequence[Call] = ()
    """Calls that were over before, and of which a person changed something since: all else stays as it is."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a starting daemon must know of its former life."""

    live: Sequence[LiveCall]
    protocols: Mapping[str, int]
    heard_until: Mapping[str, datetime]
    """For each PBX, when we last heard from it: the beginning of the gap."""
    over: Sequence[str] = ()
    """The ids of the calls that ended last, the latest first: none of them is given again."""
    missed: Sequence[MissedRow] = ()
    """The rows of the missed list that are open."""
