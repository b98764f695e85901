"""The subscribers that are kept in the database, and how it stands with every one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    update,
)

from callbridge.ports import STRICT, DeadLetter, DeadLetters, Halt, KeptWebhook, Standing
from callbridge.store import upserts
from callbridge.store.columns import Moment
from callbridge.store.prepared import Prepared, plain
from callbridge.store.tables import DEAD, WAITING, events, outbox, tries, webhook_states, webhooks

_o: Final = outbox.c
_w: Final = webhooks.c
_s: Final = webhook_states.c
_e: Final = events.c
_other: Final = outbox.alias("other")

_WRITE: Final = Prepared(partial(upserts.replacing, table=webhooks))
_WRITE_STATE: Final = Prepared(partial(upserts.replacing, table=webhook_states))

_SAME_LANE: Final = and_(_other.c.subscriber == _o.subscriber, _other.c.lane == _o.lane, _other.c.state == WAITING)
_FIRST: Final = select(func.min(_other.c.sequence)).where(_SAME_LANE).scalar_subquery()
_BEHIND: Final = exists(select(literal(1)).select_from(_other).where(_SAME_LANE, _other.c.sequence < _o.sequence))

_TO_ONE_LANE: Final = (
    update(outbox).where(_o.subscriber == bindparam("to"), _o.lane != STRICT).values(lane=STRICT, sequence=_o.position)
)
_TO_CALLS: Final = (
    update(outbox)
    .where(_o.subscriber == bindparam("to"), _o.lane == STRICT)
    .values(
        lane=select(func.coalesce(_e.call_id, _e.id)).where(_e.position == _o.position).scalar_subquery(),
        sequence=select(func.coalesce(_e.sequence, 0)).where(_e.position == _o.position).scalar_subquery(),
    )
)
"""The same as `outbox.put` does."""

_NOW: Final = bindparam("now", type_=Moment)
_TRIED_LATER: Final = and_(_o.attempts > 0, _o.tried_at > _NOW)
_SET_RIGHT: Final = (
    update(outbox)
    .where(_o.subscriber == bindparam("to"), _o.next_at > _NOW, or_(_o.attempts == 0, _TRIED_LATER))
    .values(
        next_at=case((_TRIED_LATER, _o.next_at - _o.tried_at + _NOW), else_=_NOW),
        tried_at=case((_TRIED_LATER, _NOW), else_=_o.tried_at),
    )
)
"""The clock was set back: what was tried later than now waits from now on, as long as was meant; what was never tried,
not at all. A time in the future that a try in the past gave is as it should be."""

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
_SET_BACK: Final = plain(
    update(outbox)
    .where(_o.subscriber == bindparam("to"), _o.lane == bindparam("along"), _o.sequence == bindparam("number"))
    .values(state=WAITING, attempts=0, next_at=null())
)
_DETHRONE: Final = plain(
    update(outbox)
    .where(_o.subscriber == bindparam("to"), _o.lane == bindparam("along"), _o.next_at.is_not(None), _BEHIND)
    .values(next_at=null())
)
_CROWN: Final = plain(
    update(outbox)
    .where(
        _o.subscriber == bindparam("to"),
        _o.lane == bindparam("along"),
        _o.state == WAITING,
        _o.next_at.is_(None),
        _o.sequence == _FIRST,
    )
    .values(next_at=bindparam("now", type_=Moment))
)


def enlist(connection: Connection, name: str, now: datetime, *, strict: bool) -> Standing:
    """Arrange what waits for a subscriber in its lanes and in time, and return how it stands."""
    moved = connection.execute(_TO_ONE_LANE if strict else _TO_CALLS, {"to": name}).rowcount
    if moved:
        _crown_all(connection, name, now)
    connection.execute(_SET_RIGHT, {"to": name, "now": now})
    return standings(connection, name).get(name, Standing())


def _crown_all(connection: Connection, name: str, now: datetime) -> None:
    """Have the first of each lane be its head, and no other."""
    mine = _o.subscriber == name
    connection.execute(update(outbox).where(mine, _o.next_at.is_not(None), _BEHIND).values(next_at=null()))
    connection.execute(
        update(outbox).where(mine, _o.state == WAITING, _o.next_at.is_(None), _o.sequence == _FIRST).values(next_at=now)
    )


def standings(connection: Connection, name: str | None = None) -> Mapping[str, Standing]:
    """Return how it stands with one subscriber or with all, where there is something to say."""
    wanted = select(webhook_states) if name is None else select(webhook_states).where(_s.name == name)
    return {
        row.name: Standing(
            Halt(row.halted) if row.halted else None, row.why, row.halted_at, row.failing_since, row.failures
        )
        for row in connection.execute(wanted)
    }


def halt(connection: Connection, name: str, standing: Standing) -> None:
    """Write how it stands with a subscriber."""
    row = {
        "name": name,
        "halted": standing.halted,
        "why": standing.why,
        "halted_at": standing.halted_at,
        "failing_since": standing.failing_since,
        "failures": standing.failures,
    }
    _WRITE_STATE(connection, [row])


def kept(connection: Connection) -> Sequence[KeptWebhook]:
    found = connection.execute(select(webhooks).order_by(_w.name))
    return [KeptWebhook(row.name, row.settings, row.secrets, row.created_at, row.changed_at) for row in found]


def keep(connection: Connection, webhook: KeptWebhook) -> None:
    row = {
        "name": webhook.name,
        "settings": dict(webhook.settings),
        "secrets": dict(webhook.secrets),
        "created_at": webhook.created_at,
        "changed_at": webhook.changed_at,
    }
    _WRITE(connection, [row])


def drop(connection: Connection, name: str) -> None:
    for table, column in ((webhooks, _w.name), (webhook_states, _s.name), (outbox, _o.subscriber)):
        connection.execute(delete(table).where(column == name))
    connection.execute(delete(tries).where(tries.c.subscriber == name))


def dead_letters(connection: Connection, name: str, after: int, limit: int) -> Sequence[DeadLetter]:
    found = connection.execute(_DEAD, {"to": name, "after": after, "most": limit})
    return [DeadLetter(*row) for row in found]


def replay(connection: Connection, name: str, which: DeadLetters, limit: int, now: datetime) -> int:
    """Set dead letters back to waiting, each before what waits behind it in its lane."""
    chosen = select(_o.lane, _o.sequence).where(_o.subscriber == name, _o.state == DEAD, *_conditions(which))
    rows = [
        {"to": name, "along": row.lane, "number": row.sequence}
        for row in connection.execute(chosen.order_by(_o.position).limit(limit))
    ]
    _SET_BACK(connection, rows)
    lanes = [{"to": name, "along": lane} for lane in dict.fromkeys(row["along"] for row in rows)]
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
