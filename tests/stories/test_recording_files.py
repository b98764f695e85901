"""Recordings whose files somebody looks at."""

import json

import pytest

from callbridge.calls import facts as f
from callbridge.calls import snapshot
from callbridge.calls.tracker import Tracker
from tests.stories.recorded import FOLDER, is_recorded, measuring, recording, talking, told


def test_a_recording_is_ready_once_its_file_was_looked_at_which_may_be_after_the_call() -> None:
    story = measuring()
    maria, _ = talking(story)
    is_recorded(maria, f"{FOLDER}/2026/x.wav")
    story.passes(seconds=10)
    maria.hangs_up()

    assert story.heard[-1] == "call.ended"
    assert story.tracker.live_calls == 0
    ((recording_id, file),) = story.tracker.awaited().items()
    assert (file.pbx, file.file, file.expected_s) == ("main", "2026/x.wav", 10)

    story.passes(seconds=0.3)
    story.says(f.RecordingMeasured("main", story.now, recording_id, 9.98, 159_724))

    assert story.heard[-1] == "recording.ready"
    assert [event.sequence for event in story.events] == list(range(1, len(story.events) + 1))
    one = recording(story)
    assert (one.length_s, one.size, one.measured) == (9.98, 159_724, True)
    assert (story.call.state, story.call.talk_s) == ("completed", 10)
    assert not story.tracker.board.settling
    assert not story.tracker.awaited()


def test_a_call_that_is_over_is_remembered_until_its_recordings_are_settled() -> None:
    story = measuring()
    maria, ana = talking(story)
    is_recorded(maria, f"{FOLDER}/1.wav")
    is_recorded(ana, f"{FOLDER}/2.wav")
    maria.hangs_up()
    call = story.call
    assert story.tracker.remembers(call)

    new = Tracker(story.tracker.board.profiles)
    memory = json.loads(json.dumps(snapshot.plain(snapshot.remember(story.tracker, call.id))))
    snapshot.recall(new, memory)
    assert new.live_calls == 0
    assert new.awaited() == story.tracker.awaited()

    for count, recording_id in enumerate(new.awaited()):
        (event,) = new.apply(f.RecordingMeasured("main", story.now, recording_id, 1.0, 16_044))
        assert (event.type, event.sequence) == ("recording.ready", call.sequence + 1 + count)
        assert event.call is not None
        assert new.remembers(event.call) is (count == 0)


@pytest.mark.parametrize(("why", "reason"), [("missing", "missing"), ("unreadable", "unreadable")])
def test_a_file_that_is_not_there_is_a_recording_that_failed(why: str, reason: str) -> None:
    story = measuring()
    maria, _ = talking(story)
    is_recorded(maria)
    story.passes(seconds=1)
    maria.hangs_up()
    (recording_id,) = story.tracker.awaited()
    story.says(f.RecordingMissing("main", story.now, recording_id, why))

    assert story.heard[-1] == "recording.failed"
    assert (recording(story).state, recording(story).reason) == ("failed", reason)


def test_a_file_that_is_not_there_of_what_was_never_to_be_recorded() -> None:
    story = measuring()
    maria = story.someone("912345678").calls("210000000")
    maria._says(f.RecordingAsked, True)
    is_recorded(maria)
    maria.hangs_up()
    (recording_id,) = story.tracker.awaited()
    story.says(f.RecordingMissing("main", story.now, recording_id, "missing"))

    assert recording(story).reason == "nothing_recorded"


def test_a_folder_that_is_on_another_machine_leaves_the_pbxs_word() -> None:
    story = measuring()
    maria, _ = talking(story)
    is_recorded(maria)
    story.passes(seconds=3)
    maria.hangs_up()
    (recording_id,) = story.tracker.awaited()
    story.says(f.RecordingMissing("main", story.now, recording_id, "no_folder"))

    one = recording(story)
    assert (story.heard[-1], one.length_s, one.measured) == ("recording.ready", 3, False)


def test_a_file_of_a_form_nobody_knows_has_the_length_the_pbx_says() -> None:
    story = measuring()
    maria, _ = talking(story)
    is_recorded(maria, f"{FOLDER}/x.ogg")
    story.passes(seconds=3)
    maria.hangs_up()
    (recording_id,) = story.tracker.awaited()
    story.says(f.RecordingMeasured("main", story.now, recording_id, None, 4096))

    one = recording(story)
    assert (one.length_s, one.size, one.measured) == (3, 4096, False)


def test_a_file_nobody_answers_for_has_failed_after_a_time() -> None:
    story = measuring()
    maria, _ = talking(story)
    is_recorded(maria)
    maria.hangs_up()
    story.passes(seconds=59)
    assert story.heard[-1] == "call.ended"
    story.passes(seconds=2)

    assert story.heard[-1] == "recording.failed"
    assert recording(story).reason == "timeout"
    assert not story.tracker.board.settling
    late = story.tracker.apply(f.RecordingMeasured("main", story.now, recording(story).id, 1.0, 1))
    assert late == ()


def test_a_new_life_gives_a_file_its_time_from_when_it_hears_the_pbx() -> None:
    story = measuring()
    maria, _ = talking(story)
    is_recorded(maria)
    maria.hangs_up()
    (recording_id,) = story.tracker.awaited()
    memory = json.loads(json.dumps(snapshot.plain(snapshot.remember(story.tracker, story.call.id))))
    story.tracker = Tracker(story.tracker.board.profiles)
    snapshot.recall(story.tracker, memory)
    story.passes(seconds=3600)
    story.says(f.LinkUp("main", story.now))
    assert recording_id in story.tracker.awaited()
    story.passes(seconds=61)

    assert story.heard[-1] == "recording.failed"


def test_a_file_outside_of_the_folder_is_never_looked_for() -> None:
    story = measuring()
    maria, _ = talking(story)
    for path in ("/etc/passwd", f"{FOLDER}/../../etc/passwd", f"{FOLDER}x/y.wav", FOLDER, "relative.wav"):
        is_recorded(maria, path)
    story.passes(seconds=1)
    maria.hangs_up()

    assert not story.tracker.awaited()
    assert told(story) == ["started"] * 5 + ["ready"] * 5
    assert {one.measured for one in story.call.recordings} == {False}
