"""What may be asked of the database besides whose turn it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, case, func, select

from callbridge.ports import Backlog, LiveCall, Memory
from callbridge.store import missed
from callbridge.store.tables import DEAD, WAITING, calls, events, live_calls, outbox, pbx_heard, protocols

_o: Final = outbox.c


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as it stands in the database; `call_id` and `sequence` are None for one about no call.

    Positions grow without end in the order of commits, and have holes.
    """

    position: int
    id: str
    type: str
    at: datetime
    pbx: str
    call_id: str | None
    sequence: int | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is: all calls, those still live, deliveries waiting and dead; and the newest event's position."""

    calls: int
    live: int
    waiting: int
    dead: int
    position: int


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


_CALL_EVENTS: Final = select(events.c.body).where(events.c.call_id == bindparam("of")).order_by(events.c.sequence)
_KNOWN: Final = select(calls.c.id).where(calls.c.id.in_(bindparam("ids", expanding=True)))
_OVER: Final = select(calls.c.id).where(calls.c.ended_at.is_not(None)).order_by(calls.c.started_at.desc()).limit(10_000)
_EVENTS_AFTER: Final = (
    select(
        *(events.c[name] for name in ("position", "id", "type", "at", "pbx", "call_id", "sequence", "body")),
    )
    .where(events.c.position > bindparam("after"))
    .order_by(events.c.position)
    .limit(bindparam("most"))
)
_BACKLOGS: Final = (
    select(
        _o.subscriber,
        _count_if(_o.state == WAITING).label("waiting"),
        _count_if(_o.state == DEAD).label("dead"),
        func.min(case((_o.state == WAITING, _o.queued_at))).label("oldest_at"),
    )
    .group_by(_o.subscriber)
    .order_by(_o.subscriber)
)
_ERRORS: Final = (
    select(
        _o.subscriber,
        _o.last_error,
        func.row_number().over(partition_by=_o.subscriber, order_by=_o.tried_at.desc()).label("rank"),
    )
    .where(_o.last_error.is_not(None))
    .subquery()
)
_LAST_ERRORS: Final = select(_ERRORS.c.subscriber, _ERRORS.c.last_error).where(_ERRORS.c.rank == 1)
_COUNTS: Final = select(
    select(func.count()).select_from(calls).scalar_subquery().label("calls"),
    select(func.count()).select_from(live_calls).scalar_subquery().label("live"),
    select(func.count()).select_from(outbox).where(_o.state == WAITING).scalar_subquery().label("waiting"),
    select(func.count()).select_from(outbox).where(_o.state == DEAD).scalar_subquery().label("dead"),
    select(func.coalesce(func.max(events.c.position), 0)).scalar_subquery().label("position"),
)


def remember(connection: Connection) -> Memory:
    """Return what the last life left: every day's protocol number, for a clock may have gone back."""
    live = connection.execute(select(live_calls).order_by(live_calls.c.call_id))
    return Memory(
        live=[LiveCall(row.call_id, row.pbx, row.snapshot) for row in live],
        protocols={row.day: row.last for row in connection.execute(select(protocols))},
        heard_until={row.pbx: row.heard_at for row in connection.execute(select(pbx_heard))},
        over=tuple(connection.scalars(_OVER)),
        missed=missed.open_rows(connection),
    )


def call_events(connection: Connection, call_id: str) -> Sequence[bytes]:
    return connection.scalars(_CALL_EVENTS, {"of": call_id}).all()


def known_calls(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    return frozenset(connection.scalars(_KNOWN, {"ids": list(ids)}))


def events_after(connection: Connection, position: int, limit: int) -> Sequence[Kept]:
    return [Kept(*row) for row in connection.execute(_EVENTS_AFTER, {"after": position, "most": limit})]


def backlogs(connection: Connection) -> Sequence[Backlog]:
    """Return how far behind each subscriber is; its last error is that of the latest failed try still in the outbox."""
    errors: dict[str, Any] = {row.subscriber: row.last_error for row in connection.execute(_LAST_ERRORS)}
    return [
        Backlog(row.subscriber, row.waiting, row.dead, row.oldest_at, errors.get(row.subscriber))
        for row in connection.execute(_BACKLOGS)
    ]


def counts(connection: Connection) -> Counts:
    return Counts(*connection.execute(_COUNTS).one())
