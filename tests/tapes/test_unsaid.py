"""Consultations by feature code as a user hears them who lacks AMI's class `dialplan`: nobody says who asks."""

import re
from dataclasses import replace
from typing import Final

import pytest

from callbridge.calls import facts as f
from tests.tapes.test_pairs import TAPES, bodies, facts_of, told, tracker, whole

ASKED_BY_CODE: Final = [name for name in TAPES if any(isinstance(each, f.ConsultationBegan) for each in facts_of(name))]
A_TIME: Final = re.compile(rb'"\d{4}-\d\d-\d\dT[^"]*Z"|(?<=_s":)[\d.]+')


def unsaid(name: str) -> tuple[f.Fact, ...]:
    """Return a tape's facts but for who asks."""
    return tuple(each for each in facts_of(name) if not isinstance(each, f.ConsultationBegan))


def timeless(events: list[bytes]) -> list[bytes]:
    """Leave out the times: the bridge is entered a millisecond after it is said who asks."""
    return [A_TIME.sub(b"T", each) for each in events]


@pytest.mark.parametrize("name", ASKED_BY_CODE)
def test_a_consultation_is_told_the_same_where_nobody_says_who_asks(name: str) -> None:
    assert timeless(bodies(told(tracker(), unsaid(name)))) == timeless(bodies(whole(name)))


@pytest.mark.parametrize("name", ASKED_BY_CODE)
def test_whom_the_far_half_dials_before_the_bridge_is_entered_belongs_to_the_consultation(name: str) -> None:
    facts = list(unsaid(name))
    tied = next(place for place, each in enumerate(facts) if isinstance(each, f.LocalJoined))
    joined = facts[tied]
    assert isinstance(joined, f.LocalJoined)
    dial = next(each for each in facts if isinstance(each, f.DialBegan) and each.source == joined.other)
    born = next(each for each in facts if isinstance(each, f.ChannelBorn) and each.channel == dial.channel)
    rest = [each for each in facts[tied + 1 :] if each not in {born, dial}]

    events = told(tracker(), (*facts[: tied + 1], born, dial, *rest))
    assert [each.type for each in events] == [each.type for each in whole(name)]
    assert timeless(bodies(events))[-1] == timeless(bodies(whole(name)))[-1]


CALLED_TWICE: Final = "18-blonde-by-feature-code-called-back-twice"


@pytest.mark.parametrize("later", range(1, 17))
def test_the_near_half_may_come_late_to_whoever_waits_alone(later: int) -> None:
    """It does so by a thread of its own: on a busy Asterisk while the far half's phone rings, or has answered."""
    facts = list(facts_of(CALLED_TWICE))
    near = [each for each in facts if isinstance(each, f.LocalJoined)][-1].channel
    place = next(i for i, each in enumerate(facts) if isinstance(each, f.BridgeEntered) and each.channel == near)
    entered = facts.pop(place)
    at = facts[place + later - 1].at
    facts.insert(place + later, replace(entered, at=at))

    assert [each.type for each in told(tracker(), tuple(facts))] == [each.type for each in whole(CALLED_TWICE)]
