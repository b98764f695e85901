"""`/v1/missed`: who was not answered yet, and what was done about it."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

import orjson

from callbridge.api import cursors
from callbridge.api.call_filters import EPOCH, MICROSECOND, place
from callbridge.api.call_object import CustomerObject, PartyObject
from callbridge.api.cursors import Page
from callbridge.api.missed_models import (
    AttemptObject,
    CallbackObject,
    FiguresQuery,
    Hiding,
    HistoryQuery,
    MissedFiguresObject,
    MissedFilters,
    MissedListQuery,
    MissedRowObject,
    NewAttempt,
    PersonCount,
    Restoring,
    RowPath,
)
from callbridge.api.problems import Kind, invalid
from callbridge.api.resources import Resource
from callbridge.api.scopes import Caller, Scope
from callbridge.calls.missed import Attempt, AttemptKind, MissedRow, MissedState, MissedStatus
from callbridge.errors import NotThere
from callbridge.ports import MissedFigures, MissedList, MissedQuery

SAID: Final = (AttemptKind.MESSAGE, AttemptKind.NOTE)
"""What people may write down; all else the daemon knows by itself."""
MOST_LINES: Final = 2**31 - 1


class Removal(Protocol):
    """Does what people say. Raises NotThere, Conflicting, StoreUnavailable."""

    def hide(self, row_id: str, by: str, text: str | None) -> Awaitable[MissedRow]: ...

    def restore(self, row_id: str, by: str) -> Awaitable[MissedRow]: ...

    def attempt(self, row_id: str, kind: AttemptKind, by: str, text: str) -> Awaitable[Attempt]: ...


def resources(missed: MissedList) -> tuple[Resource, ...]:
    """Return what needs the database alone."""

    async def figures(query: FiguresQuery) -> MissedFiguresObject:
        if query.until <= query.since:
            raise invalid("until", "must be after since")
        return _figures(query, await missed.figures(query.since, query.until, query.pbx, query.queue))

    async def listed(query: MissedListQuery) -> dict[str, Any]:
        # One more than wanted, to see whether there is a next page.
        found = await missed.rows(wanted(query, query.limit + 1, place(query.cursor) if query.cursor else None))
        rows = found[: query.limit]
        items = [row.model_dump(mode="json") for row in await all_shown(missed, rows)]
        return cursors.page(items, _behind(rows[-1]) if len(found) > query.limit else None)

    async def read(path: RowPath) -> MissedRowObject:
        return await shown(missed, await _found(path.row_id))

    async def history(path: RowPath, query: HistoryQuery) -> dict[str, Any]:
        after = cursors.values_of(query.cursor, int)[0] if query.cursor else 0
        lines = await missed.attempts(path.row_id, min(max(after, 0), MOST_LINES), query.limit + 1)
        if not lines:
            await _found(path.row_id)
        items = [line_object(line).model_dump(mode="json") for line in lines[: query.limit]]
        return cursors.page(items, cursors.cursor(lines[query.limit - 1].number) if len(lines) > query.limit else None)

    async def _found(row_id: str) -> MissedRow:
        row = await missed.row(row_id)
        if row is None:
            raise NotThere("There is no row of this id.")
        return row

    reading, unknown = Scope.MISSED_READ, (Kind.NOT_FOUND,)
    return (
        Resource(
            "GET", "/missed/stats", figures, reading, "Count the rows of a period, those that left the list too.",
            answer=MissedFiguresObject,
        ),
        Resource(
            "GET", "/missed", listed, reading, "List callers nobody answered yet, the latest first.",
            answer=Page[MissedRowObject],
        ),
        Resource("GET", "/missed/{id}", read, reading, "Read a row.", answer=MissedRowObject, problems=unknown),
        Resource(
            "GET", "/missed/{id}/attempts", history, reading, "List what happened to a row, in its order.",
            answer=Page[AttemptObject], problems=unknown,
        ),
    )  # fmt: skip


def changes(missed: MissedList, removal: Removal) -> tuple[Resource, ...]:
    """Return what needs the daemon that hears the row's PBX."""

    async def attempt(path: RowPath, body: NewAttempt, caller: Caller) -> AttemptObject:
        if body.kind not in SAID:
            raise invalid("kind", "must be message or note; all else is written down by itself")
        return line_object(await removal.attempt(path.row_id, body.kind, body.by or caller.name, body.text))

    async def hide(path: RowPath, body: Hiding, caller: Caller) -> MissedRowObject:
        return await shown(missed, await removal.hide(path.row_id, body.by or caller.name, body.text))

    async def restore(path: RowPath, body: Restoring, caller: Caller) -> MissedRowObject:
        return await shown(missed, await removal.restore(path.row_id, body.by or caller.name))

    writing, refusals = Scope.MISSED_WRITE, (Kind.NOT_FOUND, Kind.CONFLICT)
    return (
        Resource(
            "POST", "/missed/{id}/attempts", attempt, writing, "Write down a message or a note.",
            answer=AttemptObject, status=HTTPStatus.CREATED, problems=refusals,
        ),
        Resource(
            "POST", "/missed/{id}/hide", hide, writing, "Take a row off the list.",
            answer=MissedRowObject, problems=refusals,
        ),
        Resource(
            "POST", "/missed/{id}/restore", restore, writing, "Put a row back on the list.",
            answer=MissedRowObject, problems=refusals,
        ),
    )  # fmt: skip


