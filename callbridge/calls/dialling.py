"""Who is dialled for a call: each phone and line the dialplan tries, and what came of it."""

from datetime import datetime

from callbridge.calls import clicks, consultations, forwards, parking, pickups, queues, transfers, unsaid
from callbridge.calls.arrival import adopt, outbound
from callbridge.calls.call import Direction, Leg, Party, Side
from callbridge.calls.clicks import number_dialled
from callbridge.calls.correlation import Channel, Kind
from callbridge.calls.facts import ChannelRang, ChannelUp, DialBegan, DialEnded, DialFailed, DialTried
from callbridge.calls.frozen import replace
from callbridge.calls.open_call import OpenCall
from callbridge.calls.ringing import quiet_again, rang, up
from callbridge.calls.switchboard import Switchboard


def dial_began(board: Switchboard, fact: DialBegan) -> None:
    """Make the dialled channel part of the call of whoever dials it."""
    target = board.channel(fact.pbx, fact.channel)
    source = board.channel(fact.pbx, fact.source)
    work = board.call_of(source) or transfers.called_back(board, target, fact)
    if target is None:
        return board.odd("dial of an unknown channel")
    if target.call_id is not None:
        return dialled_again(board, target, fact)
    if work is None:
        return first_dial(board, target, source, fact)
    queues.settle(board, work, fact.at)
    parking.comes_back(board, work, source, fact.at)
    transfers.moves_on(board, work, source, fact.at)
    target.dialled_by = source.key if source is not None else None
    adopt(board, work, target)
    if not work.being_called():
        work.round_before = work.round or work.round_before
        work.round, work.queue_exit = (), None
    if work.phones_to_come:
        work.phones_to_come = work.phones_to_come - 1 if target.real else None
    if target.real:
        add_leg(board, work, target, fact)
    else:
        dialled_early(board, target, fact.at)
    board.touch(work)
    return None


def dialled_early(board: Switchboard, local: Channel, at: datetime) -> None:
    """Put those into the call whom the far half of a Local channel dialled: another thread says its own dial, later."""
    far = board.graph.channels.get(local.other_half) if local.other_half else None
    if far is not None:
        early, far.early = far.early, ()
        for phone in early:
            dial_began(board, DialBegan(phone[0], at, phone[1], far.key[1]))


def dialled_again(board: Switchboard, target: Channel, fact: DialBegan) -> None:
    """Count a dial of a channel that has its call; of one found by a resync, learn now what was dialled.

    That the PBX dials the near half of a Local channel may be said after what the far half has dialled: by two threads.
    """
    work = board.call_of(target)
    if fact.source is None and target.kind is Kind.LOCAL and not target.placed and target.dialled_by is None:
        target.placed = True
        return
    leg = work.legs.get(fact.channel) if work is not None else None
    if work is not None and leg is not None and work.placed and leg.who == Party():
        work.legs[fact.channel] = replace(leg, who=clicks.wanted_by(board, target, fact))
        clicks.redirect(board, work, target, fact, leg.side)
    elif work is not None and leg is not None and leg.called and leg.who == Party():
        work.legs[fact.channel] = replace(leg, who=party_behind(board, work, target, fact))
    board.odd("dial of a channel that has its call", work)


def first_dial(board: Switchboard, target: Channel, source: Channel | None, fact: DialBegan) -> None:
    """Begin the call that the PBX places; of a Local channel on the way to it only remember who dials it."""
    target.dialled_by = source.key if source is not None else None
    target.placed = source is None
    if source is not None and unsaid.may_be_put_beside(board, source):
        source.early = (*source.early, target.key)
    elif clicks.placed(board, target, fact) is not None:
        catch_up(board, target, fact)
    elif source is not None and source.kind is Kind.LOCAL:
        source.early = (*source.early, target.key)
    elif target.kind is Kind.LOCAL:
        dialled_early(board, target, fact.at)
    else:
        board.odd("dial by nobody known")


