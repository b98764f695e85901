"""Calls that somebody else picks up: whose phone rang does not have it, and did not miss it either.

What they dialled for it (`*8`, or a phone that takes over the ringing by SIP's
Replaces) is no call of its own: they become a leg of the call they picked up,
and the answer itself is told as any other, when both sides are bridged.
"""

from callbridge.calls.call import Side
from callbridge.calls.facts import CallPickedUp
from callbridge.calls.merging import merge, withdraw
from callbridge.calls.switchboard import Switchboard


def picked_up(board: Switchboard, fact: CallPickedUp) -> None:
    """Make who picked up part of the call, in the place of the phone that rang."""
    own = board.call_of(board.channel(fact.pbx, fact.channel))
    work = board.call_of(board.channel(fact.pbx, fact.target))
    if work is None:
        withdraw(board, own)
        return board.odd("pick-up of an unknown call")
    if own is None or own is work:
        return board.odd("pick-up by nobody who called", work)
    rang = work.legs.get(fact.target)
    return merge(board, own, work, Side.CALLEE if rang is None else rang.side, fact.at)
