"""Who is dialled for a call: each phone and line the dialplan tries, and what came of it."""

from dataclasses import replace

from callbridge.calls import queues
from callbridge.calls.arrival import adopt, outbound
from callbridge.calls.call import Direction, Leg, Party, Side
from callbridge.calls.correlation import Channel, Kind
from callbridge.calls.facts import ChannelRang, ChannelUp, DialBegan, DialEnded, DialFailed, DialTried
from callbridge.calls.open_call import OpenCall
from callbridge.calls.ringing import quiet_again, rang, up
from callbridge.calls.switchboard import Switchboard


def dial_began(board: Switchboard, fact: DialBegan) -> None:
    """Make the dialled channel part of the call of whoever dials it."""
    target = board.channel(fact.pbx, fact.channel)
    source = board.channel(fact.pbx, fact.source)
    work = board.call_of(source)
    if target is None or work is None:
        return board.odd("dial between unknown channels")
    if target.call_id is not None:
        return board.odd("dial of a channel that has its call", work)
    queues.settle(board, work, fact.at)
    target.dialled_by = source.key if source is not None else None
    adopt(board, work, target)
    if not work.being_called():
        work.round, work.queue_exit = (), None
    if work.phones_to_come:
        work.phones_to_come = work.phones_to_come - 1 if target.real else None
    if target.real:
        add_leg(board, work, target, fact)
    board.touch(work)
    return None


def add_leg(board: Switchboard, work: OpenCall, target: Channel, fact: DialBegan) -> None:
    """Put the dialled phone or line into the call; what it did before we knew is done now."""
    redirect(board, work, target)
    learn_number(board, work, fact)
    work.legs[fact.channel] = Leg(
        target.name,
        fact.channel,
        Side.CALLEE,
        party_behind(board, work, target, fact),
        trunk=target.kind is Kind.TRUNK,
        started_at=fact.at,
    )
    work.round = (*work.round, fact.channel)
    if target.rang:
        rang(board, ChannelRang(fact.pbx, fact.at, fact.channel))
    if target.up:
        up(board, ChannelUp(fact.pbx, fact.at, fact.channel))


def party_behind(board: Switchboard, work: OpenCall, target: Channel, fact: DialBegan) -> Party:
    """Return who is being dialled."""
    if target.extension is not None:
        board.roster.learn(fact.pbx, target.extension, own_name(target, work), fact.at)
        return board.roster.party(fact.pbx, target.extension)
    if outbound(work.call.direction):
        return work.call.callee
    return board.profile(fact.pbx).outside(number_dialled(fact) or target.number)


def number_dialled(fact: DialBegan) -> str:
    """Return the number in a dial string: `912345678@trunk`, `PJSIP/trunk/912345678` or nothing."""
    return (fact.dialled or "").partition("@")[0].rpartition("/")[2]


def learn_number(board: Switchboard, work: OpenCall, fact: DialBegan) -> None:
    """Learn the public number behind a short code or a prefix of the dialplan's own, from what the line is to dial."""
    call = work.call
    if outbound(call.direction) and call.callee.number is None:
        number = board.profile(fact.pbx).outside(number_dialled(fact)).number
        work.call = replace(call, callee=replace(call.callee, number=number))


def own_name(target: Channel, work: OpenCall) -> str | None:
    """Return the name a dialled phone has of its own; Asterisk may have lent it the caller's."""
    return None if target.caller_name == work.call.caller.name else target.caller_name


def redirect(board: Switchboard, work: OpenCall, target: Channel) -> None:
    """Correct which way a call from inside goes, by the first line or phone it really dials."""
    call = work.call
    if call.direction is Direction.INBOUND or call.answered_at is not None or len(work.legs) > 1:
        return
    if target.kind is Kind.TRUNK and call.direction is Direction.INTERNAL:
        extension = call.caller.extension
        agent = board.roster.agent(call.pbx, extension) if extension else None
        work.call = replace(call, direction=Direction.OUTBOUND_MANUAL, agent=agent)
    elif target.kind is Kind.EXTENSION and call.direction is Direction.OUTBOUND_MANUAL:
        work.call = replace(call, direction=Direction.INTERNAL, agent=None)


def dial_tried(board: Switchboard, fact: DialTried) -> None:
    """Know how many phones make the set that is going to ring."""
    channel = board.channel(fact.pbx, fact.channel)
    work = board.call_of(channel)
    if work is not None and channel is not None:
        work.phones_to_come = fact.phones if channel.real else None


def dial_ended(board: Switchboard, fact: DialEnded) -> None:
    """Keep what the PBX says of a dial; the end of the channel itself follows."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    leg = work.legs.get(fact.channel) if work is not None else None
    if work is None or leg is None or leg.dial_status is not None:
        return  # Asterisk's Queue() says NOANSWER and then CANCEL: the first word is the true one
    work.legs[fact.channel] = replace(leg, dial_status=fact.status)
    if fact.status != "ANSWER":
        quiet_again(board, work, fact.at)
    board.touch(work)


def dial_failed(board: Switchboard, fact: DialFailed) -> None:
    """Keep why nothing could be dialled: an unregistered phone has no channel that could tell it."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    if work is not None and not work.round:
        work.dial_status = fact.status
        board.touch(work)
