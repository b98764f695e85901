"""Hold: one side hears music while the other is away.

A call is held from the first side that holds to the last that resumes: who holds
while they are held themselves changes nothing.
"""

from datetime import datetime

from callbridge.calls.call import LegState
from callbridge.calls.events import EventType
from callbridge.calls.facts import ChannelHeld, ChannelResumed
from callbridge.calls.open_call import OpenCall
from callbridge.calls.switchboard import Switchboard


def held(board: Switchboard, fact: ChannelHeld) -> None:
    """Tell that one side put the other on hold."""
    moved = board.move(fact)
    if moved is None:
        return
    work, leg = moved
    if work.held_since is not None or work.call.answered_at is None:
        return
    work.held_since = fact.at
    board.tell(work, EventType.CALL_HELD, fact.at, by=leg.who)


def resumed(board: Switchboard, fact: ChannelResumed) -> None:
    """Tell that nobody of the call is on hold any more."""
    moved = board.move(fact)
    if moved is None:
        return
    work, leg = moved
    if work.held_since is None or work.parked is not None or anyone_holds(work):
        return
    work.stops_holding(fact.at)
    board.tell(work, EventType.CALL_RESUMED, fact.at, by=leg.who)


def held_already(board: Switchboard, work: OpenCall, at: datetime) -> None:
    """Tell a hold that began before the answer: a caller who holds while they wait, or a phone faster than the PBX.

    Asterisk 22 under load says Hold some milliseconds before the BridgeEnter of the same answer.
    """
    holder = next((leg for leg in work.legs.values() if leg.state is LegState.HELD), None)
    if holder is not None and work.held_since is None:
        work.held_since = at
        board.tell(work, EventType.CALL_HELD, at, by=holder.who)


def anyone_holds(work: OpenCall) -> bool:
    """Tell whether some side still keeps the other on hold."""
    return any(leg.state is LegState.HELD for leg in work.legs.values())
