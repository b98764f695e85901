"""A table of Asterisk's channel events, as cel_sqlite3_custom, cel_pgsql or cel_odbc write it: read, never written.

It is not of our schema: its columns and their types are asked for, and how the
time of an event is written is taken from the newest row.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Float,
    Integer,
    MetaData,
    Select,
    Table,
    cast,
    func,
    literal_column,
    make_url,
    select,
)
from sqlalchemy.exc import NoSuchTableError

from callbridge.errors import CelUnreadable, StoreError
from callbridge.store import sqlite
from callbridge.store.access import DEADLINE_S, Work, translated
from callbridge.store.opening import postgres_access, sqlite_path

PAGE_ROWS: Final = 500
MOST_UNORDERED: Final = 200_000
"""Rows of a table that has no key to go by: they are read at once."""
KEY: Final = "callbridge_key"

T = TypeVar("T")
Row = Mapping[str, object]


class SqlCelTable:
    """Fulfils `ports.CelTable`. `zone` is that of times the table keeps without one."""

    def __init__(self, url: str, table: str, zone: tzinfo) -> None:
        self._schema, _, self._name = table.rpartition(".")
        self._zone = zone
        path = sqlite_path(url)
        self._place = str(path) if path else make_url(url).render_as_string(hide_password=True)
        self._sqlite = sqlite.reading_engine(path) if path else None
        self._postgres = None if path else postgres_access(url, DEADLINE_S)
        self._known: Table | None = None

    async def columns(self) -> Sequence[str]:
        return [each.name.lower() for each in (await self._table()).columns]

    async def newest(self) -> Row | None:
        table = await self._table()
        key = self._key(table)
        order = time_in(table) if key is None else key
        rows = await self._read(rows_of(select(table).order_by(order.desc()).limit(1)))
        return rows[0] if rows else None

    async def pages(self, since: datetime) -> AsyncIterator[Sequence[Row]]:
        table, newest = await self._table(), await self.newest()
        if newest is None:
            return
        recent = self._recent(table, newest, since)
        key = self._key(table)
        if key is None:
            yield await self._read(
                rows_of(select(table).where(recent).order_by(time_in(table)).limit(MOST_UNORDERED)),
            )
            return
        begin = await self._read(lambda connection: connection.scalar(select(func.min(key)).where(recent)))
        while begin is not None:
            page = select(table, key.label(KEY)).where(key >= begin).order_by(key).limit(PAGE_ROWS)
            rows = await self._read(rows_of(page))
            if rows:
                yield rows
            begin = int(str(rows[-1][KEY])) + 1 if len(rows) == PAGE_ROWS else None

    async def has_key(self) -> bool:
        """Tell whether the table keeps the order in which it was written: within one second only that tells."""
        return self._key(await self._table()) is not None

    async def close(self) -> None:
        if self._sqlite is not None:
            self._sqlite.dispose()
        if self._postgres is not None:
            await self._postgres.close()

    async def _table(self) -> Table:
        """Return the table as its database describes it; asked once."""
        if self._known is None:
            self._known = await self._read(self._reflected)
        return self._known

    def _reflected(self, connection: Connection) -> Table:
        try:
            table = Table(self._name, MetaData(), schema=self._schema or None, autoload_with=connection)
        except NoSuchTableError:
            raise CelUnreadable(
                f"There is no table {self._name} in {self._place}. Name the one Asterisk writes to in `table`."
            ) from None
        if not any(each.name.lower() == "eventtime" for each in table.columns):
            raise CelUnreadable(f"The table {self._name} in {self._place} has no column eventtime. Is it one of CEL?")
        return table

    def _key(self, table: Table) -> ColumnElement[int] | None:
        """Return what numbers the rows as they were written: SQLite's rowid, an integer primary key, a column `id`."""
        if self._sqlite is not None:
            return literal_column("rowid", Integer)
        numbers = [each for each in table.columns if isinstance(each.type, Integer)]
        keys = [each for each in numbers if each.primary_key] or [each for each in numbers if each.name == "id"]
        return keys[0] if len(keys) == 1 else None

    def _recent(self, table: Table, newest: Row, since: datetime) -> ColumnElement[bool]:
        """Return what finds the rows of `since` and later, in the shape in which the table keeps times."""
        at = time_in(table)
        local = since.astimezone(self._zone)
        if isinstance(at.type, DateTime):
            return at >= (since if at.type.timezone else local.replace(tzinfo=None))
        if is_number(newest.get(at.name.lower())):
            return cast(at, Float) >= since.timestamp()
        return at >= local.strftime("%Y-%m-%d %H:%M:%S")

    async def _read(self, work: Work[T]) -> T:
        try:
            if self._postgres is not None:
                return await self._postgres.read(work)
            assert self._sqlite is not None  # noqa: S101 - it is one of both
            with translated(self._place):
                async with asyncio.timeout(DEADLINE_S):
                    return await asyncio.to_thread(sqlite.read, self._sqlite, work)
        except StoreError as error:
            raise CelUnreadable(str(error)) from error


def rows_of(query: Select[Any]) -> Work[Sequence[Row]]:
    """Return the work of running a query, which gives rows by names in small letters."""

    def work(connection: Connection) -> Sequence[Row]:
        return [{name.lower(): value for name, value in row.items()} for row in connection.execute(query).mappings()]

    return work


def time_in(table: Table) -> Column[Any]:
    """Return the column with the time of an event."""
    return next(each for each in table.columns if each.name.lower() == "eventtime")


def is_number(value: object) -> bool:
    """Tell whether a time is written as seconds since 1970."""
    return isinstance(value, int | float) or str(value).replace(".", "", 1).isdecimal()
