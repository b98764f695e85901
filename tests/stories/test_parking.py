"""Calls that wait in a car park."""

import pytest

from callbridge.calls import facts as f
from callbridge.calls.call import CallState, Side
from tests.stories.car_park import parked
from tests.stories.someone import Someone
from tests.stories.story import Story


def extension_of(party: object) -> object:
    return getattr(party, "extension", None)


def test_a_call_that_is_parked_and_fetched_goes_on_with_who_fetched_it(story: Story) -> None:
    maria, _ = parked(story)
    story.passes(seconds=20)
    story.someone("1002", name="Bruno Reis").fetches(maria)
    story.passes(seconds=5)
    maria.hangs_up()

    assert story.heard[2:] == ["call.answered", "call.parked", "call.unparked", "call.ended"]
    assert story.told("call.parked").details["slot"] == story.told("call.unparked").details["slot"] == "701"
    assert extension_of(story.told("call.parked").details["by"]) == "1001"
    assert extension_of(story.told("call.unparked").details["by"]) == "1002"
    assert story.call.agent
    assert (story.call.agent.extension, story.call.state) == ("1002", CallState.COMPLETED)
    assert [(leg.who.extension, leg.side) for leg in story.call.legs[1:]] == [
        ("1001", Side.CALLEE),
        ("1002", Side.CALLEE),
    ]


def test_music_in_a_car_park_is_hold_and_no_talk(story: Story) -> None:
    maria, _ = parked(story)
    story.passes(seconds=20)
    story.someone("1002").fetches(maria)
    story.passes(seconds=5)
    maria.hangs_up()

    assert (story.call.hold_s, story.call.talk_s) == (20, 15)


def test_fetching_is_no_call_of_its_own(story: Story) -> None:
    maria, _ = parked(story)
    bruno = story.someone("1002")
    bruno.fetches(maria)
    bruno.hangs_up()
    maria.is_hung_up_on()

    assert len(story.calls) == 1
    assert story.call.ended_by is Side.CALLEE


def test_who_fetches_late_had_a_call_that_became_part_of_the_parked_one(story: Story) -> None:
    """An announcement before it, say: by then the dialling was told."""
    maria, _ = parked(story)
    bruno = story.someone("1002", name="Bruno Reis").calls("701")
    bruno.picks_up()
    story.passes(seconds=6)
    bruno.has_fetched(maria)
    story.passes(seconds=5)
    maria.hangs_up()

    call, part = story.calls
    assert story.heard_of(part) == ["call.started", "call.ended"]
    assert (part.state, part.merged_into, part.missed) == (CallState.COMPLETED, call.id, None)
    assert call.agent
    assert (call.agent.extension, call.ended_by) == ("1002", Side.CALLER)


def test_who_fetches_on_a_busy_pbx_has_made_no_call_of_their_own(story: Story) -> None:
    """It may take its time to say that they have fetched one; who is parked in a slot is known."""
    maria, _ = parked(story)
    bruno = story.someone("1002", name="Bruno Reis").calls("701")
    bruno.picks_up()
    story.passes(seconds=2)
    bruno.has_fetched(maria)
    maria.hangs_up()

    assert story.heard[3:] == ["call.parked", "call.unparked", "call.ended"]


@pytest.mark.parametrize("behind_s", [0.0, 1.0])
def test_who_fetched_a_call_may_be_said_before_their_channel_is(story: Story, *, behind_s: float) -> None:
    """Of the two threads that say so that of the channels may be the one that is behind."""
    maria, _ = parked(story)
    story.passes(seconds=20)
    third = f"{maria.channel.partition('.')[0]}.3"
    story.says(f.CallUnparked("main", story.now, maria.channel, "701", third))
    story.passes(seconds=behind_s)
    bruno = story.someone("1002", name="Bruno Reis").calls("701")
    assert bruno.channel == third
    bruno.picks_up()
    bruno.talks_with(maria)
    story.passes(seconds=5)
    bruno.hangs_up()

    assert story.heard[3:] == ["call.parked", "call.unparked"]
    assert extension_of(story.told("call.unparked").details["by"]) == "1002"
    assert (len(story.calls), story.call.oddities) == (1, 0)


def test_a_call_that_was_fetched_by_nobody_who_was_ever_heard_of_is_out_of_the_car_park(story: Story) -> None:
    maria, _ = parked(story)
    story.passes(seconds=20)
    story.says(f.CallUnparked("main", story.now, maria.channel, "701", "1795341600.99"))
    assert story.heard[3:] == ["call.parked"]
    story.passes(seconds=6)

    assert story.heard[3:] == ["call.parked", "call.unparked"]
    assert story.told("call.unparked").details == {"slot": "701", "by": None}


