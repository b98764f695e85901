"""What is due at a subscriber, and what came of tries."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


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
    next_at: datetime | None = None
    """Its time; None behind the head, in a lane that is given in one go."""


STRICT: Final = "*"
"""The lane of a subscriber that gets everything in one order."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one try.

    `next_at` None with `delivered` False means: never again (a dead letter).
    `status` is that of the answer, `answer` its first bytes made printable, `ms`
    how long the try took; `number` is 1 for the first try.
    """

    subscriber: str
    lane: str
    event_id: str
    delivered: bool
    at: datetime
    next_at: datetime | None = None
    error: str | None = None
    number: int = 1
    status: int | None = None
    ms: int = 0
    answer: str | None = None
    sequence: int | None = None
    """As it came with the `Due`; None for what was never read."""


class Halt(StrEnum):
    """Why nothing is sent to a subscriber: a person said so, or it was given up."""

    PAUSED = "paused"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a subscriber, over all restarts."""

    halted: Halt | None = None
    why: str | None = None
    halted_at: datetime | None = None
    failing_since: datetime | None = None
    """The first failure since the last success."""
    failures: int = 0
    """Since then."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far behind a subscriber is."""

    subscriber: str
    waiting: int
    dead: int
    oldest_at: datetime | None
    last_error: str | None
