"""When a call is answered: a person is bridged with the other side.

Up is not answered, an IVR is not, music is not. What counts is that following
bridges and Local channels from one channel reaches the caller and somebody who
was called for them, in no holding bridge.
"""

from datetime import datetime

from callbridge.calls import conferences, consultations, holding, limits, newcomers, pickups, transfers, unsaid
from callbridge.calls.call import Agent, CallState, Direction, Leg, Party
from callbridge.calls.events import EventType
from callbridge.calls.facts import BlindTransferred, BridgeEntered, BridgeGone, BridgeLeft
from callbridge.calls.frozen import replace
from callbridge.calls.open_call import OpenCall, marked
from callbridge.calls.switchboard import Switchboard


def entered(board: Switchboard, fact: BridgeEntered) -> None:
    """Follow a channel into a bridge, and tell an answer where that joins both sides of a call."""
    channel = board.channel(fact.pbx, fact.channel)
    if channel is None:
        return board.odd("bridge entered by an unknown channel")
    board.graph.enter(channel, (fact.pbx, fact.bridge), holding=fact.holding, room=fact.room)
    unsaid.met(board, channel, fact.at)
    consultations.joined(board, channel, fact.at)
    reached = board.graph.joined_with(channel)
    if not (fact.holding or fact.room):
        pickups.met(board, reached, fact.at)
        newcomers.came(board, reached, fact.at)
    for call_id in dict.fromkeys(each.call_id for each in reached if each.call_id):
        work = board.open.get(call_id)
        if work is not None and work.awaits_answer:
            met = conferences.company(board, work, channel)
            if met is not None:
                answered(board, work, met, fact.at)
            else:
                answered_if_both(board, work, [each.key[1] for each in reached], fact.at)
    return None


def sent_on(board: Switchboard, fact: BlindTransferred) -> None:
    """Keep that somebody let go of the call: told when its new way is known, or answered in a conference room already.

    Asterisk says that a call was sent on while that goes on already: on a busy PBX its last side is in the room first.
    """
    transfers.blind(board, fact)
    work = transfers.call_let_go(board, fact)
    if work is None or work.passed_on_by != fact.channel:
        return
    there = (board.graph.channels[key] for key in sorted(work.alive))
    met = next((met for each in there if (met := conferences.company(board, work, each)) is not None), None)
    if met is not None:
        answered(board, work, met, fact.at)


def answered_if_both(board: Switchboard, work: OpenCall, reached: list[str], at: datetime) -> None:
    """Tell the answer if a caller's and a callee's leg can hear each other."""
    legs = [leg for leg in map(work.legs.get, reached) if leg is not None]
    wanted = [leg for leg in legs if is_wanted(work, leg)]
    if wanted and any(leg.side is not wanted[0].side for leg in legs):
        answered(board, work, wanted[0], at)


def is_wanted(work: OpenCall, leg: Leg) -> bool:
    """Tell whether the call waits for that leg: one called for whoever began it, or in the place of whoever let go."""
    let_go = work.legs.get(work.passed_on_by or "")
    return work.called_for(leg) if let_go is None else leg.side is let_go.side and leg.uniqueid != let_go.uniqueid


def answered(board: Switchboard, work: OpenCall, leg: Leg, at: datetime) -> None:
    """Tell that `leg` answered the call."""
    board.release(work, at)
    transfers.tell_blind(board, work)
    tell(board, work, leg.who, agent_behind(board, work, leg), at)
    holding.held_already(board, work, at)
    limits.watch(board, work, at)


def answered_unheard(board: Switchboard, work: OpenCall, by: Party, at: datetime) -> None:
    """Tell that a call was answered by somebody who has left it since; who that was may not be known."""
    board.release(work, at)
    agent = board.roster.agent(work.call.pbx, by.extension) if by.extension else work.call.agent
    tell(board, work, by, agent, at)
    limits.watch(board, work, at)


def tell(board: Switchboard, work: OpenCall, by: Party, agent: Agent | None, at: datetime) -> None:
    """Tell that a call is answered, and know whose it is from now on."""
    work.stops_ringing(at)
    work.rang_until_answered(at)
    work.stops_waiting(at)
    work.queue_exit = None
    call = work.call
    callee = by if by.extension and by.extension == call.callee.extension else call.callee
    call = replace(call, answered_at=call.answered_at or at, agent=agent, callee=callee)
    work.call, work.passed_on_by = marked(call, CallState.ANSWERED, at), None
    board.tell(work, EventType.CALL_ANSWERED, at, by=by)


def agent_behind(board: Switchboard, work: OpenCall, leg: Leg) -> Agent | None:
    """Return the agent of a call `leg` answered: who called out, or who picked up."""
    if work.call.direction is Direction.OUTBOUND_MANUAL and work.passed_on_by is None:
        return work.call.agent
    at, caller = leg.who.extension, work.call.caller.extension
    if leg.uniqueid not in work.legs:
        at = caller or at  # met in a conference room: whoever of ours dialled in has their own call
    elif at is None and work.call.agent is None and work.call.direction is Direction.INTERNAL:
        at = caller  # a colleague's calls are sent to outside: nobody else of ours is in it
    return board.roster.agent(work.call.pbx, at) if at else work.call.agent


def left(board: Switchboard, fact: BridgeLeft) -> None:
    """Follow a channel out of a bridge."""
    channel = board.channel(fact.pbx, fact.channel)
    if channel is not None and channel.bridge == (fact.pbx, fact.bridge):
        board.graph.leave(channel)


def gone(board: Switchboard, fact: BridgeGone) -> None:
    """Forget a bridge."""
    board.graph.drop_bridge((fact.pbx, fact.bridge))