def test_a_caller_who_hangs_up_in_the_car_park_ended_an_answered_call(story: Story) -> None:
    maria, _ = parked(story)
    story.passes(seconds=20)
    maria.hangs_up()

    assert story.heard[3:] == ["call.parked", "call.ended"]
    assert (story.call.state, story.call.ended_by, story.call.missed) == (CallState.COMPLETED, Side.CALLER, None)
    assert (story.call.hold_s, story.call.talk_s) == (20, 10)


def test_a_parked_call_nobody_fetches_is_unparked_by_nobody(story: Story) -> None:
    maria, _ = parked(story)
    story.passes(seconds=45)
    maria.is_unparked()
    story.passes(seconds=3)
    maria.is_hung_up_on()

    assert story.heard[3:] == ["call.parked", "call.unparked", "call.ended"]
    assert story.told("call.unparked").details == {"slot": "701", "by": None}
    assert story.call.hold_s == 45


def test_a_parked_call_that_comes_back_is_answered_anew_by_the_parker(story: Story) -> None:
    maria, _ = parked(story)
    answered_at = story.call.answered_at
    story.passes(seconds=45)
    maria.is_unparked()
    again = story.someone("1001", name="Ana Costa").rings(by=maria)
    story.passes(seconds=4)
    assert story.call.state is CallState.RINGING
    again.answers()
    story.passes(seconds=5)
    maria.hangs_up()

    assert story.heard[3:] == ["call.parked", "call.unparked", "call.ringing", "call.answered", "call.ended"]
    assert (story.call.answered_at, story.call.hold_s, story.call.ring_s) == (answered_at, 45, 2)
    assert story.call.ended_by is Side.CALLER


def test_a_parked_call_that_comes_back_to_nobody_was_answered_all_the_same(story: Story) -> None:
    maria, _ = parked(story)
    story.passes(seconds=45)
    maria.is_unparked()
    again = story.someone("1001", name="Ana Costa").rings(by=maria)
    story.passes(seconds=30)
    again.stops()
    maria.is_hung_up_on()

    assert story.heard[3:] == ["call.parked", "call.unparked", "call.ringing", "call.ended"]
    assert (story.call.state, story.call.missed) == (CallState.COMPLETED, None)


def test_an_agents_own_call_can_be_parked_too(story: Story) -> None:
    """The customer is the callee there, and so whoever fetches stands on the caller's side."""
    ana = story.someone("1001", name="Ana Costa").calls("0912345678")
    maria = story.someone("912345678").rings()
    maria.answers()
    story.passes(seconds=10)
    ana.parks(maria)
    story.passes(seconds=20)
    story.someone("1002", name="Bruno Reis").fetches(maria)
    story.passes(seconds=5)
    maria.hangs_up()

    assert story.call.agent
    assert (story.call.agent.extension, story.call.ended_by) == ("1002", Side.CALLEE)
    assert story.call.legs[-1].side is Side.CALLER


def test_who_parks_and_fetches_again_has_not_answered_twice(story: Story) -> None:
    maria, _ = parked(story)
    answered_at = story.call.answered_at
    story.passes(seconds=20)
    story.someone("1001", name="Ana Costa").fetches(maria)
    maria.hangs_up()

    assert story.heard.count("call.answered") == 1
    assert story.call.answered_at == answered_at


