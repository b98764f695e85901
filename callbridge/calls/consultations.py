"""Asking somebody before a call is handed to them: a call of its own, merged into the one that is on hold.

A phone makes a second call for it, which begins like any other. A feature code
(and AMI's Atxfer) makes a Local channel, and takes the phone's one channel from
the held call into the new one and back again.
"""

from datetime import datetime
from typing import Final

from callbridge.calls import arrival, conferences, ending, handovers, newcomers, parking, recordings, transfers
from callbridge.calls.call import Agent, Call, CallState, Leg, LegState, Party, Side
from callbridge.calls.correlation import Channel, Kind
from callbridge.calls.events import EventType
from callbridge.calls.facts import AttendedTransferred, ConsultationBegan, DialEnded
from callbridge.calls.frozen import replace
from callbridge.calls.open_call import OpenCall, marked
from callbridge.calls.switchboard import Switchboard

NEAR_HALF: Final = ";1"
"""How the name of that half of a Local channel ends which is bridged with whoever asks."""


# ── asking ────────────────────────────────────────────────────────────────────


def began(board: Switchboard, fact: ConsultationBegan) -> None:
    """Begin the call in which somebody asks, by feature code. Of the far half of its Local channel the same is said."""
    local = board.channel(fact.pbx, fact.channel)
    asking = board.graph.named(fact.pbx, fact.by)
    held = board.call_of(asking)
    if local is None or asking is None or held is None:
        return board.odd("consultation by an unknown channel")
    heard = held.consults_for is not None and local.key in held.alive
    if local.call_id in {None, held.call.id} and not heard and local.name.endswith(NEAR_HALF):
        ask(board, held, asking, local, fact.at)
    return None


def ask(board: Switchboard, held: OpenCall, asking: Channel, local: Channel, at: datetime) -> None:
    """Open the call that `asking` makes through `local`, with the one it has on hold."""
    leg = held.legs.get(asking.key[1])
    if leg is None:
        return board.odd("consultation by nobody's leg", held)
    hold(board, held, leg, at)
    work = opened(board, asking, leg.who, local, at)
    work.consults_for = held.call.id
    other = board.graph.channels.get(local.other_half) if local.other_half else None
    for channel in (asking, local, *([other] if other is not None else ())):
        move(channel, held, work)
    return board.tell(work, EventType.CALL_STARTED, at)


def opened(board: Switchboard, asking: Channel, who: Party, local: Channel, at: datetime) -> OpenCall:
    """Return a new call of one leg: whoever asks. Its id is that of the Local channel, which is in no other."""
    pbx, uniqueid = local.key
    profile = board.profile(pbx)
    wanted = profile.dialled(local.exten)
    way = arrival.direction_of(asking, wanted)
    agent = Agent(who.extension, who.name) if arrival.outbound(way) and who.extension else None
    number, begun = arrival.next_protocol(board, profile, at), CallState.STARTED
    call_id = arrival.new_id(board, pbx, uniqueid, at)
    call = Call(call_id, pbx, number, way, begun, who, wanted, started_at=at, agent=agent)
    work = board.open[call.id] = OpenCall(marked(call, begun, at))
    trunk = asking.kind is Kind.TRUNK
    work.legs[asking.key[1]] = Leg(
        asking.name, asking.key[1], Side.CALLER, who, LegState.UP, trunk=trunk, started_at=at, up_at=at
    )
    return work


def hold(board: Switchboard, held: OpenCall, leg: Leg, at: datetime) -> None:
    """Put a call on hold by `leg`, where the PBX has not said so itself."""
    held.legs[leg.uniqueid] = replace(leg, state=LegState.HELD)
    if held.held_since is None and held.call.answered_at is not None:
        held.held_since = at
        board.tell(held, EventType.CALL_HELD, at, by=leg.who)


def move(channel: Channel, source: OpenCall, target: OpenCall) -> None:
    """Take a channel from one call into the other."""
    source.alive.discard(channel.key)
    target.alive.add(channel.key)
    channel.call_id = target.call.id


# ── what comes of it ──────────────────────────────────────────────────────────


def attended(board: Switchboard, fact: AttendedTransferred) -> None:
    """Hand the held call over, or make it a talk of three; where the bridges told it before, this is nothing new."""
    one = board.call_of(board.channel(fact.pbx, fact.channel))
    other = board.call_of(board.channel(fact.pbx, fact.second))
    if one is None or other is None:
        return board.odd("attended transfer between unknown channels", one or other)
    both = fact.channel, fact.second
    if one is not other:
        if parking.parks_instead(board, one, other, fact.at):
            return None
        return handovers.hand_over(board, one, other, both, fact.at)
    held = board.open.get(one.consults_for or "")
    if held is not None:
        become_one = handovers.bring_in if fact.stays else handovers.hand_over
        become_one(board, one, held, both, fact.at)
    if fact.stays:
        return newcomers.seen_to_stay(board, held or one, set((held or one).legs), fact.at)
    return conferences.said_to_leave(board, held or one, fact)


