"""Which neighbours Asterisk may say in either order, and why.

Asterisk stamps and writes AMI events one after the other, in the order in which
its threads hand them over. A thread's own events never change places. So what
may is known by the threads that speak:

- the caller's thread runs the dialplan: Dial(), Queue(), and what they say of the phones they call;
- each phone's answers (180, 200, 486, BYE) come in on a thread of PJSIP's;
- each channel in a bridge is taken in and out by its own thread.

Each row was seen in both orders in captures of Asterisk 22.10.1, unless it says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from callbridge.calls import facts as f

MOMENT: Final = timedelta(milliseconds=20)
"""Threads overtake one another by less."""

DEVICE: Final = (f.ChannelRang, f.ChannelProgressed, f.ChannelUp, f.HangupAsked)
"""What a called phone does, said by a thread of PJSIP's."""


CAR_PARK: Final = (f.CallParked, f.CallUnparked)
"""What is said of a car park."""

BESIDE_IT: Final = (
    f.BridgeLeft,
    f.BridgeEntered,
    f.BridgeGone,
    f.BlindTransferred,
    f.AttendedTransferred,
    f.ChannelBorn,
    f.ChannelRang,
    f.ChannelResumed,
    f.ChannelGone,
    f.DialTried,
    f.DialBegan,
    f.DialFailed,
)
"""What happens to channels while one of them comes into a car park, or out of it."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Two kinds of facts that may follow one another either way, on one channel or on two of one call."""

    one: tuple[type[f.Fact], ...]
    other: tuple[type[f.Fact], ...]
    same_channel: bool
    why: str


SWAPS: Final = (
    Swap(
        (f.DialBegan, f.MemberCalled),
        DEVICE,
        same_channel=True,
        why="Dial() and Queue() say that they dial after the INVITE is out: the answer may be heard first",
    ),
    Swap(
        (f.ChannelBorn, f.DialBegan, f.MemberCalled),
        (f.ChannelRang, f.ChannelProgressed),
        same_channel=False,
        why="one phone rings while the next of the set is being dialled",
    ),
    Swap((f.ChannelRang,), (f.ChannelRang,), same_channel=False, why="two phones ring, each on its own thread"),
    Swap((f.BridgeEntered,), (f.BridgeEntered,), same_channel=False, why="each side walks in on its own thread"),
    Swap((f.BridgeLeft,), (f.BridgeLeft,), same_channel=False, why="each side walks out on its own thread"),
    Swap(
        (f.BridgeEntered,),
        (f.DialEnded, f.ChannelGone),
        same_channel=False,
        why="those who did not answer are hung up while those who talk are brought together",
    ),
    Swap(
        (f.BridgeLeft, f.ChannelGone),
        (f.ChannelGone, f.BridgeLeft),
        same_channel=False,
        why="each side is taken down by its own thread",
    ),
    Swap(
        (f.BridgeGone,), (f.ChannelGone, f.DialFailed), same_channel=False, why="an empty bridge is swept up meanwhile"
    ),
    Swap(
        (f.DialFailed,),
        (f.BridgeLeft, f.ChannelGone),
        same_channel=False,
        why="DIALSTATUS is the caller's thread's, the phone is taken down by another",
    ),
    Swap(
        (f.QueueLeft,),
        (f.ChannelGone,),
        same_channel=False,
        why="the members who did not answer are hung up while the caller leaves the queue",
    ),
    *(
        Swap(CAR_PARK, BESIDE_IT, same_channel=same, why="res_parking speaks with a thread of its own")
        for same in (True, False)
    ),
)


def may_swap(one: f.Fact, other: f.Fact) -> bool:
    """Tell whether Asterisk might have said `other` before `one`, its neighbour."""
    return bool(why(one, other))


def why(one: f.Fact, other: f.Fact) -> frozenset[Swap]:
    """Return each law by which it might."""
    if other.at - one.at > MOMENT or one.pbx != other.pbx or depends(one, other):
        return frozenset()
    return frozenset(swap for swap in SWAPS if fits(swap, one, other) or fits(swap, other, one))


def fits(swap: Swap, one: f.Fact, other: f.Fact) -> bool:
    same_channel = channel_of(one) is not None and channel_of(one) == channel_of(other)
    return same_channel is swap.same_channel and isinstance(one, swap.one) and isinstance(other, swap.other)


def depends(one: f.Fact, other: f.Fact) -> bool:
    """Tell whether `other` can only be said once `one` was: they are links of one chain of cause and effect."""
    if isinstance(one, f.DialEnded) and isinstance(other, f.BridgeEntered):
        return one.status == "ANSWER"
    if isinstance(one, f.BridgeEntered) and isinstance(other, f.BridgeEntered):
        return one.room and one.bridge == other.bridge  # they meet whoever is there: the order is the room's own
    return isinstance(one, f.BridgeLeft) and isinstance(other, f.BridgeGone)


def channel_of(fact: f.Fact) -> str | None:
    return fact.channel if isinstance(fact, f.ChannelFact) else None


def swapped(facts: Sequence[f.Fact], place: int) -> tuple[f.Fact, ...]:
    """Return the facts with the one at `place` and the next swapped; the times stay where they were."""
    one, other = facts[place : place + 2]
    return (*facts[:place], replace(other, at=one.at), replace(one, at=other.at), *facts[place + 2 :])


def places(facts: Sequence[f.Fact]) -> list[int]:
    return [place for place in range(len(facts) - 1) if may_swap(facts[place], facts[place + 1])]
