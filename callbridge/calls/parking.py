"""Calls that wait in a car park: who put them there, and how they come out.

    Ana sends Maria to 700      ParkedCall          call.parked
    Bruno dials 701             UnParkedCall        call.unparked, by Bruno; what he dialled is no call of its own
    nobody does                 ParkedCallTimeOut   call.unparked, by nobody; the dialplan calls Ana back
    Maria hangs up              ParkedCallGiveUp    not read: the end of the call says it

Music in a car park is hold: it counts as `hold_s`, where the call was answered.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from callbridge.calls.answering import answered_if_both
from callbridge.calls.call import Agent, Leg, Party, Side
from callbridge.calls.correlation import Channel
from callbridge.calls.events import EventType
from callbridge.calls.facts import CallParked, CallUnparked
from callbridge.calls.holding import anyone_holds
from callbridge.calls.merging import merge, withdraw
from callbridge.calls.open_call import OpenCall, Parked
from callbridge.calls.switchboard import Switchboard
from callbridge.calls.transfers import pass_on, who_left

OPPOSITE: Final = {Side.CALLER: Side.CALLEE, Side.CALLEE: Side.CALLER}


def parked(board: Switchboard, fact: CallParked) -> None:
    """Tell that one side waits in a car park."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    if work is None:
        return board.odd("parking of an unknown channel")
    if work.parked == Parked(fact.channel, fact.slot):
        return board.odd("parked twice", work)
    work.parked, work.hung_up_by = Parked(fact.channel, fact.slot), None
    work.passed_on_by, work.handover = None, None
    if work.call.answered_at is not None:
        work.held_since = work.held_since or fact.at
    return board.tell(work, EventType.CALL_PARKED, fact.at, slot=fact.slot, by=parker(board, work, fact))


def parker(board: Switchboard, work: OpenCall, fact: CallParked) -> Party | None:
    """Return who parked the call: who sits at the device the PBX would call back; None where the dialplan did it."""
    if fact.parker is None:
        return None
    extension = board.profile(fact.pbx).extension_of(f"{fact.parker}-", None)
    if extension is not None:
        return board.roster.party(fact.pbx, extension)
    legs = [leg for leg in work.legs.values() if leg.uniqueid != fact.channel]
    return next((leg.who for leg in legs if leg.channel.startswith(f"{fact.parker}-")), None)


def unparked(board: Switchboard, fact: CallUnparked) -> None:
    """Tell that the call is out of the car park; whoever fetched it is part of it from now on."""
    channel = board.channel(fact.pbx, fact.channel)
    work = board.call_of(channel)
    own = board.call_of(board.channel(fact.pbx, fact.retriever))
    if work is None:
        withdraw(board, own)
        return board.odd("unparking of an unknown channel")
    if work.parked is None and (own is None or own is work):
        return board.odd("unparked, but not parked", work)
    leave(work, fact.at)
    by = None
    if own is not None and own is not work:
        by = fetched(board, own, work, fact.channel, fact.at)
    elif channel is not None:
        await_anew(board, work, channel, fact.at)
    board.tell(work, EventType.CALL_UNPARKED, fact.at, slot=fact.slot, by=by)
    if (
        channel is not None and work.call.answered_at is None
    ):  # they may be bridged before it is said that one was fetched
        answered_if_both(board, work, [each.key[1] for each in board.graph.joined_with(channel)], fact.at)
    return None


def fetched(board: Switchboard, own: OpenCall, work: OpenCall, waiting: str, at: datetime) -> Party:
    """Make who dialled `own` part of `work`, opposite the channel that waited there; return who it is."""
    side = work.legs[waiting].side if waiting in work.legs else Side.CALLER
    leg = own.caller_leg
    merge(board, own, work, OPPOSITE[side], at)
    work.call = replace(work.call, agent=agent_at(board, work, leg))
    return leg.who


def fetched_unheard(board: Switchboard, channel: Channel, at: datetime) -> None:
    """See that a channel fetched a call while nobody listened: it dialled no person, and is with one now."""
    own = board.call_of(channel)
    bridge = board.graph.bridges.get(channel.bridge) if channel.bridge else None
    reached = board.graph.joined_with(channel) if bridge is not None and not bridge.room else ()
    other = next((each for each in reached if each.call_id not in {None, channel.call_id}), None)
    work = board.call_of(other)
    if own is None or own.untold is None or work is None or other is None:
        return
    if work.parked is not None:
        pbx, uniqueid = channel.key
        unparked(board, CallUnparked(pbx, at, work.parked.channel, work.parked.slot, uniqueid))
    else:
        fetched(board, own, work, other.key[1], at)
    if work.call.answered_at is None:
        answered_if_both(board, work, [each.key[1] for each in reached], at)


def leave(work: OpenCall, at: datetime) -> None:
    """Take the call out of the car park, and off hold unless a phone still holds it."""
    work.parked = None
    if not anyone_holds(work):
        work.stops_holding(at)


def await_anew(board: Switchboard, work: OpenCall, waiting: Channel, at: datetime) -> None:
    """Wait for somebody to answer whom nobody fetched: that is no transfer."""
    parker = who_left(board, work, waiting) if work.call.answered_at is not None else None
    if parker is not None:
        pass_on(board, work, parker, at)


def agent_at(board: Switchboard, work: OpenCall, leg: Leg) -> Agent | None:
    """Return who has the call of our own people, now that `leg` has it."""
    return board.roster.agent(work.call.pbx, leg.who.extension) if leg.who.extension else work.call.agent
