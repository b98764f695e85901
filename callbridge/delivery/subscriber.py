"""Who wants to hear what, and where."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from callbridge.calls.events import Event
from callbridge.filters import EventFilter, queue_of
from callbridge.hooks import Order


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody who is told.

    `events`, `pbxs` and `queues` are patterns such as `call.*`; no pattern of the
    last two means all. `old_secret` signs as well, until `old_until`, while the
    receiver moves from it to `secret`. `timeout_s` is for everything: name,
    connection, TLS, answer. `concurrency` is how many calls' events may be on
    the way at once; within a call it is always one. `rate` is tries a second.
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
    old_until: datetime | None = None
    pbxs: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    rate: float | None = None
    order: Order = Order.CALL
    allow_networks: tuple[str, ...] = ()
    """Private networks the URL may lead to."""

    @property
    def strict(self) -> bool:
        """Whether it gets everything in one order."""
        return self.order is Order.STRICT

    def matches(self, event: Event) -> bool:
        """Whether this subscriber wants to hear of `event`."""
        wanted = EventFilter(self.events, self.pbxs, self.queues)
        return wanted.wants(event.type.value, event.pbx, queue_of(event))


def route(subscribers: Sequence[Subscriber], event: Event) -> tuple[str, ...]:
    """Return the names of those who want to hear of `event`."""
    return tuple(subscriber.name for subscriber in subscribers if subscriber.matches(event))
