"""Several recordings of one channel at once, of which one is stopped: their files tell which."""

from callbridge.calls import facts as f
from callbridge.calls.tracker import Tracker
from tests.stories.lives import next_life
from tests.stories.recorded import FOLDER, is_recorded, measuring, says_of, talking, told
from tests.stories.someone import Someone
from tests.stories.story import Story


def three_of(story: Story, who: Someone) -> list[str]:
    """Be recorded to three files at once; return the ids of the recordings."""
    for number in (1, 2, 3):
        is_recorded(who, f"{FOLDER}/{number}.wav")
    return [one.id for one in story.call.recordings]


def test_where_one_of_several_is_stopped_the_files_tell_which_it_was() -> None:
    story = measuring()
    maria, _ = talking(story)
    one, two, three = three_of(story, maria)
    story.passes(seconds=1)
    maria._says(f.RecordingStopped)
    assert {key: dict(each.rivals) for key, each in story.tracker.awaited().items()} == {
        three: {one: "1.wav", two: "2.wav"}
    }
    says_of(story, f.RecordingGoesOn, three, two)
    assert {key: dict(each.rivals) for key, each in story.tracker.awaited().items()} == {two: {}}
    says_of(story, f.RecordingMeasured, two, 1.0, 16_044)
    story.passes(seconds=1)
    maria.hangs_up()

    assert told(story) == ["started", "started", "started", "ready"]
    seconds = [one.stopped_at and (one.stopped_at - one.started_at).seconds for one in story.call.recordings]
    assert seconds == [2, 1, 2]
    assert set(story.tracker.awaited()) == {one, three}


def test_what_goes_on_after_all_is_as_silent_as_it_was() -> None:
    story = measuring()
    maria, _ = talking(story)
    one, two, three = three_of(story, maria)
    maria._says(f.RecordingMuted, "both", True)
    story.passes(seconds=1)
    maria._says(f.RecordingStopped)
    says_of(story, f.RecordingGoesOn, three, one)
    story.passes(seconds=1)
    maria._says(f.RecordingMuted, "both", False)

    assert told(story)[6:] == ["resumed", "resumed"]
    paused = {each.id: [(span.began_at, span.ended_at) for span in each.pauses] for each in story.call.recordings}
    assert paused[two] == paused[three]
    assert paused[one] != paused[three]


def test_which_of_several_was_stopped_is_no_matter_once_all_are_over() -> None:
    story = measuring()
    maria, _ = talking(story)
    one, two, three = three_of(story, maria)
    maria._says(f.RecordingStopped)
    maria.hangs_up()
    says_of(story, f.RecordingGoesOn, three, one)
    assert {key: dict(each.rivals) for key, each in story.tracker.awaited().items()} == {one: {}, two: {}, three: {}}
    for each in (one, two, three):
        says_of(story, f.RecordingMeasured, each, 1.0, 16_044)

    assert told(story)[3:] == ["ready", "ready", "ready"]
    assert not story.tracker.board.settling


def test_which_of_several_is_over_is_asked_again_by_the_next_life() -> None:
    story = measuring()
    maria, _ = talking(story)
    three_of(story, maria)
    maria._says(f.RecordingStopped)
    new = next_life(story.tracker, Tracker(story.tracker.board.profiles))

    assert new.awaited() == story.tracker.awaited()
