"""Calls from outside to one phone, or to several at once."""

import pytest

from callbridge.calls import facts as f
from callbridge.calls.call import CallState, Direction, Party, Reason, Side
from tests.stories.story import Story

ANA = Party(None, "1001", "Ana Costa", "1001")
BRUNO = Party(None, "1002", "Bruno Reis", "1002")


def test_a_caller_who_is_answered_and_hangs_up(story: Story) -> None:
    maria = story.someone("912345678", name="Maria Silva").calls("210000000")
    ana = story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=4)
    ana.answers()
    story.passes(seconds=61.5)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert story.call.direction is Direction.INBOUND
    assert story.call.caller == Party("+351912345678", "912345678", "Maria Silva")
    assert story.call.callee == Party("+351210000000", "210000000")
    assert (story.call.agent, story.told("call.answered").details["by"]) == (
        story.tracker.board.roster.agent("main", "1001"),
        ANA,
    )
    assert (story.call.state, story.call.reason, story.call.ended_by) == (CallState.COMPLETED, None, Side.CALLER)
    assert (story.call.ring_s, story.call.talk_s, story.call.wait_s, story.call.hold_s) == (4, 61.5, 0, 0)
    assert story.states == ["started", "ringing", "answered", "completed"]


def test_the_one_who_was_called_hangs_up(story: Story) -> None:
    story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    ana.answers()
    story.passes(seconds=10)
    ana.hangs_up()

    assert (story.call.state, story.call.ended_by, story.call.talk_s) == (CallState.COMPLETED, Side.CALLEE, 10)
    assert story.call.missed is None


def test_a_caller_who_gives_up_while_it_rings_is_missed(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=12)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.ringing", "call.ended", "call.missed"]
    assert (story.call.state, story.call.reason, story.call.ended_by) == (CallState.CANCELLED, None, Side.CALLER)
    assert story.call.ring_s == 12
    assert story.call.missed is not None
    assert story.call.missed.rung == (ANA,)


