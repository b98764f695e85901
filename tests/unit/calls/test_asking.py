"""What is said while a PBX is asked for its state, which may be older or newer than its answer."""

from callbridge.calls import facts as f
from callbridge.calls.call import CallState
from tests.stories.someone import Someone
from tests.stories.story import Story


def asks(story: Story) -> None:
    story.says(f.LinkUp("main", story.now), f.StateAsked("main", story.now))


def answers(story: Story, *people: Someone) -> None:
    story.says(f.StateRead("main", story.now, tuple(each.as_seen() for each in people)))


def test_a_call_that_began_after_the_question_is_not_ended_by_an_answer_without_it(story: Story) -> None:
    asks(story)
    story.someone("912345678").calls("210000000")
    answers(story)

    assert not story.call.over


def test_a_call_that_ended_after_the_question_is_not_adopted_from_the_answer(story: Story) -> None:
    asks(story)
    maria = story.someone("912345678").calls("210000000")
    story.passes(seconds=1)
    maria.hangs_up()
    told = story.heard.copy()
    answers(story, maria)

    assert story.heard == [*told, "pbx.connected"]
    assert story.tracker.live_calls == 0


def test_what_is_said_of_a_channel_nobody_knows_waits_for_the_answer_that_introduces_it(story: Story) -> None:
    silent = Story()
    maria = silent.someone("912345678").calls("210000000")
    ana = silent.someone("1001").rings()
    before = [ana.as_seen(), maria.as_seen()]
    heard = len(silent.facts)
    ana.answers()

    asks(story)
    story.says(*silent.facts[heard:])
    assert story.heard == []
    story.says(f.StateRead("main", story.now, tuple(before)))

    assert [kind for kind in story.heard if kind != "pbx.connected"] == [
        "call.started",
        "call.ringing",
        "call.answered",
    ]
    assert story.tracker.board.oddities == {}


def test_an_answer_that_is_older_than_what_was_said_does_not_undo_it(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    before = (ana.as_seen(), maria.as_seen())
    asks(story)
    ana.answers()
    story.says(f.StateRead("main", story.now, before))
    maria.hangs_up()

    assert story.call.state is CallState.COMPLETED
    assert story.tracker.live_calls == 0


def test_a_question_without_an_answer_leaves_what_waited_to_the_next(story: Story) -> None:
    silent = Story()
    maria = silent.someone("912345678").calls("210000000")
    before = maria.as_seen()
    heard = len(silent.facts)
    maria.hangs_up()

    asks(story)
    story.says(*silent.facts[heard:])
    asks(story)
    story.says(f.StateRead("main", story.now, (before,)))

    assert [kind for kind in story.heard if kind != "pbx.connected"] == ["call.started", "call.ended", "call.missed"]


def test_what_waited_is_nobodys_when_the_link_goes(story: Story) -> None:
    asks(story)
    story.says(f.ChannelUp("main", story.now, "1795341600.9"))
    story.link_goes()

    assert story.tracker.board.asking == {}
