"""Calls from inside: to the outside, and to one another."""

import pytest

from callbridge.calls.call import Agent, CallState, Direction, Party, Reason, Side
from tests.stories.story import Story

ANA = Agent("1001", "Ana Costa")


def test_an_agent_calls_a_customer_who_answers(story: Story) -> None:
    ana = story.someone("1001", name="Ana Costa").calls("912345678")
    maria = story.someone("912345678").rings()
    story.passes(seconds=7)
    maria.answers()
    story.passes(seconds=30)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert (story.call.direction, story.call.agent) == (Direction.OUTBOUND_MANUAL, ANA)
    assert story.call.caller == Party(None, "1001", "Ana Costa", "1001")
    assert story.call.callee == Party("+351912345678", "912345678")
    assert story.told("call.answered").details["by"] == story.call.callee
    assert (story.call.ring_s, story.call.talk_s, story.call.ended_by) == (7, 30, Side.CALLEE)
    assert ana.is_up


@pytest.mark.parametrize("dialled", ["0912345678", "00351912345678", "+351912345678", "912345678"])
def test_the_customers_number_is_e164_however_it_was_dialled(story: Story, dialled: str) -> None:
    ana = story.someone("1001").calls(dialled)
    ana.hangs_up()

    assert (story.call.callee.number, story.call.callee.raw) == ("+351912345678", dialled)
    assert story.call.direction is Direction.OUTBOUND_MANUAL


@pytest.mark.parametrize(
    ("refusal", "state", "reason"),
    [
        ("is_busy", CallState.BUSY, Reason.BUSY),
        ("does_not_exist", CallState.FAILED, Reason.UNALLOCATED),
        ("is_congested", CallState.FAILED, Reason.CONGESTION),
        ("rejects", CallState.NO_ANSWER, Reason.REJECTED),
    ],
)
def test_a_customer_who_cannot_be_reached(story: Story, refusal: str, state: CallState, reason: Reason) -> None:
    ana = story.someone("1001", name="Ana Costa").calls("912345678")
    getattr(story.someone("912345678"), refusal)()
    ana.is_hung_up_on(34)

    assert story.heard == ["call.started", "call.ended"]
    assert (story.call.state, story.call.reason, story.call.agent) == (state, reason, ANA)


def test_a_customer_who_does_not_answer(story: Story) -> None:
    ana = story.someone("1001").calls("912345678")
    maria = story.someone("912345678").is_called()
    story.passes(seconds=30)  # a carrier may let it ring without saying so
    maria.stops("NOANSWER")
    ana.is_hung_up_on()

    assert (story.call.state, story.call.reason, story.call.missed) == (CallState.NO_ANSWER, Reason.TIMEOUT, None)


def test_an_agent_who_gives_up(story: Story) -> None:
    ana = story.someone("1001").calls("912345678")
    story.someone("912345678").rings()
    story.passes(seconds=5)
    ana.hangs_up()

    assert story.heard == ["call.started", "call.ringing", "call.ended"]
    assert (story.call.state, story.call.ended_by) == (CallState.CANCELLED, Side.CALLER)


def test_two_extensions_talk(story: Story) -> None:
    ana = story.someone("1001", name="Ana Costa").calls("201")
    eva = story.someone("201", name="Eva Pinto").rings()
    story.passes(seconds=2)
    eva.answers()
    story.passes(seconds=9)
    ana.hangs_up()

    assert story.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert (story.call.direction, story.call.talk_s) == (Direction.INTERNAL, 9)
    assert story.call.callee == Party(None, "201", "Eva Pinto", "201")
    assert story.call.agent == Agent("201", "Eva Pinto")


def test_an_internal_call_nobody_answers_is_not_missed(story: Story) -> None:
    ana = story.someone("1001").calls("201")
    eva = story.someone("201").rings()
    story.passes(seconds=20)
    eva.stops("NOANSWER")
    ana.is_hung_up_on()

    assert story.heard == ["call.started", "call.ringing", "call.ended"]
    assert (story.call.state, story.call.missed) == (CallState.NO_ANSWER, None)


@pytest.mark.parametrize("dialled", ["77", "*8", "8912345678"])
def test_a_code_of_the_dialplans_own_is_a_call_to_whom_it_leads_to(story: Story, dialled: str) -> None:
    ana = story.someone("1001", name="Ana Costa").calls(dialled)
    maria = story.someone("912345678").rings()
    maria.answers()
    ana.hangs_up()

    assert (story.call.direction, story.call.agent) == (Direction.OUTBOUND_MANUAL, ANA)
    assert story.call.callee == Party("+351912345678", dialled)
