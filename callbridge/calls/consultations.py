"""Asking somebody before a call is handed to them: a call of its own, merged into the one that is on hold.

A phone makes a second call for it, which begins like any other. A feature code
(and AMI's Atxfer) makes a Local channel, and takes the phone's one channel from
the held call into the new one and back again.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from callbridge.calls import arrival, ending, merging, queues, recording_files, recordings, ringing, transfers
from callbridge.calls.call import Agent, Call, CallState, Leg, LegState, Party, Side, TransferKind
from callbridge.calls.correlation import Channel, Kind
from callbridge.calls.events import EventType
from callbridge.calls.facts import AttendedTransferred, ConsultationBegan, DialEnded
from callbridge.calls.open_call import TALKING, Joining, OpenCall, QueueWait, marked
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
    if held.held_since is None:
        held.held_since = at
        board.tell(held, EventType.CALL_HELD, at, by=leg.who)


def move(channel: Channel, source: OpenCall, target: OpenCall) -> None:
    """Take a channel from one call into the other."""
    source.alive.discard(channel.key)
    target.alive.add(channel.key)
    channel.call_id = target.call.id


# ── what comes of it ──────────────────────────────────────────────────────────


def attended(board: Switchboard, fact: AttendedTransferred) -> None:
    """Hand the held call over; where the bridges told it before, this is nothing new."""
    one = board.call_of(board.channel(fact.pbx, fact.channel))
    other = board.call_of(board.channel(fact.pbx, fact.second))
    if one is None or other is None:
        return board.odd("attended transfer between unknown channels", one or other)
    if one is other:
        held = board.open.get(one.consults_for or "")
        return hand_over(board, one, held, (fact.channel, fact.channel), fact.at) if held is not None else None
    return hand_over(board, one, other, (fact.channel, fact.second), fact.at)


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
    if asking is None or not change_sides(board, *asking, reached, at):
        hand_over_if_out(board, one, other, here, at)


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
    if both is not None and not here.intersection(both):
        hand_over(board, one, other, both, at)


def taken_over(board: Switchboard, fact: DialEnded) -> None:
    """See a transfer in that a phone was dialled for one call and comes to another: channels were swapped unsaid."""
    target = board.call_of(board.channel(fact.pbx, fact.channel))
    source = board.call_of(board.channel(fact.pbx, fact.source))
    if target is None or source is None or target is source or source.call.answered_at is None:
        return
    both = holder(source, target, living=False)
    if both is not None and fact.channel not in both:
        hand_over(board, source, target, both, fact.at)


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


# ── handing over ──────────────────────────────────────────────────────────────


def hand_over(board: Switchboard, one: OpenCall, other: OpenCall, both: tuple[str, str], at: datetime) -> None:
    """Let the older of two calls go on with the people of the younger; `both` are the legs of whoever held them."""
    (held, holds), (asked, asks) = sorted(((one, both[0]), (other, both[1])), key=lambda each: age(each[0]))
    by = held.legs.get(holds)
    if by is None:
        return board.odd("transfer by nobody's leg", held)
    board.release(asked, at)
    board.release(held, at)
    kind = transfers.KINDS[True, asked.call.answered_at is not None]
    targets = tuple(leg for leg in asked.legs.values() if leg.uniqueid != asks and leg.state is not LegState.DOWN)
    transfers.release_hold(board, held, by, at)
    take_people(board, held, asked, targets, by)
    recordings.merge(board, asked, asks, held, at)
    wait = asked.wait
    merging.end_as_part(board, over(asked, asks, at), held, at)
    merging.forget(board, asked)
    recording_files.linger(board, asked, at)
    who = targets[0].who if len(targets) == 1 and wait is None else asked.call.callee
    held.passed_on_by, held.let_go = by.uniqueid, (*held.let_go, by.uniqueid)
    go_on(board, held, targets, kind, at)
    if wait is not None:
        wait_on(held, wait, by, at)
    transfers.tell(board, held, kind, by.who, who, at)
    return ring_on(board, held, at)


def age(work: OpenCall) -> tuple[datetime, int, str]:
    """Return what sorts the older call first. After a gap times are whole seconds: then the PBX's own counting does."""
    first = next(iter(work.legs))
    return work.call.started_at, len(first), first


def take_people(board: Switchboard, held: OpenCall, asked: OpenCall, targets: tuple[Leg, ...], by: Leg) -> None:
    """Make all channels of one call part of the other, and whoever was asked a leg of it, in the place of `by`."""
    for key in sorted(asked.alive):
        channel = board.graph.channels[key]
        channel.call_id, channel.calling = held.call.id, False
        held.alive.add(key)
    for leg in targets:
        called = leg.called
        held.legs[leg.uniqueid] = replace(leg, side=by.side, placed=called and by.side is Side.CALLER)


def over(asked: OpenCall, asks: str, at: datetime) -> OpenCall:
    """Close every leg of a call that goes on in another; whoever asked ended it."""
    asked.hangs_up_all(at)
    asked.hung_up_by = asked.legs[asks].side if asks in asked.legs else asked.hung_up_by
    return asked


def go_on(board: Switchboard, held: OpenCall, targets: tuple[Leg, ...], kind: TransferKind, at: datetime) -> None:
    """Note who has the call now; while their phones ring, nobody has."""
    held.hung_up_by = None
    if transfers.LEADS_TO[kind] is not CallState.ANSWERED:
        held.round = tuple(leg.uniqueid for leg in targets)
        held.ringing_since = at if held.ringing() else None
        return
    held.passed_on_by = None
    talking = next((leg for leg in targets if leg.state in TALKING), None)
    if talking is not None and talking.who.extension is not None:
        agent = board.roster.agent(held.call.pbx, talking.who.extension)
        held.call = replace(held.call, agent=agent)


def wait_on(held: OpenCall, wait: QueueWait, by: Leg, at: datetime) -> None:
    """Let whoever was handed on wait in the place of `by`, from now on."""
    there = (leg for leg in held.legs.values() if leg.side is not by.side and leg.state is not LegState.DOWN)
    held.wait = QueueWait(wait.queue, next(there, held.caller_leg).uniqueid, at)
    held.call = marked(replace(held.call, queue=wait.queue), CallState.QUEUED, at)
    held.joined_untold = Joining(None, at)


def ring_on(board: Switchboard, held: OpenCall, at: datetime) -> None:
    """Tell what the one who was handed on hears now: a queue's music, or the phones that ring already."""
    queues.tell_joined(board, held, at)
    if held.passed_on_by is not None and held.ringing():
        held.ring_held_at = at
        ringing.tell_ringing(board, held, at)
