"""`/v1/missed.csv`: the missed list as CSV, a line a caller."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Any, Final

from aiohttp import web

from callbridge.api import sheets
from callbridge.api.exports import Exports, Sheet
from callbridge.api.missed import all_shown, wanted
from callbridge.api.missed_models import MissedFilters, MissedRowObject
from callbridge.api.resources import Resource
from callbridge.api.scopes import Scope
from callbridge.api.sheets import SheetQuery
from callbridge.ports import MissedList

PLAIN: Final = (
    *("pbx", "state", "status", "number", "raw", "name", "count", "reason", "queue", "queues"),
    *("attempts", "recovered_by", "recovery_s", "closed_by", "first_at", "last_at", "closed_at"),
    *("last_call", "recovered_call", "id"),
)
CUSTOMER: Final = ("match", "id", "name", "type", "url")
COLUMNS: Final = (
    *("last_local", "timezone"),
    *PLAIN,
    *("rung", "called_back_by"),
    *(f"customer_{name}" for name in CUSTOMER),
)


class MissedExportQuery(MissedFilters, SheetQuery):
    """Which rows, and how they are written."""


def resources(missed: MissedList, exports: Exports | None = None) -> tuple[Resource, ...]:
    sent = exports or Exports()

    async def export(query: MissedExportQuery, request: web.Request) -> web.StreamResponse:
        async def read(limit: int, last: MissedRowObject | None) -> Sequence[MissedRowObject]:
            before = None if last is None else (last.last_at, last.id)
            return await all_shown(missed, await missed.rows(wanted(query, limit, before)))

        def row(shown: MissedRowObject) -> Sequence[Any]:
            return cells(shown, sent.zone(shown.pbx))

        return await sent.send(request, Sheet("missed", COLUMNS, read, row), query)

    return (
        Resource(
            "GET",
            "/missed.csv",
            export,
            Scope.MISSED_READ,
            "Export the missed list as CSV, the latest first: all that the filters find.",
            produces=sheets.MEDIA_TYPE,
        ),
    )


def cells(row: MissedRowObject, zone: tzinfo) -> Sequence[Any]:
    """Return the line of a row, in the order of `COLUMNS`."""
    return (
        sheets.local(row.last_at, zone),
        str(zone),
        *(getattr(row, name) for name in PLAIN),
        list(_people(row)),
        [each.name or each.extension or each.call for each in row.callbacks],
        *(None if row.customer is None else getattr(row.customer, name) for name in CUSTOMER),
    )


def _people(row: MissedRowObject) -> Iterator[str]:
    for who in row.rung:
        yield " ".join(filter(None, (who.name, who.extension or who.number or who.raw)))
