"""Whose turn it is: the heads of lanes, one subscriber after the other.

Each subscriber has a look-up of its own into the index of heads, which ends
after `limit` rows: what waits for one costs the others nothing. The one lane of a
strict subscriber is given as far as there is room, in its order: head by head,
each event would cost a look. Of other lanes the first of a page bring what follows
them, where that is asked for: a call's events wait for one look, not for one each.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, islice, zip_longest
from typing import Any, Final

from sqlalchemy import Boolean, Connection, ScalarSelect, Select, and_, bindparam, func, or_, select
from sqlalchemy.engine import Row

from callbridge.ports import STRICT, Due, endings, shard_of_strict
from callbridge.store.columns import Moment
from callbridge.store.tables import WAITING, events, outbox

Busy = frozenset[tuple[str, str]]
"""(subscriber, lane)"""
Head = Row[*tuple[Any, ...]]

_AT_ONCE: Final = 500
"""Parameters in one statement; old SQLites take no more than 999."""

_o: Final = outbox.c


def _subscribers() -> Select[str]:
    """Step from each subscriber to the next; DISTINCT would read every head."""

    def after(*conditions: Any) -> ScalarSelect[str]:
        heads = select(_o.subscriber).where(_o.next_at.is_not(None), *conditions)
        return heads.order_by(_o.subscriber).limit(1).scalar_subquery()

    found = select(after().label("subscriber")).cte("found", recursive=True)
    found = found.union_all(select(after(_o.subscriber > found.c.subscriber)).where(found.c.subscriber.is_not(None)))
    return select(found.c.subscriber).where(found.c.subscriber.is_not(None))


_SUBSCRIBERS: Final = _subscribers()
_HEADS: Final = (
    select(_o.subscriber, _o.lane, _o.event_id, _o.sequence, _o.attempts, _o.next_at, _o.position)
    .where(_o.subscriber == bindparam("to"), _o.next_at <= bindparam("now", type_=Moment))
    .order_by(_o.next_at, _o.position)
    .limit(bindparam("most"))
)
_digits: Final = func.right(_o.lane, 2)
_HEADS_OF: Final = _HEADS.where(
    or_(
        _digits.in_(bindparam("digits", expanding=True)),
        and_(_o.lane == STRICT, bindparam("strict", type_=Boolean)),
        and_(_o.lane != STRICT, bindparam("rest", type_=Boolean), _digits.op("!~")("^[0-9a-f]{2}$")),
    )
)
_LANE: Final = (
    select(_o.subscriber, _o.lane, _o.event_id, _o.sequence, _o.attempts, _o.next_at, _o.position)
    .where(_o.subscriber == bindparam("to"), _o.lane == STRICT, _o.state == WAITING)
    .order_by(_o.sequence)
    .limit(bindparam("most"))
)
_FOLLOWING: Final = (
    select(_o.subscriber, _o.lane, _o.event_id, _o.sequence, _o.attempts, _o.next_at, _o.position)
    .where(
        _o.subscriber == bindparam("to"),
        _o.lane.in_(bindparam("lanes", expanding=True)),
        _o.state == WAITING,
        _o.next_at.is_(None),
    )
    .order_by(_o.lane, _o.sequence)
    .limit(bindparam("most"))
)
_BODIES: Final = select(events.c.position, events.c.body).where(
    events.c.position.in_(bindparam("places", expanding=True)),
)


def due(  # noqa: PLR0913 - what is asked for
    connection: Connection,
    now: datetime,
    limit: int,
    busy: Busy,
    *,
    following: int = 0,
    only: Collection[int] | None = None,
) -> Sequence[Due]:
    """Return up to `limit` heads whose time has come: chosen from each subscriber in turn, given oldest first.

    With the head of a strict subscriber comes what waits behind it; with some others up to `following` of that.
    `only` are the shards to look at, on PostgreSQL; None means all.
    """
    look = _heads if only is None else partial(_heads_of, only=only)
    waiting = [look(connection, to, now, limit, busy) for to in connection.scalars(_SUBSCRIBERS).all()]
    in_turn = (head for head in chain.from_iterable(zip_longest(*waiting)) if head is not None)
    chosen = sorted(islice(in_turn, limit), key=lambda head: (head.next_at or now, head.position))
    if following:
        chosen = _with_followers(connection, chosen, max(1, (limit - len(busy)) // max(1, len(waiting))), following)
    bodies = _bodies(connection, sorted({head.position for head in chosen}))
    return [
        Due(
            *(head.subscriber, head.lane, head.event_id, head.sequence, bodies[head.position], head.attempts),
            next_at=head.next_at,
        )
        for head in chosen
    ]


def _heads(connection: Connection, to: str, now: datetime, limit: int, busy: Busy) -> Sequence[Head]:
    return _chosen(connection, to, limit, busy, connection.execute(_HEADS, _asked(to, now, limit, busy)).all())


def _heads_of(  # noqa: PLR0913, PLR0917 - as `_heads`
    connection: Connection, to: str, now: datetime, limit: int, busy: Busy, only: Collection[int]
) -> Sequence[Head]:
    asked = _asked(to, now, limit, busy) | {"digits": endings(only), "rest": 0 in only}
    found = connection.execute(_HEADS_OF, asked | {"strict": shard_of_strict(to) in only}).all()
    return _chosen(connection, to, limit, busy, found)


def _asked(to: str, now: datetime, limit: int, busy: Busy) -> dict[str, Any]:
    return {"to": to, "now": now, "most": limit + _lanes_busy(to, busy)}


def _chosen(connection: Connection, to: str, limit: int, busy: Busy, found: Iterable[Head]) -> Sequence[Head]:
    heads = list(found) if not busy else [head for head in found if (to, head.lane) not in busy]
    if len(heads) == 1 and heads[0].lane == STRICT:
        return connection.execute(_LANE, {"to": to, "most": limit}).all()
    return heads


def _with_followers(connection: Connection, heads: Sequence[Head], each: int, following: int) -> list[Head]:
    """Return for each subscriber its first heads with what follows them, and then as many others as there is room."""
    mine: dict[str, list[Head]] = {}
    for head in heads:
        mine.setdefault(head.subscriber, []).append(head)
    return [one for to, found in mine.items() for one in _runs(connection, to, found, each, following)]


def _runs(connection: Connection, to: str, heads: Sequence[Head], room: int, following: int) -> Sequence[Head]:
    if heads[0].lane == STRICT:
        return heads
    leading = heads[: min(room // 4 + 1, _AT_ONCE)]
    behind: dict[str, list[Head]] = {head.lane: [] for head in leading}
    for row in connection.execute(_FOLLOWING, {"to": to, "lanes": list(behind), "most": room}).all():
        if len(behind[row.lane]) < following:
            behind[row.lane].append(row)
    runs = [one for head in leading for one in (head, *behind[head.lane])]
    return [*runs, *heads[len(leading) :]][:room]


def _bodies(connection: Connection, places: Sequence[int]) -> Mapping[int, bytes]:
    """Read for those chosen alone: heads passed over would cost a page of the database each."""
    chunks = (places[start : start + _AT_ONCE] for start in range(0, len(places), _AT_ONCE))
    return {row.position: row.body for chunk in chunks for row in connection.execute(_BODIES, {"places": chunk}).all()}


def _lanes_busy(to: str, busy: Busy) -> int:
    """How many of a subscriber's heads may have to be passed over."""
    return sum(subscriber == to for subscriber, _ in busy)