def add_leg(board: Switchboard, work: OpenCall, target: Channel, fact: DialBegan) -> None:
    """Put the dialled phone or line into the call; what it did before we knew is done now."""
    side = side_of(board, work, fact)
    if work.passed_on_by is None:
        learn_way(board, work, target, fact, side)
    _, channel = target.key
    work.legs[channel] = Leg(
        target.name,
        channel,
        side,
        party_behind(board, work, target, fact),
        placed=work.placed or side is Side.CALLER,
        trunk=target.kind is Kind.TRUNK,
        started_at=fact.at,
    )
    forwards.by_dialplan(board, work, work.legs[channel], board.channel(fact.pbx, fact.source), fact.at)
    work.round = (*work.round, channel)
    catch_up(board, target, fact)


def side_of(board: Switchboard, work: OpenCall, fact: DialBegan) -> Side:
    """Return on which side a phone is that is dialled now: of a call that was passed on, where they were who let go."""
    let_go = work.legs.get(work.passed_on_by or "")
    if let_go is not None:
        return let_go.side
    return clicks.side_called(board, work, fact) if work.placed else Side.CALLEE


def learn_way(board: Switchboard, work: OpenCall, target: Channel, fact: DialBegan, side: Side) -> None:
    """Learn which way the call goes and to which number, from what is really dialled."""
    if work.placed:
        clicks.redirect(board, work, target, fact, side)
    elif not sent_on(work, fact):
        redirect(board, work, target)
    learn_number(board, work, fact)


def sent_on(work: OpenCall, fact: DialBegan) -> bool:
    """Tell whether a colleague was called, and something else than their number is dialled."""
    return work.call.callee.extension is not None and number_dialled(fact) != work.call.callee.raw


def catch_up(board: Switchboard, target: Channel, fact: DialBegan) -> None:
    """Do now what the phone did before its dial was told."""
    if target.rang:
        rang(board, ChannelRang(fact.pbx, fact.at, fact.channel))
    if target.up:
        up(board, ChannelUp(fact.pbx, fact.at, fact.channel))


def party_behind(board: Switchboard, work: OpenCall, target: Channel, fact: DialBegan) -> Party:
    """Return who is being dialled."""
    if target.extension is not None:
        board.roster.learn(fact.pbx, target.extension, own_name(target, work), fact.at)
        return board.roster.party(fact.pbx, target.extension)
    if work.call.direction is Direction.OUTBOUND_MANUAL and work.passed_on_by is None:
        return work.call.callee
    return board.profile(fact.pbx).outside(number_dialled(fact) or target.number)


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
        # Of a channel that was handed on, Asterisk 22 says the Dial again that it was in before, and not the new one
        known = channel.real and work.passed_on_by is None
        work.phones_to_come = fact.phones if known else None


def dial_ended(board: Switchboard, fact: DialEnded) -> None:
    """Keep what the PBX says of a dial; the end of the channel itself follows."""
    consultations.taken_over(board, fact)
    pickups.taken_over(board, fact)
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    leg = work.legs.get(fact.channel) if work is not None else None
    if work is None or leg is None or leg.dial_status is not None:
        return  # Asterisk's Queue() says NOANSWER and then CANCEL: the first word is the true one
    work.legs[fact.channel] = replace(leg, dial_status=fact.status)
    if fact.forward is not None:
        forwards.by_phone(board, work, leg, fact.forward, fact.at)
    if fact.status != "ANSWER" or not work.called_for(leg):
        quiet_again(board, work, fact.at)
        transfers.settle(board, work, fact.at)
    board.touch(work)


def dial_failed(board: Switchboard, fact: DialFailed) -> None:
    """Keep why nothing could be dialled: an unregistered phone has no channel that could tell it."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    if work is not None and not work.round:
        work.dial_status = fact.status
        board.touch(work)
