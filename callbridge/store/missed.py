"""The missed list: written with the commit of what changes it, and what may be asked of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    exists,
    func,
    literal,
    select,
    tuple_,
)

from callbridge.calls.missed import (
    Attempt,
    MissedChanges,
    MissedRow,
    MissedState,
)
from callbridge.ports import MissedFigures, MissedQuery
from callbridge.store import upserts
from callbridge.store.access import Access
from callbridge.store.call_search import aside
from callbridge.store.missed_rows import line_as_written, line_found, row_as_written, row_found
from callbridge.store.people_tables import missed, missed_attempts
from callbridge.store.prepared import Prepared
from callbridge.store.tables import events

_m: Final = missed.c
_a: Final = missed_attempts.c

_WRITE_ROWS: Final = Prepared(partial(upserts.replacing, table=missed))
_WRITE_LINES: Final = Prepared(partial(upserts.replacing, table=missed_attempts))
_ONE: Final = select(missed).where(_m.id == bindparam("wanted"))
_LINES: Final = (
    select(missed_attempts)
    .where(_a.row == bindparam("of"), _a.number > bindparam("after"))
    .order_by(_a.number)
    .limit(bindparam("most"))
)
_OLD: Final = (
    select(_m.id)
    .where(_m.state != MissedState.OPEN, _m.last_at < bindparam("before"))
    .order_by(_m.last_at)
    .limit(bindparam("most"))
)
_EARLIER: Final = events.alias("earlier")
_NEWEST: Final = (
    select(func.max(_EARLIER.c.sequence))
    .where(_EARLIER.c.call_id == events.c.call_id)
    .correlate(events)
    .scalar_subquery()
)
_LAST_EVENTS: Final = select(events.c.call_id, events.c.body).where(
    events.c.call_id.in_(bindparam("calls", expanding=True)), events.c.sequence == _NEWEST
)


def write(connection: Connection, changes: MissedChanges) -> None:
    """Write rows and lines as they are now; written once more, they are the same."""
    _WRITE_ROWS(connection, [row_as_written(row) for row in changes.rows])
    _WRITE_LINES(connection, [line_as_written(line) for line in _kept(connection, changes)])


def _kept(connection: Connection, changes: MissedChanges) -> Sequence[Attempt]:
    """Return the lines whose row is there: of one that was deleted for good nothing is written down any more."""
    written = {row.id for row in changes.rows}
    others = {line.row for line in changes.attempts} - written
    there = set(connection.scalars(select(_m.id).where(_m.id.in_(others)))) if others else set()
    return [line for line in changes.attempts if line.row in written | there]


def open_rows(connection: Connection, pbxs: Sequence[str] | None = None) -> Sequence[MissedRow]:
    """Return the rows that are open, those longest on the list first; of some PBXs only, where these are named."""
    wanted = select(missed).where(_m.state == MissedState.OPEN).order_by(_m.last_at, _m.id)
    if pbxs is not None:
        wanted = wanted.where(_m.pbx.in_(pbxs))
    return [row_found(found) for found in connection.execute(wanted)]


class SqlMissed:
    """Fulfils `ports.MissedList`."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def row(self, row_id: str) -> MissedRow | None:
        return await self._access.read(partial(_one, row_id=row_id))

    async def rows(self, query: MissedQuery) -> Sequence[MissedRow]:
        return await self._access.read(partial(_rows, query=query))

    async def attempts(self, row_id: str, after: int, limit: int) -> Sequence[Attempt]:
        return await self._access.read(partial(_attempts, row_id=row_id, after=after, limit=limit))

    async def last_events(self, calls: Sequence[str]) -> Mapping[str, bytes]:
        return await self._access.read(partial(_last_events, calls=calls)) if calls else {}

    async def figures(
        self, since: datetime, until: datetime, pbx: str | None = None, queue: str | None = None
    ) -> MissedFigures:
        query = MissedQuery(0, since=since, until=until, pbx=pbx, queue=queue)
        return await self._access.read(partial(_figures, query=query))

    async def forget(self, before: datetime, limit: int) -> int:
        gone = await self._access.read(partial(_old, before=before, limit=limit))
        if gone:
            await self._access.write(partial(_forget, gone=gone))
        return len(gone)


