"""A Store that keeps the outbox in memory, and misbehaves when told to."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, zip_longest

from callbridge.errors import StoreUnavailable
from callbridge.ports import Attempt, Backlog, Batch, DeadLetters, Due, Memory, Standing, Store, Told

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Row:
    """An event for one subscriber."""

    place: int
    subscriber: str
    lane: str
    told: Told
    next_at: datetime = LONG_AGO
    attempts: int = 0
    state: str = "waiting"
    error: str | None = None


class MemoryStore(Store):
    """The outbox as the contract describes it, without a disk."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self.settled: list[Attempt] = []
        self.groups: list[int] = []
        self.standings: dict[str, Standing] = {}
        self.reads = 0
        self.away = False
        self.open = asyncio.Event()
        self.open.set()

    def write(self, told: Sequence[Told]) -> None:
        """Commit, without waiting for anything."""
        for one in told:
            call = one.event.call
            for name in one.subscribers:
                lane = one.event.id if call is None else call.id
                self.rows.setdefault((name, one.event.id), Row(len(self.rows), name, lane, one))

    def heads(self) -> dict[str, list[Row]]:
        """The first undelivered row of each lane, by subscriber, oldest first."""
        heads: dict[tuple[str, str], Row] = {}
        for row in sorted(self.rows.values(), key=lambda row: row.place):
            if row.state == "waiting":
                heads.setdefault((row.subscriber, row.lane), row)
        found = defaultdict[str, list[Row]](list)
        for row in heads.values():
            found[row.subscriber].append(row)
        return found

    def waiting(self, subscriber: str) -> int:
        return sum(row.subscriber == subscriber and row.state == "waiting" for row in self.rows.values())

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        await self.open.wait()
        if self.away:
            raise StoreUnavailable("the database is away; wait")

    async def due(
        self, now: datetime, limit: int, busy: frozenset[tuple[str, str]], following: int = 0
    ) -> Sequence[Due]:
        """It gives heads alone, as a store may."""
        del following
        self.reads += 1
        ready = [
            [row for row in rows if row.next_at <= now and (row.subscriber, row.lane) not in busy]
            for rows in self.heads().values()
        ]
        in_turn = [row for row in chain.from_iterable(zip_longest(*ready)) if row is not None][:limit]
        found = [
            Due(row.subscriber, row.lane, row.told.event.id, row.told.event.sequence or 0, row.told.body, row.attempts)
            for row in in_turn
        ]
        await self._answer()
        return found

    async def settle(self, attempts: Sequence[Attempt]) -> None:
        await self._answer()
        self.groups.append(len(attempts))
        for attempt in attempts:
            self.settled.append(attempt)
            row = self.rows[attempt.subscriber, attempt.event_id]
            row.attempts += 1
            row.error = attempt.error
            if attempt.delivered:
                row.state = "delivered"
            elif attempt.next_at is None:
                row.state = "dead"
            else:
                row.next_at = attempt.next_at

    async def commit(self, batch: Batch) -> None:
        await self._answer()
        self.write(batch.told)

    async def backlogs(self) -> Sequence[Backlog]:
        await self._answer()
        names = {row.subscriber for row in self.rows.values() if row.state != "delivered"}
        return [
            Backlog(
                name,
                self.waiting(name),
                sum(row.subscriber == name and row.state == "dead" for row in self.rows.values()),
                LONG_AGO,
                next((row.error for row in self.rows.values() if row.subscriber == name and row.error), None),
            )
            for name in sorted(names)
        ]

    async def enlist(self, name: str, *, strict: bool) -> Standing:  # noqa: ARG002 - every lane is a call's here
        await self._answer()
        return self.standings.get(name, Standing())

    async def halt(self, name: str, standing: Standing, told: Sequence[Told] = ()) -> None:
        await self._answer()
        self.standings[name] = standing
        self.write(told)

    async def replay(self, name: str, which: DeadLetters, limit: int) -> int:  # noqa: ARG002 - there are none here
        return 0

    async def prune_tries(self, before: datetime, limit: int) -> int:  # noqa: ARG002 - none are kept here
        return 0

    async def give_up(self, before: datetime, limit: int, why: str) -> int:  # noqa: ARG002 - nothing is so old here
        return 0

    async def forget_dead(self, before: datetime, limit: int) -> int:  # noqa: ARG002 - nothing is so old here
        return 0

    async def remember(self) -> Memory:
        return Memory((), {}, {})

    async def heard(self, pbx: str, at: datetime) -> None:  # noqa: ARG002 - no delivery asks for it
        return None

    async def call_events(self, call_id: str) -> Sequence[bytes]:
        return [row.told.body for row in self.rows.values() if row.lane == call_id]

    async def close(self) -> None:
        return None
