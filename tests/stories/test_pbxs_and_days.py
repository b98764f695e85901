"""Two PBXs, ids that never collide, numbers for each day."""

from datetime import UTC, datetime

from callbridge.calls.arrival import call_id
from tests.stories.story import Story


def test_two_pbxs_whose_ids_collide_have_two_calls(story: Story) -> None:
    lisbon = story.someone("912345678").calls("210000000")
    porto = story.someone("936000111", pbx="porto").calls("220000000")
    assert lisbon.channel == porto.channel
    ana, rui = story.someone("1001").rings(lisbon), story.someone("1001", pbx="porto").rings(porto)
    story.passes(seconds=1)
    ana.answers()
    lisbon.hangs_up()
    story.passes(seconds=1)
    rui.rings()
    porto.hangs_up()

    one, other = story.calls
    assert one.id != other.id
    assert story.heard_of(one) == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert story.heard_of(other) == ["call.started", "call.ringing", "call.ended", "call.missed"]
    assert len({event.id for event in story.events}) == len(story.events)


def test_a_call_has_the_same_id_in_every_life() -> None:
    stories = [Story(), Story()]
    for story in stories:
        story.someone("912345678").calls("210000000")

    assert stories[0].call.id == stories[1].call.id == call_id("main", "1795341600.1")
    assert [event.id for event in stories[0].events] == [event.id for event in stories[1].events]


def test_protocol_numbers_begin_anew_at_the_pbxs_own_midnight() -> None:
    story = Story(datetime(2026, 7, 1, 22, 59, 58, tzinfo=UTC))  # Lisbon is an hour ahead in summer
    story.someone("912345678").calls("210000000")
    story.passes(seconds=1)
    story.someone("912345678").calls("210000000")
    story.passes(seconds=1)
    story.someone("912345678").calls("210000000")

    assert [call.protocol for call in story.calls] == ["20260701-000001", "20260701-000002", "20260702-000001"]


def test_protocol_numbers_go_on_after_those_of_the_former_life(story: Story) -> None:
    story.tracker.board.protocols["20261122"] = 41
    story.someone("912345678").calls("210000000")

    assert story.call.protocol == "20261122-000042"
    assert story.tracker.take_changes().protocols == {"20261122": 42}
