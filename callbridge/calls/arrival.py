"""How a call begins: its id, its protocol number, which way it goes, who calls whom."""

import hashlib
import re
from datetime import datetime, timedelta
from sys import intern
from typing import Final

from callbridge.calls.call import Agent, Call, CallState, Direction, Leg, Party, Side
from callbridge.calls.correlation import Channel, Kind, kind_of
from callbridge.calls.events import EventType
from callbridge.calls.facts import CallerIdChanged, ChannelBorn, ChannelCalls, ChannelRenamed, LocalJoined
from callbridge.calls.frozen import replace
from callbridge.calls.numbers import PbxProfile
from callbridge.calls.open_call import OpenCall, marked
from callbridge.calls.switchboard import Switchboard

UNIQUEID: Final = re.compile(r"(\d{9,10})\.\d+$")
"""Asterisk's Uniqueid: an optional system name, the second of birth, a counter."""


LONG_NUMBER: Final = re.compile(r"\+?\d{7,}")
"""Dialled from inside, a number of this length leads outside, valid or not; shorter ones may be services."""


CODE_S: Final = 0.5
"""How long the beginning of a call to no person is held back: a pick-up is told some milliseconds after the dialling,
the fetching of a parked call 20 ms after it, 200 on a loaded machine (Asterisk 22 goes up, and announces nothing)."""
FETCH_S: Final = 5.0
"""The same, of a call to a slot in which somebody waits: on a machine that is overloaded 500 ms were too few."""


def born(board: Switchboard, fact: ChannelBorn) -> None:
    """Take note of a channel; one that calls begins a call."""
    if board.channel(fact.pbx, fact.channel) is not None:
        return board.odd("channel born twice", board.call_of(board.channel(fact.pbx, fact.channel)))
    channel = known_channel(board, fact)
    board.graph.channels[channel.key] = channel
    if channel.calling and channel.real:
        begin(board, channel, fact.at)
    return None


def calls(board: Switchboard, fact: ChannelCalls) -> None:
    """Begin a call where a channel turns out to be a caller's; one that is dialled, or known to call, says nothing."""
    channel = board.channel(fact.pbx, fact.channel)
    if channel is None:
        return board.odd("call by an unknown channel")
    if channel.real and not channel.calling and channel.call_id is None and channel.linkedid == channel.key[1]:
        channel.calling = True
        begin(board, channel, fact.at)
    return None


def known_channel(board: Switchboard, fact: ChannelBorn) -> Channel:
    """Return the channel of `fact`, with what the number plan says of it.

    Words that are said again and again are kept once: with 10,000 calls at once these are 4 MB.
    """
    extension = board.profile(fact.pbx).extension_of(fact.name, fact.number)
    kind, root = kind_of(fact.name, extension), board.channel(fact.pbx, fact.linkedid)
    ours = kind is Kind.EXTENSION
    return Channel(
        (fact.pbx, fact.channel),
        fact.name,
        fact.channel if fact.linkedid == fact.channel else root.key[1] if root is not None else fact.linkedid,
        kind,
        fact.calling,
        once(fact.number) if ours else fact.number,
        once(fact.caller_name) if ours else fact.caller_name,
        once(fact.exten),
        once(extension) if ours else None,
    )


def once(word: str | None) -> str | None:
    """Return the one copy of a word of which there are few: extensions, their people, the house's public numbers."""
    return None if word is None else intern(word)


def begin(board: Switchboard, channel: Channel, at: datetime) -> OpenCall:
    """Open a call for a channel that calls, and tell it."""
    pbx, uniqueid = channel.key
    profile = board.profile(pbx)
    caller, callee = parties(profile, channel)
    direction = direction_of(channel, callee)
    board.roster.learn(pbx, channel.extension, channel.caller_name, at)
    agent = Agent(channel.extension, channel.caller_name) if outbound(direction) and channel.extension else None
    protocol = next_protocol(board, profile, at)
    own_id, state = new_id(board, pbx, uniqueid, at), CallState.STARTED
    call = Call(own_id, pbx, protocol, direction, state, caller, callee, started_at=at, agent=agent)
    work = OpenCall(marked(call, CallState.STARTED, at))
    work.legs[uniqueid] = Leg(
        channel.name, uniqueid, Side.CALLER, caller, trunk=channel.kind is Kind.TRUNK, started_at=at
    )
    adopt(board, work, channel)
    board.open[call.id] = work
    if direction is Direction.INTERNAL and callee.extension is None:
        withhold(board, work, at)
    else:
        board.tell(work, EventType.CALL_STARTED, at)
    return work


def withhold(board: Switchboard, work: OpenCall, at: datetime) -> None:
    """Hold back the beginning of a call to no person: who dials a code to fetch a call makes none of their own."""
    work.call = work.untold = work.refreshed(work.call.sequence + 1)
    board.hold_back(work, withheld_until(board, work, at), tell_start)


def withheld_until(board: Switchboard, work: OpenCall, begun: datetime) -> datetime:
    """Return when the beginning of a call to no person is told at the latest."""
    pbx = work.call.pbx
    taken = {each.parked.slot for each in board.open.values() if each.call.pbx == pbx and each.parked is not None}
    return begun + timedelta(seconds=FETCH_S if work.call.callee.raw in taken else CODE_S)