def _one(connection: Connection, row_id: str) -> MissedRow | None:
    found = connection.execute(_ONE, {"wanted": row_id}).one_or_none()
    return None if found is None else row_found(found)


def _rows(connection: Connection, query: MissedQuery) -> Sequence[MissedRow]:
    page = select(missed).where(*_conditions(query, connection.dialect.name))
    page = page.order_by(_m.last_at.desc(), _m.id.desc()).limit(query.limit)
    return [row_found(found) for found in connection.execute(page)]


def _attempts(connection: Connection, row_id: str, after: int, limit: int) -> Sequence[Attempt]:
    found = connection.execute(_LINES, {"of": row_id, "after": after, "most": limit})
    return [line_found(one) for one in found]


def _last_events(connection: Connection, calls: Sequence[str]) -> Mapping[str, bytes]:
    found = connection.execute(_LAST_EVENTS, {"calls": list(calls)})
    return {call_id: body for call_id, body in found}  # noqa: C416 - dict() takes no rows, as mypy knows them


def _figures(connection: Connection, query: MissedQuery) -> MissedFigures:
    groups = (
        select(
            *(_m.status, _m.state, _m.closed_by),
            func.count().label("rows"),
            func.sum(_m.count).label("calls"),
            func.sum(_m.recovery_s).label("seconds"),
        )
        .where(*_conditions(query, connection.dialect.name))
        .group_by(_m.status, _m.state, _m.closed_by)
    )
    by_status, by_state, by_person = Counter[str](), Counter[str](), Counter[str]()
    calls, seconds = 0, 0.0
    for group in connection.execute(groups):
        by_status[group.status] += group.rows
        by_state[group.state] += group.rows
        if group.state == MissedState.HIDDEN:
            by_person[group.closed_by] += group.rows
        calls, seconds = calls + int(group.calls), seconds + (group.seconds or 0.0)
    recovered = by_state[MissedState.RECOVERED]
    mean = seconds / recovered if recovered else None
    return MissedFigures(by_state.total(), calls, by_status, by_state, by_person, mean)


def _conditions(query: MissedQuery, dialect: str) -> Iterator[ColumnElement[bool]]:
    if query.before is not None:
        yield tuple_(_m.last_at, _m.id) < tuple_(*query.before, types=[_m.last_at.type, _m.id.type])
    if query.since is not None:
        yield _m.last_at >= query.since
    if query.until is not None:
        yield _m.last_at < query.until
    if query.states:
        state = _m.state if query.number is None else aside(_m.state)  # a number has few rows, a state many
        yield state.in_(query.states)
    if query.statuses:
        yield _m.status.in_(query.statuses)
    if query.pbx is not None:
        yield _m.pbx == query.pbx
    if query.number is not None:
        yield _m.key == query.number
    if query.queue is not None:
        yield _names(dialect, _m.queues, query.queue)
    if query.agent is not None:
        yield _names(dialect, _m.rung, query.agent, "extension")


def _names(dialect: str, column: ColumnElement[Any], wanted: str, key: str | None = None) -> ColumnElement[bool]:
    """Tell whether a JSON array has a text among its own, or among those at `key` of its objects."""
    if dialect == "sqlite":
        each = func.json_each(column).table_valued("value", joins_implicitly=True)
        value = each.c.value if key is None else func.json_extract(each.c.value, f"$.{key}")
    elif key is None:
        each = func.json_array_elements_text(column).table_valued("value", joins_implicitly=True)
        value = each.c.value
    else:
        each = func.json_array_elements(column).table_valued("value", joins_implicitly=True)
        value = func.json_extract_path_text(each.c.value, key)
    return exists(select(literal(1)).select_from(each).where(value == wanted))


def _old(connection: Connection, before: datetime, limit: int) -> Sequence[str]:
    return connection.scalars(_OLD, {"before": before, "most": limit}).all()


def _forget(connection: Connection, gone: Sequence[str]) -> None:
    """Delete rows with their history; one that was put back meanwhile stays."""
    connection.execute(delete(missed).where(_m.id.in_(gone), _m.state != MissedState.OPEN))
