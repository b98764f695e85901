"""The database, as the daemon needs it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from callbridge.ports.commits import Batch, Memory, Told
from callbridge.ports.deliveries import Attempt, Backlog, Due, Standing
from callbridge.ports.webhooks import DeadLetters


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

    async def due(
        self, now: datetime, limit: int, busy: frozenset[tuple[str, str]], following: int = 0
    ) -> Sequence[Due]:
        """Return up to `limit` heads of lanes whose time has come, oldest first, without those in `busy`.

        `busy` holds (subscriber, lane). When more than `limit` are due, the
        subscribers are served in turn, so that one with thousands due leaves
        room for the others. Behind some of the heads, in their order, may come up
        to `following` of the events that wait behind each, within the limit.
        """

    async def settle(self, attempts: Sequence[Attempt]) -> None:
        """Write what came of some tries, in one commit."""

    async def backlogs(self) -> Sequence[Backlog]:
        """Return how far behind each subscriber with anything waiting or dead is."""

    async def enlist(self, name: str, *, strict: bool) -> Standing:
        """Have what waits for a subscriber, now and later, in one lane (`strict`) or one for each call.

        To be asked while nothing of it is on the way or unsettled; asked again, it changes nothing.
        """

    async def halt(self, name: str, standing: Standing, told: Sequence[Told] = ()) -> None:
        """Write down that a subscriber is halted, or no longer, and tell `told` with the same commit."""

    async def replay(self, name: str, which: DeadLetters, limit: int) -> int:
        """Have up to `limit` dead letters sent again, now, as if they had never been tried; return how many."""

    async def prune_tries(self, before: datetime, limit: int) -> int:
        """Forget up to `limit` tries made before a moment, the oldest first; return how many."""

    async def give_up(self, before: datetime, limit: int, why: str) -> int:
        """Make dead letters of up to `limit` events that have waited since before a moment while nothing was sent."""

    async def forget_dead(self, before: datetime, limit: int) -> int:
        """Forget up to `limit` dead letters of events told before a moment, the oldest first; return how many."""

    async def call_events(self, call_id: str) -> Sequence[bytes]:
        """Return the bodies of a call's events in order."""

    async def close(self) -> None:
        """Give back every connection. Safe to call twice."""
