"""Every move a leg can make, as one table.

An observer may not refuse reality: a fact with no row here leaves the leg as it
is and is counted as an oddity by whoever asked.
"""

from collections.abc import Mapping
from typing import Final

from callbridge.calls.call import Leg, LegState
from callbridge.calls.facts import (
    ChannelFact,
    ChannelGone,
    ChannelHeld,
    ChannelProgressed,
    ChannelRang,
    ChannelResumed,
    ChannelUp,
)
from callbridge.calls.frozen import replace

MOVES: Final[Mapping[tuple[LegState, type[ChannelFact]], LegState]] = {
    (LegState.NEW, ChannelRang): LegState.RINGING,
    (LegState.NEW, ChannelProgressed): LegState.RINGING,
    (LegState.NEW, ChannelUp): LegState.UP,
    (LegState.RINGING, ChannelRang): LegState.RINGING,
    (LegState.RINGING, ChannelProgressed): LegState.RINGING,
    (LegState.RINGING, ChannelUp): LegState.UP,
    (LegState.UP, ChannelUp): LegState.UP,
    (LegState.UP, ChannelRang): LegState.UP,  # said twice, the second time by a thread that is late
    (LegState.UP, ChannelProgressed): LegState.UP,
    (LegState.UP, ChannelHeld): LegState.HELD,
    (LegState.HELD, ChannelHeld): LegState.HELD,
    (LegState.HELD, ChannelResumed): LegState.UP,
    (LegState.UP, ChannelResumed): LegState.UP,
    (LegState.NEW, ChannelGone): LegState.DOWN,
    (LegState.RINGING, ChannelGone): LegState.DOWN,
    (LegState.UP, ChannelGone): LegState.DOWN,
    (LegState.HELD, ChannelGone): LegState.DOWN,
}


def advance(leg: Leg, fact: ChannelFact) -> Leg | None:
    """Return the leg after `fact`; None where MOVES has no such move: an oddity.

    A repeated fact gives the leg back as it was: the PBX says some things twice.
    """
    state = MOVES.get((leg.state, type(fact)))
    if state is None or state is leg.state:
        return None if state is None else leg
    if state is LegState.RINGING:
        return replace(leg, state=state, rang_at=fact.at)
    if state is LegState.DOWN:
        cause = fact.cause if isinstance(fact, ChannelGone) else None
        return replace(leg, state=state, ended_at=fact.at, cause=cause)
    return replace(leg, state=state, up_at=leg.up_at or fact.at)