def tell_start(board: Switchboard, work: OpenCall, _: datetime) -> None:
    """Tell that a call began after all."""
    board.tell_start(work)


def adopt(board: Switchboard, work: OpenCall, channel: Channel) -> None:
    """Make `channel` part of a call, and with it the other half where it is a Local channel."""
    channel.call_id = work.call.id
    work.alive.add(channel.key)
    other = board.graph.channels.get(channel.other_half) if channel.other_half else None
    if other is not None and other.call_id is None:
        adopt(board, work, other)


def parties(profile: PbxProfile, channel: Channel) -> tuple[Party, Party]:
    """Return who calls and who is called, as far as the first channel tells."""
    if channel.kind is Kind.TRUNK:
        caller = profile.outside(channel.number, channel.caller_name)
        wanted = channel.exten
        callee = Party(None, wanted, None, wanted) if profile.is_extension(wanted) else profile.outside(wanted)
        return caller, callee
    caller = Party(None, channel.number or channel.extension, channel.caller_name, channel.extension)
    return caller, profile.dialled(channel.exten)


def direction_of(channel: Channel, callee: Party) -> Direction:
    """Return which way a call goes that `channel` begins."""
    if channel.kind is Kind.TRUNK:
        return Direction.INBOUND
    public = callee.number or LONG_NUMBER.fullmatch(callee.raw or "")
    return Direction.OUTBOUND_MANUAL if callee.extension is None and public else Direction.INTERNAL


def outbound(direction: Direction) -> bool:
    """Tell whether a call leaves the house."""
    return direction in {Direction.OUTBOUND_MANUAL, Direction.OUTBOUND_AUTO}


def new_id(board: Switchboard, pbx: str, uniqueid: str, at: datetime) -> str:
    """Return the id of a call that begins; never one that was told as ended.

    Uniqueids are a second and a counter: a PBX that is started again with its clock
    set back (a small computer without a battery for it) gives the same once more.
    """
    usual = call_id(pbx, uniqueid)
    if usual not in board.over and usual not in board.open:
        return usual
    board.odd("Uniqueid used again")
    return call_id(f"{pbx}\0{at.isoformat()}", uniqueid)


def call_id(pbx: str, uniqueid: str) -> str:
    """Return the id of the call a channel begins: the same after a crash, sorted by time, different on every PBX."""
    found = UNIQUEID.search(uniqueid)
    milliseconds = int(found[1]) * 1000 if found else 0
    digest = hashlib.sha256(f"{pbx}\0{uniqueid}".encode()).hexdigest()
    return f"call_{milliseconds:012x}{digest[:20]}"


def next_protocol(board: Switchboard, profile: PbxProfile, at: datetime) -> str:
    """Return the next attendance number of the day, in the PBX's own time zone."""
    day = at.astimezone(profile.timezone).strftime("%Y%m%d")
    key = f"{day}/{profile.series}" if profile.series else day
    number = board.protocols.get(key, 0) + 1
    board.protocols[key] = board.new_protocols[key] = number
    return f"{day}-{profile.series}{number:07d}" if profile.series else f"{day}-{number:06d}"


def local_joined(board: Switchboard, fact: LocalJoined) -> None:
    """Tie two halves of a Local channel; the half without a call gets the other's."""
    one, two = board.channel(fact.pbx, fact.channel), board.channel(fact.pbx, fact.other)
    if one is None or two is None:
        return board.odd("local channel with an unknown half")
    one.other_half, two.other_half = two.key, one.key
    work = board.call_of(one) or board.call_of(two)
    if work is not None:
        for half in (one, two):
            if half.call_id is None:
                adopt(board, work, half)
    return None


def caller_id_changed(board: Switchboard, fact: CallerIdChanged) -> None:
    """Fill in a caller who was not known when the call began."""
    channel = board.channel(fact.pbx, fact.channel)
    work = board.call_of(channel)
    if channel is None:
        return
    own_name_shown(board, channel, fact.at)
    channel.number, channel.caller_name = fact.number, fact.caller_name
    if work is None or work.placed or work.caller_leg.uniqueid != fact.channel:
        return
    if work.call.caller.name or fact.caller_name is None:
        return
    work.call = replace(work.call, caller=replace(work.call.caller, name=fact.caller_name))
    board.touch(work)


def own_name_shown(board: Switchboard, channel: Channel, at: datetime) -> None:
    """Learn the name of a phone before another caller ID is put in its place."""
    if channel.extension is not None and channel.number == channel.extension:
        board.roster.learn(channel.key[0], channel.extension, channel.caller_name, at)


def renamed(board: Switchboard, fact: ChannelRenamed) -> None:
    """Follow a channel that changed its name."""
    channel = board.channel(fact.pbx, fact.channel)
    if channel is None:
        return
    channel.name = fact.name
    work = board.call_of(channel)
    if work is not None and fact.channel in work.legs:
        work.legs[fact.channel] = replace(work.legs[fact.channel], channel=fact.name)