async def shown(missed: MissedList, row: MissedRow) -> MissedRowObject:
    """Return a row with the customer of its last call."""
    return (await all_shown(missed, (row,)))[0]


async def all_shown(missed: MissedList, rows: Sequence[MissedRow]) -> Sequence[MissedRowObject]:
    """Return rows, each with the customer of its last call."""
    bodies = await missed.last_events([row.last_call for row in rows])
    return [row_object(row, bodies) for row in rows]


def row_object(row: MissedRow, bodies: Mapping[str, bytes]) -> MissedRowObject:
    """Return a row; `bodies` are the last events of calls."""
    return MissedRowObject(
        **{name: getattr(row, name) for name in SAME},
        number=row.caller.number,
        raw=row.caller.raw,
        name=row.caller.name,
        customer=customer_in(bodies.get(row.last_call)),
        rung=tuple(PartyObject(**{name: getattr(who, name) for name in PartyObject.model_fields}) for who in row.rung),
        callbacks=tuple(
            CallbackObject(call=each.call_id, since=each.since, extension=each.extension, name=each.name)
            for each in row.callbacks
        ),
    )


SAME: Final = frozenset(MissedRowObject.model_fields) - {"number", "raw", "name", "customer", "rung", "callbacks"}
"""What stands in the answer as it is in the row."""


def customer_in(body: bytes | None) -> CustomerObject | None:
    """Return the customer of a call by its last event; what an older callbridge did not tell is null."""
    if body is None:
        return None
    found = orjson.loads(body)["data"]["call"]["customer"]
    known = {name: found.get(name) for name in CustomerObject.model_fields}
    return CustomerObject.model_validate(known)


def line_object(line: Attempt) -> AttemptObject:
    """Return a line of a history."""
    return AttemptObject(
        number=line.number,
        kind=line.kind,
        at=line.at,
        call=line.call_id,
        by=line.by,
        name=line.by_name,
        answered=line.answered,
        text=line.text,
    )


def _figures(query: FiguresQuery, found: MissedFigures) -> MissedFiguresObject:
    persons = sorted(found.by_person.items(), key=lambda one: (-one[1], one[0]))
    return MissedFiguresObject(
        since=query.since,
        until=query.until,
        rows=found.rows,
        calls=found.calls,
        by_status={status: found.by_status.get(status, 0) for status in MissedStatus},
        by_state={state: found.by_state.get(state, 0) for state in MissedState},
        by_person=tuple(PersonCount(name=name, rows=rows) for name, rows in persons),
        recovery_s=None if found.recovery_s is None else round(found.recovery_s, 3),
    )


def wanted(filters: MissedFilters, limit: int, before: tuple[datetime, str] | None = None) -> MissedQuery:
    """Return what the list is asked for; `before` is the last row of the page before."""
    return MissedQuery(
        limit=limit,
        before=before,
        states=filters.state,
        statuses=filters.status,
        since=filters.since,
        until=filters.until,
        pbx=filters.pbx,
        queue=filters.queue,
        agent=filters.agent,
        number=filters.number and filters.number.replace(" ", "+"),  # in a query string + is a space
    )


def _behind(row: MissedRow) -> str:
    return cursors.cursor((row.last_at - EPOCH) // MICROSECOND, row.id)
