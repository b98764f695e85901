"""Which of two calls has a recording, where somebody is asked before they get the call."""

from callbridge.calls import facts as f
from tests.stories.handing import ByCode, asked, asks, customers, eva_of, goes, joins
from tests.stories.recorded import FOLDER, is_recorded, measuring, talking
from tests.stories.story import Story


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


def test_who_is_recorded_and_asks_goes_on_being_recorded_when_whoever_is_on_hold_hangs_up(story: Story) -> None:
    maria, ana = talking(story)
    is_recorded(ana)
    eva = eva_of(story)
    asking = ByCode(story, ana, maria)
    asking.rings(eva)
    asking.answers(eva)
    maria.phones = []
    maria.hangs_up()
    assert story.heard[-1] == "call.ended"
    story.passes(seconds=5)
    assert not story.heard.count("recording.ready")
    ana.hangs_up()
    asking.is_gone()

    assert story.heard_of(customers(story))[-2:] == ["call.ended", "recording.ready"]
    assert [(one.state, one.length_s) for one in customers(story).recordings] == [("ready", 5)]
    assert (story.tracker.board.settling, story.tracker.live_calls) == ({}, 0)
