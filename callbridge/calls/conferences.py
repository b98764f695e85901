"""Conference rooms: who dials into one makes a call of their own, and meets the others there.

Such a call is answered when somebody else is in the room: at once for whoever
comes second, and then also for the first, who was alone. `by` is one of
them. A caller who is alone to the end was answered by nobody.
Each call ends when its own last channel leaves, not when the conference does.

A call that is moved into a room with both its sides is nothing new. A phone that
mixes two calls itself makes two calls, and nobody but the phone knows.
"""

from dataclasses import replace

from callbridge.calls.call import Leg
from callbridge.calls.correlation import Channel
from callbridge.calls.open_call import TALKING, OpenCall
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
    if work.call.answered_at is None or gone.up_at is None or len({leg.side for leg in talking}) == 1 or not talking:
        return
    work.hung_up_by = None
    here = {leg.who.extension for leg in talking} - {None}
    agent = work.call.agent
    if agent is not None and agent.extension == gone.who.extension and len(here) == 1:
        work.call = replace(work.call, agent=board.roster.agent(work.call.pbx, str(here.pop())))
