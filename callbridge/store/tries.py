"""What came of each try, for some days, and since when a subscriber fails.

Both are written with the results themselves, in the same commit.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, literal, null, select, update

from callbridge.ports import Attempt, Try
from callbridge.store import upserts
from callbridge.store.columns import Moment, micros, storable
from callbridge.store.prepared import Prepared, Values, plain
from callbridge.store.rows import Row
from callbridge.store.tables import events, tries, webhook_states

_t: Final = tries.c
_s: Final = webhook_states.c

SAMPLE: Final = "test"
"""The type of what is no event that was told: a sample."""

_WRITE: Final = Prepared(
    lambda _: insert(tries).inline(),
    ("subscriber", "event_id", "attempt", "at", "ms", "delivered", "status", "error", "answer"),
)
_FAILED: Final = Prepared(upserts.failing, ("name", "failing_since", "failures"))
_WELL: Final = plain(
    update(webhook_states)
    .where(_s.name == bindparam("to"), _s.failing_since.is_not(None))
    .values(failing_since=null(), failures=0)
)
_PAGE: Final = (
    select(
        *(_t.number, _t.event_id, func.coalesce(events.c.type, literal(SAMPLE)), _t.attempt, _t.at, _t.ms),
        *(_t.delivered, _t.status, _t.error, _t.answer),
    )
    .outerjoin(events, events.c.id == _t.event_id)
    .where(_t.subscriber == bindparam("to"), _t.number < bindparam("below"))
    .order_by(_t.number.desc())
    .limit(bindparam("most"))
)
_OLDEST: Final = select(_t.number).order_by(_t.number).offset(bindparam("most")).limit(1)
_NEWEST_OLD: Final = select(func.max(_t.number)).where(
    _t.number < bindparam("end"), _t.at < bindparam("before", type_=Moment)
)
_END: Final = 2**63 - 1


def write(connection: Connection, attempts: Sequence[Attempt]) -> None:
    """Write tries down, and for each subscriber whether it fails now."""
    _WRITE.of_values(connection, [_values(attempt) for attempt in attempts])
    last: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        last.setdefault(attempt.subscriber, []).append(attempt)
    _WELL(connection, [{"to": name} for name, made in last.items() if any(one.delivered for one in made)])
    failing = {name: _since_success(made) for name, made in last.items()}
    rows = [_failing(name, failed) for name, failed in failing.items() if failed]
    _FAILED(connection, rows)


def note(connection: Connection, attempt: Attempt) -> None:
    """Write down the try of a sample: it says nothing of whether the subscriber fails."""
    _WRITE.of_values(connection, [_values(attempt)])


def _since_success(made: Sequence[Attempt]) -> Sequence[Attempt]:
    """Return the failures behind the last success."""
    last = max((place for place, one in enumerate(made) if one.delivered), default=-1)
    return made[last + 1 :]


def _failing(name: str, failed: Sequence[Attempt]) -> Row:
    return {"name": name, "failing_since": failed[0].at, "failures": len(failed)}


def _values(attempt: Attempt) -> Values:
    """Return them in the order of the table's columns, which is that of an INSERT's parameters."""
    error, answer = attempt.error, attempt.answer
    return (
        *(attempt.subscriber, attempt.event_id, attempt.number, micros(attempt.at), attempt.ms),
        *(attempt.delivered, attempt.status, error and storable(error), answer and storable(answer)),
    )


def page(connection: Connection, name: str, before: int | None, limit: int) -> Sequence[Try]:
    """Return the newest tries made for a subscriber before a place."""
    found: Iterable[Any] = connection.execute(
        _PAGE, {"to": name, "below": _END if before is None else before, "most": limit}
    )
    return [Try(*row) for row in found]


def prune(connection: Connection, before: datetime, limit: int) -> int:
    """Forget up to `limit` of the oldest tries, of those made before a moment.

    Numbers grow with time, so no index of times is needed: only the oldest are looked at.
    """
    end = connection.scalar(_OLDEST, {"most": limit})
    last = connection.scalar(_NEWEST_OLD, {"end": _END if end is None else end, "before": before})
    if last is None:
        return 0
    return connection.execute(delete(tries).where(_t.number <= last)).rowcount
