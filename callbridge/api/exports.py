"""Lists as a whole, as CSV: read page by page and sent as they are read, so that nobody holds them in memory.

Each page is found behind the last item of the one before, and within the deadline of a page; how long the whole takes
is bounded by nothing. Where a page cannot be read, or the reader does not take one in time, the connection is broken
off: what was sent is then seen to be incomplete.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from datetime import UTC, tzinfo
from typing import Any, Final, Generic, TypeVar

from aiohttp import ClientConnectionError, web

from callbridge.api import sheets
from callbridge.api.problems import too_many
from callbridge.api.sheets import SheetQuery
from callbridge.errors import StoreError
from callbridge.logs import Action, logger

PAGE: Final = 100
"""Rows that are read at once, and made text of, which keeps everything else waiting: 3 ms."""
MOST: Final = 4
"""Exports at the same time."""
COME_BACK_S: Final = 10.0
WRITE_S: Final = 30.0
"""For whoever reads to take a page."""

log = logger()

Row = TypeVar("Row")
Zones = Mapping[str, tzinfo]
"""Of each PBX."""


class Exports:
    """The exports under way. They share one reader of the database: delivery always finds another one free."""

    def __init__(self, zones: Zones | None = None, *, page: int = PAGE, write_s: float = WRITE_S) -> None:
        self._zones = zones or {}
        self.page = page
        self._write_s = write_s
        self._reading = asyncio.Semaphore(1)
        self.under_way = 0
        """How many."""

    def zone(self, pbx: str) -> tzinfo:
        """Return where a PBX stands; UTC for one that no configuration names any more."""
        return self._zones.get(pbx, UTC)

    async def send(self, request: web.Request, sheet: "Sheet[Any]", how: SheetQuery) -> web.StreamResponse:
        """Send a whole sheet. Raises what the first page raises; later it is too late for a problem document."""
        with self._opened():
            async with aclosing(self._pages(sheet, how.limit)) as pages:
                first = await anext(pages)
                response = web.StreamResponse(headers=_headers(sheet.name))
                try:
                    with suppress(ConnectionError, ClientConnectionError):  # whoever read it has gone
                        await response.prepare(request)
                        await self._write(response, sheets.begun(how, sheet.columns) + sheets.rows(how, first))
                        async for page in pages:
                            await self._write(response, sheets.rows(how, page))
                except (StoreError, TimeoutError) as error:
                    _break_off(request, sheet.name, error)
        return response

    async def _pages(self, sheet: "Sheet[Any]", most: int | None) -> AsyncGenerator[Sequence[Sequence[Any]], None]:
        last, left = None, most
        while True:
            wanted = self.page if left is None else min(self.page, left)
            async with self._reading:
                found = await sheet.read(wanted, last)
            yield [sheet.row(each) for each in found]
            left = None if left is None else left - len(found)
            if len(found) < wanted or left == 0:
                return
            last = found[-1]

    async def _write(self, response: web.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(self._write_s):
            await response.write(data)

    @contextmanager
    def _opened(self) -> Iterator[None]:
        if self.under_way >= MOST:
            raise too_many(COME_BACK_S, f"{MOST} exports are under way.")
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1


class Sheet(Generic[Row]):
    """What an export is of. `read` returns up to so many rows behind a row, None for the first ones."""

    def __init__(
        self,
        name: str,
        columns: Sequence[str],
        read: Callable[[int, Row | None], Awaitable[Sequence[Row]]],
        row: Callable[[Row], Sequence[Any]],
    ) -> None:
        self.name, self.columns, self.read, self.row = name, columns, read, row


def _headers(name: str) -> dict[str, str]:
    return {
        "Content-Type": f"{sheets.MEDIA_TYPE}; charset=utf-8; header=present",
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


def _break_off(request: web.Request, name: str, error: Exception) -> None:
    log.warning(
        "an export is broken off", action=Action.EXPORT_CUT_OFF, what=name, why=str(error) or type(error).__name__
    )
    if request.transport is not None:
        request.transport.abort()
