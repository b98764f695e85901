"""Which worker delivers which shard, in PostgreSQL: leases that end by its clock, whoever's else is wrong.

A worker that could not renew its leases stops sending before they end (`app.sharing`), so
no two send the same lane; and whoever takes a shard reads from the database what is due there.
Rejected: advisory locks. The server frees them when a connection breaks, while whoever had
them does not know yet; and a lease in JetStream, for then nothing is delivered without it.
"""

from collections.abc import Collection
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, TextClause, bindparam, text

from callbridge.ports import SHARDS, Leases, Worker
from callbridge.store.access import Access
from callbridge.store.columns import moment

FORGOTTEN_S: Final = 3600.0
"""A worker that was not heard of for so long leaves no trace."""

# Microseconds since 1970, as `Moment` has them.
_NOW: Final = "CAST(extract(epoch FROM statement_timestamp()) * 1000000 AS bigint)"
_UNTIL: Final = f"{_NOW} + :lease_us"

_SEEN: Final = text(
    f"INSERT INTO workers (id, name, seen_at) VALUES (:worker, :name, {_NOW}) "  # noqa: S608 - a constant of ours
    "ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at"
)
_FORGET: Final = text(f"DELETE FROM workers WHERE seen_at < {_NOW} - :long_us")  # noqa: S608 - as above
_MAKE: Final = text(
    "INSERT INTO shards (shard) SELECT generate_series(0, :last) ON CONFLICT (shard) DO NOTHING",
)
_RENEW: Final = text(
    f"UPDATE shards SET until = {_UNTIL} WHERE worker = :worker RETURNING shard",  # noqa: S608 - as above
)
_LIVE: Final = text(f"SELECT count(*) FROM workers WHERE seen_at > {_NOW} - :lease_us")  # noqa: S608 - as above
_FREE: Final = f"(worker IS NULL OR until <= {_NOW})"
_COUNT_FREE: Final = text(f"SELECT count(*) FROM shards WHERE {_FREE}")  # noqa: S608 - as above
_TAKE: Final = text(
    f"UPDATE shards SET worker = :worker, until = {_UNTIL} WHERE shard IN ("  # noqa: S608 - as above
    f"SELECT shard FROM shards WHERE {_FREE} ORDER BY shard LIMIT :most FOR UPDATE SKIP LOCKED) RETURNING shard"
)
_GIVE_BACK: Final = text(
    "UPDATE shards SET worker = NULL, until = NULL WHERE worker = :worker AND shard IN :which"
).bindparams(bindparam("which", expanding=True))
_GIVE_ALL_BACK: Final = text("UPDATE shards SET worker = NULL, until = NULL WHERE worker = :worker")
_LEAVE: Final = text("DELETE FROM workers WHERE id = :worker")
_WORKERS: Final = text(
    "SELECT w.id, w.name, w.seen_at, count(s.shard) AS shards "  # noqa: S608 - as above
    f"FROM workers w LEFT JOIN shards s ON s.worker = w.id AND s.until > {_NOW} "
    f"WHERE w.seen_at > {_NOW} - :within_us GROUP BY w.id, w.name, w.seen_at ORDER BY w.name, w.id"
)


class SqlShards:
    """Fulfils `ports.Shards`."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def live(self, worker: str, name: str, lease_s: float) -> Leases:
        return await self._access.write(partial(_live, worker=worker, name=name, lease_us=_us(lease_s)))

    async def take(self, worker: str, most: int, lease_s: float) -> frozenset[int]:
        given = {"worker": worker, "most": most, "lease_us": _us(lease_s)}
        return await self._access.write(lambda connection: frozenset(connection.scalars(_TAKE, given)))

    async def give_back(self, worker: str, shards: Collection[int]) -> None:
        await self._access.write(partial(_do, what=_GIVE_BACK, given={"worker": worker, "which": sorted(shards)}))

    async def leave(self, worker: str) -> None:
        def work(connection: Connection) -> None:
            _do(connection, _GIVE_ALL_BACK, {"worker": worker})
            _do(connection, _LEAVE, {"worker": worker})

        await self._access.write(work)

    async def workers(self, within_s: float) -> tuple[Worker, ...]:
        return await self._access.read(partial(_workers, within_us=_us(within_s)))


def _us(seconds: float) -> int:
    return int(seconds * 1_000_000)


def _do(connection: Connection, what: TextClause, given: dict[str, Any]) -> None:
    connection.execute(what, given)


def _live(connection: Connection, worker: str, name: str, lease_us: int) -> Leases:
    connection.execute(_MAKE, {"last": SHARDS - 1})
    connection.execute(_SEEN, {"worker": worker, "name": name})
    connection.execute(_FORGET, {"long_us": _us(FORGOTTEN_S)})
    held = frozenset(connection.scalars(_RENEW, {"worker": worker, "lease_us": lease_us}))
    workers = connection.scalar(_LIVE, {"lease_us": lease_us}) or 1
    return Leases(held, workers, connection.scalar(_COUNT_FREE) or 0)


def _workers(connection: Connection, within_us: int) -> tuple[Worker, ...]:
    return tuple(
        Worker(row.id, row.name, moment(row.seen_at), row.shards)
        for row in connection.execute(_WORKERS, {"within_us": within_us})
    )
