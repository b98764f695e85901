"""The calls that were told, for whoever asks: each as its last event has it, which is the whole call."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    union,
)

from callbridge.ports import CallQuery, LoggedCall
from callbridge.store.access import Access
from callbridge.store.tables import calls, events

_c: Final = calls.c


def _bodies(of: FromClause) -> Select[Any]:
    """Return calls with the body of the last event of each; one of which nothing was told is left out."""
    earlier = events.alias("earlier")
    newest = select(func.max(earlier.c.sequence)).where(earlier.c.call_id == of.c.id).correlate(of).scalar_subquery()
    last = and_(events.c.call_id == of.c.id, events.c.sequence == newest)
    return select(of.c.id, of.c.started_at, events.c.body).join_from(of, events, last)


_ONE: Final = _bodies(calls).where(_c.id == bindparam("wanted"))
_EVENTS: Final = (
    select(events.c.sequence, events.c.body)
    .where(events.c.call_id == bindparam("of"), events.c.sequence > bindparam("after"))
    .order_by(events.c.sequence)
    .limit(bindparam("most"))
)


class SqlCallLog:
    """Fulfils `ports.CallLog`."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def call(self, call_id: str) -> LoggedCall | None:
        return await self._access.read(partial(_call, call_id=call_id))

    async def calls(self, query: CallQuery) -> Sequence[LoggedCall]:
        return await self._access.read(partial(_calls, query=query))

    async def events_of(self, call_id: str, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        return await self._access.read(partial(_events_of, call_id=call_id, after=after, limit=limit))


def _call(connection: Connection, call_id: str) -> LoggedCall | None:
    found = connection.execute(_ONE, {"wanted": call_id}).one_or_none()
    return None if found is None else LoggedCall(*found)


def _calls(connection: Connection, query: CallQuery) -> Sequence[LoggedCall]:
    return [LoggedCall(*row) for row in connection.execute(_wanted(query))]


def _events_of(connection: Connection, call_id: str, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
    found = connection.execute(_EVENTS, {"of": call_id, "after": after, "most": limit})
    return [(sequence, body) for sequence, body in found]


def _wanted(query: CallQuery) -> Select[Any]:
    """Which calls first, and their events then: bodies are not sorted."""
    page = _page(query).subquery()
    newest = (page.c.started_at.desc(), page.c.id.desc())
    return _bodies(page).order_by(*newest).limit(query.limit)


def _page(query: CallQuery) -> Select[Any] | CompoundSelect[Any]:
    conditions = tuple(_conditions(query))
    number = query.number
    if number is None or not number.startswith("+"):
        return _newest(query.limit, *conditions, *([] if number is None else [_of_extension(number)]))
    # One look into each index: with OR, SQLite reads and sorts every call of a number, and our own is in most.
    sides = (_newest(query.limit, *conditions, side == number).subquery() for side in (_c.from_number, _c.to_number))
    return union(*(select(side.c.id, side.c.started_at) for side in sides))


def _newest(limit: int, *conditions: ColumnElement[bool]) -> Select[Any]:
    return select(_c.id, _c.started_at).where(*conditions).order_by(_c.started_at.desc(), _c.id.desc()).limit(limit)


def _conditions(query: CallQuery) -> Iterator[ColumnElement[bool]]:
    yield _c.sequence > 0  # a call of which nothing was told yet must not shorten a page
    if query.before is not None:
        yield tuple_(_c.started_at, _c.id) < tuple_(*query.before, types=[_c.started_at.type, _c.id.type])
    if query.since is not None:
        yield _c.started_at >= query.since
    if query.until is not None:
        yield _c.started_at < query.until
    if query.states:
        yield _c.state.in_(query.states)
    if query.directions:
        yield _c.direction.in_(query.directions)
    for column, value in ((_c.pbx, query.pbx), (_c.queue, query.queue), (_c.agent_extension, query.agent)):
        if value is not None:
            yield column == value


def _of_extension(extension: str) -> ColumnElement[bool]:
    return or_(*(place == extension for place in (_c.from_extension, _c.to_extension, _c.agent_extension)))
