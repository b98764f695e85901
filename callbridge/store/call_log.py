"""The calls that were told, for whoever asks: each as its last event has it, which is the whole call."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, FromClause, Select, and_, bindparam, func, select

from callbridge.clock import Clock
from callbridge.ports import CallQuery, LoggedCall
from callbridge.store import call_search
from callbridge.store.access import Access
from callbridge.store.patience import bounded
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

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access, self._clock = access, clock

    async def call(self, call_id: str) -> LoggedCall | None:
        return await self._access.read(partial(_call, call_id=call_id))

    async def calls(self, query: CallQuery) -> Sequence[LoggedCall]:
        return await self._access.read(partial(_calls, query=query, clock=self._clock))

    async def events_of(self, call_id: str, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        return await self._access.read(partial(_events_of, call_id=call_id, after=after, limit=limit))


def _call(connection: Connection, call_id: str) -> LoggedCall | None:
    found = connection.execute(_ONE, {"wanted": call_id}).one_or_none()
    return None if found is None else LoggedCall(*found)


def _calls(connection: Connection, query: CallQuery, clock: Clock) -> Sequence[LoggedCall]:
    with bounded(connection, clock):
        return [LoggedCall(*row) for row in connection.execute(_wanted(connection, query))]


def _events_of(connection: Connection, call_id: str, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
    found = connection.execute(_EVENTS, {"of": call_id, "after": after, "most": limit})
    return [(sequence, body) for sequence, body in found]


def _wanted(connection: Connection, query: CallQuery) -> Select[Any]:
    """Which calls first, and their events then: bodies are not sorted."""
    page = call_search.page(connection, query).subquery()
    newest = (page.c.started_at.desc(), page.c.id.desc())
    return _bodies(page).order_by(*newest).limit(query.limit)
