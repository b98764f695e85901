"""What the middle of the house asks of the outside, as Protocols.

The pipeline and the delivery know these shapes only; `store` fulfils them, and
`app` puts both together.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from callbridge.calls.call import Agent, Call
from callbridge.calls.events import Event


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


@dataclass(frozen=True, slots=True)
class Memory:
    """What a starting daemon must know of its former life."""

    live: Sequence[LiveCall]
    protocols: Mapping[str, int]
    heard_until: Mapping[str, datetime]
    """For each PBX, when we last heard from it: the beginning of the gap."""
    over: Sequence[str] = ()
    """The ids of the calls that ended last, the latest first: none of them is given again."""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose turn it is: the first undelivered event of its lane.

    A lane is what must stay in order: (subscriber, call). Events about no call
    have a lane of their own each, named by the event's id.
    """

    subscriber: str
    lane: str
    event_id: str
    sequence: int
    """0 for an event about no call."""
    body: bytes
    attempts: int
    """Tries made so far."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one try.

    `next_at` None with `delivered` False means: never again (a dead letter).
    """

    subscriber: str
    lane: str
    event_id: str
    delivered: bool
    at: datetime
    next_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far behind a subscriber is."""

    subscriber: str
    waiting: int
    dead: int
    oldest_at: datetime | None
    last_error: str | None


class CelTable(Protocol):
    """A table Asterisk writes its channel events to, in a database of its own. Raises errors.CelUnreadable."""

    async def columns(self) -> Sequence[str]:
        """Return the names of its columns, in small letters."""

    def pages(self, since: datetime) -> AsyncIterator[Sequence[Mapping[str, object]]]:
        """Yield the rows written from `since` on, in their order, each as column → value."""

    async def newest(self) -> Mapping[str, object] | None:
        """Return the row written last; None where there is none."""

    async def has_key(self) -> bool:
        """Tell whether the order of writing can be known: within one second only a key tells it."""

    async def close(self) -> None:
        """Give back every connection. Safe to call twice."""


class Store(Protocol):
    """The database, as the daemon needs it. Every method may raise errors.StoreUnavailable."""

    async def remember(self) -> Memory:
        """Return what the last life left: asked once, before anything is committed."""

    async def commit(self, batch: Batch) -> None:
        """Write `batch`, all or nothing, and return once it is safe on disk.

        Events the database already has are left as they were and told to
        nobody again, so after StoreUnavailable or a crash the same batch may
        simply be committed once more: it may or may not have been written.
        """

    async def heard(self, pbx: str, at: datetime) -> None:
        """Note that the link to `pbx` was alive at `at`."""

    async def due(self, now: datetime, limit: int, busy: frozenset[tuple[str, str]]) -> Sequence[Due]:
        """Return up to `limit` heads of lanes whose time has come, oldest first, without those in `busy`.

        `busy` holds (subscriber, lane). When more than `limit` are due, the
        subscribers are served in turn, so that one with thousands due leaves
        room for the others.
        """

    async def next_due(self, busy: frozenset[tuple[str, str]] = frozenset()) -> datetime | None:
        """Return when the next head of a lane not in `busy` comes due; None when no such lane waits.

        It may lie in the past: then `due` has something at once.
        """

    async def settle(self, attempts: Sequence[Attempt]) -> None:
        """Write what came of some tries, in one commit."""

    async def backlogs(self) -> Sequence[Backlog]:
        """Return how far behind each subscriber with anything waiting or dead is."""

    async def call_events(self, call_id: str) -> Sequence[bytes]:
        """Return the bodies of a call's events in order."""

    async def close(self) -> None:
        """Give back every connection. Safe to call twice."""
