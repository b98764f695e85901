"""From a URL to a database: open it for a daemon's life, or look into it once."""

import asyncio
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url

from callbridge.clock import Clock
from callbridge.errors import StoreUnavailable
from callbridge.store import schema, sqlite
from callbridge.store.access import DEADLINE_S, Access, T, Work, translated
from callbridge.store.advisory_lock import ALONE, Claim, hindrance, sharing
from callbridge.store.schema import SchemaState
from callbridge.store.shared import SharedStore
from callbridge.store.sql import SqlStore

UPGRADE_S: Final = 3600.0
"""A step may rewrite a table of years."""


async def open_store(url: str, *, clock: Clock) -> SqlStore:
    """Open the database for reading and writing; give it back with `close`.

    Raises:
        AlreadyRunning: another daemon works on the same database.
        SchemaOutdated: empty or old; `upgrade` first.
        SchemaTooNew: made by a newer callbridge; nothing was touched.
        StoreUnavailable: it is not there, or does not let us in, or does not let us write.
    """
    return SqlStore(await _opened(url, ALONE), clock)


async def open_shared_store(url: str, pbxs: Collection[str], *, clock: Clock) -> SharedStore:
    """Open a PostgreSQL that several processes share; `pbxs` are those nobody else may have. Raises as `open_store`."""
    return SharedStore(await _opened(url, sharing(pbxs)), clock, pbxs)


async def _opened(url: str, claims: Sequence[Claim]) -> Access:
    (await schema_state(url)).require_current()
    access = await open_access(url, DEADLINE_S, claims)
    try:
        await access.write(schema.read_state)  # writes nothing, but shows at once whether it could
        await access.confirm()
    except BaseException:
        await access.close()
        raise
    return access


async def upgrade(url: str) -> SchemaState:
    """Bring the schema up to ours, all or nothing; make the SQLite file when there is none.

    Raises:
        AlreadyRunning: a daemon works on the database; stop it first.
        SchemaTooNew: made by a newer callbridge; nothing was touched.
        StoreUnavailable: as for `open_store`.
    """
    from callbridge.store.upgrading import raise_to_newest  # noqa: PLC0415 - Alembic is slow to import, and seldom used

    (await schema_state(url)).refuse_newer()
    if path := sqlite_path(url):
        await asyncio.to_thread(sqlite.make_file, path)
    access = await open_access(url, UPGRADE_S)
    try:
        return await access.write(raise_to_newest)
    finally:
        await access.close()


async def schema_state(url: str) -> SchemaState:
    """Return how the schema stands, also while a daemon works on it; a file that is not there is an empty one."""
    path = sqlite_path(url)
    if path and not await asyncio.to_thread(_is_there, path):
        return schema.read_state(None)
    return await look(url, schema.read_state)


async def who_works(url: str, claims: Sequence[Claim] = ALONE) -> str | None:
    """Return in words which process works on what is claimed; None where nobody does, and of a SQLite file."""
    if sqlite_path(url):
        return None
    found = await look(url, partial(hindrance, claims=claims))
    return str(found) if found is not None else None


async def look(url: str, work: Work[T], deadline_s: float = DEADLINE_S) -> T:
    """Run `work`, which may only read, on a connection of its own; a daemon at work is no hindrance."""
    if path := sqlite_path(url):
        with translated(str(path)):
            async with asyncio.timeout(deadline_s):
                return await asyncio.to_thread(_look_into, path, work)
    access = postgres_access(url, deadline_s)
    try:
        return await access.read(work)
    finally:
        await access.close()


def sqlite_path(url: str) -> Path | None:
    """Return the file of a SQLite database; None stands for PostgreSQL."""
    parsed = make_url(url)
    kind = parsed.get_backend_name()
    if kind not in {"sqlite", "postgresql"} or not parsed.database or parsed.database == ":memory:":
        raise StoreUnavailable(f"{_shown(parsed)} is no database callbridge can use: name a SQLite file or PostgreSQL.")
    return Path(parsed.database) if kind == "sqlite" else None


async def open_access(url: str, deadline_s: float, claims: Sequence[Claim] = ALONE) -> Access:
    path = sqlite_path(url)
    if path is None:
        return postgres_access(url, deadline_s, claims)
    return await asyncio.to_thread(sqlite.SqliteAccess, path, deadline_s)


def postgres_access(url: str, deadline_s: float, claims: Sequence[Claim] = ALONE) -> Access:
    from callbridge.store.postgres import PostgresAccess  # noqa: PLC0415 - it brings the ORM in, which SQLite can do without

    return PostgresAccess(make_url(url), deadline_s, claims)


def _look_into(path: Path, work: Work[T]) -> T:
    engine = sqlite.reading_engine(path)
    try:
        return sqlite.read(engine, work)
    finally:
        engine.dispose()


def _is_there(path: Path) -> bool:
    with translated(str(path)):
        return path.exists()


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)
