"""Whose phone rings for a call: told once for each set of phones that starts to ring."""

from datetime import datetime, timedelta
from typing import Final

from callbridge.calls import queues, transfers
from callbridge.calls.call import CallState, Leg, LegState
from callbridge.calls.events import EventType
from callbridge.calls.facts import ChannelProgressed, ChannelRang, ChannelUp
from callbridge.calls.open_call import OpenCall, is_called, marked
from callbridge.calls.switchboard import Switchboard

SET_S: Final = 0.1
"""How long a ringing is held back where more phones may be dialled with it. On a fast
network the first of a queue's members rings before the second is dialled."""


def rang(board: Switchboard, fact: ChannelRang | ChannelProgressed) -> None:
    """Note that a phone rings; tell it where its set was not told yet."""
    channel = board.channel(fact.pbx, fact.channel)
    if channel is None:
        return board.odd("ringing of an unknown channel")
    channel.rang = True
    moved = board.move(fact)
    if moved is None:
        return None
    work, leg = moved
    if leg.called and leg.state is LegState.RINGING and work.awaits_answer:
        phone_rings(board, work, leg, fact.at)
    return None


def up(board: Switchboard, fact: ChannelUp) -> None:
    """Note that a channel is up. That is no answer yet: Asterisk goes up to play music."""
    channel = board.channel(fact.pbx, fact.channel)
    if channel is None:
        return board.odd("answer of an unknown channel")
    channel.up = True
    board.move(fact)
    return None


def phone_rings(board: Switchboard, work: OpenCall, leg: Leg, at: datetime) -> None:
    """Tell the set `leg` belongs to: at once where it is complete, else when that can be known."""
    work.ringing_since = work.ringing_since or max(at, work.rang_until or at)
    board.touch(work)
    if leg.uniqueid in work.ring_told or work.ring_held_at is not None:
        return
    work.ring_held_at = at
    if work.phones_to_come == 0:
        tell_ringing(board, work, at)
    else:
        board.hold_back(work, at + timedelta(seconds=SET_S), tell_ringing)


def tell_ringing(board: Switchboard, work: OpenCall, _: datetime) -> None:
    """Tell the phones that began to ring, once; a second device of somebody whose phone rings is nothing new."""
    at, work.ring_held_at = work.ring_held_at, None
    if at is None:
        return
    told = work.ring_told
    fresh = [leg for leg in work.legs.values() if leg.uniqueid not in told and (leg.rang_at or is_called(leg))]
    fresh = [leg for leg in fresh if leg.called]
    work.ring_told = (*told, *(leg.uniqueid for leg in fresh))
    known = {leg.who.extension for leg in work.being_called() if leg.uniqueid in told} - {None}
    parties = {leg.who.extension or leg.channel: leg.who for leg in fresh if leg.who.extension not in known}
    if parties:
        queues.tell_joined(board, work, at)
        transfers.tell_blind(board, work)
        work.call = marked(work.call, CallState.RINGING, at)
        board.tell(work, EventType.CALL_RINGING, at, ringing=tuple(parties.values()))


def quiet_again(board: Switchboard, work: OpenCall, at: datetime) -> None:
    """Stop the clock of the ringing when no phone rings any more."""
    if not work.ringing():
        tell_ringing(board, work, at)
        work.stops_ringing(at)
