"""The events that were told, in the order of their commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from callbridge.ports.commits import Told


@dataclass(frozen=True, slots=True)
class Place:
    """A place between the events, in the order of commits: behind the event `id`."""

    position: int
    id: str


BEGINNING: Final = Place(0, "evt_0")
"""Before the first event ever; no event has this id."""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event as it stands in the database, with the exact bytes; `pbx` is empty where it is about none."""

    position: int
    id: str
    type: str
    pbx: str
    body: bytes


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events behind a place; none between it and the position `upto` is missing but those nobody asked for."""

    events: Sequence[LoggedEvent]
    upto: int
    more: bool
    """Whether there was anything behind `upto` when it was read."""


class Feed(Protocol):
    """Whoever hears of events at once when they are in the database."""

    def committed(self, events: Sequence[tuple[int, Told]]) -> None:
        """Take events with their positions, in the order of commits, each once."""

    def lost(self) -> None:
        """Know that there may be a hole: a write had failed, and nobody knows what it wrote. Read the log."""


class EventLog(Protocol):
    """Everything ever told, in the order of commits. Every method but `follow` may raise errors.StoreUnavailable."""

    async def newest(self) -> Place:
        """Return the place behind the newest event."""

    async def find(self, event_id: str) -> Place | None:
        """Return the place behind an event; None where it is not kept, or never was."""

    async def before(self, at: datetime) -> Place:
        """Return the place before the first event that happened at `at` or later."""

    async def behind(self, position: int, types: Sequence[str] | None) -> EventPage:
        """Return a page of the events behind a position, those of some types or all."""

    def follow(self, feed: Feed) -> None:
        """Have `feed` hear of every commit from now on."""