def test_a_phone_nobody_picks_up_is_no_answer(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    story.passes(seconds=20)
    ana.stops("NOANSWER")
    maria.is_hung_up_on()

    assert story.heard == ["call.started", "call.ringing", "call.ended", "call.missed"]
    assert (story.call.state, story.call.reason, story.call.ended_by) == (
        CallState.NO_ANSWER,
        Reason.TIMEOUT,
        Side.PBX,
    )


@pytest.mark.parametrize(
    ("refusal", "state", "reason", "cause"),
    [
        ("is_busy", CallState.BUSY, Reason.BUSY, 17),
        ("rejects", CallState.NO_ANSWER, Reason.REJECTED, 21),
        ("is_congested", CallState.FAILED, Reason.CONGESTION, 34),
        ("does_not_exist", CallState.FAILED, Reason.UNALLOCATED, 1),
    ],
)
def test_each_refusal_has_a_reason_of_its_own(
    story: Story, refusal: str, state: CallState, reason: Reason, cause: int
) -> None:
    maria = story.someone("912345678").calls("210000000")
    getattr(story.someone("1001"), refusal)()
    maria.is_hung_up_on(34)

    assert story.heard == ["call.started", "call.ended", "call.missed"]
    assert (story.call.state, story.call.reason, story.call.hangup_cause) == (state, reason, cause)
    assert story.call.ended_by is Side.PBX


def test_the_hang_up_asked_of_a_refused_caller_is_the_pbxs_own_doing(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    story.someone("1001").rejects()
    story.says(f.HangupAsked("main", story.now, maria.channel))  # Asterisk 22: its SIP session ends by our 503
    maria.is_hung_up_on(34)

    assert (story.call.state, story.call.ended_by) == (CallState.NO_ANSWER, Side.PBX)


def test_a_phone_that_is_off_never_rang(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").is_called()
    story.passes(seconds=30)
    ana.stops("NOANSWER")
    maria.is_hung_up_on()

    assert story.heard == ["call.started", "call.ended", "call.missed"]
    assert (story.call.state, story.call.reason, story.call.ring_s) == (CallState.FAILED, Reason.UNAVAILABLE, 0)


def test_a_phone_that_nobody_registered_has_no_channel_to_tell_it(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    story.says(f.DialTried("main", story.now, maria.channel, 1))
    story.says(f.DialFailed("main", story.now, maria.channel, "CHANUNAVAIL"))
    maria.is_hung_up_on(3)

    assert (story.call.state, story.call.reason, story.call.hangup_cause) == (CallState.FAILED, Reason.UNAVAILABLE, 3)


def test_one_of_a_group_answers_and_the_others_missed_nothing(story: Story) -> None:
    maria = story.someone("912345678").calls("210000010")
    phones = [story.someone(number, name=name) for number, name in (("1001", "Ana Costa"), ("1002", "Bruno Reis"))]
    for phone in phones:
        phone.is_called()
    for phone in phones:
        phone.rings()
    story.passes(seconds=3)
    phones[1].answers()
    story.passes(seconds=5)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert story.told("call.ringing").details["ringing"] == (ANA, BRUNO)
    assert story.told("call.answered").details["by"] == BRUNO
    assert story.call.agent is not None
    assert story.call.agent.extension == "1002"
    assert [leg.cause for leg in story.call.legs] == [16, 26, 16]


def test_a_group_that_rejects_as_one(story: Story) -> None:
    maria = story.someone("912345678").calls("210000010")
    for phone in [story.someone("1001").is_called(), story.someone("1002").is_called()]:
        phone.is_busy()
    maria.is_hung_up_on(17)

    assert story.heard == ["call.started", "call.ended", "call.missed"]
    assert (story.call.state, story.call.reason) == (CallState.BUSY, Reason.BUSY)


def test_a_group_in_which_one_rings_unanswered_was_not_busy(story: Story) -> None:
    maria = story.someone("912345678").calls("210000010")
    ana, bruno = story.someone("1001", name="Ana Costa").is_called(), story.someone("1002").is_called()
    bruno.is_busy()
    ana.rings()
    story.passes(seconds=20)
    ana.stops("NOANSWER")
    maria.is_hung_up_on()

    assert story.heard == ["call.started", "call.ringing", "call.ended", "call.missed"]
    assert (story.call.state, story.call.reason) == (CallState.NO_ANSWER, Reason.TIMEOUT)
    assert story.call.missed is not None
    assert story.call.missed.rung == (ANA,)


def test_the_second_phone_rings_after_the_first(story: Story) -> None:
    story.someone("912345678").calls("210000006")
    ana = story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=15)
    ana.stops("NOANSWER")
    bruno = story.someone("1002", name="Bruno Reis").rings()
    story.passes(seconds=2)
    bruno.answers()
    story.passes(seconds=7)
    bruno.hangs_up()

    assert [kind for kind in story.heard if kind != "call.updated"] == [
        "call.started",
        "call.ringing",
        "call.ringing",
        "call.answered",
        "call.ended",
    ]
    rings = [event.details["ringing"] for event in story.events if event.type == "call.ringing"]
    assert rings == [(ANA,), (BRUNO,)]
    assert story.call.ring_s == 17
    assert story.call.agent is not None
    assert story.call.agent.name == "Bruno Reis"


def test_one_person_with_two_devices_is_one_agent(story: Story) -> None:
    maria = story.someone("912345678").calls("210000005")
    desk, mobile = story.someone("1001", name="Ana Costa"), story.someone("1001", name="Ana Costa")
    for device in (desk, mobile):
        device.is_called()
    desk.rings()
    story.passes(seconds=2)
    mobile.rings()
    story.passes(seconds=1)
    mobile.answers()
    story.passes(seconds=5)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert story.told("call.ringing").details["ringing"] == (ANA,)
    assert len(story.call.legs) == 3


def test_two_calls_between_the_same_two_people_are_two_calls(story: Story) -> None:
    first = story.someone("912345678").calls("210000000")
    ana_first = story.someone("1001").rings(first)
    second = story.someone("912345678").calls("210000000")
    story.someone("1001").rings(second)
    story.passes(seconds=1)
    ana_first.answers()
    story.passes(seconds=1)
    second.hangs_up()
    story.passes(seconds=1)
    first.hangs_up()

    answered, given_up = story.calls
    assert story.heard_of(answered) == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert story.heard_of(given_up) == ["call.started", "call.ringing", "call.ended", "call.missed"]
    assert (answered.talk_s, given_up.ring_s) == (2, 2)


@pytest.mark.parametrize("number", ["anonymous", "Anonymous", "unavailable", "restricted", None])
def test_a_withheld_number_is_null_and_the_name_is_kept(story: Story, number: str | None) -> None:
    maria = story.someone(number, name='Ana "Nini" <O\'Neil>').calls("210000000")
    maria.hangs_up()

    assert story.call.caller == Party(None, number, 'Ana "Nini" <O\'Neil>')
    assert story.call.direction is Direction.INBOUND


def test_a_name_that_is_told_late_is_the_callers(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    story.says(f.CallerIdChanged("main", story.now, maria.channel, "912345678", "Maria Silva"))
    maria.hangs_up()

    assert story.call.caller.name == "Maria Silva"


def test_a_carrier_may_ask_for_an_extension_itself(story: Story) -> None:
    maria = story.someone("912345678").calls("1001")
    assert story.call.callee == Party(None, "1001", None, "1001")
    story.someone("1001", name="Ana Costa").rings().answers()
    maria.hangs_up()

    assert (story.call.direction, story.call.callee) == (Direction.INBOUND, ANA)


def test_what_was_tried_last_decides_how_it_ended(story: Story) -> None:
    maria = story.someone("912345678").calls("210000006")
    ana = story.someone("1001").rings()
    story.passes(seconds=20)
    ana.stops("NOANSWER")
    story.someone("1002").is_busy()
    maria.is_hung_up_on(17)

    assert (story.call.state, story.call.reason, story.call.hangup_cause) == (CallState.BUSY, Reason.BUSY, 17)


def test_of_two_words_on_one_dial_the_first_is_the_true_one(story: Story) -> None:
    """Asterisk's Queue() says NOANSWER of a member, and CANCEL of all of them afterwards."""
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    story.passes(seconds=20)
    story.says(f.DialEnded("main", story.now, ana.channel, maria.channel, "NOANSWER"))
    ana.stops("CANCEL")
    maria.is_hung_up_on()

    assert (story.call.state, story.call.reason) == (CallState.NO_ANSWER, Reason.TIMEOUT)
