"""Conference rooms: who dials into one makes a call of their own, and meets the others there.

Such a call is answered when somebody else is in the room: at once for whoever
comes second, and then also for the first, who was alone. `by` is one of
them. A caller who is alone to the end was answered by nobody.
Each call ends when its own last channel leaves, not when the conference does.

A call that is moved into a room with both its sides is nothing new. A phone that
mixes two calls itself makes two calls, and nobody but the phone knows.

By feature code (`atxferthreeway`) whoever asked somebody brings them into the call
they had on hold, and stays: a transfer only if they leave the other two alone.
"""

from datetime import datetime

from callbridge.calls import transfers
from callbridge.calls.call import Leg, TransferKind
from callbridge.calls.correlation import Channel
from callbridge.calls.facts import AttendedTransferred
from callbridge.calls.frozen import replace
from callbridge.calls.open_call import TALKING, OpenCall, ThreeWay
from callbridge.calls.switchboard import Switchboard


def company(board: Switchboard, work: OpenCall, entered: Channel) -> Leg | None:
    """Return who of another call is in the conference room with `work`, after `entered` came; None if nobody is."""
    bridge = board.graph.bridges.get(entered.bridge) if entered.bridge else None
    if bridge is None or not bridge.room:
        return None
    legs = [leg_of(board, each) for each in board.graph.members(bridge.key) if each.call_id != work.call.id]
    return next((leg for leg in legs if leg is not None), None)


def leg_of(board: Switchboard, channel: Channel) -> Leg | None:
    """Return the leg a channel is."""
    work = board.call_of(channel)
    return None if work is None else work.legs.get(channel.key[1])


def left(board: Switchboard, work: OpenCall, gone: Leg) -> None:
    """See that a call of three goes on between two: who left did not end it, and whoever of ours is left has it now."""
    talking = [leg for leg in work.legs.values() if leg.state in TALKING]
    if gone.uniqueid in work.let_go or work.call.answered_at is None or gone.up_at is None:
        return
    if not goes_on(work, talking):
        return
    work.hung_up_by = None
    here = {leg.who.extension for leg in talking} - {None}
    agent = work.call.agent
    if agent is not None and agent.extension == gone.who.extension and len(here) == 1:
        work.call = replace(work.call, agent=board.roster.agent(work.call.pbx, str(here.pop())))
    if work.three_way is not None and gone.uniqueid in {work.three_way.by, work.three_way.brought}:
        hand_over(board, work, work.three_way, work.legs[gone.uniqueid].ended_at or work.call.started_at)


def goes_on(work: OpenCall, talking: list[Leg]) -> bool:
    """Tell whether those who are left talk to one another: both sides, or who was brought in and who brought them."""
    if len({leg.side for leg in talking}) > 1:
        return True
    both = work.three_way
    return both is not None and {both.by, both.brought} <= {leg.uniqueid for leg in talking}


def said_to_leave(board: Switchboard, work: OpenCall, fact: AttendedTransferred) -> None:
    """Hand a call of three over where whoever brought the third is said to leave it, and is with nobody any more."""
    leaving = board.channel(fact.pbx, fact.channel)
    alone = leaving is not None and len(board.graph.joined_with(leaving)) == 1
    if alone and work.three_way is not None and work.three_way.by == fact.channel:
        hand_over(board, work, work.three_way, fact.at)


def hand_over(board: Switchboard, work: OpenCall, three: ThreeWay, at: datetime) -> None:
    """End the talk of three. Where it is whoever brought the third who is out, the call was handed over by that."""
    by, brought = work.legs[three.by], work.legs[three.brought]
    work.three_way = None
    if brought.state not in TALKING or work.passed_on_by is not None:
        return
    if brought.who.extension is not None:
        work.call = replace(work.call, agent=board.roster.agent(work.call.pbx, brought.who.extension))
    work.let_go = (*work.let_go, by.uniqueid)
    transfers.tell(board, work, TransferKind.ATTENDED, by.who, brought.who, at)
