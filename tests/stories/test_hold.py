"""Hold and resume."""

from callbridge.calls import facts as f
from tests.stories.someone import Someone
from tests.stories.story import Story


def talking(story: Story) -> tuple[Someone, Someone]:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=2)
    ana.answers()
    story.passes(seconds=10)
    return maria, ana


def test_hold_is_no_talk(story: Story) -> None:
    maria, ana = talking(story)
    ana.holds()
    story.passes(seconds=20)
    ana.resumes()
    story.passes(seconds=5)
    maria.hangs_up()

    assert story.heard[2:] == ["call.answered", "call.held", "call.resumed", "call.ended"]
    assert story.told("call.held").details["by"] == story.told("call.answered").details["by"]
    assert (story.call.hold_s, story.call.talk_s) == (20, 15)


def test_a_caller_who_hangs_up_while_held(story: Story) -> None:
    maria, ana = talking(story)
    ana.holds()
    story.passes(seconds=30)
    maria.hangs_up()

    assert story.heard[2:] == ["call.answered", "call.held", "call.ended"]
    assert (story.call.hold_s, story.call.talk_s) == (30, 10)


def test_while_both_hold_the_call_is_held_once(story: Story) -> None:
    maria, ana = talking(story)
    ana.holds()
    story.passes(seconds=1)
    maria.holds()
    story.passes(seconds=1)
    ana.resumes()
    story.passes(seconds=1)
    maria.resumes()
    maria.hangs_up()

    assert story.heard[2:] == ["call.answered", "call.held", "call.resumed", "call.ended"]
    assert story.call.hold_s == 3


def test_what_is_held_before_anybody_answered_is_no_hold(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    story.says(f.ChannelHeld("main", story.now, maria.channel))
    story.passes(seconds=3)
    maria.hangs_up()

    assert "call.held" not in story.heard
    assert story.call.hold_s == 0


def test_a_hold_that_is_said_before_the_answer_is_told_after_it(story: Story) -> None:
    """Asterisk under load says first that the phone holds, and then that it is bridged."""
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    ana.picks_up()
    ana.holds()
    ana.talks_with(maria)
    story.passes(seconds=5)
    ana.resumes()
    story.passes(seconds=2)
    maria.hangs_up()

    assert story.heard == [
        "call.started",
        "call.ringing",
        "call.answered",
        "call.held",
        "call.resumed",
        "call.ended",
    ]
    assert story.told("call.held").details["by"] == story.told("call.answered").details["by"]
    assert (story.call.hold_s, story.call.talk_s) == (5, 2)


def test_a_caller_who_holds_while_they_wait_holds_whoever_answers(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.holds()
    ana = story.someone("1001").rings()
    story.passes(seconds=3)
    ana.answers()
    story.passes(seconds=4)
    maria.resumes()
    ana.hangs_up()

    assert story.heard[2:] == ["call.answered", "call.held", "call.resumed", "call.ended"]
    assert story.told("call.held").details["by"] == story.call.caller
    assert (story.call.hold_s, story.call.talk_s) == (4, 0)
