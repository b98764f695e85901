"""Missed calls, recipients and notices for the tests of e-mails."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callbridge.calls.call import Call, CallState, Direction, Missed, Party, Reason
from callbridge.calls.events import Event, EventType, call_event
from callbridge.notice.recipients import Recipient
from callbridge.notice.settings import Letterhead
from callbridge.ports import Matter, WaitingNotice

AT = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
MARIA = Party("+351912345678", "912345678", "Maria Silva")
ANA = Recipient("ana@example.com", "Ana Costa")
HEAD = Letterhead("calls@example.com", "callbridge", zones={"main": ZoneInfo("Europe/Madrid")})


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def missed(name: str = "a", caller: Party = MARIA, row: Mapping[str, object] | None = None, **changes: Any) -> Event:
    """Return a call.missed as the pipeline gets it."""
    call = Call(
        id=f"call_{name}",
        pbx="main",
        protocol=f"20261122-{name}",
        direction=Direction.INBOUND,
        state=CallState.NO_ANSWER,
        caller=caller,
        callee=Party("+351210000000", "210000000"),
        started_at=AT,
        ended_at=AT,
        queue="sales",
        sequence=4,
    )
    lost = Missed(Reason.ABANDONED, "sales", (Party("201", "201", "Ana Costa", "201"),))
    details = {"missed": lost} if row == {} else {"missed": lost, "row": row or {"id": f"mis_{name}", "count": 1}}
    return call_event(replace(call, **changes), EventType.CALL_MISSED, AT, **details)


def a_matter(row: str = "mis_a", **changes: Any) -> Matter:
    matter = Matter(row, "main", MARIA, None, AT, AT, 1, None)
    return replace(matter, **changes)


def waits(number: int, made_at: datetime = AT, caller: str = "+351912345678", **changes: Any) -> WaitingNotice:
    notice = WaitingNotice(number, f"evt_{number}", caller, made_at, 0, a_matter(f"mis_{caller}"))
    return replace(notice, **changes)
