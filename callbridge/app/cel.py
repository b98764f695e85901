"""Asterisk's own log of channel events, wherever the configuration says it is kept.

    async with open_log(pbx) as log:
        async for rows in log.pages(since): ...

A file is read on a thread; whatever hangs (a network disk, a server) is given
up after a deadline.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, tzinfo
from typing import Any, Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

from callbridge.asterisk.cel.csv_file import CsvFile
from callbridge.asterisk.cel.row import CelRow, canonical, missing, read_row, time_of
from callbridge.config import Cel, Pbx
from callbridge.errors import CelUnreadable, ProtocolError
from callbridge.ports import CelTable
from callbridge.store import SqlCelTable

PAGE_S: Final = 15.0
"""For one page of a file."""


T = TypeVar("T")


class CelLog(Protocol):
    """What is asked of a log, whatever keeps it. Raises errors.CelUnreadable."""

    @property
    def rubbish(self) -> int:
        """How many rows could not be read."""

    def pages(self, since: datetime) -> AsyncGenerator[Sequence[CelRow], None]:
        """Yield the rows written from `since` on, in their order."""

    async def newest(self) -> CelRow | None:
        """Return the row written last; None where there is none that can be read."""

    async def troubles(self) -> Sequence[str]:
        """Return what of its shape is not as it must be, for an admin."""


class FileLog:
    """A file of cel_custom."""

    def __init__(self, file: CsvFile, columns: Sequence[str]) -> None:
        self._file = file
        self._columns = columns

    @property
    def rubbish(self) -> int:
        return self._file.rubbish

    async def pages(self, since: datetime) -> AsyncGenerator[Sequence[CelRow], None]:
        pages = self._file.pages(since)
        while rows := await in_thread(next, pages, ()):
            yield rows

    async def newest(self) -> CelRow | None:
        return await in_thread(self._file.newest)

    async def troubles(self) -> Sequence[str]:
        return [f"its `columns` have no {name}" for name in missing(self._columns)]


class TableLog:
    """A table of cel_sqlite3_custom, cel_pgsql or cel_odbc."""

    def __init__(self, table: CelTable, zone: tzinfo) -> None:
        self._table = table
        self._zone = zone
        self.rubbish = 0

    async def pages(self, since: datetime) -> AsyncGenerator[Sequence[CelRow], None]:
        async for page in self._table.pages(since):
            found = (self._read(row) for row in page)
            yield [row for row in found if row is not None and row.at >= since]

    async def newest(self) -> CelRow | None:
        row = await self._table.newest()
        return None if row is None else self._read(row)

    async def troubles(self) -> Sequence[str]:
        troubles = [f"its table has no column {name}" for name in missing(await self._table.columns())]
        if not await self._table.has_key():
            troubles.append("its table has no integer key (`id serial primary key`), so the order of rows is lost")
        written = (await self._table.newest() or {}).get("eventtime")
        if written is not None and time_of(written, self._zone) is None:
            troubles.append(f"its newest eventtime, {written}, is no time: have the column be a timestamp")
        return troubles

    def _read(self, row: Mapping[str, object]) -> CelRow | None:
        try:
            return read_row(dict(zip(canonical(row), row.values(), strict=True)), self._zone)
        except ProtocolError:
            self.rubbish += 1
            return None


async def in_thread(work: Callable[..., T], *given: Any) -> T:
    """Run work that may wait for a disk; raise CelUnreadable where it waits too long."""
    try:
        async with asyncio.timeout(PAGE_S):
            return await asyncio.to_thread(work, *given)
    except TimeoutError:
        raise CelUnreadable(f"The log did not answer within {PAGE_S:.0f} s. Is its disk there?") from None


@asynccontextmanager
async def open_log(pbx: Pbx, cel: Cel) -> AsyncIterator[CelLog]:
    """Open the log of a PBX; whether it can be read shows when it is."""
    zone = ZoneInfo(cel.timezone or pbx.timezone)
    if cel.file is not None:
        yield FileLog(CsvFile(cel.file, cel.columns, zone), cel.columns)
        return
    table = SqlCelTable(cel.url.reveal() if cel.url else "", cel.table, zone)
    try:
        yield TableLog(table, zone)
    finally:
        await table.close()
