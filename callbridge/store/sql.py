"""The store, on SQLite or PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from callbridge.clock import Clock
from callbridge.ports import (
    Attempt,
    Backlog,
    Batch,
    DeadLetter,
    DeadLetters,
    Due,
    KeptWebhook,
    Memory,
    Standing,
    Told,
    Try,
)
from callbridge.store import commit, dead_letters, due, outbox, queries, tries, webhooks
from callbridge.store.access import Access
from callbridge.store.call_log import SqlCallLog
from callbridge.store.customers import SqlCustomers
from callbridge.store.event_log import SqlEventLog
from callbridge.store.idempotency import SqlKeptAnswers
from callbridge.store.missed import SqlMissed
from callbridge.store.notices import SqlNotices
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
        self.call_log = SqlCallLog(access, clock)
        self.event_log = SqlEventLog(access)
        self.missed = SqlMissed(access)
        self.notices = SqlNotices(access)
        self.customers = SqlCustomers(access, clock)
        # Read and changed within writes alone, which follow one another: so it is always as the lanes are.
        self._strict: frozenset[str] = frozenset()
        # Forgotten: what was on its way to them when they went is no longer written down.
        self._dropped: frozenset[str] = frozenset()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def remember(self) -> Memory:
        return await self._access.read(queries.remember)

    async def commit(self, batch: Batch) -> None:
        now = self._clock.now()

        def work(connection: Connection) -> commit.Added:
            known = replace(batch, told=self._known(batch.told)) if self._dropped else batch
            return commit.write_batch(connection, known, now, self._strict)

        await self.event_log.written(work)

    def _known(self, told: Sequence[Told]) -> Sequence[Told]:
        """Leave out whoever was forgotten since the events were routed."""
        return [
            replace(one, subscribers=tuple(name for name in one.subscribers if name not in self._dropped))
            for one in told
        ]

    async def heard(self, pbx: str, at: datetime) -> None:
        await self._access.write(partial(commit.write_heard, pbx=pbx, at=at))

    async def due(
        self, now: datetime, limit: int, busy: frozenset[tuple[str, str]], following: int = 0
    ) -> Sequence[Due]:
        return await self._access.read(partial(due.due, now=now, limit=limit, busy=busy, following=following))

    async def settle(self, attempts: Sequence[Attempt]) -> None:
        def work(connection: Connection) -> None:
            known = [attempt for attempt in attempts if attempt.subscriber not in self._dropped]
            outbox.settle(connection, known)
            tries.write(connection, known)

        await self._access.write(work)

    async def enlist(self, name: str, *, strict: bool) -> Standing:
        now = self._clock.now()

        def work(connection: Connection) -> Standing:
            standing = webhooks.enlist(connection, name, now, strict=strict)
            # Where the commit fails after this, whoever asked asks again before anything of it is sent.
            self._strict = self._strict | {name} if strict else self._strict - {name}
            return standing

        return await self._access.write(work)

    async def halt(self, name: str, standing: Standing, told: Sequence[Told] = ()) -> None:
        now = self._clock.now()

        def work(connection: Connection) -> commit.Added:
            webhooks.halt(connection, name, standing)
            return commit.write_events(connection, told, now, self._strict)

        await self.event_log.written(work)

    async def replay(self, name: str, which: DeadLetters, limit: int) -> int:
        now = self._clock.now()
        return await self._access.write(partial(dead_letters.replay, name=name, which=which, limit=limit, now=now))

    async def note_try(self, attempt: Attempt) -> None:
        await self._access.write(partial(tries.note, attempt=attempt))

    async def prune_tries(self, before: datetime, limit: int) -> int:
        return await self._access.write(partial(tries.prune, before=before, limit=limit))

    async def give_up(self, before: datetime, limit: int, why: str) -> int:
        rows, now = await self._access.read(partial(dead_letters.stale, before=before, limit=limit)), self._clock.now()
        if rows:
            await self._access.write(partial(dead_letters.give_up, rows=rows, why=why, now=now))
        return len(rows)

    async def forget_dead(self, before: datetime, limit: int) -> int:
        rows = await self._access.read(partial(dead_letters.old, before=before, limit=limit))
        if rows:
            await self._access.write(partial(dead_letters.forget, rows=rows))
        return len(rows)

    async def webhooks(self) -> Sequence[KeptWebhook]:
        return await self._access.read(webhooks.kept)

    async def standings(self) -> Mapping[str, Standing]:
        return await self._access.read(webhooks.standings)

    async def keep_webhook(self, webhook: KeptWebhook) -> None:
        def work(connection: Connection) -> None:
            webhooks.keep(connection, webhook)
            self._dropped -= {webhook.name}

        await self._access.write(work)

    async def drop_webhook(self, name: str) -> None:
        forget = partial(webhooks.drop, name=name)
        await self._access.write(forget)
        self._dropped |= {name}
        await self._access.write(forget)  # what came in between

    async def drop_leftovers(self, name: str) -> None:
        """Nothing to do: whoever forgets is whoever puts."""

    async def dead_letters(self, name: str, after: int, limit: int) -> Sequence[DeadLetter]:
        return await self._access.read(partial(dead_letters.listed, name=name, after=after, limit=limit))

    async def tries(self, name: str, before: int | None, limit: int) -> Sequence[Try]:
        return await self._access.read(partial(tries.page, name=name, before=before, limit=limit))

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
