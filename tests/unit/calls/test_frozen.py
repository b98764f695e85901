"""A frozen value with changes is what `dataclasses.replace` makes of it."""

import dataclasses
from datetime import UTC, datetime

import pytest

from callbridge.calls import frozen
from callbridge.calls.call import Call, CallState, Direction, Leg, LegState, Party, Side

CALL = Call(
    "call_1",
    "main",
    "20261122-000001",
    Direction.INBOUND,
    CallState.STARTED,
    Party("+351912345678"),
    Party(),
    datetime(2026, 11, 22, tzinfo=UTC),
)
LEG = Leg("PJSIP/1001-1", "1.1", Side.CALLEE, Party(extension="1001"))


def test_what_is_changed_is_changed_and_all_else_stays() -> None:
    after = frozen.replace(CALL, state=CallState.RINGING, sequence=2)

    assert after == dataclasses.replace(CALL, state=CallState.RINGING, sequence=2)
    assert (CALL.state, CALL.sequence) == (CallState.STARTED, 0)


def test_each_kind_of_value_has_fields_of_its_own() -> None:
    frozen.replace(CALL, sequence=1)

    assert frozen.replace(LEG, state=LegState.UP) == dataclasses.replace(LEG, state=LegState.UP)


def test_what_came_of_a_change_is_frozen_too() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        frozen.replace(LEG).state = LegState.UP  # type: ignore[misc]  # that it cannot is what is tested


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(AttributeError, match="colour"):
        frozen.replace(LEG, colour="red")  # type: ignore[call-arg]  # that it cannot is what is tested
