"""Calls that go on for longer than they may: told while they run, once."""

from datetime import timedelta

import pytest

from callbridge.calls import facts as f
from callbridge.calls.call import Limits, TooLong
from tests.stories.lives import next_life
from tests.stories.someone import Someone
from tests.stories.story import BEGIN, Story, new_tracker

MINUTE = Limits(inbound_s=60)


def may_last(story: Story, limits: Limits = MINUTE) -> None:
    story.says(f.LimitsSet("main", story.now, limits))


def call_to(story: Story, number: str = "201") -> tuple[Someone, Someone]:
    maria, eva = story.someone("912345678"), story.someone(number)
    maria.calls("210000000")
    eva.rings()
    story.passes(seconds=5)
    eva.answers()
    return maria, eva


def told_at(story: Story) -> float:
    """Seconds from the beginning of the story to `call.too_long`."""
    return (story.told("call.too_long").at - BEGIN).total_seconds()


def test_a_call_that_passes_its_limit_is_told_while_it_goes_on_and_keeps_the_mark(story: Story) -> None:
    may_last(story)
    maria, _ = call_to(story)
    story.passes(seconds=61)

    assert story.heard == ["call.started", "call.ringing", "call.answered", "call.too_long"]
    assert story.told("call.too_long").details == {"limit_s": 60}
    assert told_at(story) == 65, "from the answer, not from the beginning, and not when the next thing was heard"
    assert story.call.too_long == TooLong(60, BEGIN + timedelta(seconds=65))
    assert story.call.state == "answered"

    maria.hangs_up()
    assert story.heard[3:] == ["call.too_long", "call.ended"]
    assert story.call.too_long == TooLong(60, BEGIN + timedelta(seconds=65))


def test_it_is_told_once_however_long_it_goes_on(story: Story) -> None:
    may_last(story)
    call_to(story)
    for _ in range(10):
        story.passes(seconds=60)

    assert story.heard.count("call.too_long") == 1


def test_a_limit_ahead_is_nothing_that_has_happened_and_is_told_late(story: Story) -> None:
    """At the end of a tape what is held back is told: a limit that nobody saw pass is not among it."""
    may_last(story)
    call_to(story)

    assert story.tracker.next_deadline("main") == BEGIN + timedelta(seconds=65)
    assert story.tracker.next_telling("main") is None


def test_a_call_that_ends_in_time_is_not_told_and_leaves_nothing_to_wait_for(story: Story) -> None:
    may_last(story)
    maria, _ = call_to(story)
    story.passes(seconds=59)
    maria.hangs_up()

    assert story.tracker.next_deadline("main") is None
    story.passes(seconds=60)
    assert "call.too_long" not in story.heard
    assert story.call.too_long is None


def test_what_rings_or_waits_without_an_answer_is_not_too_long(story: Story) -> None:
    may_last(story)
    story.someone("912345678").waits_in("sales")
    story.passes(seconds=600)

    assert "call.too_long" not in story.heard


def test_time_on_hold_counts_for_it_is_time_on_the_line(story: Story) -> None:
    may_last(story)
    _, eva = call_to(story)
    eva.holds()
    story.passes(seconds=61)

    assert story.heard[-1] == "call.too_long"
    assert told_at(story) == 65


@pytest.mark.parametrize(
    ("caller", "wanted", "limits", "after"),
    [
        ("912345678", "201", Limits(inbound_s=10), 10),
        ("201", "0912345678", Limits(outbound_s=20), 20),
        ("201", "202", Limits(internal_s=30), 30),
        ("201", "202", Limits(inbound_s=10, outbound_s=10), None),
        ("912345678", "201", Limits(outbound_s=10, internal_s=10), None),
    ],
)
def test_each_direction_has_its_own_limit(
    caller: str, wanted: str, limits: Limits, after: float | None, story: Story
) -> None:
    may_last(story, limits)
    story.someone(caller).calls(wanted)
    story.someone(wanted.removeprefix("0")).rings().answers()
    story.passes(seconds=100)

    assert ("call.too_long" in story.heard) == (after is not None)
    assert after is None or told_at(story) == after


