"""How a call ends: the last channel leaves, and the law says what it was."""

from datetime import datetime
from typing import Final

from callbridge.calls import clicks, conferences, queues, recording_files, recordings, recovery
from callbridge.calls.call import Call, CallState, Leg, Moment, Reason, Side
from callbridge.calls.correlation import Channel
from callbridge.calls.events import EventType
from callbridge.calls.facts import ChannelGone, HangupAsked, VoicemailBegan
from callbridge.calls.frozen import replace
from callbridge.calls.lifecycle import advance
from callbridge.calls.open_call import OpenCall, seconds_between
from callbridge.calls.outcome import Circumstances, Outcome, conclude, missed, why_unanswered
from callbridge.calls.ringing import quiet_again
from callbridge.calls.switchboard import Switchboard

TAKEN_BACK: Final = 127
"""Q.850 of a caller who cancels: to PJSIP it is interworking, unspecified. One whom the PBX refuses has another."""


def hangup_asked(board: Switchboard, fact: HangupAsked) -> None:
    """Remember which side hung up: of an answered call the first one, of another only the caller."""
    channel = board.channel(fact.pbx, fact.channel)
    work = board.call_of(channel)
    if channel is None or work is None:
        return
    channel.leaving = True
    leg = work.legs.get(fact.channel)
    if leg is not None:
        hangs_up(work, leg, fact.cause)
        board.touch(work)


def hangs_up(work: OpenCall, leg: Leg, cause: int | None) -> None:
    """Take note of a side that hangs up, if it is the first one that matters."""
    if work.hung_up_by is not None or leg.uniqueid in work.let_go:
        return
    if not work.called_for(leg):
        pursued = bool(work.being_called() or work.wait)
        if leg.up_at is None and (leg.placed or not (pursued or cause == TAKEN_BACK)):
            return  # refused; Asterisk 22 says HangupRequest also of a caller it has just refused itself
        work.hung_up_by = leg.side
        work.gave_up = work.call.answered_at is None and (pursued or not tried(work))
    elif work.call.answered_at is not None and leg.up_at is not None:
        work.hung_up_by = leg.side


def voicemail_began(board: Switchboard, fact: VoicemailBegan) -> None:
    """Know that whatever follows is no answer by a person."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    if work is not None:
        work.voicemail = True
        board.touch(work)


def gone(board: Switchboard, fact: ChannelGone) -> None:
    """Take a channel out of its call; with the last one the call is over."""
    channel = board.channel(fact.pbx, fact.channel)
    if channel is None:
        return board.odd("hang-up of an unknown channel")
    work = board.call_of(channel)
    board.graph.drop(channel)
    if work is None:
        return None
    work.alive.discard(channel.key)
    recordings.channel_gone(board, work, fact.channel, fact.at)
    leg_gone(board, work, channel, fact)
    if work.alive:
        return board.touch(work)
    if clicks.awaits_its_number(work):
        return wait_for_number(board, work, fact.at)
    return end(board, work, fact.at)


def wait_for_number(board: Switchboard, work: OpenCall, at: datetime) -> None:
    """Hold back the end of a call nobody is in any more, until it is known whom it was for."""
    work.empty_since = at
    board.hold_back(work, clicks.until(at), end_empty)
    board.touch(work)


def end_empty(board: Switchboard, work: OpenCall, _: datetime) -> None:
    """Tell the end that was held back, as of when it was."""
    if work.empty_since is not None:
        end(board, work, work.empty_since)


def leg_gone(board: Switchboard, work: OpenCall, channel: Channel, fact: ChannelGone) -> None:
    """Close the channel's leg, and what it alone kept going."""
    leg = work.legs.get(channel.key[1])
    if leg is None:
        return
    work.legs[leg.uniqueid] = advance(leg, fact) or leg
    conferences.left(board, work, leg)
    waited = waits(work, leg)
    if waited and work.wait is not None:
        board.release(work, fact.at)
    if waited and work.wait is not None and not work.interrupted:
        queues.leave(board, work, Reason.ABANDONED, fact.at)
    quiet_again(board, work, fact.at)


def waits(work: OpenCall, leg: Leg) -> bool:
    """Tell whether it is that leg which waits in the queue, or stands behind the Local channel that does."""
    if work.wait is None or work.wait.channel in work.legs:
        return work.wait is not None and work.wait.channel == leg.uniqueid
    return not work.called_for(leg)


def end(board: Switchboard, work: OpenCall, at: datetime) -> None:
    """Tell the end, and the miss where it was one."""
    board.release(work, at)
    work.stops_ringing(at)
    work.stops_waiting(at)
    work.stops_holding(at)
    work.hangs_up_all(at)
    recordings.call_ends(board, work, at)
    work.call = concluded(work, at)
    board.tell(work, EventType.CALL_ENDED, at)
    lost = missed(work.call, board.missed.rules)
    if lost is not None:
        work.call = replace(work.call, missed=lost)
        row = recovery.missed(board.missed, work.call, lost, at)
        board.tell(work, EventType.CALL_MISSED, at, missed=lost, row=row and row.told())
    board.close(work)
    recording_files.linger(board, work, at)


def concluded(work: OpenCall, at: datetime) -> Call:
    """Return the call as it ended."""
    called = tried(work)
    outcome = conclude(
        work.call,
        Circumstances(work.gave_up, work.queue_exit, called, work.dial_status, work.voicemail, work.interrupted),
    )
    return closed(work, outcome, deciding_cause(work, called, outcome.reason), at)


def tried(work: OpenCall) -> tuple[Leg, ...]:
    """Return the phones of the last round of dialling, but for a first side that came: nobody else was called then.

    Where phones sent the caller on, and that led to nobody, it is they.
    """
    legs = [work.legs[key] for key in work.round or work.round_before if key in work.legs]
    if not work.round:
        legs = [leg for leg in legs if why_unanswered(leg) is Reason.FORWARDED]
    return tuple(leg for leg in legs if leg.up_at is None or work.called_for(leg))


def closed(work: OpenCall, outcome: Outcome, cause: int | None, at: datetime) -> Call:
    """Return the call with its end, its seconds and who ended it."""
    call = work.call
    talked = seconds_between(call.answered_at, at) - call.hold_s if call.answered_at else 0.0
    work.waited_s, work.rang_s = work.waited_s or 0.0, work.rang_s or 0.0
    return replace(
        call,
        state=outcome.state,
        reason=outcome.reason,
        timeline=(*call.timeline, Moment(outcome.state, at)),
        ended_at=at,
        talk_s=max(0.0, talked),
        ended_by=work.hung_up_by or (Side.CALLER if outcome.state is CallState.CANCELLED else Side.PBX),
        hangup_cause=cause,
    )


def deciding_cause(work: OpenCall, tried: tuple[Leg, ...], reason: Reason | None) -> int | None:
    """Return the Q.850 cause that tells how it ended: of the phone that decided it, else of the caller's leg."""
    for leg in tried:
        if reason is not None and leg.cause and why_unanswered(leg) is reason:
            return leg.cause
    return work.caller_leg.cause
