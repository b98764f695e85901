"""What goes from the lanes to a try, and from them to the database and back."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """A try that is to be made: `attempt` is 1 for the first.

    `told_at`, of the monotonic clock, is when its commit was handed over; None for what is read from the database.
    """

    lane: str
    event_id: str
    body: bytes
    attempt: int = 1
    told_at: float | None = None
    sequence: int | None = None
    """Its place in the lane, where it was read from the database: there it is found by it."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What was so when a read of the database began; given back with its answer."""

    now: datetime
    busy: frozenset[str]
    """Lanes to leave out of the read."""
    behind: frozenset[str] | None
    """Lanes whose heads may be taken from the answer; None: any."""
    age: int = 0
    """How often the lanes had been arranged anew."""
