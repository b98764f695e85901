"""Calls whose end was never said, and clocks that are set: nothing is left up, and all is counted."""

from dataclasses import replace
from datetime import timedelta

from callbridge.calls import facts as f
from callbridge.calls.call import CallState, Reason
from callbridge.calls.recording_files import SETTLE_S
from tests.stories.handing import leaves, say, talking
from tests.stories.someone import Someone
from tests.stories.story import Story


def lists(story: Story, *people: Someone) -> None:
    """The PBX is asked for its channels, and has those of `people`."""
    story.says(f.StateAsked("main", story.now))
    story.says(f.ChannelsListed("main", story.now, frozenset(each.channel for each in people)))


def test_a_call_whose_channels_the_pbx_does_not_know_is_closed_and_counted(story: Story) -> None:
    story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    ana.answers()
    story.passes(seconds=600)
    lists(story)

    assert (story.call.state, story.call.reason) == (CallState.COMPLETED, Reason.INTERRUPTED)
    assert story.tracker.board.oddities == {"call whose end was not heard": 1}
    assert (story.tracker.live_calls, story.tracker.board.graph.channels) == (0, {})


def test_a_call_that_lost_one_side_unheard_loses_its_leg_and_goes_on(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    ana.answers()
    story.passes(seconds=600)
    lists(story, maria)
    assert not story.call.over
    maria.hangs_up()

    assert story.call.state is CallState.COMPLETED


def test_calls_that_go_on_are_left_alone(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    told = story.heard.copy()
    lists(story, maria, ana)

    assert story.heard == told
    assert story.tracker.board.oddities == {}


def test_a_list_adopts_nobody(story: Story) -> None:
    """What began unheard is the business of a resync; a list tells too little of it."""
    maria = Story().someone("912345678").calls("210000000")
    lists(story, maria)

    assert story.heard == []


def test_a_clock_that_is_set_back_by_hours_holds_nothing_up(story: Story) -> None:
    story.someone("912345678").calls("210000000")
    story.someone("1001").rings()
    assert "call.ringing" not in story.heard
    story.now -= timedelta(hours=3)
    story.someone("1002").rings()
    story.passes(seconds=0.1)

    assert "call.ringing" in story.heard
    assert story.tracker.board.oddities == {"clock set back": 1}
    assert story.call.oddities == 1


def test_a_call_over_which_the_clock_is_set_back_has_no_negative_seconds(story: Story) -> None:
    maria = story.someone("912345678")
    maria.waits_in("sales")
    ana = story.someone("1001").rings()
    story.now -= timedelta(hours=1)
    ana.answers()
    ana.holds()
    story.now -= timedelta(hours=1)
    maria.hangs_up()

    call = story.call
    assert call.state is CallState.COMPLETED
    assert (call.wait_s, call.ring_s, call.hold_s, call.talk_s) == (0, 0, 0, 0)


def test_a_clock_that_is_set_forward_ends_nothing(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    ana.answers()
    story.now += timedelta(hours=5)
    ana.holds()
    assert not story.call.over
    maria.hangs_up()

    assert story.call.state is CallState.COMPLETED


def test_a_blind_transfer_before_a_clock_is_set_back_is_not_held_up(story: Story) -> None:
    """Garbage for a time may lie ages ahead, where a wait of a second at a time would never come to its end."""
    _, ana = talking(story)
    story.now += timedelta(days=36500)
    say(story, ana, f.BlindTransferred, "201")
    story.now -= timedelta(days=36500)
    leaves(story, ana)
    say(story, ana, f.ChannelGone, 16)
    story.passes(seconds=1.1)

    assert "call.transferred" in story.heard


def test_a_recording_that_stopped_before_a_clock_is_set_back_is_given_up_in_time(story: Story) -> None:
    profile = story.tracker.board.profile("main")
    story.tracker.board.profiles["main"] = replace(profile, recordings_dir="/r", measures=True)
    maria, _ = talking(story)
    maria._says(f.RecordingNamed, "/r/x.wav")
    maria._says(f.RecordingBegan)
    story.now += timedelta(days=36500)
    maria._says(f.RecordingStopped)
    story.now -= timedelta(days=36500)
    maria.holds()
    story.passes(seconds=SETTLE_S + 1)

    assert "recording.failed" in story.heard


def test_words_that_overtake_one_another_are_no_clock_set_back(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    story.now -= timedelta(milliseconds=900)
    story.someone("1001").rings()
    maria.hangs_up()

    assert story.tracker.board.oddities == {}
