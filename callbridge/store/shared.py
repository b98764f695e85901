"""The store where several processes share one PostgreSQL: daemons, each with PBXs of its own, and workers.

What differs from a daemon alone, whose writes all follow one another:

- **Lanes.** A worker may settle the last event of a lane while a daemon puts the next one
  behind it; neither would see the other, and nobody would be the head. So whoever puts locks
  the last waiting event of the lane first: it stays until both can be seen.
- **Memory.** A daemon takes up the calls of its own PBXs, and goes on with their numbers.
- **The log of events**: `shared_log`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection, func, select, text

from callbridge.clock import Clock
from callbridge.ports import STRICT, Attempt, Batch, DeadLetters, Due, LiveCall, Memory, Standing, Told
from callbridge.store import commit, due, missed, webhooks
from callbridge.store.access import Access
from callbridge.store.outbox import lane_of
from callbridge.store.shards import SqlShards
from callbridge.store.shared_log import SharedEventLog
from callbridge.store.sql import SqlStore
from callbridge.store.tables import calls, live_calls, pbx_heard, pbx_series, protocols

SERIES: Final = "/"
"""Between the day and the series, in the table of the last numbers: `20261122/3`."""
MOST_OVER: Final = 10_000

_LOCK_LANES: Final = text(
    "SELECT count(*) FROM unnest(CAST(:names AS text[]), CAST(:lanes AS text[])) AS wanted (subscriber, lane) "
    "CROSS JOIN LATERAL (SELECT 1 FROM outbox o WHERE o.subscriber = wanted.subscriber AND o.lane = wanted.lane "
    "AND o.state = 'waiting' ORDER BY o.sequence DESC LIMIT 1 FOR SHARE) AS last"
)
_FORGET: Final = text(
    "DELETE FROM outbox WHERE subscriber = :name AND NOT EXISTS (SELECT 1 FROM webhooks WHERE name = :name)"
)
_ALLOT: Final = text(
    "INSERT INTO pbx_series (pbx, series) SELECT :pbx, coalesce(max(series), 0) + 1 FROM pbx_series "
    "ON CONFLICT (pbx) DO NOTHING"
)
_ONE_AT_A_TIME: Final = text("LOCK TABLE pbx_series IN EXCLUSIVE MODE")


class SharedStore(SqlStore):
    """One process's way to a database it shares. `delivers` are the shards `due` is asked for."""

    def __init__(self, access: Access, clock: Clock, pbxs: Collection[str] = ()) -> None:
        super().__init__(access, clock)
        self._pbxs = sorted(pbxs)
        self.event_log = self.shared_log = SharedEventLog(access)
        self.shards = SqlShards(access)
        self.delivers: frozenset[int] = frozenset()
        self.look: Callable[[], None] = lambda: None
        """Asks the workers to look into the database."""

    async def series(self) -> Mapping[str, int]:
        """Return the series of protocol numbers of each of our PBXs: given once, for ever, to no two the same."""
        return await self._access.write(partial(_series, pbxs=self._pbxs))

    async def remember(self) -> Memory:
        return await self._access.read(partial(_remember, pbxs=self._pbxs))

    async def commit(self, batch: Batch) -> None:
        now = self._clock.now()

        def work(connection: Connection) -> commit.Added:
            self._lock_lanes(connection, batch.told)
            return commit.write_batch(connection, batch, now, self._strict)

        await self.event_log.written(work)

    async def halt(self, name: str, standing: Standing, told: Sequence[Told] = ()) -> None:
        now = self._clock.now()

        def work(connection: Connection) -> commit.Added:
            webhooks.halt(connection, name, standing)
            self._lock_lanes(connection, told)
            return commit.write_events(connection, told, now, self._strict)

        await self.event_log.written(work)

    def _lock_lanes(self, connection: Connection, told: Sequence[Told]) -> None:
        """In one order, for whoever settles to take them in the same."""
        wanted = {(name, STRICT if name in self._strict else lane_of(one)) for one in told for name in one.subscribers}
        if wanted:
            names, lanes = zip(*sorted(wanted), strict=True)
            connection.execute(_LOCK_LANES, {"names": list(names), "lanes": list(lanes)})

    async def settle(self, attempts: Sequence[Attempt]) -> None:
        await super().settle(sorted(attempts, key=lambda attempt: (attempt.subscriber, attempt.lane)))

    async def due(
        self, now: datetime, limit: int, busy: frozenset[tuple[str, str]], following: int = 0
    ) -> Sequence[Due]:
        if not self.delivers:
            return ()
        look = partial(due.due, now=now, limit=limit, busy=busy, following=following, only=self.delivers)
        return await self._access.read(look)

    async def replay(self, name: str, which: DeadLetters, limit: int) -> int:
        count = await super().replay(name, which, limit)
        if count:
            self.look()
        return count

    async def drop_webhook(self, name: str) -> None:
        await self._access.write(partial(webhooks.drop, name=name))

    async def drop_leftovers(self, name: str) -> None:
        await self._access.write(lambda connection: connection.execute(_FORGET, {"name": name}) and None)


def _series(connection: Connection, pbxs: Sequence[str]) -> Mapping[str, int]:
    connection.execute(_ONE_AT_A_TIME)
    for pbx in pbxs:
        connection.execute(_ALLOT, {"pbx": pbx})
    found = connection.execute(select(pbx_series).where(pbx_series.c.pbx.in_(pbxs)))
    return {row.pbx: row.series for row in found}


def _remember(connection: Connection, pbxs: Sequence[str]) -> Memory:
    live = connection.execute(select(live_calls).where(live_calls.c.pbx.in_(pbxs)).order_by(live_calls.c.call_id))
    over = select(calls.c.id).where(calls.c.pbx.in_(pbxs), calls.c.ended_at.is_not(None))
    ours = select(pbx_series.c.series).where(pbx_series.c.pbx.in_(pbxs))
    series = func.split_part(protocols.c.day, SERIES, 2)
    numbers = select(protocols).where(series.in_([str(one) for one in connection.scalars(ours)]))
    heard = select(pbx_heard).where(pbx_heard.c.pbx.in_(pbxs))
    return Memory(
        live=[LiveCall(row.call_id, row.pbx, row.snapshot) for row in live],
        protocols={row.day: row.last for row in connection.execute(numbers)},
        heard_until={row.pbx: row.heard_at for row in connection.execute(heard)},
        over=tuple(connection.scalars(over.order_by(calls.c.started_at.desc()).limit(MOST_OVER))),
        missed=missed.open_rows(connection, pbxs),
    )
