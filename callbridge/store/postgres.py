"""PostgreSQL: one writing connection, some reading ones, each command with a deadline."""

import asyncio
import importlib.util
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from callbridge.errors import StoreUnavailable
from callbridge.store.access import Work, translated
from callbridge.store.advisory_lock import ALONE, AdvisoryLock, Claim, our_name

READERS: Final = 3
CONNECT_S: Final = 5.0

_SESSION: Final = {
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
    "jit": "off",  # it takes longer than any query here
    # A daemon whose host or network is gone says no goodbye: half a minute later PostgreSQL lets another one write.
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_READER: Final = {
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "repeatable read",  # all queries of one piece of work see the same state
}

T = TypeVar("T")


class PostgresAccess:
    """Connects when first asked; a connection that is lost is made again by the next call.

    To write it takes what it claims, and keeps it: `write` raises AlreadyRunning where another daemon has it.
    """

    def __init__(self, url: URL, deadline_s: float, claims: Sequence[Claim] = ALONE) -> None:
        if importlib.util.find_spec("asyncpg") is None:
            raise StoreUnavailable("PostgreSQL needs the package asyncpg: install callbridge[postgres].")
        self._place = url.render_as_string(hide_password=True)
        # `on` also where the server's own setting trades the last commits for speed.
        self._writer = _engine(url, 1, deadline_s, {"synchronous_commit": "on"})
        self._readers = _engine(url, READERS, deadline_s, _READER)
        self._turn = asyncio.Lock()
        self._lock = AdvisoryLock(self._place, claims)
        self._deadline_s = deadline_s
        self._closed = False

    async def write(self, work: Work[T]) -> T:
        with translated(self._place):
            async with asyncio.timeout(self._deadline_s), self._turn:
                return await self._run(self._writer, partial(self._locked, work))

    async def confirm(self) -> None:
        with translated(self._place):
            async with asyncio.timeout(self._deadline_s), self._turn:
                await self._run(self._writer, self._lock.confirm)

    async def read(self, work: Work[T]) -> T:
        with translated(self._place):
            async with asyncio.timeout(self._deadline_s):
                return await self._run(self._readers, work)

    async def close(self) -> None:
        self._closed = True
        with translated(self._place):
            async with asyncio.timeout(self._deadline_s):
                await self._writer.dispose()
                await self._readers.dispose()

    def _locked(self, work: Work[T], connection: Connection) -> T:
        self._lock.hold(connection)
        return work(connection)

    async def _run(self, engine: AsyncEngine, work: Work[T]) -> T:
        if self._closed:
            raise StoreUnavailable(f"The database {self._place} is closed already.")
        async with engine.begin() as connection:
            return await connection.run_sync(work)


def _engine(url: URL, connections: int, deadline_s: float, settings: dict[str, str]) -> AsyncEngine:
    arguments: dict[str, Any] = {
        "timeout": CONNECT_S,
        "command_timeout": deadline_s,
        "server_settings": {
            "application_name": our_name(),
            **_SESSION,
            "statement_timeout": f"{deadline_s:.0f}s",
            **settings,
        },
    }
    return create_async_engine(url, pool_size=connections, max_overflow=0, connect_args=arguments)
