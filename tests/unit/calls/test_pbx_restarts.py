"""A PBX that is started anew: none of its calls is left, whatever ids the new one gives."""

from datetime import timedelta

from callbridge.calls import facts as f
from callbridge.calls.call import CallState, Reason
from tests.stories.handing import asks, eva_of, joins, say, talking
from tests.stories.lives import next_life
from tests.stories.story import BEGIN, Story, new_tracker

FIRST = BEGIN - timedelta(hours=9)
SECOND = BEGIN + timedelta(minutes=1)


def test_a_pbx_that_was_started_anew_has_none_of_its_calls(story: Story) -> None:
    story.link_comes(started=FIRST)
    story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    story.passes(seconds=2)
    ana.answers()
    story.passes(seconds=30)
    story.link_goes()
    lost_at = story.now
    story.passes(seconds=60)
    story.link_comes(started=SECOND)

    assert (story.call.state, story.call.reason) == (CallState.COMPLETED, Reason.INTERRUPTED)
    assert (story.call.ended_at, story.call.talk_s) == (lost_at, 30)
    assert story.heard[-2:] == ["call.ended", "pbx.connected"]
    assert story.told("pbx.connected").details["gap"] == {
        "from": lost_at,
        "to": story.now,
        "restarted": True,
        "ended": 1,
        "adopted": 0,
        "backfilled": None,
    }


def test_a_restart_that_nobody_noticed_as_a_gap_is_one(story: Story) -> None:
    """The daemon may come back to a PBX it never lost."""
    story.link_comes(started=FIRST)
    story.someone("912345678").calls("210000000")
    story.link_comes(started=SECOND)

    assert story.call.reason is Reason.INTERRUPTED
    gap = story.told("pbx.connected").details["gap"]
    assert isinstance(gap, dict)
    assert gap["restarted"]


def test_the_same_start_said_again_ends_nothing(story: Story) -> None:
    story.link_comes(started=FIRST)
    maria = story.someone("912345678").calls("210000000")
    story.link_goes()
    story.link_comes(maria, started=FIRST)

    assert not story.call.over


def test_a_start_that_is_not_said_ends_nothing(story: Story) -> None:
    story.link_comes(started=FIRST)
    maria = story.someone("912345678").calls("210000000")
    story.link_goes()
    story.link_comes(maria)

    assert not story.call.over


def test_an_id_the_new_pbx_gives_again_is_another_call(story: Story) -> None:
    """A computer without a battery for its clock starts at the same second each time."""
    story.link_comes(started=FIRST)
    maria = story.someone("912345678").calls("210000000")
    story.link_goes()
    story.passes(seconds=60)
    story.link_comes(maria, started=SECOND)

    before, after = story.calls
    assert before.id != after.id
    assert (before.over, before.reason, after.over) == (True, Reason.INTERRUPTED, False)
    assert len({event.id for event in story.events}) == len(story.events)
    maria.hangs_up()
    assert story.heard_of(after) == ["call.started", "call.ended", "call.missed"]
    assert after.protocol != before.protocol


def test_a_new_life_of_the_daemon_knows_the_start_of_the_pbx_its_calls_were_on(story: Story) -> None:
    story.link_comes(started=FIRST)
    maria = story.someone("912345678").calls("210000000")
    story.tracker = next_life(story.tracker, new_tracker())
    story.link_comes(maria, started=SECOND)

    before, after = story.calls
    assert (before.reason, after.over) == (Reason.INTERRUPTED, False)
    assert before.id != after.id


def test_the_restart_of_one_pbx_is_not_the_others(story: Story) -> None:
    for pbx in ("main", "porto"):
        story.link_comes(pbx=pbx, started=FIRST)
    story.someone("912345678", pbx="porto").calls("220000000")
    story.link_comes(started=SECOND)

    assert not story.call.over


def test_the_id_of_a_call_that_was_merged_is_never_given_again(story: Story) -> None:
    """A PBX whose clock was set back counts its channels as before."""
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    eva.answers()
    joins(story, (ana, line), maria, eva)
    say(story, line, f.ChannelBorn, "PJSIP/trunk-00000099", line.channel, True, "912345678", None, "210000000")

    before, merged, again = story.calls
    assert len({before.id, merged.id, again.id}) == 3
    assert (again.sequence, story.heard[-1]) == (1, "call.started")
