"""The subscribers that are kept in the database, and how it stands with every one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection, and_, bindparam, case, delete, func, null, or_, select, update

from callbridge.ports import STRICT, Halt, KeptWebhook, Standing
from callbridge.store import upserts
from callbridge.store.columns import Moment
from callbridge.store.dead_letters import BEHIND, FIRST
from callbridge.store.prepared import Prepared
from callbridge.store.tables import WAITING, events, outbox, tries, webhook_states, webhooks

_o: Final = outbox.c
_w: Final = webhooks.c
_s: Final = webhook_states.c
_e: Final = events.c

_WRITE: Final = Prepared(partial(upserts.replacing, table=webhooks))
_WRITE_STATE: Final = Prepared(partial(upserts.replacing, table=webhook_states))

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
    connection.execute(update(outbox).where(mine, _o.next_at.is_not(None), BEHIND).values(next_at=null()))
    connection.execute(
        update(outbox).where(mine, _o.state == WAITING, _o.next_at.is_(None), _o.sequence == FIRST).values(next_at=now)
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
