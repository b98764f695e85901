"""Who comes into a call in which others talk already, and was not rung for it: told as an update of the call, `joined`.

    Bruno dials a code, and BridgeAdd() puts him beside Maria and Ana    what he dialled becomes part of their call
    Ana brings Eva in by feature code                                    as the consultation has: see `handovers`

Who only listens (ChanSpy) is in no bridge, and so in no call but their own, which nobody answers.
"""

from collections.abc import Sequence
from datetime import datetime

from callbridge.calls.call import Leg, Party, Side
from callbridge.calls.correlation import Channel
from callbridge.calls.events import EventType
from callbridge.calls.frozen import replace
from callbridge.calls.merging import merge
from callbridge.calls.open_call import TALKING, OpenCall
from callbridge.calls.switchboard import Switchboard


def came(board: Switchboard, reached: Sequence[Channel], at: datetime) -> None:
    """See who has come to whom, now that they can hear each other in a bridge."""
    works = board.calls_among(reached)
    here = {each.key[1] for each in reached}
    if len(works) == 1:
        seen_to_stay(board, works[0], here, at)
    elif len(works) == 2:  # noqa: PLR2004 - that of those who talk, and that of who comes
        for work, own in (works, works[::-1]):
            comes_in(board, own, work, here, at)


def comes_in(board: Switchboard, own: OpenCall, work: OpenCall, here: set[str], at: datetime) -> None:
    """Make who dialled `own` part of `work`, if they are alone in it, and two of `work` talk."""
    talking = [leg for leg in work.legs.values() if leg.uniqueid in here and leg.state in TALKING]
    alone = len(own.legs) == 1 and own.call.answered_at is None and own.consults_for is None
    if not alone or len({leg.side for leg in talking}) == 1 or not talking or work.awaits_answer:
        return
    leg = own.caller_leg
    merge(board, own, work, beside(leg, talking), at)
    tell(board, work, leg.who, at)


def beside(leg: Leg, talking: list[Leg]) -> Side:
    """Return the side of who comes in: that of our own people if it is one of them, that of the other if not."""
    inside = leg.who.extension is not None
    return next((each.side for each in talking[::-1] if (each.who.extension is not None) is inside), talking[-1].side)


def seen_to_stay(board: Switchboard, work: OpenCall, here: set[str], at: datetime) -> None:
    """Tell who was brought in, once whoever brought them is seen or said to be with them."""
    three = work.three_way
    if three is not None and not three.told and {three.by, three.brought} <= here:
        work.three_way = replace(three, told=True)
        tell(board, work, work.legs[three.brought].who, at)


def tell(board: Switchboard, work: OpenCall, who: Party, at: datetime) -> None:
    """Tell that somebody is in the call now, too."""
    board.tell(work, EventType.CALL_UPDATED, at, changed=("joined",), joined=who)
