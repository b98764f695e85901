"""Who has still to get what, lane by lane.

The law: in a lane, (subscriber, call), only the head has its turn: the waiting
event with the smallest sequence. It alone has a `next_at`; whoever stands
behind it gets one when the head is delivered or dead. So what is due is a look
into an index of heads, however long the lanes of a dead subscriber grow. A call's
events are put in the order of their sequence: a newcomer is never before a head.

A strict subscriber has one lane, and there the sequence is the event's position.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, bindparam, case, delete, exists, insert, literal, null, select, update

from callbridge.ports import STRICT, Attempt, Told
from callbridge.store.columns import Moment
from callbridge.store.prepared import plain
from callbridge.store.rows import Row
from callbridge.store.tables import DEAD, WAITING, WAITS, outbox

Busy = frozenset[tuple[str, str]]
"""(subscriber, lane)"""

_o: Final = outbox.c
_other: Final = outbox.alias("other")

_MINE: Final = and_(_o.subscriber == bindparam("to"), _o.lane == bindparam("along"))
_ONE: Final = and_(_MINE, _o.event_id == bindparam("event"))
_WAITING_IN_LANE: Final = and_(
    _other.c.subscriber == bindparam("to"),
    _other.c.lane == bindparam("along"),
    _other.c.state == WAITS,
)

_PUT: Final = plain(
    insert(outbox).values(
        subscriber=bindparam("to"),
        lane=bindparam("along"),
        sequence=bindparam("number"),
        event_id=bindparam("event"),
        position=bindparam("place"),
        state=WAITING,
        attempts=0,
        next_at=case(
            (exists(select(literal(1)).select_from(_other).where(_WAITING_IN_LANE)), null()),
            else_=bindparam("now", type_=Moment),
        ),
        queued_at=bindparam("now", type_=Moment),
    )
)
_DELIVERED: Final = plain(delete(outbox).where(_ONE))
# By the whole key: all that waits for a strict subscriber is one lane, and would be looked through for its id.
_DELIVERED_AT: Final = plain(delete(outbox).where(_ONE, _o.sequence == bindparam("number")))
_BEFORE_IT: Final = and_(
    _other.c.subscriber == _o.subscriber,
    _other.c.lane == _o.lane,
    _other.c.state == WAITS,
    _other.c.sequence < _o.sequence,
)
_FAILED: Final = plain(
    update(outbox)
    .where(_ONE, _o.state == WAITS)
    .values(
        state=bindparam("becomes"),
        attempts=_o.attempts + 1,
        # A dead letter before it may have been set back meanwhile: then that one is the head.
        next_at=case(
            (exists(select(literal(1)).select_from(_other).where(_BEFORE_IT)), null()),
            else_=bindparam("again_at", type_=Moment),
        ),
        tried_at=bindparam("now", type_=Moment),
        last_error=bindparam("why"),
    )
)
_PROMOTE: Final = plain(
    update(outbox)
    .where(
        _MINE,
        _o.state == WAITS,
        _o.next_at.is_(None),
        # min() would look through the whole lane: SQLite ends early for ORDER BY alone.
        _o.sequence
        == select(_other.c.sequence).where(_WAITING_IN_LANE).order_by(_other.c.sequence).limit(1).scalar_subquery(),
    )
    .values(next_at=bindparam("now", type_=Moment))
)


def put(connection: Connection, told: Iterable[tuple[Told, int]], now: datetime, strict: Collection[str] = ()) -> None:
    """Put events, each with its position, behind what already waits in their lanes."""
    rows = [
        {
            "to": subscriber,
            "along": STRICT if subscriber in strict else lane_of(one),
            "number": position if subscriber in strict else one.event.sequence or 0,
            "event": one.event.id,
            "place": position,
            "now": now,
        }
        for one, position in told
        for subscriber in dict.fromkeys(one.subscribers)
    ]
    _PUT(connection, rows)


def lane_of(told: Told) -> str:
    return told.event.call.id if told.event.call else told.event.id


def settle(connection: Connection, attempts: Sequence[Attempt]) -> None:
    """Write what came of some tries; an attempt at what is no longer there changes nothing."""
    delivered = [attempt for attempt in attempts if attempt.delivered]
    _DELIVERED_AT(connection, [_placed(attempt) for attempt in delivered if attempt.sequence is not None])
    _DELIVERED(connection, [_one(attempt) for attempt in delivered if attempt.sequence is None])
    _FAILED(connection, [_failure(attempt) for attempt in attempts if not attempt.delivered])
    promoted = {(attempt.subscriber, attempt.lane): attempt for attempt in attempts if _leaves(attempt)}
    _PROMOTE(connection, [_lane(attempt) for attempt in promoted.values()])


def _leaves(attempt: Attempt) -> bool:
    """Whether it makes room for the next one of its lane."""
    return attempt.delivered or attempt.next_at is None


def _one(attempt: Attempt) -> Row:
    return {"to": attempt.subscriber, "along": attempt.lane, "event": attempt.event_id}


def _placed(attempt: Attempt) -> Row:
    return _one(attempt) | {"number": attempt.sequence}


def _lane(attempt: Attempt) -> Row:
    return {"to": attempt.subscriber, "along": attempt.lane, "now": attempt.at}


def _failure(attempt: Attempt) -> Row:
    becomes = WAITING if attempt.next_at else DEAD
    outcome = {"becomes": becomes, "again_at": attempt.next_at, "now": attempt.at, "why": attempt.error}
    return {**_one(attempt), **outcome}
