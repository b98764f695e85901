"""Recordings that go on, or are over, when somebody begins to listen: what their files tell of them."""

import json

from callbridge.calls import facts as f
from callbridge.calls.tracker import Tracker
from callbridge.delivery.payload import render
from tests.stories.lives import next_life
from tests.stories.recorded import FOLDER, found, is_recorded, measuring, recording, says_of, talking, told
from tests.stories.story import Story, new_tracker


def test_a_recording_that_began_before_anybody_listened_is_taken_in_and_began_nobody_knows_when(story: Story) -> None:
    maria, ana = talking(story)
    story.passes(seconds=10)
    story.tracker, story.events = new_tracker(), []
    found(story, (maria, f"{FOLDER}/x.wav"), others=(ana,))
    assert told(story) == ["started"]
    assert _as_told(story)["started_at"] is None
    story.passes(seconds=5)
    maria.hangs_up()

    assert told(story) == ["started", "ready"]
    assert (recording(story).state, recording(story).length_s) == ("ready", None)
    assert (_as_told(story)["started_at"], _as_told(story)["length_s"]) == (None, None)


def _as_told(story: Story) -> dict[str, object]:
    body = json.loads(render(next(event for event in reversed(story.events) if event.call is not None)))
    (only,) = body["data"]["call"]["recordings"]
    assert isinstance(only, dict)
    return only


def test_a_recording_that_began_in_a_gap_is_taken_in_beside_the_one_that_is_known(story: Story) -> None:
    maria, ana = talking(story)
    is_recorded(maria, f"{FOLDER}/1.wav")
    for file in ("1.wav", "2.wav", "2.wav"):
        story.link_goes()
        story.passes(seconds=5)
        found(story, (maria, f"{FOLDER}/{file}"), others=(ana,))
    maria.hangs_up()

    assert told(story) == ["started", "started", "ready", "ready"]
    assert [one.length_s for one in story.call.recordings] == [15, None]


def test_a_recording_whose_file_alone_was_heard_before_the_gap_began_in_it(story: Story) -> None:
    maria, ana = talking(story)
    maria._says(f.RecordingNamed, f"{FOLDER}/x.wav")
    story.link_goes()
    found(story, (maria, f"{FOLDER}/x.wav"), others=(ana,))
    maria.hangs_up()

    assert told(story) == ["started", "ready"]


def test_the_file_of_what_was_found_tells_that_it_is_over() -> None:
    story = measuring()
    maria, ana = talking(story)
    found(story, (maria, f"{FOLDER}/x.wav"), others=(ana,))
    ((recording_id, file),) = story.tracker.awaited().items()
    assert not file.over
    assert next_life(story.tracker, Tracker(story.tracker.board.profiles)).awaited() == story.tracker.awaited()
    says_of(story, f.RecordingMeasured, recording_id, 4.0, 64_044)

    assert told(story) == ["started", "ready"]
    assert (recording(story).length_s, recording(story).stopped_at) == (4.0, None)
    assert story.tracker.live_calls == 1


def test_the_file_of_what_was_found_tells_that_it_goes_on() -> None:
    story = measuring()
    maria, ana = talking(story)
    found(story, (maria, f"{FOLDER}/x.wav"), others=(ana,))
    (recording_id,) = story.tracker.awaited()
    says_of(story, f.RecordingGoesOn, recording_id)
    assert not story.tracker.awaited()
    story.passes(seconds=5)
    maria.hangs_up()
    ((_, file),) = story.tracker.awaited().items()

    assert (file.over, file.expected_s, told(story)) == (True, 5, ["started"])
