"""What is recorded of a call."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from callbridge.calls import facts as f
from callbridge.calls import snapshot
from callbridge.calls.call import Recording
from callbridge.calls.tracker import Tracker
from callbridge.delivery.payload import render
from tests.stories.handing import ByCode, asked, asks, customers, eva_of, goes, joins
from tests.stories.lives import next_life
from tests.stories.someone import Someone
from tests.stories.story import Story, new_tracker, profile

FOLDER = "/var/spool/asterisk/monitor"


def talking(story: Story) -> tuple[Someone, Someone]:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=2)
    ana.answers()
    return maria, ana


def is_recorded(who: Someone, file: str = f"{FOLDER}/x.wav") -> None:
    who._says(f.RecordingNamed, file)
    who._says(f.RecordingBegan)


def told(story: Story) -> list[str]:
    return [kind.removeprefix("recording.") for kind in story.heard if kind.startswith("recording.")]


def recording(story: Story) -> Recording:
    (only,) = story.call.recordings
    return only


def measuring() -> Story:
    """A story in which somebody looks at the files."""
    story = Story()
    story.tracker = Tracker({"main": replace(profile("main"), recordings_dir=FOLDER, measures=True)})
    return story


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


# ── what was found ──


def found(story: Story, *recorded: tuple[Someone, str], others: tuple[Someone, ...] = ()) -> None:
    """Hear the PBX for the first time, or again: these are, or were, recorded to those files."""
    seen = [replace(who.as_seen(), recording=file) for who, file in recorded] + [one.as_seen() for one in others]
    story.says(f.LinkUp("main", story.now), f.StateRead("main", story.now, tuple(seen)))


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


# ── what is handed on ──


def test_after_an_attended_transfer_the_call_has_what_goes_on_of_both(story: Story) -> None:
    maria, ana = talking(story)
    is_recorded(maria, f"{FOLDER}/maria.wav")
    eva = eva_of(story)
    line = asks(story, ana, eva)
    eva.answers()
    is_recorded(line, f"{FOLDER}/line.wav")
    is_recorded(eva, f"{FOLDER}/eva.wav")
    story.passes(seconds=3)
    joins(story, (ana, line), maria, eva)
    story.passes(seconds=4)
    maria.hangs_up()

    assert [(one.path, one.length_s) for one in customers(story).recordings] == [
        (f"{FOLDER}/maria.wav", 7),
        (f"{FOLDER}/eva.wav", 7),
    ]
    assert [(one.path, one.length_s) for one in asked(story).recordings] == [(f"{FOLDER}/line.wav", 3)]
    assert {one.state for call in story.calls for one in call.recordings} == {"ready"}


def three_of(story: Story, who: Someone) -> list[str]:
    """Be recorded to three files at once; return the ids of the recordings."""
    for number in (1, 2, 3):
        is_recorded(who, f"{FOLDER}/{number}.wav")
    return [one.id for one in story.call.recordings]


def says_of(story: Story, kind: Callable[..., f.Fact], recording_id: str, *more: object) -> None:
    story.says(kind("main", story.now, recording_id, *more))


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


def test_the_file_of_who_asked_is_looked_at_after_the_consultation_was_merged() -> None:
    story = measuring()
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    eva.answers()
    is_recorded(line, f"{FOLDER}/line.wav")
    joins(story, (ana, line), maria, eva)
    (recording_id,) = story.tracker.awaited()
    story.says(f.RecordingMeasured("main", story.now, recording_id, 1.0, 16_044))

    assert story.heard_of(asked(story))[-2:] == ["call.ended", "recording.ready"]
    assert not story.tracker.board.settling


def test_who_is_recorded_and_asks_by_feature_code_is_recorded_for_the_call_on_hold(story: Story) -> None:
    maria, ana = talking(story)
    is_recorded(ana, f"{FOLDER}/ana.wav")
    eva = eva_of(story)
    asking = ByCode(story, ana, maria)
    asking.rings(eva)
    asking.answers(eva)
    ana._says(f.RecordingMuted, "both", True)
    story.passes(seconds=2)
    asking.leaves(eva)
    maria.hangs_up()

    assert story.heard_of(asked(story)) == ["call.started", "call.ringing", "call.answered", "call.ended"]
    (one,) = customers(story).recordings
    assert (one.state, one.length_s, len(one.pauses)) == ("ready", 2, 1)


def test_what_began_while_asking_by_feature_code_goes_on_with_whoever_comes_back(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    asking = ByCode(story, ana, maria)
    asking.rings(eva)
    asking.answers(eva)
    is_recorded(ana)
    story.passes(seconds=2)
    asking.comes_back()
    asking.is_gone()
    goes(story, eva)
    story.passes(seconds=3)
    ana._says(f.RecordingStopped)
    maria.hangs_up()

    (one,) = customers(story).recordings
    assert (one.state, one.length_s) == ("ready", 5)
    assert asked(story).recordings == ()


# ── where somebody looks at the file ──


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


def test_the_id_of_a_recording_is_the_same_in_every_life(story: Story) -> None:
    maria, _ = talking(story)
    is_recorded(maria)
    before = recording(story).id
    new = next_life(story.tracker, Tracker(story.tracker.board.profiles))
    (work,) = new.board.open.values()

    assert work.call.recordings[0].id == before
