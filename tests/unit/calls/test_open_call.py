"""The seconds of a call that goes on. After a gap, some of what ended in it is known to have ended only now."""

from datetime import UTC, datetime, timedelta

from callbridge.calls.call import Call, CallState, Direction, Leg, LegState, Party, Side
from callbridge.calls.frozen import replace
from callbridge.calls.open_call import OpenCall
from callbridge.calls.ringing import phone_rings
from callbridge.calls.switchboard import Switchboard

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
PHONE = Leg("PJSIP/1001-00000002", "1795341600.2", Side.CALLEE, Party(), state=LegState.RINGING, started_at=AT)


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def ringing() -> tuple[Switchboard, OpenCall]:
    """A phone rings since AT."""
    board = Switchboard({})
    call = Call(
        "call_1", "main", "20261122-000001", Direction.INBOUND, CallState.STARTED, Party(), Party(), started_at=AT
    )
    work = OpenCall(call, legs={PHONE.uniqueid: PHONE})
    board.open[call.id] = work
    phone_rings(board, work, PHONE, AT)
    return board, work


def test_two_phones_that_seem_to_have_rung_at_once_rang_once() -> None:
    board, work = ringing()
    work.stops_ringing(later(10))
    phone_rings(board, work, replace(PHONE, uniqueid="1795341600.3"), later(4))
    work.stops_ringing(later(12))

    assert work.rang_s == 12


def test_nobody_rings_after_the_answer_however_late_that_is_known() -> None:
    _, work = ringing()
    work.stops_ringing(later(10))
    work.rang_until_answered(later(3))

    assert work.rang_s == 3
