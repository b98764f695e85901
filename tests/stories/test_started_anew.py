"""A PBX that is started anew in a gap, of which its own log tells."""

from datetime import timedelta

from callbridge.calls import facts as f
from callbridge.calls.call import CallState, Reason, Side
from tests.stories.story import Story

MINUTE = timedelta(minutes=1)


def from_the_log(story: Story, silent: Story, *, since: int = 0) -> None:
    """Have the log tell what another story heard, from its fact `since` on."""
    told = [f.Backfilled("main", fact.at, fact) for fact in silent.facts[since:] if not isinstance(fact, f.TimePassed)]
    story.says(*told, f.BackfillDone("main", silent.now))
    story.now = silent.now


def begun_anew(story: Story) -> None:
    """Hear of one start, and lose the link."""
    story.link_comes(started=story.now - MINUTE)
    story.events.clear()


def test_a_call_that_ended_before_the_pbx_was_started_anew_ends_as_its_log_says(story: Story) -> None:
    begun_anew(story)
    silent = Story()
    maria = silent.someone("912345678").calls("210000000")
    ana = silent.someone("1001").rings()
    ana.answers()
    heard = len(silent.facts)
    story.says(*silent.facts)
    story.link_goes()
    silent.passes(seconds=30)
    maria.hangs_up()
    silent.passes(seconds=30)
    from_the_log(story, silent, since=heard)
    story.link_comes(started=story.now - timedelta(seconds=5))

    assert (story.call.state, story.call.reason, story.call.ended_by) == (CallState.COMPLETED, None, Side.CALLER)
    assert story.heard[-2:] == ["call.ended", "pbx.connected"]
    gap = story.told("pbx.connected").details["gap"]
    assert isinstance(gap, dict)
    assert (gap["restarted"], gap["ended"], gap["adopted"]) == (True, 0, 0)
    assert gap["backfilled"] == {"complete": True, "started": 0, "ended": 1, "missed": 0}


def test_a_call_that_the_log_has_of_the_new_pbx_goes_on(story: Story) -> None:
    begun_anew(story)
    story.link_goes()
    silent = Story()
    silent.passes(seconds=30)
    maria = silent.someone("912345678").calls("210000000")
    ana = silent.someone("1001").rings()
    ana.answers()
    silent.passes(seconds=5)
    from_the_log(story, silent)
    story.link_comes(maria, ana, started=story.now - MINUTE / 2)
    story.says(f.HangupAsked("main", story.now, ana.channel))
    for each in (ana, maria):
        story.says(f.ChannelGone("main", story.now, each.channel, 16))

    assert [kind for kind in story.heard if kind.startswith("call.")] == [
        "call.started",
        "call.ringing",
        "call.answered",
        "call.ended",
    ]
    assert (story.call.state, story.call.reason, story.call.ended_by) == (CallState.COMPLETED, None, Side.CALLEE)


def test_a_call_whose_end_the_log_does_not_know_was_interrupted_when_the_last_was_told_of_it(story: Story) -> None:
    """It began after the PBX was last heard, so it cannot have ended then."""
    begun_anew(story)
    story.link_goes()
    silent = Story()
    silent.passes(seconds=30)
    silent.someone("912345678").calls("210000000")
    silent.someone("1001").rings().answers()
    answered_at = silent.now
    silent.passes(seconds=60)
    from_the_log(story, silent)
    story.link_comes(started=story.now - timedelta(seconds=5))

    assert (story.call.state, story.call.reason) == (CallState.COMPLETED, Reason.INTERRUPTED)
    assert story.call.ended_at == answered_at
    assert story.heard[-2:] == ["call.ended", "pbx.connected"]
    gap = story.told("pbx.connected").details["gap"]
    assert isinstance(gap, dict)
    assert (gap["restarted"], gap["ended"], gap["adopted"]) == (True, 1, 0)


def test_a_call_that_was_heard_and_went_on_unheard_was_interrupted_when_the_last_was_told_of_it(story: Story) -> None:
    begun_anew(story)
    silent = Story()
    silent.someone("912345678").calls("210000000")
    ana = silent.someone("1001").rings()
    silent.passes(seconds=1)
    heard = len(silent.facts)
    story.says(*silent.facts)
    story.now = silent.now
    story.link_goes()
    silent.passes(seconds=10)
    ana.answers()
    answered_at = silent.now
    silent.passes(seconds=60)
    from_the_log(story, silent, since=heard)
    story.link_comes(started=story.now - timedelta(seconds=5))

    assert (story.call.state, story.call.reason) == (CallState.COMPLETED, Reason.INTERRUPTED)
    assert (story.call.answered_at, story.call.ended_at) == (answered_at, answered_at)
