"""Calls in a car park while nobody listens."""

from dataclasses import replace

import pytest

from callbridge.calls import facts as f
from callbridge.calls.call import CallState, Party, Side
from tests.stories.car_park import parked
from tests.stories.someone import Someone
from tests.stories.story import Story


def after_a_gap(story: Story, *people: Someone, **more: object) -> None:
    """Hear again a PBX that says who is parked, and of some not where."""
    story.says(f.StateRead("main", story.now, tuple(each.as_seen() for each in people), **more))  # type: ignore[arg-type]  # some of its fields


def test_who_is_parked_still_after_a_gap_is_told_nothing_of(story: Story) -> None:
    maria, _ = parked(story)
    after_a_gap(story, maria, parked={maria.channel: None}, holding_bridges=frozenset({"car-park"}))

    assert story.heard[3:] == ["call.parked", "pbx.connected"]


def test_who_was_parked_in_a_gap_has_the_slot_that_is_nobody_elses(story: Story) -> None:
    maria, _ = parked(story)
    rui = story.someone("936000111").calls("210000000")
    rui.picks_up()
    unsaid = {maria.channel: None, rui.channel: None}
    after_a_gap(story, maria, rui, parked=unsaid, slots=frozenset({"701", "705"}))

    assert [told.details["slot"] for told in story.events if told.type == "call.parked"] == ["701", "705"]


def test_which_of_two_slots_is_whose_is_not_guessed(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    rui = story.someone("936000111").calls("210000000")
    for each in (maria, rui):
        each.picks_up()
    unsaid = {maria.channel: None, rui.channel: None}
    after_a_gap(story, maria, rui, parked=unsaid, slots=frozenset({"701", "702"}))

    assert [told.details["slot"] for told in story.events if told.type == "call.parked"] == [None, None]


@pytest.mark.parametrize(
    ("known", "by"),
    [
        ({"dials": True}, None),
        ({"queue": "sales"}, None),
        ({"answered_by": "PJSIP/1001-00000002"}, "1001"),
    ],
    ids=["out of a dial", "out of a queue", "with a word of whom"],
)
def test_who_talked_and_was_parked_before_anybody_listened_is_not_missed(
    story: Story, known: dict[str, object], by: str | None
) -> None:
    """Who parks has left; that somebody answered shows in what the PBX still has the parked one do."""
    silent = Story()
    maria, _ = parked(silent)
    story.now = silent.now
    story.says(f.StateRead("main", story.now, (replace(maria.as_seen(), **known),), parked={maria.channel: "701"}))  # type: ignore[arg-type]  # some of its fields
    story.says(f.HangupAsked("main", story.now, maria.channel), f.ChannelGone("main", story.now, maria.channel, 16))

    assert story.heard == ["call.started", "call.answered", "call.parked", "pbx.connected", "call.ended"]
    answer = story.told("call.answered").details["by"]
    assert answer == (Party(raw="1001", extension="1001") if by else Party())
    assert (story.call.agent and story.call.agent.extension) == by
    assert (story.call.state, story.call.ended_by) == (CallState.COMPLETED, Side.CALLER)


def test_who_was_parked_by_the_dialplan_before_anybody_listened_and_gives_up_is_missed(story: Story) -> None:
    silent = Story()
    maria = silent.someone("912345678").calls("210000000")
    maria.picks_up()
    maria.is_parked()
    story.says(f.StateRead("main", story.now, (maria.as_seen(),), parked={maria.channel: "701"}))
    story.says(f.HangupAsked("main", story.now, maria.channel), f.ChannelGone("main", story.now, maria.channel, 16))

    assert story.heard == ["call.started", "call.parked", "pbx.connected", "call.ended", "call.missed"]


def test_who_was_answered_and_parked_in_a_gap_is_not_missed(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=1)
    story.link_goes()
    story.passes(seconds=30)
    maria.is_up = True
    seen = replace(maria.as_seen(), dials=True, answered_by="PJSIP/1001-00000002")
    story.says(f.StateRead("main", story.now, (seen,), parked={maria.channel: "701"}))
    maria.is_hung_up_on()

    assert story.heard[-3:] == ["call.parked", "pbx.connected", "call.ended"]
    assert story.heard.count("call.answered") == 1
    assert (story.call.state, story.call.missed) == (CallState.COMPLETED, None)
