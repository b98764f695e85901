"""E-mails about missed calls: put with the commit of the miss, read until they are sent or given up."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update
from sqlalchemy.engine import Row

from callbridge.calls.call import Party
from callbridge.calls.missed import MissedState
from callbridge.ports import Matter, Notice, NoticeFigures, NoticeResult, WaitingNotice
from callbridge.store.access import Access
from callbridge.store.columns import Moment
from callbridge.store.people_tables import missed, notices
from callbridge.store.prepared import Prepared, plain
from callbridge.store.tables import calls

Found = Row[*tuple[Any, ...]]

_n: Final = notices.c
_m: Final = missed.c

_PUT: Final = Prepared(
    lambda _: insert(notices).inline(), ("recipient", "event", "row", "caller", "pbx", "made_at", "next_at", "tries")
)
_OURS: Final = and_(_n.next_at.is_not(None), _n.pbx.in_(bindparam("pbxs", expanding=True)))
_DUE: Final = select(_n.recipient).where(_OURS, _n.next_at <= bindparam("now", type_=Moment)).distinct()
_WAITING: Final = (
    select(
        *(_n.number, _n.event, _n.caller, _n.made_at, _n.tries, _n.row, _m.pbx, _m.number.label("called_from")),
        *(_m.raw, _m.name, _m.first_at, _m.last_at, _m.count.label("times"), _m.queue, _m.rung, _m.callbacks),
        calls.c.customer_name,
    )
    .outerjoin_from(notices, missed, and_(_m.id == _n.row, _m.state == MissedState.OPEN.value))
    .outerjoin(calls, calls.c.id == _m.last_call)
    .where(_OURS, _n.recipient == bindparam("to"))
    .order_by(_n.number)
    .limit(bindparam("most"))
)
_SENT: Final = (
    select(_n.caller, func.max(_n.sent_at).label("at"))
    .where(_n.recipient == bindparam("to"), _n.sent_at >= bindparam("since", type_=Moment))
    .group_by(_n.caller)
)
_SETTLE: Final = plain(
    update(notices)
    .where(_n.number == bindparam("which"))
    .values(
        sent_at=bindparam("was_sent", type_=Moment),
        next_at=bindparam("again_at", type_=Moment),
        tries=bindparam("tried"),
        last_error=bindparam("why"),
    )
)
_FIGURES: Final = select(func.count(), func.min(_n.made_at), func.min(_n.next_at)).where(_OURS)
_first: Final = select(_n.number, _n.made_at).order_by(_n.number).limit(bindparam("most")).subquery()
_FORGET: Final = delete(notices).where(
    # Numbers grow with time, so only the oldest are looked at.
    _n.number.in_(select(_first.c.number).where(_first.c.made_at < bindparam("before", type_=Moment)))
)


def put(connection: Connection, wanted: Sequence[Notice], added: Collection[str], now: datetime) -> None:
    """Put what is to be sent; of events that were told before there is nothing new to say."""
    rows = [
        {
            "recipient": each.recipient,
            "event": each.event,
            "row": each.row,
            "caller": each.caller,
            "pbx": each.pbx,
            "made_at": now,
            "next_at": now,
            "tries": 0,
        }
        for each in wanted
        if each.event in added
    ]
    _PUT(connection, rows)


class SqlNotices:
    """Fulfils `ports.Notices`."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def due(self, pbxs: Sequence[str], now: datetime) -> Sequence[str]:
        def work(connection: Connection) -> Sequence[str]:
            return connection.scalars(_DUE, {"pbxs": list(pbxs), "now": now}).all()

        return await self._access.read(work)

    async def waiting(self, pbxs: Sequence[str], recipient: str, limit: int) -> Sequence[WaitingNotice]:
        given = {"pbxs": list(pbxs), "to": recipient, "most": limit}
        return await self._access.read(partial(_waiting, given=given))

    async def sent_since(self, recipient: str, since: datetime) -> Mapping[str, datetime]:
        def work(connection: Connection) -> Mapping[str, datetime]:
            return {row.caller: row.at for row in connection.execute(_SENT, {"to": recipient, "since": since})}

        return await self._access.read(work)

    async def settle(self, results: Sequence[NoticeResult]) -> None:
        rows = [
            {
                "which": each.number,
                "was_sent": each.sent_at,
                "again_at": each.next_at,
                "tried": each.tries,
                "why": each.error,
            }
            for each in results
        ]
        await self._access.write(lambda connection: _SETTLE(connection, rows))

    async def figures(self, pbxs: Sequence[str]) -> NoticeFigures:
        def work(connection: Connection) -> NoticeFigures:
            return NoticeFigures(*connection.execute(_FIGURES, {"pbxs": list(pbxs)}).one())

        return await self._access.read(work)

    async def forget(self, before: datetime, limit: int) -> int:
        def work(connection: Connection) -> int:
            return connection.execute(_FORGET, {"most": limit, "before": before}).rowcount

        return await self._access.write(work)


def _waiting(connection: Connection, given: Mapping[str, object]) -> Sequence[WaitingNotice]:
    return [
        WaitingNotice(row.number, row.event, row.caller, row.made_at, row.tries, _matter(row))
        for row in connection.execute(_WAITING, given)
    ]


def _matter(row: Found) -> Matter | None:
    """Return what the notice is about; None where there is no open row of that id."""
    if row.pbx is None:
        return None
    return Matter(
        row.row,
        row.pbx,
        Party(row.called_from, row.raw, row.name),
        row.customer_name,
        row.first_at,
        row.last_at,
        row.times,
        row.queue,
        tuple(Party(each["number"], each["raw"], each["name"], each["extension"]) for each in row.rung),
        tuple(each["name"] or each["extension"] or "" for each in row.callbacks),
    )
