"""Calls that ring at one phone and are picked up at another."""

import pytest

from callbridge.calls.call import Agent, CallState, Direction, Side
from tests.stories.handing import eva_of, sends, talking
from tests.stories.lives import now_true
from tests.stories.someone import Someone
from tests.stories.story import Story


def ringing(story: Story) -> tuple[Someone, Someone, Someone]:
    """Maria calls, Ana's phone rings for 3 s; Bruno sits beside her."""
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=3)
    return maria, ana, story.someone("1002", name="Bruno Reis")


def test_who_picks_up_has_answered(story: Story) -> None:
    maria, ana, bruno = ringing(story)
    bruno.picks_up_from(ana)
    story.passes(seconds=10)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert story.call.agent
    assert (story.call.agent.extension, story.call.ring_s, story.call.talk_s) == ("1002", 3, 10)
    assert getattr(story.told("call.answered").details["by"], "extension", None) == "1002"


def test_dialling_the_code_is_no_call_of_its_own(story: Story) -> None:
    maria, ana, bruno = ringing(story)
    bruno.picks_up_from(ana)
    story.passes(seconds=10)
    bruno.hangs_up()
    maria.is_hung_up_on()

    assert len(story.calls) == 1
    assert (story.call.state, story.call.ended_by) == (CallState.COMPLETED, Side.CALLEE)


def test_who_picked_up_is_no_caller_any_more(story: Story) -> None:
    _, ana, bruno = ringing(story)
    bruno.picks_up_from(ana)
    found = {each.channel: each.calling for each in now_true(story.tracker, "main", story.now).channels}

    assert found[bruno.channel] is False


def test_the_phone_that_rang_has_not_missed_it(story: Story) -> None:
    maria, ana, bruno = ringing(story)
    bruno.picks_up_from(ana)
    maria.hangs_up()

    assert story.call.missed is None
    assert [(leg.who.extension, leg.cause) for leg in story.call.legs[1:]] == [("1001", 26), ("1002", 16)]


def test_a_pick_up_that_was_told_as_a_call_becomes_part_of_the_one_picked_up(story: Story) -> None:
    """A phone that asks for the ringing dialog calls the colleague by SIP's Replaces, and that is told at once."""
    maria, ana, bruno = ringing(story)
    bruno.picks_up_from(ana, code="1001")
    story.passes(seconds=10)
    maria.hangs_up()

    call, part = story.calls
    assert story.heard_of(part) == ["call.started", "call.ended"]
    assert (part.state, part.merged_into, part.direction) == (CallState.COMPLETED, call.id, Direction.INTERNAL)
    assert story.heard_of(call) == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert call.agent
    assert call.agent.extension == "1002"


def test_a_phone_that_takes_the_ringing_over_has_answered(story: Story) -> None:
    """By SIP's Replaces, of which Asterisk has no word of its own."""
    maria, ana, bruno = ringing(story)
    bruno.takes_over(ana)
    takes_it(story, maria)


def test_so_it_has_where_the_phone_that_rang_is_gone_first(story: Story) -> None:
    maria, ana, bruno = ringing(story)
    bruno.takes_over(ana, gone_first=True)
    takes_it(story, maria)


def test_so_it_has_where_a_call_rings_that_was_handed_on(story: Story) -> None:
    maria, ana = talking(story)
    sends(story, ana, maria, "201")
    eva = eva_of(story).rings(maria)
    story.someone("1002", name="Bruno Reis").takes_over(eva)
    maria.hangs_up()

    call, part = story.calls
    assert (part.merged_into, part.missed) == (call.id, None)
    assert story.heard_of(call)[3:] == ["call.transferred", "call.ringing", "call.answered", "call.ended"]
    assert call.agent == Agent("1002", "Bruno Reis")


def takes_it(story: Story, maria: Someone) -> None:
    story.passes(seconds=10)
    maria.hangs_up()

    call, part = story.calls
    assert story.heard_of(part) == ["call.started", "call.ended"]
    assert (part.merged_into, part.missed) == (call.id, None)
    assert story.heard_of(call) == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert call.agent
    assert call.agent.extension == "1002"


def test_of_a_group_any_phone_can_be_picked_up(story: Story) -> None:
    maria, ana, bruno = ringing(story)
    story.someone("1003").rings()
    bruno.picks_up_from(ana)
    story.passes(seconds=10)
    maria.hangs_up()

    assert story.heard.count("call.answered") == 1
    assert story.call.agent
    assert story.call.agent.extension == "1002"


def test_a_caller_who_waits_in_a_queue_can_be_picked_up(story: Story) -> None:
    maria = story.someone("912345678")
    maria.waits_in("sales")
    ana = story.someone("1001").rings()
    story.passes(seconds=3)
    story.someone("1002", name="Bruno Reis").picks_up_from(ana)
    story.passes(seconds=10)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.queued", "call.ringing", "call.answered", "call.ended"]
    assert (story.call.wait_s, story.call.queue) == (3, "sales")


@pytest.mark.parametrize("code", ["*8", "1001"])
def test_a_pick_up_that_comes_too_late_is_a_call_like_any_other(code: str) -> None:
    story = Story()
    maria, _, bruno = ringing(story)
    maria.hangs_up()
    bruno.calls(code)
    story.passes(seconds=2)
    bruno.is_hung_up_on()

    missed, late = story.calls
    assert story.heard_of(missed)[-1] == "call.missed"
    assert story.heard_of(late) == ["call.started", "call.ended"]
    assert late.merged_into is None
