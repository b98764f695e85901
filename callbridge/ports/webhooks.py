"""Subscribers as the database keeps them, with their dead letters and tries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from callbridge.ports.deliveries import Standing


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Which of a subscriber's dead letters: one by its event, or those told between two moments; all, when neither."""

    event_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was given up for a subscriber. `position` is where a page goes on."""

    position: int
    event_id: str
    type: str
    call_id: str | None
    sequence: int | None
    attempts: int
    told_at: datetime
    tried_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Try:
    """One try as it was written down. `place` is where a page goes on; `type` is the event's."""

    place: int
    event_id: str
    type: str
    attempt: int
    at: datetime
    ms: int
    delivered: bool
    status: int | None
    error: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class KeptWebhook:
    """A subscriber that is kept in the database: `settings` is all but what nobody may see."""

    name: str
    settings: Mapping[str, object]
    secrets: Mapping[str, object] = field(repr=False)
    created_at: datetime
    changed_at: datetime


class Webhooks(Protocol):
    """The subscribers that are kept in the database, and what was done for any. May raise errors.StoreUnavailable."""

    async def webhooks(self) -> Sequence[KeptWebhook]:
        """Return the subscribers kept here, by name."""

    async def standings(self) -> Mapping[str, Standing]:
        """Return how it stands with those of whom there is something to say."""

    async def keep_webhook(self, webhook: KeptWebhook) -> None:
        """Write a subscriber, anew or as it is now."""

    async def drop_webhook(self, name: str) -> None:
        """Forget a subscriber with all that waits for it, its dead letters and its tries."""

    async def drop_leftovers(self, name: str) -> None:
        """Drop what was still put for a subscriber after another process had forgotten it."""

    async def dead_letters(self, name: str, after: int, limit: int) -> Sequence[DeadLetter]:
        """Return up to `limit` dead letters behind a position, 0 for the first, the oldest first."""

    async def tries(self, name: str, before: int | None, limit: int) -> Sequence[Try]:
        """Return up to `limit` tries before a place, None for the last, the newest first."""
