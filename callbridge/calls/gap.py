"""The link to a PBX going and coming, and joining what we knew with what is true now."""

from datetime import datetime

from callbridge.calls import answering, arrival, dialling, ending, limits, queues, ringing
from callbridge.calls.events import EventType, pbx_event
from callbridge.calls.facts import (
    BridgeEntered,
    ChannelBorn,
    ChannelGone,
    ChannelRang,
    ChannelSeen,
    ChannelUp,
    DialBegan,
    EndpointsLearnt,
    LinkDown,
    LinkUp,
    LocalJoined,
    Nonsense,
    QueueJoined,
    StateRead,
    TimePassed,
)
from callbridge.calls.switchboard import Switchboard


def link_down(board: Switchboard, fact: LinkDown) -> None:
    """Tell that a PBX is no longer heard: once, however often a new try fails."""
    if fact.pbx in board.heard:
        board.heard.discard(fact.pbx)
        board.heard_since.pop(fact.pbx, None)
        board.heard_until[fact.pbx] = fact.at
        board.told.append(pbx_event(fact.pbx, EventType.PBX_DISCONNECTED, fact.at, reason=fact.reason))


def link_up(board: Switchboard, fact: LinkUp) -> None:
    """Note that the PBX is heard. It is told once the state was read: only then the gap is closed."""
    board.heard.add(fact.pbx)
    board.heard_since[fact.pbx] = fact.at


def state_read(board: Switchboard, fact: StateRead) -> None:
    """Join what we knew with what is true now: end what is over, adopt what is new, tell the gap."""
    seen = {each.channel: each for each in fact.channels}
    before = len(board.open)
    ended = end_vanished(board, fact.pbx, frozenset(seen), fact.at)
    adopt_unheard(board, fact)
    adopted = len(board.open) - (before - ended)
    lost_at = board.heard_until.pop(fact.pbx, None)
    limits.watch_all(board, fact.pbx, fact.at)
    gap = None if lost_at is None else {"from": lost_at, "to": fact.at, "ended": ended, "adopted": adopted}
    board.told.append(pbx_event(fact.pbx, EventType.PBX_CONNECTED, fact.at, gap=gap))


def end_vanished(board: Switchboard, pbx: str, alive: frozenset[str], at: datetime) -> int:
    """End the channels the PBX no longer knows; return how many calls that ended.

    How they ended nobody knows, so a call that loses its last channel this way
    was interrupted.
    """
    vanished = [each for each in board.graph.of_pbx(pbx) if each.key[1] not in alive]
    before = len(board.open)
    for channel in vanished:
        work = board.call_of(channel)
        if work is not None:
            work.interrupted = all(key[1] not in alive for key in work.alive)
        ending.gone(board, ChannelGone(pbx, at, channel.key[1]))
    return before - len(board.open)


def adopt_unheard(board: Switchboard, fact: StateRead) -> None:
    """Take in the channels that began while nobody listened, callers first."""
    fresh = [each for each in fact.channels if board.channel(fact.pbx, each.channel) is None]
    for each in sorted(fresh, key=lambda one: not one.calling):
        begin(board, fact, each)
    pair_halves(board, fact)
    callers = callers_of(board, fact)
    for each in fresh:
        adopt(board, fact, each, callers.get(each.linkedid))
    for each in fact.channels:
        join(board, fact, each)


def begin(board: Switchboard, fact: StateRead, each: ChannelSeen) -> None:
    """Play the birth of one channel."""
    at, who = each.since or fact.at, (each.number, each.caller_name, each.exten)
    arrival.born(board, ChannelBorn(fact.pbx, at, each.channel, each.name, each.linkedid, each.calling, *who))


def callers_of(board: Switchboard, fact: StateRead) -> dict[str, str]:
    """Return who calls, by Linkedid: who dialled whom was not heard, so here the hint must do.

    Several may share one after a transfer; the one it is named after is the first.
    """
    callers: dict[str, str] = {}
    for each in sorted(fact.channels, key=lambda one: one.channel == one.linkedid):
        channel = board.channel(fact.pbx, each.channel)
        if channel is not None and channel.calling and channel.real:  # the far half of a Local channel calls too
            callers[each.linkedid] = each.channel
    return callers


def adopt(board: Switchboard, fact: StateRead, each: ChannelSeen, caller: str | None) -> None:
    """Play the dialling of one channel that belongs to nobody's call yet."""
    channel = board.channel(fact.pbx, each.channel)
    if channel is not None and channel.call_id is None and caller is not None:
        dialling.dial_began(board, DialBegan(fact.pbx, each.since or fact.at, each.channel, caller))


def pair_halves(board: Switchboard, fact: StateRead) -> None:
    """Tie the halves of Local channels: which belong together is said once, when they are born; then only in names."""
    named = {each.name: each.channel for each in fact.channels}
    for name, channel in named.items():
        other = named.get(f"{name.removesuffix(';1')};2")
        half = board.channel(fact.pbx, channel)
        if name.endswith(";1") and other is not None and half is not None and half.other_half is None:
            arrival.local_joined(board, LocalJoined(fact.pbx, fact.at, channel, other))


def join(board: Switchboard, fact: StateRead, each: ChannelSeen) -> None:
    """Bring one channel to where it is now: ringing, up, waiting, in a bridge."""
    channel = board.channel(fact.pbx, each.channel)
    if channel is None:
        return
    if each.up and not channel.up:
        ringing.up(board, ChannelUp(fact.pbx, fact.at, each.channel))
    elif each.ringing and not channel.rang:
        ringing.rang(board, ChannelRang(fact.pbx, fact.at, each.channel))
    work = board.call_of(channel)
    queue = fact.waiting.get(each.channel)
    if queue is not None and work is not None and work.wait is None:
        queues.joined(board, QueueJoined(fact.pbx, fact.at, each.channel, queue))
    if each.bridge is not None and channel.bridge != (fact.pbx, each.bridge):
        answering.entered(board, BridgeEntered(fact.pbx, fact.at, each.channel, each.bridge))


def endpoints_learnt(board: Switchboard, fact: EndpointsLearnt) -> None:
    """Remember which devices are phones and which are trunks."""
    board.profile(fact.pbx).endpoints.update(fact.endpoints)


def time_passed(_: Switchboard, fact: TimePassed) -> None:
    """Nothing more: whatever the time brought has been applied before any fact is."""


def nonsense(board: Switchboard, fact: Nonsense) -> None:
    """Count what could not be read."""
    board.odd(fact.what)
