"""The store, on SQLite or PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Self

from callbridge.clock import Clock
from callbridge.ports import Attempt, Backlog, Batch, Due, Memory
from callbridge.store import commit, due, outbox, queries
from callbridge.store.access import Access
from callbridge.store.call_log import SqlCallLog
from callbridge.store.idempotency import SqlKeptAnswers
from callbridge.store.queries import Counts, Kept
from callbridge.store.tokens import SqlTokens


class SqlStore:
    """Fulfils `ports.Store`, and answers what the command line asks besides. Made by `open_store`.

    Every method raises StoreUnavailable when the database cannot be used now,
    StoreError when it will never take what it is given.
    """

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access = access
        self._clock = clock
        self.tokens = SqlTokens(access)
        self.kept_answers = SqlKeptAnswers(access)
        self.call_log = SqlCallLog(access)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def remember(self) -> Memory:
        return await self._access.read(queries.remember)

    async def commit(self, batch: Batch) -> None:
        await self._access.write(partial(commit.write_batch, batch=batch, now=self._clock.now()))

    async def heard(self, pbx: str, at: datetime) -> None:
        await self._access.write(partial(commit.write_heard, pbx=pbx, at=at))

    async def due(self, now: datetime, limit: int, busy: frozenset[tuple[str, str]]) -> Sequence[Due]:
        return await self._access.read(partial(due.due, now=now, limit=limit, busy=busy))

    async def settle(self, attempts: Sequence[Attempt]) -> None:
        await self._access.write(partial(outbox.settle, attempts=attempts))

    async def backlogs(self) -> Sequence[Backlog]:
        return await self._access.read(queries.backlogs)

    async def call_events(self, call_id: str) -> Sequence[bytes]:
        return await self._access.read(partial(queries.call_events, call_id=call_id))

    async def events_after(self, position: int, limit: int) -> Sequence[Kept]:
        """Return up to `limit` events behind `position`, 0 for the very first, in the order they were committed."""
        return await self._access.read(partial(queries.events_after, position=position, limit=limit))

    async def known_calls(self, ids: Sequence[str]) -> frozenset[str]:
        """Return those of some calls, a page of them at most, that are in the call log."""
        return await self._access.read(partial(queries.known_calls, ids=ids))

    async def counts(self) -> Counts:
        return await self._access.read(queries.counts)

    async def confirm(self) -> None:
        """See that no other daemon has taken the database over: ask now and then, for reading goes on without a word.

        Raises:
            AlreadyRunning: one has. Nothing is written any more; do not go on reading either.
        """
        await self._access.confirm()

    async def close(self) -> None:
        await self._access.close()
