"""The calls that were told, for whoever asks: each as its last event has it, which is the whole call."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, or_, select, tuple_

from callbridge.ports import CallQuery, LoggedCall
from callbridge.store.access import Access
from callbridge.store.tables import calls, events

_c: Final = calls.c
_last: Final = events.alias("last")
_all_of_it: Final = events.alias("all_of_it")

_LOGGED: Final = select(_c.id, _c.started_at, _last.c.body).join_from(
    calls,
    _last,
    and_(
        _last.c.call_id == _c.id,
        _last.c.sequence
        == select(func.max(_all_of_it.c.sequence))
        .where(_all_of_it.c.call_id == _c.id)
        .correlate(calls)
        .scalar_subquery(),
    ),
)
_ONE: Final = _LOGGED.where(_c.id == bindparam("wanted"))
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
    return _LOGGED.where(*_conditions(query)).order_by(_c.started_at.desc(), _c.id.desc()).limit(query.limit)


def _conditions(query: CallQuery) -> Iterator[ColumnElement[bool]]:
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
    if query.number is not None:
        yield _of_number(query.number)


def _of_number(number: str) -> ColumnElement[bool]:
    places = (_c.from_number, _c.to_number) if number.startswith("+") else (
        _c.from_extension, _c.to_extension, _c.agent_extension
    )  # fmt: skip
    return or_(*(place == number for place in places))
