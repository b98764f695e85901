"""Two calls whose last people meet: what belongs to a call without being a leg of it is nobody's last."""

from dataclasses import replace

from callbridge.calls.call import LegState
from callbridge.calls.reunion import together
from tests.stories.handing import talking
from tests.stories.someone import Someone
from tests.stories.story import Story


def is_left(story: Story, gone: Someone) -> None:
    """Have the leg of `gone` be over, and say nothing of it."""
    work = story.tracker.board.call_of(story.tracker.board.channel("main", gone.channel))
    assert work is not None
    work.legs[gone.channel] = replace(work.legs[gone.channel], state=LegState.DOWN)


def test_a_channel_that_is_no_leg_of_its_call_unites_nobody(story: Story) -> None:
    board = story.tracker.board
    maria, ana = talking(story)
    story.someone("936000111").calls("210000000")
    eva = story.someone("1002").rings()
    eva.answers()
    is_left(story, ana)
    is_left(story, eva)
    here, there = board.channel("main", maria.channel), board.channel("main", eva.channel)
    assert here is not None
    assert there is not None
    work = board.call_of(there)
    assert work is not None
    del work.legs[eva.channel]

    assert together(board, (here, there), story.now) is None
    assert story.tracker.live_calls == 2
