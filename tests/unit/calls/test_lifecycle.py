from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from callbridge.calls import facts as f
from callbridge.calls.call import Leg, LegState, Party, Side
from callbridge.calls.lifecycle import MOVES, advance

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
LATER = AT + timedelta(seconds=1)
LEG = Leg("PJSIP/1001-00000001", "1.1", Side.CALLEE, Party())
SAID = (f.ChannelRang, f.ChannelProgressed, f.ChannelUp, f.ChannelHeld, f.ChannelResumed, f.ChannelGone)


def in_state(state: LegState) -> Leg:
    return replace(LEG, state=state, rang_at=AT, up_at=AT)


def test_this_is_the_whole_life_of_a_leg() -> None:
    """Written down a second time, so that no row changes by accident."""
    new, ringing, up, held, down = LegState.NEW, LegState.RINGING, LegState.UP, LegState.HELD, LegState.DOWN
    assert dict(MOVES) == {
        (new, f.ChannelRang): ringing,
        (new, f.ChannelProgressed): ringing,
        (new, f.ChannelUp): up,
        (new, f.ChannelGone): down,
        (ringing, f.ChannelRang): ringing,
        (ringing, f.ChannelProgressed): ringing,
        (ringing, f.ChannelUp): up,
        (ringing, f.ChannelGone): down,
        (up, f.ChannelUp): up,
        (up, f.ChannelRang): up,
        (up, f.ChannelProgressed): up,
        (up, f.ChannelHeld): held,
        (up, f.ChannelResumed): up,
        (up, f.ChannelGone): down,
        (held, f.ChannelHeld): held,
        (held, f.ChannelResumed): up,
        (held, f.ChannelGone): down,
    }


@pytest.mark.parametrize(("state", "kind"), list(product(LegState, SAID)))
def test_a_leg_moves_as_the_table_says_and_else_not_at_all(state: LegState, kind: type[f.ChannelFact]) -> None:
    leg = in_state(state)
    moved = advance(leg, kind("main", LATER, "1.1"))
    expected = MOVES.get((state, kind))

    if expected is None:
        assert moved is None
    elif expected is state:
        assert moved is leg
    else:
        assert moved is not None
        assert moved.state is expected


def test_times_are_those_of_the_moves() -> None:
    rang = advance(LEG, f.ChannelRang("main", AT, "1.1"))
    assert rang is not None
    assert (rang.rang_at, rang.up_at, rang.ended_at) == (AT, None, None)
    up = advance(rang, f.ChannelUp("main", LATER, "1.1"))
    assert up is not None
    assert (up.rang_at, up.up_at) == (AT, LATER)
    gone = advance(up, f.ChannelGone("main", LATER, "1.1", 16))
    assert gone is not None
    assert (gone.ended_at, gone.cause) == (LATER, 16)


def test_a_leg_taken_back_from_hold_came_up_when_it_first_did() -> None:
    held = in_state(LegState.HELD)
    resumed = advance(held, f.ChannelResumed("main", LATER, "1.1"))

    assert resumed is not None
    assert resumed.up_at == AT


def test_nothing_moves_a_leg_that_is_down() -> None:
    assert all(advance(in_state(LegState.DOWN), kind("main", LATER, "1.1")) is None for kind in SAID)
