"""Calls that come out of a car park: whoever dials the slot of a parked call has it, and makes no call of their own."""

from datetime import datetime, timedelta
from typing import Final

from callbridge.calls import arrival
from callbridge.calls.answering import answered_if_both
from callbridge.calls.call import Agent, Leg, Party, Side
from callbridge.calls.correlation import Channel
from callbridge.calls.events import EventType
from callbridge.calls.facts import CallUnparked, ChannelBorn
from callbridge.calls.frozen import replace
from callbridge.calls.merging import merge, withdraw
from callbridge.calls.open_call import Fetch, OpenCall
from callbridge.calls.parking import drive_out, leave
from callbridge.calls.switchboard import Switchboard

OPPOSITE: Final = {Side.CALLER: Side.CALLEE, Side.CALLEE: Side.CALLER}
LATE: Final = timedelta(seconds=5)
"""How long after it was said whose channel fetched a call that channel may be heard of: the two are said by two
threads, and on an overloaded machine that of the channels may be far behind."""


def unparked(board: Switchboard, fact: CallUnparked) -> None:
    """Tell that the call is out of the car park; whoever fetched it is part of it from now on."""
    channel = board.channel(fact.pbx, fact.channel)
    work = board.call_of(channel)
    own = board.call_of(board.channel(fact.pbx, fact.retriever))
    if work is None:
        withdraw(board, own)
        return board.odd("unparking of an unknown channel")
    if work.parked is None and (own is None or own is work):
        return said_after(board, work, fact)
    if own is None and fact.retriever is not None and is_unheard(board, fact.pbx, fact.retriever):
        return await_channel(board, work, Fetch(fact.retriever, fact.slot, fact.at))
    if own is None or own is work:
        drive_out(board, work, channel, fact.slot, fact.at)
    else:
        leave(work, fact.at)
        by = fetched(board, own, work, fact.channel, fact.at)
        board.tell(work, EventType.CALL_UNPARKED, fact.at, slot=fact.slot, by=by)
    if (
        channel is not None and work.call.answered_at is None
    ):  # they may be bridged before it is said that one was fetched
        answered_if_both(board, work, [each.key[1] for each in board.graph.joined_with(channel)], fact.at)
    return None


def is_unheard(board: Switchboard, pbx: str, retriever: str) -> bool:
    """Tell whether a call was fetched by a channel of which nothing was said yet."""
    return (pbx, retriever) not in board.graph.channels and (pbx, retriever) not in board.graph.gone


def await_channel(board: Switchboard, work: OpenCall, fetch: Fetch) -> None:
    """Hold back that the call was fetched, until it is known by whom."""
    work.fetch = fetch
    board.fetches[work.call.pbx, fetch.retriever] = work.call.id
    board.hold_back(work, fetch.at + LATE, fetched_by_nobody)
    board.touch(work)


def fetched_by_nobody(board: Switchboard, work: OpenCall, _: datetime) -> None:
    """Tell that the call is out of the car park, though it was never heard who fetched it."""
    fetch, work.fetch = work.fetch, None
    if fetch is not None:
        board.fetches.pop((work.call.pbx, fetch.retriever), None)
    if fetch is not None and work.parked is not None:
        drive_out(board, work, board.channel(work.call.pbx, work.parked.channel), fetch.slot, fetch.at)


def born(board: Switchboard, fact: ChannelBorn) -> None:
    """Take note of a channel; one that calls begins a call, unless it was said before that it fetched one."""
    arrival.born(board, fact)
    work = board.open.get(board.fetches.pop((fact.pbx, fact.channel), ""))
    if work is not None and work.fetch is not None and work.parked is not None:
        at, slot = max(work.fetch.at, fact.at), work.fetch.slot
        work.fetch = None
        unparked(board, CallUnparked(fact.pbx, at, work.parked.channel, slot, fact.channel))


def said_after(board: Switchboard, work: OpenCall, fact: CallUnparked) -> None:
    """Make nothing of the end of a time that was seen before it was said."""
    came_back, work.came_back = work.came_back, None
    if came_back is None or came_back.channel != fact.channel:
        board.odd("unparked, but not parked", work)


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


def agent_at(board: Switchboard, work: OpenCall, leg: Leg) -> Agent | None:
    """Return who has the call of our own people, now that `leg` has it."""
    return board.roster.agent(work.call.pbx, leg.who.extension) if leg.who.extension else work.call.agent
