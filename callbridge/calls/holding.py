"""Hold: one side hears music while the other is away.

A call is held from the first side that holds to the last that resumes: who holds
while they are held themselves changes nothing.
"""

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
    if work.held_since is None or anyone_holds(work):
        return
    work.stops_holding(fact.at)
    board.tell(work, EventType.CALL_RESUMED, fact.at, by=leg.who)


def anyone_holds(work: OpenCall) -> bool:
    """Tell whether some side still keeps the other on hold."""
    return any(leg.state is LegState.HELD for leg in work.legs.values())