@pytest.mark.parametrize(("queues", "after"), [({"sales": 10.0}, 10), ({"sales": 90.0}, 90), ({"support": 10.0}, 60)])
def test_a_queues_own_limit_wins_be_it_shorter_or_longer(queues: dict[str, float], after: float, story: Story) -> None:
    may_last(story, Limits(inbound_s=60, queues=queues))
    story.someone("912345678").waits_in("sales")
    story.someone("201").rings().answers()
    story.passes(seconds=100)

    assert story.told("call.too_long").details == {"limit_s": after}
    assert told_at(story) == after


def test_a_limit_that_is_set_while_a_call_goes_on_holds_for_it_too(story: Story) -> None:
    call_to(story)
    story.passes(seconds=10)
    may_last(story)
    story.passes(seconds=100)

    assert told_at(story) == 65


def test_a_limit_below_what_the_call_has_run_is_told_when_it_is_set(story: Story) -> None:
    call_to(story)
    story.passes(seconds=100)
    may_last(story)

    assert told_at(story) == 105
    assert story.call.too_long == TooLong(60, BEGIN + timedelta(seconds=65))


def test_a_limit_that_is_raised_is_waited_for_anew(story: Story) -> None:
    may_last(story)
    call_to(story)
    may_last(story, Limits(inbound_s=120))
    story.passes(seconds=200)

    assert told_at(story) == 125


def test_a_limit_that_is_taken_away_is_none(story: Story) -> None:
    may_last(story)
    call_to(story)
    may_last(story, Limits())
    story.passes(seconds=200)

    assert "call.too_long" not in story.heard


def test_each_call_goes_by_the_clock_of_its_own_pbx(story: Story) -> None:
    call_to(story)
    story.says(f.LimitsSet("porto", story.now + timedelta(hours=1), MINUTE))
    assert "call.too_long" not in story.heard

    may_last(story)
    story.passes(seconds=60)
    assert told_at(story) == 65


def test_a_new_life_waits_on_and_tells_it_once(story: Story) -> None:
    may_last(story)
    call_to(story)
    story.passes(seconds=30)
    story.tracker = next_life(story.tracker, new_tracker())
    story.passes(seconds=31)
    assert told_at(story) == 65

    story.tracker = next_life(story.tracker, new_tracker())
    story.passes(seconds=600)
    assert story.heard.count("call.too_long") == 1


def test_a_call_that_may_have_ended_in_a_gap_is_too_long_only_where_it_still_runs(story: Story) -> None:
    story.link_comes()
    may_last(story)
    maria, eva = call_to(story)
    call_to(story, "202")
    story.link_goes()
    story.passes(seconds=100)
    assert "call.too_long" not in story.heard

    story.link_comes(maria, eva)
    told = [event for event in story.events if event.type == "call.too_long"]
    assert [event.call and event.call.agent and event.call.agent.extension for event in told] == ["201"]
    assert told[0].call is not None
    assert told[0].call.too_long == TooLong(60, BEGIN + timedelta(seconds=65))
    assert told[0].at == story.now, "when we learnt that it goes on"


def test_a_call_that_began_after_the_link_came_back_is_in_no_doubt_though_the_state_was_not_read(story: Story) -> None:
    may_last(story)
    story.link_comes()
    story.passes(seconds=1)
    story.link_goes()
    story.passes(seconds=1)
    story.says(f.LinkUp("main", story.now))
    call_to(story)
    story.passes(seconds=61)

    assert story.heard[-1] == "call.too_long"


def test_a_call_that_passed_its_limit_in_a_gap_and_ended_there_is_told_from_the_log(story: Story) -> None:
    story.link_comes()
    may_last(story)
    maria, eva = call_to(story)
    in_time, hugo = call_to(story, "202")
    story.link_goes()
    for seconds, one, other in ((20, in_time, hugo), (180, maria, eva)):
        story.passes(seconds=seconds)
        for fact in (f.HangupAsked, f.ChannelGone):
            story.says(f.Backfilled("main", story.now, fact("main", story.now, one.channel)))
        story.says(f.Backfilled("main", story.now, f.ChannelGone("main", story.now, other.channel)))

    (told,) = [event for event in story.events if event.type == "call.too_long"]
    assert told.call is not None
    assert told.call.too_long == TooLong(60, BEGIN + timedelta(seconds=65))
    assert story.heard[-2:] == ["call.too_long", "call.ended"]