def joined(board: Switchboard, channel: Channel, at: datetime) -> None:
    """See what a bridge makes of two calls: one, where who held both is out of it; or who asked has changed sides."""
    reached = board.graph.reached(channel)
    calls = list(dict.fromkeys(each.call_id for each in reached if each.call_id in board.open))
    if len(calls) != 2:  # noqa: PLR2004 - one that is held, one in which somebody asks
        return
    one, other = (board.open[each or ""] for each in calls)
    here = {each.key[1] for each in reached}
    pairs = ((one, other), (other, one))
    asking = next((pair for pair in pairs if pair[0].consults_for == pair[1].call.id), None)
    if asking is not None and change_sides(board, *asking, reached, at):
        return
    if asking is not None and all_talk(*asking, here):
        handovers.bring_in(board, *asking, (asking[0].caller_leg.uniqueid,) * 2, at)
    else:
        hand_over_if_out(board, one, other, here, at)


def all_talk(asked: OpenCall, held: OpenCall, here: set[str]) -> bool:
    """Tell whether whoever asks hears somebody of both calls."""
    asks = asked.caller_leg.uniqueid
    return asks in here and all(here & (work.legs.keys() - {asks}) for work in (asked, held))


def change_sides(
    board: Switchboard, asked: OpenCall, held: OpenCall, reached: tuple[Channel, ...], at: datetime
) -> bool:
    """Take whoever asks by feature code from one of their two calls into the other; tell whether they went."""
    here = {each.key for each in reached}
    asking = next((each for each in reached if each.key[1] == asked.caller_leg.uniqueid), None)
    if asking is None:
        return False
    if asking.key in asked.alive and asked.alive & here == {asking.key}:
        come_back(board, asking, asked, held, at)
    elif asking.key in held.alive and held.alive & here == {asking.key}:
        ask_on(board, asking, asked, held, at)
    else:
        return False
    return True


def hand_over_if_out(board: Switchboard, one: OpenCall, other: OpenCall, here: set[str], at: datetime) -> None:
    """Hand over where whoever held both calls is not among those who hear one another."""
    both = holder(one, other)
    if both is None or here.intersection(both):
        return
    asked, held = (one, other) if one.consults_for == other.call.id else (other, one)
    if asked.consults_for == held.call.id and may_stay(board, asked, both[0]):
        handovers.bring_in(board, asked, held, both, at)
    else:
        handovers.hand_over(board, one, other, both, at)


def may_stay(board: Switchboard, asked: OpenCall, asks: str) -> bool:
    """Tell whether whoever asks by feature code may be about to come after whom they asked: then three talk.

    Asterisk moves the one who asks last, be it into the talk of three or out of it.
    """
    asking = board.channel(asked.call.pbx, asks)
    if asking is None or asking.bridge is None or asked.call.answered_at is None:
        return False
    return asked.hung_up_by is not asked.caller_leg.side


def taken_over(board: Switchboard, fact: DialEnded) -> None:
    """See a transfer in that a phone was dialled for one call and comes to another: channels were swapped unsaid."""
    target = board.call_of(board.channel(fact.pbx, fact.channel))
    source = board.call_of(board.channel(fact.pbx, fact.source))
    if target is None or source is None or target is source or source.call.answered_at is None:
        return
    both = holder(source, target, living=False)
    if both is not None and fact.channel not in both:
        handovers.hand_over(board, source, target, both, fact.at)


def holder(one: OpenCall, other: OpenCall, *, living: bool = True) -> tuple[str, str] | None:
    """Return the legs of whoever talks in both calls, in that order; None where nobody does."""
    for mine in one.legs.values():
        for theirs in other.legs.values():
            same = mine.who.extension is not None and mine.who.extension == theirs.who.extension
            if (same or mine.uniqueid == theirs.uniqueid) and (
                not living or LegState.DOWN not in {mine.state, theirs.state}
            ):
                return mine.uniqueid, theirs.uniqueid
    return None


def come_back(board: Switchboard, asking: Channel, asked: OpenCall, held: OpenCall, at: datetime) -> None:
    """Take the held call off hold again; the consultation goes on without who asked, until its end is heard."""
    leg, asks = held.legs.get(asking.key[1]), asked.legs[asking.key[1]]
    move(asking, asked, held)
    asked.legs[asks.uniqueid] = replace(asks, state=LegState.DOWN, ended_at=at)
    takes_back(asked, asks)
    recordings.hand_on(asked, recordings.of_channel(asked, asks.uniqueid), held)
    if leg is not None:
        transfers.release_hold(board, held, leg, at)
    board.touch(held)
    if not asked.alive:
        ending.end(board, asked, at)


def ask_on(board: Switchboard, asking: Channel, asked: OpenCall, held: OpenCall, at: datetime) -> None:
    """Put the held call on hold once more: who asked is with those who were asked again."""
    move(asking, held, asked)
    leg = asked.legs[asking.key[1]]
    asked.legs[leg.uniqueid] = replace(leg, state=LegState.UP, ended_at=None)
    asked.hung_up_by, asked.gave_up = None, False
    hold(board, held, held.legs[leg.uniqueid], at)
    board.touch(asked)


def takes_back(asked: OpenCall, asks: Leg) -> None:
    """Note that whoever asked ended the consultation, unless the other side did, or the phones had rung in vain."""
    if asked.hung_up_by is None and (asked.call.answered_at is not None or asked.being_called()):
        asked.hung_up_by, asked.gave_up = asks.side, asked.call.answered_at is None
