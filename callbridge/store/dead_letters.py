"""Events that were given up for a subscriber: listed, sent again, and forgotten in the end."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, func, literal, null, select, update
from sqlalchemy.engine import Row as Found

from callbridge.ports import DeadLetter, DeadLetters
from callbridge.store.columns import Moment
from callbridge.store.prepared import plain
from callbridge.store.rows import Row
from callbridge.store.tables import DEAD, WAITING, WAITS, events, outbox, webhook_states

_o: Final = outbox.c
_s: Final = webhook_states.c
_e: Final = events.c
_other: Final = outbox.alias("other")

SAME_LANE: Final = and_(_other.c.subscriber == _o.subscriber, _other.c.lane == _o.lane, _other.c.state == WAITS)
FIRST: Final = select(func.min(_other.c.sequence)).where(SAME_LANE).scalar_subquery()
BEHIND: Final = exists(select(literal(1)).select_from(_other).where(SAME_LANE, _other.c.sequence < _o.sequence))

# Not `FIRST`, which SQLite would look up for every event of the lane.
_WAITING_IN_LANE: Final = and_(
    _other.c.subscriber == bindparam("to"), _other.c.lane == bindparam("along"), _other.c.state == WAITS
)
_ONE: Final = and_(_o.subscriber == bindparam("to"), _o.lane == bindparam("along"), _o.sequence == bindparam("number"))
_DEAD: Final = (
    select(
        _o.position,
        _o.event_id,
        _e.type,
        _e.call_id,
        _e.sequence,
        _o.attempts,
        _o.queued_at,
        _o.tried_at,
        _o.last_error,
    )
    .join(events, _e.position == _o.position)
    .where(_o.subscriber == bindparam("to"), _o.state == DEAD, _o.position > bindparam("after"))
    .order_by(_o.position)
    .limit(bindparam("most"))
)
_SET_BACK: Final = plain(update(outbox).where(_ONE).values(state=WAITING, attempts=0, next_at=null()))
_DETHRONE: Final = plain(
    update(outbox)
    .where(_o.subscriber == bindparam("to"), _o.lane == bindparam("along"), _o.next_at.is_not(None), BEHIND)
    .values(next_at=null())
)
_CROWN: Final = plain(
    update(outbox)
    .where(
        _o.subscriber == bindparam("to"),
        _o.lane == bindparam("along"),
        _o.state == WAITS,
        _o.next_at.is_(None),
        _o.sequence == select(func.min(_other.c.sequence)).where(_WAITING_IN_LANE).scalar_subquery(),
    )
    .values(next_at=bindparam("now", type_=Moment))
)
_HALTED: Final = select(_s.name).where(_s.halted.is_not(None)).order_by(_s.name)
_GIVE_UP: Final = plain(
    update(outbox)
    .where(_ONE, _o.state == WAITS, exists(select(literal(1)).where(_s.name == _o.subscriber, _s.halted.is_not(None))))
    .values(state=DEAD, next_at=null(), last_error=bindparam("why"))
)
_FORGET: Final = plain(delete(outbox).where(_ONE, _o.state == DEAD))
_WITH_DEAD: Final = select(_o.subscriber).where(_o.state == DEAD).group_by(_o.subscriber)


def listed(connection: Connection, name: str, after: int, limit: int) -> Sequence[DeadLetter]:
    found = connection.execute(_DEAD, {"to": name, "after": after, "most": limit})
    return [DeadLetter(*row) for row in found]


def replay(connection: Connection, name: str, which: DeadLetters, limit: int, now: datetime) -> int:
    """Set dead letters back to waiting, each before what waits behind it in its lane."""
    chosen = select(_o.subscriber, _o.lane, _o.sequence).where(
        _o.subscriber == name, _o.state == DEAD, *_conditions(which)
    )
    rows = [_row(found) for found in connection.execute(chosen.order_by(_o.position).limit(limit))]
    _SET_BACK(connection, rows)
    lanes = _lanes(rows)
    _DETHRONE(connection, lanes)
    _CROWN(connection, [lane | {"now": now} for lane in lanes])
    return len(rows)


def _conditions(which: DeadLetters) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if which.event_id is not None:
        found.append(_o.event_id == which.event_id)
    if which.since is not None:
        found.append(_o.queued_at >= which.since)
    if which.until is not None:
        found.append(_o.queued_at < which.until)
    return found


def stale(connection: Connection, before: datetime, limit: int) -> Sequence[Row]:
    """Return up to `limit` events that have waited since before a moment for somebody to whom nothing is sent."""
    names = connection.scalars(_HALTED).all()
    return list(chain.from_iterable(_oldest(connection, name, WAITING, before, limit) for name in names))[:limit]


def give_up(connection: Connection, rows: Sequence[Row], why: str, now: datetime) -> None:
    """Make dead letters of what is `stale`, but of nobody's who has been resumed meanwhile."""
    _GIVE_UP(connection, [row | {"why": why} for row in rows])
    _CROWN(connection, [lane | {"now": now} for lane in _lanes(rows)])


def old(connection: Connection, before: datetime, limit: int) -> Sequence[Row]:
    """Return up to `limit` dead letters of events told before a moment."""
    names = connection.scalars(_WITH_DEAD).all()
    return list(chain.from_iterable(_oldest(connection, name, DEAD, before, limit) for name in names))[:limit]


def forget(connection: Connection, rows: Sequence[Row]) -> None:
    """Forget dead letters, but none that was set back meanwhile."""
    _FORGET(connection, rows)


def _oldest(connection: Connection, name: str, state: str, before: datetime, limit: int) -> Sequence[Row]:
    """Return the oldest of a subscriber's; positions grow with time, so it is enough to look at the first ones."""
    first = select(_o.subscriber, _o.lane, _o.sequence, _o.queued_at).where(_o.subscriber == name, _o.state == state)
    found = connection.execute(first.order_by(_o.position).limit(limit))
    return [_row(one) for one in found if one.queued_at < before]


def _row(found: Found[*tuple[Any, ...]]) -> Row:
    return {"to": found.subscriber, "along": found.lane, "number": found.sequence}


def _lanes(rows: Sequence[Row]) -> Sequence[dict[str, Any]]:
    return [{"to": to, "along": lane} for to, lane in dict.fromkeys((row["to"], row["along"]) for row in rows)]
