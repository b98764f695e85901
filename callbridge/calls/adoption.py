"""Taking in the calls that began while nobody listened: what cannot be known of them is left open, nothing is invented.

Their channels are born as of when the PBX says they were. Who dialled whom was
not heard, so here Linkedid must do; and where the caller has left already (after
a transfer), the oldest phone of our own that is left stands for them.
"""

from collections.abc import Sequence
from typing import Final

from callbridge.calls import arrival, clicks, dialling, midway
from callbridge.calls.correlation import Channel, Key, Kind
from callbridge.calls.facts import ChannelBorn, ChannelSeen, DialBegan, LocalJoined, StateRead
from callbridge.calls.joining import Found, moved_on
from callbridge.calls.switchboard import Switchboard

HALVES: Final = 2
"""Channels that a Local channel is."""


def adopt_unheard(board: Switchboard, fact: StateRead) -> frozenset[Key]:
    """Take in every channel that belongs to no call we know, callers first; return those nobody knew."""
    news = [each for each in fact.channels if unheard(board, fact.pbx, each)]
    for each in sorted(news, key=lambda one: not one.calling):
        begin(board, fact, each)
    pair_halves(board, fact)
    let_first_sides_come(board, fact)
    midway.ask_alone(board, fact)
    callers = callers_of(board, fact)
    asked = midway.asked(fact)
    for each in fact.channels:
        channel = board.channel(fact.pbx, each.channel)
        if channel is not None and channel.call_id is None and each.channel not in asked:
            adopt(board, fact, each, callers.get(each.linkedid))
    midway.ask_again(board, fact, asked)
    adopt_by_bridge(board, fact)
    return frozenset((fact.pbx, each.channel) for each in news)


def adopt_by_bridge(board: Switchboard, fact: StateRead) -> None:
    """Take in whoever was dialled by somebody who has left, and talks to somebody whose call is known."""
    for each in fact.channels:
        channel = board.channel(fact.pbx, each.channel)
        if channel is not None and channel.call_id is None and each.bridge not in {None, *fact.holding_bridges}:
            there = (one.channel for one in fact.channels if one.bridge == each.bridge)
            adopt(board, fact, each, next((one for one in there if board.call_of(board.channel(fact.pbx, one))), None))


def unheard(board: Switchboard, pbx: str, each: ChannelSeen) -> bool:
    """Tell whether a channel is news: neither known nor gone again while the PBX was asked."""
    key = (pbx, each.channel)
    return key not in board.graph.channels and key not in board.graph.gone


def begin(board: Switchboard, fact: StateRead, each: ChannelSeen) -> None:
    """Play the birth of one channel."""
    at, who = each.since or fact.at, (each.number, each.caller_name, each.exten)
    arrival.born(board, ChannelBorn(fact.pbx, at, each.channel, each.name, each.linkedid, each.calling, *who))


def pair_halves(board: Switchboard, fact: StateRead) -> None:
    """Tie the halves of Local channels: which belong together is said once, when they are born; then only in names."""
    named = {each.name: each.channel for each in fact.channels}
    for name, channel in named.items():
        other = named.get(f"{name.removesuffix(';1')};2")
        half = board.channel(fact.pbx, channel)
        if name.endswith(";1") and other is not None and half is not None and half.other_half is None:
            arrival.local_joined(board, LocalJoined(fact.pbx, fact.at, channel, other))


def let_first_sides_come(board: Switchboard, fact: StateRead) -> None:
    """Let whoever the PBX called first be up before others are adopted: those are on the other side only then."""
    for each in fact.channels:
        channel = board.channel(fact.pbx, each.channel)
        work = board.call_of(channel)
        leg = work.legs.get(each.channel) if work is not None and work.placed else None
        if channel is not None and work is not None and leg is not None and each.up and not work.called_for(leg):
            moved_on(Found(board, fact, channel, each))


def callers_of(board: Switchboard, fact: StateRead) -> dict[str, str]:
    """Return whose call each Linkedid is.

    Several who call may share one after a transfer; the one it is named after is the first.
    """
    callers: dict[str, str] = {}
    for each in sorted(fact.channels, key=lambda one: one.channel == one.linkedid):
        channel = board.channel(fact.pbx, each.channel)
        if channel is not None and channel.real and channel.call_id is not None:
            callers[each.linkedid] = each.channel
    callers |= clicks.begun_unheard(board, fact, callers)
    for each in fact.channels:
        if each.linkedid not in callers and each.up:
            stand_in(board, fact, each.linkedid, callers)
    return callers


def stand_in(board: Switchboard, fact: StateRead, linkedid: str, callers: dict[str, str]) -> None:
    """Begin the call of people who were all called: the oldest phone of ours that talks is its caller.

    Unless the PBX called a line first, by way of a Local channel that is optimised away.
    """
    there = sorted((each for each in fact.channels if each.linkedid == linkedid), key=clicks.age)
    pairs = [(board.channel(fact.pbx, each.channel), each) for each in there]
    talking = [(channel, each) for channel, each in pairs if channel is not None and channel.real and each.bridge]
    if talking and is_placed_out(talking[0][0], [each for _, each in talking]):
        clicks.begin_unheard(board, fact, talking[0][1])
        callers[linkedid] = talking[0][1].channel
        return
    phones = [(channel, each) for channel, each in talking if channel.extension is not None]
    if not phones or len(talking) < 2 or phones[0][1].bridge in fact.holding_bridges:  # noqa: PLR2004 - nobody talks alone
        return
    channel, first = min(phones, key=lambda pair: pair[1].since or fact.at)
    channel.calling = True
    channel.exten = next(each.number for other, each in talking if other is not channel)
    arrival.begin(board, channel, first.since or fact.at)
    callers[linkedid] = first.channel


def is_placed_out(first: Channel, talking: Sequence[ChannelSeen]) -> bool:
    """Tell whether the oldest of those who talk is a line that the PBX called by itself, through a Local channel.

    That channel is gone and was the first; its other half was the second, and what that dialled at once the third.
    Of a call somebody made, who has left since, the line is the second. A channel of another call may be born in
    between, in the milliseconds that dialling takes: then the one is taken for the other (ids as of 22.10).
    """
    born = [count_of(each) for each in (talking[0].linkedid, talking[0].channel)]
    behind = None not in born and born[1] == (born[0] or 0) + HALVES
    return first.kind is Kind.TRUNK and len(talking) > 1 and behind


def count_of(uniqueid: str) -> int | None:
    """Return how many channels the PBX had made before this one; None where its id does not say."""
    count = uniqueid.rpartition(".")[2]
    return int(count) if count.isdecimal() and len(count) < 20 else None  # noqa: PLR2004 - digits of 64 bits


def adopt(board: Switchboard, fact: StateRead, each: ChannelSeen, caller: str | None) -> None:
    """Play the dialling of one channel that belongs to nobody's call yet."""
    if caller is not None:
        dialling.dial_began(board, DialBegan(fact.pbx, each.since or fact.at, each.channel, caller))
