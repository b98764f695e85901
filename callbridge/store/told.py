"""What was told of calls, to hold it against what others say of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection, bindparam, select, tuple_

from callbridge.store.opening import look
from callbridge.store.tables import calls

PAGE: Final = 2000

_c: Final = calls.c
_COLUMNS: Final = (
    *("id", "direction", "state", "reason", "started_at", "answered_at", "ended_at", "talk_s", "from_raw", "to_raw"),
    "merged_into",
)


@dataclass(frozen=True, slots=True)
class ToldCall:
    """A call as the call log has it."""

    id: str
    direction: str
    state: str
    reason: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    talk_s: float | None
    from_raw: str | None
    to_raw: str | None
    merged_into: str | None


_PAGE: Final = (
    select(*(_c[name] for name in _COLUMNS))
    .where(_c.pbx == bindparam("of"), _c.started_at <= bindparam("until"))
    .where(tuple_(_c.started_at, _c.id) > tuple_(bindparam("since", type_=_c.started_at.type), bindparam("after")))
    .order_by(_c.started_at, _c.id)
    .limit(PAGE)
)


async def told_calls(url: str, pbx: str, since: datetime, until: datetime) -> Sequence[ToldCall]:
    """Return the calls of a PBX that began between two moments; a daemon at work is no hindrance."""
    found: list[ToldCall] = []
    page = await look(url, partial(_page, pbx=pbx, since=since, after="", until=until))
    while page:
        found.extend(page)
        last = page[-1]
        more = partial(_page, pbx=pbx, since=last.started_at, after=last.id, until=until)
        page = await look(url, more) if len(page) == PAGE else ()
    return found


def _page(connection: Connection, pbx: str, since: datetime, after: str, until: datetime) -> Sequence[ToldCall]:
    given = {"of": pbx, "since": since, "after": after, "until": until}
    return [ToldCall(*row) for row in connection.execute(_PAGE, given)]
