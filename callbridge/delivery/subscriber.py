"""Who wants to hear what, and where."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache

from callbridge.calls.events import Event


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One `[[webhook]]`.

    `events` are patterns such as `call.*`; `old_secret` signs as well while the
    receiver moves from it to `secret`. `timeout_s` is for everything: name,
    connection, TLS, answer. `concurrency` is how many calls' events may be on
    the way at once; within a call it is always one.
    """

    name: str
    url: str = field(repr=False)
    """Out of the repr: a path or query may hold a token."""
    secret: str = field(repr=False)
    events: tuple[str, ...] = ("*",)
    allow_private: bool = False
    timeout_s: float = 15.0
    concurrency: int = 8
    old_secret: str | None = field(default=None, repr=False)

    def matches(self, event: Event) -> bool:
        """Whether this subscriber wants to hear of `event`."""
        return wants(self.events, event.type.value)


@lru_cache(maxsize=1024)
def wants(patterns: tuple[str, ...], kind: str) -> bool:
    """Whether one of the patterns fits the event's type."""
    return any(fnmatchcase(kind, pattern) for pattern in patterns)


def route(subscribers: Sequence[Subscriber], event: Event) -> tuple[str, ...]:
    """Return the names of those who want to hear of `event`."""
    return tuple(subscriber.name for subscriber in subscribers if subscriber.matches(event))
