"""Calls that somebody else picks up: whose phone rang does not have it, and did not miss it either.

What they dialled for it is no call of its own: they become a leg of the call
they picked up, and the answer itself is told as any other, when both sides are
bridged. Of a code (`*8`, and the dialplan's Pickup()) Asterisk says Pickup, but
when all is done already: the phone that rang may be gone by then, the queue
left, and both in their bridge. Of a phone that takes the ringing over by SIP's
Replaces it says no such word (22.10): the dial of the phone that rang is
answered by a channel it never dialled.
"""

from collections.abc import Sequence
from datetime import datetime

from callbridge.calls import queues
from callbridge.calls.call import Side
from callbridge.calls.correlation import Channel
from callbridge.calls.facts import CallPickedUp, DialEnded
from callbridge.calls.merging import merge, withdraw
from callbridge.calls.open_call import OpenCall
from callbridge.calls.switchboard import Switchboard


def picked_up(board: Switchboard, fact: CallPickedUp) -> None:
    """Make who picked up part of the call, in the place of the phone that rang."""
    own = board.call_of(board.channel(fact.pbx, fact.channel))
    work = rung_for(board, fact)
    if work is None:
        withdraw(board, own)
        return board.odd("pick-up of an unknown call")
    if own is work:
        return None  # seen before it was said: see `taken_over` and `met`
    if own is None:
        return board.odd("pick-up by nobody who called", work)
    rang = work.legs.get(fact.target)
    return fetch(board, own, work, Side.CALLEE if rang is None else rang.side, fact.at)


def rung_for(board: Switchboard, fact: CallPickedUp) -> OpenCall | None:
    """Return the call the phone rings for, or rang for until a moment ago."""
    channel = board.channel(fact.pbx, fact.target)
    if channel is not None:
        return board.call_of(channel)
    there = (work for work in board.open.values() if work.call.pbx == fact.pbx and fact.target in work.legs)
    return next(there, None)


def taken_over(board: Switchboard, fact: DialEnded) -> None:
    """See a pick-up in that who answers a dial is somebody who called, and was not dialled."""
    own = board.call_of(board.channel(fact.pbx, fact.channel))
    work = board.call_of(board.channel(fact.pbx, fact.source))
    if own is None or work is None or own is work or fact.status != "ANSWER" or not work.awaits_answer:
        return
    # The phone that rang may be hung up before or after this is said (22.10.1): then it is called no more.
    called = [work.legs[key] for key in work.round if key in work.legs]
    if called and list(own.legs) == [fact.channel]:
        fetch(board, own, work, called[0].side, fact.at)


def met(board: Switchboard, reached: Sequence[Channel], at: datetime) -> None:
    """See a pick-up in that somebody nobody called is bridged with who waits for an answer."""
    works = board.calls_among(reached)
    if len(works) == 2:  # noqa: PLR2004 - the call that rings, and what was dialled to pick it up
        for own, work in (works, works[::-1]):
            called = [work.legs[key] for key in work.round if key in work.legs]
            if called and work.awaits_answer and own.untold is not None and len(own.legs) == 1 and not own.round:
                return fetch(board, own, work, called[0].side, at)
    return None


def fetch(board: Switchboard, own: OpenCall, work: OpenCall, side: Side, at: datetime) -> None:
    """Make what was dialled for it part of the call; if that has left its queue, it was for this."""
    queues.stay(work)
    merge(board, own, work, side, at)
