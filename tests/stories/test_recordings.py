"""What is recorded of a call."""

from callbridge.calls import facts as f
from callbridge.calls.tracker import Tracker
from tests.stories.lives import next_life
from tests.stories.recorded import FOLDER, is_recorded, recording, talking, told
from tests.stories.story import Story


def test_what_is_recorded_is_told_with_its_length_by_the_pbxs_times(story: Story) -> None:
    maria, _ = talking(story)
    is_recorded(maria)
    story.passes(seconds=10)
    maria.hangs_up()

    assert told(story) == ["started", "ready"]
    one = recording(story)
    assert (one.state, one.length_s, one.measured, one.file) == ("ready", 10, False, f"{FOLDER}/x.wav")
    assert story.told("recording.ready").details["recording"] == one


def test_a_pause_is_part_of_the_length(story: Story) -> None:
    maria, _ = talking(story)
    is_recorded(maria)
    story.passes(seconds=2)
    maria._says(f.RecordingMuted, "both", True)
    story.passes(seconds=3)
    maria._says(f.RecordingMuted, "both", False)
    story.passes(seconds=4)
    maria._says(f.RecordingStopped)
    story.passes(seconds=5)
    maria.hangs_up()

    assert told(story) == ["started", "paused", "resumed", "ready"]
    one = recording(story)
    assert one.length_s == 9
    assert [(span.ended_at - span.began_at).total_seconds() for span in one.pauses if span.ended_at] == [3]


def test_one_direction_silenced_is_no_pause(story: Story) -> None:
    maria, _ = talking(story)
    is_recorded(maria)
    maria._says(f.RecordingMuted, "read", True)
    assert told(story) == ["started"]
    maria._says(f.RecordingMuted, "write", True)
    maria._says(f.RecordingMuted, "write", True)
    assert told(story) == ["started", "paused"]
    maria._says(f.RecordingMuted, "both", False)
    maria.hangs_up()

    assert told(story) == ["started", "paused", "resumed", "ready"]


def test_a_pause_ends_with_the_recording(story: Story) -> None:
    maria, ana = talking(story)
    is_recorded(ana)
    ana._says(f.RecordingMuted, "both", True)
    story.passes(seconds=1)
    ana.hangs_up()

    assert told(story) == ["started", "paused", "ready"]
    assert recording(story).pauses[-1].ended_at == story.now
    assert maria.channel


def test_of_several_on_one_channel_the_newest_is_stopped_and_the_end_stops_the_rest(story: Story) -> None:
    maria, _ = talking(story)
    is_recorded(maria, f"{FOLDER}/1.wav")
    is_recorded(maria, f"{FOLDER}/2.wav")
    story.passes(seconds=1)
    maria._says(f.RecordingStopped)
    story.passes(seconds=1)
    maria.hangs_up()

    assert told(story) == ["started", "started", "ready", "ready"]
    assert [one.length_s for one in story.call.recordings] == [2, 1]


def test_the_same_file_again_is_another_recording(story: Story) -> None:
    maria, _ = talking(story)
    for _ in range(2):
        is_recorded(maria)
        story.passes(seconds=1)
        maria._says(f.RecordingStopped)
    maria.hangs_up()

    one, two = story.call.recordings
    assert one.id != two.id
    assert one.file == two.file


def test_a_recording_that_says_its_name_late_began_when_it_did(story: Story) -> None:
    maria, _ = talking(story)
    maria._says(f.RecordingBegan)
    story.passes(seconds=1)
    assert told(story) == []
    maria._says(f.RecordingNamed, f"{FOLDER}/x.wav")
    maria.hangs_up()

    assert recording(story).length_s == 1


def test_one_that_records_while_bridged_is_as_long_as_the_talk(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    maria._says(f.RecordingAsked, True)
    is_recorded(maria)
    ana = story.someone("1001").rings()
    story.passes(seconds=5)
    ana.answers()
    story.passes(seconds=7)
    maria.hangs_up()

    assert recording(story).length_s == 7


def test_one_that_records_while_bridged_has_nothing_of_a_missed_call(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    maria._says(f.RecordingAsked, True)
    is_recorded(maria)
    story.someone("1001").rings()
    story.passes(seconds=5)
    maria.hangs_up()

    assert (recording(story).state, recording(story).length_s) == ("ready", 0)
    assert story.call.missed is not None


def test_what_was_recorded_when_the_pbx_went_away_has_no_length_nobody_heard(story: Story) -> None:
    maria, _ = talking(story)
    is_recorded(maria)
    story.passes(seconds=5)
    story.link_goes()
    story.passes(seconds=60)
    story.link_comes()

    assert (recording(story).state, recording(story).length_s) == ("ready", None)
    assert story.call.reason == "interrupted"


def test_what_ends_that_never_began_is_nothing(story: Story) -> None:
    maria, _ = talking(story)
    maria._says(f.RecordingStopped)
    maria._says(f.RecordingMuted, "both", True)
    maria.hangs_up()

    assert told(story) == []
    assert story.call.recordings == ()


def test_the_id_of_a_recording_is_the_same_in_every_life(story: Story) -> None:
    maria, _ = talking(story)
    is_recorded(maria)
    before = recording(story).id
    new = next_life(story.tracker, Tracker(story.tracker.board.profiles))
    (work,) = new.board.open.values()

    assert work.call.recordings[0].id == before
