"""What an admin does to the database: see whether it is sound and who is halted, and save it."""

import os
import sqlite3
from collections.abc import Collection, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError, OperationalError

from callbridge.errors import StoreError, StoreUnavailable
from callbridge.ports import Standing
from callbridge.store import webhooks
from callbridge.store.access import translated
from callbridge.store.opening import look, schema_state, sqlite_path
from callbridge.store.sqlite import make_file

PATIENCE_S: Final = 3600.0
"""Both read the whole file."""


async def check(url: str) -> tuple[str, ...]:
    """Return what is wrong, one finished line each; nothing when all is well. A daemon may be at work.

    Raises:
        SchemaOutdated, SchemaTooNew, StoreUnavailable: as `open_store` does.
    """
    (await schema_state(url)).require_current()
    return await look(url, _check, PATIENCE_S)


async def halted_webhooks(url: str, listed: Collection[str]) -> Mapping[str, Standing]:
    """Return how it stands with those to whom nothing is sent, of some that are `listed` and those kept here.

    Raises:
        SchemaOutdated, SchemaTooNew, StoreUnavailable: as `open_store` does.
    """

    def work(connection: Connection) -> Mapping[str, Standing]:
        known = {*listed, *(each.name for each in webhooks.kept(connection))}
        found = webhooks.standings(connection)
        return {name: each for name, each in found.items() if each.halted and name in known}

    (await schema_state(url)).require_current()
    return await look(url, work)


async def backup(url: str, path: Path) -> None:
    """Save a SQLite database, as it is at one moment, as the new file `path`, while a daemon may be at work.

    Raises:
        StoreError: `path` is there already, or this is PostgreSQL, which has tools of its own.
        StoreUnavailable: reading or writing failed; `path` was not made.
    """
    if sqlite_path(url) is None:
        raise StoreError("PostgreSQL is saved with its own tools: use pg_dump, or your server's base backups.")
    await look(url, partial(_save, path=path), PATIENCE_S)


def _check(connection: Connection) -> tuple[str, ...]:
    if connection.dialect.name != "sqlite":
        return ()
    return _damage(connection) or _orphans(connection)


def _damage(connection: Connection) -> tuple[str, ...]:
    try:
        lines = connection.scalars(text("PRAGMA quick_check")).all()
    except OperationalError:
        raise  # the disk or a lock, and no word on the file
    except DatabaseError as error:  # too damaged even to be looked through
        return (str(error.orig),)
    return tuple(line for line in lines if line != "ok")


def _orphans(connection: Connection) -> tuple[str, ...]:
    found = connection.execute(text("PRAGMA foreign_key_check"))
    return tuple(f"{child}: row {row} has lost its row in {parent}" for child, row, parent, _ in found)


def _save(connection: Connection, path: Path) -> None:
    """Write beside `path` and give it its name when it is whole, so that a file of that name is a backup."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    with translated(str(path)):
        make_file(unfinished)
        try:
            _copy(connection, unfinished)
            _name(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)


def _copy(connection: Connection, path: Path) -> None:
    source = connection.connection.driver_connection
    if not isinstance(source, sqlite3.Connection):
        raise TypeError(source)
    try:
        with closing(sqlite3.connect(path)) as target:
            source.backup(target)  # in one go: a backup in steps starts anew with every commit
            target.execute("PRAGMA journal_mode = DELETE")  # so that the backup is one file
    except sqlite3.Error as error:
        raise StoreUnavailable(f"The backup {path} cannot be written: {error}. Is there room on that disk?") from error


def _name(unfinished: Path, path: Path) -> None:
    try:
        path.hardlink_to(unfinished)
    except FileExistsError as error:
        raise StoreError(f"{path} is there already. Move it away, or choose another name.") from error
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
