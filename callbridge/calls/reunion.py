"""What became of calls that were handed on while nobody listened: who is together now is one call.

Who handed it on, and how, nobody heard: no transfer is told. But two calls whose
last people talk with each other are one: the one whose caller is left, else the
older; and whoever of our people is left in an answered call has it now. The same
where an admin bridges one of each of two calls (AMI's Bridge), which is nobody's
transfer either.
"""

from datetime import datetime
from typing import Final

from callbridge.calls import answering, consultations, ending, handovers, newcomers, transfers
from callbridge.calls.call import Leg, LegState, Side
from callbridge.calls.correlation import Channel, Key
from callbridge.calls.facts import BridgeEntered, ChannelGone, StateRead
from callbridge.calls.frozen import replace
from callbridge.calls.merging import merge
from callbridge.calls.open_call import TALKING, OpenCall
from callbridge.calls.switchboard import Switchboard

TWO: Final = 2
OPPOSITE: Final = {Side.CALLER: Side.CALLEE, Side.CALLEE: Side.CALLER}


def unite(board: Switchboard, state: StateRead) -> None:
    """Make one of two calls whose people are together, and see who has each call."""
    for bridge in sorted({each.bridge for each in state.channels if each.bridge} - state.holding_bridges - state.rooms):
        together(board, board.graph.members((state.pbx, bridge)), state.at)
    for work in tuple(board.open.values()):
        if work.call.pbx == state.pbx:
            see_who_has_it(board, work)


def entered(board: Switchboard, fact: BridgeEntered) -> None:
    """Follow a channel into a bridge, and tell what that makes of its call: answered, or one with another."""
    answering.entered(board, fact)
    channel = board.channel(fact.pbx, fact.channel)
    if channel is not None and channel.bridge is not None:
        meet(board, channel.bridge, fact.at)


def gone(board: Switchboard, fact: ChannelGone) -> None:
    """Take a channel out of its call; with the last one that is over, and two calls whose last ones talk are one."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    ending.gone(board, fact)
    talking = [leg for leg in work.legs.values() if talks(leg)] if work is not None and work.alive else []
    last = board.channel(fact.pbx, talking[0].uniqueid) if len(talking) == 1 else None
    if last is not None and last.bridge is not None:
        meet(board, last.bridge, fact.at)


def meet(board: Switchboard, key: Key, at: datetime) -> None:
    """Make one of two calls whose last people are in a bridge, while the PBX is heard: a transfer, if one had both."""
    bridge, members = board.graph.bridges.get(key), board.graph.members(key)
    if bridge is None or bridge.room or bridge.holding or len(members) != TWO:
        return None
    works = [work for work in map(board.call_of, members) if work is not None]
    if len(works) != TWO or works[0] is works[1] or not all(map(alone, works)):
        return None
    both = consultations.holder(*works, living=False)
    if both is not None and not set(both) & {*works[0].let_go, *works[1].let_go}:
        return handovers.hand_over(board, works[0], works[1], both, at)
    came_from = {each.key[1]: each.call_id for each in members}
    work = together(board, members, at)
    if work is not None:
        came = next(work.legs[uniqueid] for uniqueid, call_id in came_from.items() if call_id != work.call.id)
        take_off_hold(board, work, at)
        see_who_has_it(board, work)
        newcomers.tell(board, work, came.who, at)
    return None


def take_off_hold(board: Switchboard, work: OpenCall, at: datetime) -> None:
    """Tell the end of a hold whose holder has gone."""
    holder = next((leg for leg in work.legs.values() if leg.state is LegState.DOWN), None)
    if holder is not None:
        transfers.release_hold(board, work, holder, at)


def together(board: Switchboard, members: tuple[Channel, ...], at: datetime) -> OpenCall | None:
    """Unite the calls of two who talk with each other, and each with nobody else; return the one that goes on."""
    people = len(members) == TWO and all(each.real for each in members)
    works = [board.call_of(each) for each in members]
    if not people or works[0] is works[1] or not all(map(is_all_there_is, members, works)):
        return None
    first, second = sorted((work for work in works if work is not None), key=began)
    side = next(leg.side for leg in first.legs.values() if leg.state in TALKING)
    merge(board, second, first, OPPOSITE[side], at)
    answered_anew(board, first, members, OPPOSITE[side], at)
    return first


def is_all_there_is(member: Channel, work: OpenCall | None) -> bool:
    """Tell whether nobody but `member` is left in its call."""
    leg = None if work is None else work.legs.get(member.key[1])
    return leg is not None and talks(leg) and alone(work)


def alone(work: OpenCall | None) -> bool:
    """Tell whether only one is left in a call, and waits in no car park to be fetched."""
    talking = 0 if work is None or work.parked is not None else sum(map(talks, work.legs.values()))
    return talking == 1


def talks(leg: Leg) -> bool:
    """Tell whether a leg is up."""
    return leg.state in TALKING


def began(work: OpenCall) -> tuple[bool, datetime, str]:
    """Return what sorts calls by who is left of them, their caller or somebody else, and then by their age."""
    return not talks(work.caller_leg), work.call.started_at, work.call.id


def answered_anew(board: Switchboard, work: OpenCall, members: tuple[Channel, ...], side: Side, at: datetime) -> None:
    """Tell the answer of a call that waits for one."""
    leg = next(leg for leg in (work.legs[each.key[1]] for each in members) if leg.side is side)
    if work.awaits_answer:
        answering.answered(board, work, leg, at)


def see_who_has_it(board: Switchboard, work: OpenCall) -> None:
    """Name as the agent whoever of our people is left, where the agent has gone."""
    talking = [leg for leg in work.legs.values() if leg.state in TALKING]
    here = {leg.who.extension for leg in talking} - {None}
    agent = work.call.agent
    if work.awaits_answer or agent is None or agent.extension in here or len(talking) != TWO or len(here) != 1:
        return
    work.call = replace(work.call, agent=board.roster.agent(work.call.pbx, str(here.pop())))
    board.touch(work)


def end_empty(board: Switchboard, pbx: str, at: datetime) -> None:
    """End the calls in which nobody is left, unless their end waits for its time."""
    for work in tuple(board.open.values()):
        if work.call.pbx == pbx and not work.alive and work.empty_since is None:
            work.interrupted = True
            ending.end(board, work, at)
