"""Calls that somebody else picks up: whose phone rang does not have it, and did not miss it either.

What they dialled for it is no call of its own: they become a leg of the call
they picked up, and the answer itself is told as any other, when both sides are
bridged. Of a code (`*8`, and the dialplan's Pickup()) Asterisk says Pickup. Of a
phone that takes the ringing over by SIP's Replaces it says no such word (22.10):
the dial of the phone that rang is answered by a channel it never dialled.
"""

from callbridge.calls.call import Side
from callbridge.calls.facts import CallPickedUp, DialEnded
from callbridge.calls.merging import merge, withdraw
from callbridge.calls.switchboard import Switchboard


def picked_up(board: Switchboard, fact: CallPickedUp) -> None:
    """Make who picked up part of the call, in the place of the phone that rang."""
    own = board.call_of(board.channel(fact.pbx, fact.channel))
    work = board.call_of(board.channel(fact.pbx, fact.target))
    if work is None:
        withdraw(board, own)
        return board.odd("pick-up of an unknown call")
    if own is work:
        return None  # seen before it was said: see `taken_over`
    if own is None:
        return board.odd("pick-up by nobody who called", work)
    rang = work.legs.get(fact.target)
    return merge(board, own, work, Side.CALLEE if rang is None else rang.side, fact.at)


def taken_over(board: Switchboard, fact: DialEnded) -> None:
    """See a pick-up in that who answers a dial is somebody who called, and was not dialled."""
    own = board.call_of(board.channel(fact.pbx, fact.channel))
    work = board.call_of(board.channel(fact.pbx, fact.source))
    if own is None or work is None or own is work or fact.status != "ANSWER" or not work.awaits_answer:
        return
    # The phone that rang may be hung up before or after this is said (22.10.1): then it is called no more.
    called = [work.legs[key] for key in work.round if key in work.legs]
    if called and list(own.legs) == [fact.channel]:
        merge(board, own, work, called[0].side, fact.at)