def test_a_caller_parked_before_anybody_answered_is_answered_by_who_fetches(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    maria.picks_up()
    maria.is_parked()
    story.passes(seconds=20)
    story.someone("1002", name="Bruno Reis").fetches(maria)
    story.passes(seconds=5)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.parked", "call.unparked", "call.answered", "call.ended"]
    assert (story.call.hold_s, story.call.talk_s) == (0, 5)
    assert extension_of(story.told("call.answered").details["by"]) == "1002"


def test_a_caller_parked_and_never_fetched_is_missed(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    maria.picks_up()
    maria.is_parked()
    story.passes(seconds=20)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.parked", "call.ended", "call.missed"]


def test_a_parker_whose_phone_lets_go_of_its_hold_has_fetched_nobody(story: Story) -> None:
    """Asterisk takes the transferrer off hold, and says so before or after it says that the call is parked."""
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    ana.answers()
    maria.is_parked("701", "PJSIP/1001")
    ana.resumes()
    ana.is_hung_up_on()
    story.passes(seconds=20)
    story.someone("1002").fetches(maria)
    maria.hangs_up()

    assert story.heard[2:] == ["call.answered", "call.parked", "call.unparked", "call.ended"]
    assert story.call.hold_s == 20


def test_two_calls_in_one_car_park_do_not_hear_each_other(story: Story) -> None:
    maria, _ = parked(story)
    rui = story.someone("936000111").calls("210000000")
    bruno = story.someone("1002").rings()
    bruno.answers()
    bruno.parks(rui, "702")
    carla = story.someone("1003", name="Carla Nunes")
    carla.fetches(rui)
    story.passes(seconds=5)

    first, second = story.calls
    assert story.heard_of(first)[-1] == "call.parked"
    assert second.agent
    assert (second.agent.extension, story.heard_of(second)[-1]) == ("1003", "call.unparked")
    maria.hangs_up()
    rui.hangs_up()
    assert story.heard.count("call.ended") == 2


def test_that_the_time_in_a_car_park_is_over_may_be_said_after_the_parker_is_called(story: Story) -> None:
    """Another thread says it: with Asterisk 22 on a busy machine that is later."""
    maria, _ = parked(story)
    story.passes(seconds=45)
    again = story.someone("1001", name="Ana Costa").rings(by=maria)
    maria.is_unparked()
    story.passes(seconds=3)
    again.answers()
    maria.hangs_up()

    assert story.heard[3:] == ["call.parked", "call.unparked", "call.ringing", "call.answered", "call.ended"]
    assert story.call.oddities == 0


@pytest.mark.parametrize("left", [False, True])
def test_a_pbx_too_busy_to_park_at_once_has_not_transferred_anybody(story: Story, *, left: bool) -> None:
    """It says that they were sent to 700; that this is a car park, whoever was sent says with a thread of their own."""
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001", name="Ana Costa").rings()
    ana.answers()
    story.passes(seconds=10)
    story.says(f.BlindTransferred("main", story.now, ana.channel, "700"))
    ana.is_hung_up_on()
    if left:
        story.says(f.BridgeEntered("main", story.now, maria.channel, "car-park", holding=True))
    story.passes(seconds=3)
    maria.is_parked("701", "PJSIP/1001")
    story.passes(seconds=20)
    maria.hangs_up()

    assert story.heard[2:] == ["call.answered", "call.parked", "call.ended"]


def test_a_hold_ends_where_the_parker_puts_the_caller_into_the_car_park(story: Story) -> None:
    """Whether it is said before or after."""
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001", name="Ana Costa").rings()
    ana.answers()
    ana.holds()
    story.passes(seconds=5)
    maria.is_parked("701", "PJSIP/1001")
    ana.resumes()
    ana.is_hung_up_on()
    story.passes(seconds=20)
    maria.hangs_up()

    assert story.heard[3:] == ["call.held", "call.resumed", "call.parked", "call.ended"]
    assert (story.call.hold_s, story.call.oddities) == (25, 0)


def takes_place(story: Story, *, said_last: bool) -> tuple[Someone, Someone]:
    """Ana holds Maria, dials 700 and is told 701, and has Maria parked there instead."""
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001", name="Ana Costa").rings()
    ana.answers()
    ana.holds()
    second = story.someone("1001", name="Ana Costa").calls("700")
    second.picks_up()
    second.is_parked("701", "PJSIP/1001")
    story.passes(seconds=5)
    words = [
        f.CallParked("main", story.now, maria.channel, "701", "PJSIP/1001", instead=True),
        f.AttendedTransferred("main", story.now, ana.channel, second.channel),
    ]
    story.says(*(reversed(words) if said_last else words))
    ana.is_hung_up_on()
    second.is_hung_up_on()
    maria.parked_at = "701"
    return maria, ana


@pytest.mark.parametrize("said_last", [False, True])
def test_who_asks_for_a_slot_first_parks_the_caller_there_and_transfers_nobody(
    story: Story, *, said_last: bool
) -> None:
    maria, _ = takes_place(story, said_last=said_last)
    story.passes(seconds=20)
    story.someone("1002", name="Bruno Reis").fetches(maria)
    story.passes(seconds=5)
    maria.hangs_up()

    call, asked = story.calls
    assert story.heard_of(call) == [
        "call.started",
        "call.ringing",
        "call.answered",
        "call.held",
        "call.resumed",
        "call.parked",
        "call.unparked",
        "call.ended",
    ]
    assert story.heard_of(asked) == ["call.started", "call.parked", "call.ended"]
    assert (asked.state, asked.merged_into, asked.ended_by) == (CallState.COMPLETED, call.id, Side.CALLER)
    assert call.agent
    assert (call.agent.extension, call.hold_s, call.talk_s) == ("1002", 25, 5)
    assert (call.oddities, asked.oddities) == (0, 0)
