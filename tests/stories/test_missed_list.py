"""The missed list: who was not answered, and what was done about it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from callbridge.calls import facts as f
from callbridge.calls.call import Party, Reason
from callbridge.calls.missed import AttemptKind, Callback, MissedRules, MissedState, MissedStatus, RecoveredBy
from callbridge.calls.open_missed import MOST_CLOSED
from callbridge.calls.recovery import MOST_NAMED
from tests.stories.handing import eva_of, sends, talking
from tests.stories.lives import next_life
from tests.stories.someone import Someone
from tests.stories.story import BEGIN, Story, new_tracker
from tests.stories.the_list import MissedList, calls_back, misses

MARIA = "+351912345678"


@pytest.fixture
def missed(story: Story) -> MissedList:
    """For what cannot be told again from the facts alone: there a new life begins within the story."""
    return MissedList(story)


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


# ── who stands on it ──


def test_a_caller_nobody_answered_stands_on_the_list(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    row = missed.row()

    assert (row.pbx, row.key, row.caller.name, row.count) == ("main", MARIA, "Maria Silva", 1)
    assert (row.state, row.status) == (MissedState.OPEN, MissedStatus.NOT_TRIED)
    assert (row.first_at, row.last_at, row.last_call) == (BEGIN + after(5), BEGIN + after(5), story.call.id)
    assert row.rung == (Party(None, "1001", "Ana Costa", "1001"),)
    assert missed.history == ["missed"]
    assert story.told("call.missed").details["row"] == {"id": row.id, "count": 1, "first_at": row.first_at}


def test_a_caller_who_tries_three_times_has_one_row_with_the_count_and_all_they_met(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    story.passes(seconds=60)
    maria = story.someone("00351 912 345 678")
    maria.waits_in("support")
    story.someone("1002").rings()
    story.passes(seconds=20)
    maria.hangs_up()
    story.passes(seconds=60)
    maria = story.someone("912345678")
    maria.waits_in("sales")
    story.passes(seconds=30)
    maria.is_sent_on_by("sales", "TIMEOUT")
    maria.is_hung_up_on()
    row = missed.row()

    assert (row.count, row.first_at, row.last_at) == (3, BEGIN + after(5), BEGIN + after(175))
    assert (row.reason, row.queue, row.last_call) == (Reason.TIMEOUT, "sales", story.calls[-1].id)
    assert row.queues == ("support", "sales")
    assert [party.extension for party in row.rung] == ["1001", "1002"]
    assert missed.history == ["missed"] * 3
    told = story.told("call.missed").details["row"]
    assert told == {"id": row.id, "count": 3, "first_at": row.first_at}


def test_two_callers_have_a_row_each_and_so_has_one_caller_at_two_pbxs(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    misses(story, "923456789")
    maria = story.someone("912345678", pbx="porto").calls("220000000")
    maria.hangs_up()

    assert [(row.pbx, row.caller.raw) for row in missed.open] == [
        ("main", "912345678"),
        ("main", "923456789"),
        ("porto", "912345678"),
    ]


def test_a_caller_who_is_answered_stands_on_no_list(story: Story) -> None:
    missed = MissedList(story)
    maria = story.someone("912345678").calls("210000000")
    story.someone("1001", name="Ana Costa").rings().answers()
    maria.hangs_up()

    assert missed.rows == []


def test_whoever_withholds_their_number_has_a_row_for_each_call(story: Story) -> None:
    missed = MissedList(story)
    misses(story, "anonymous")
    misses(story, "anonymous")
    ana = story.someone("1001", name="Ana Costa")
    maria = story.someone("anonymous").calls("210000000")
    ana.rings().answers()
    maria.hangs_up()

    assert [(row.key, row.count) for row in missed.open] == [(call.id, 1) for call in story.calls[:2]]
    assert "call.recovered" not in story.heard


def test_a_short_number_is_recognised_as_it_is_written(story: Story) -> None:
    missed = MissedList(story)
    misses(story, "*12")
    misses(story, "*12")

    assert (missed.row().key, missed.row().count) == ("*12", 2)


# ── what counts ──


def test_who_hangs_up_in_the_menu_counts_unless_it_is_said_otherwise(story: Story) -> None:
    missed = MissedList(story)
    for rules in (MissedRules(), MissedRules(ivr=False)):
        missed.goes_by(rules)
        maria = story.someone("912345678").calls("210000000")
        maria.picks_up()
        story.passes(seconds=30)
        maria.hangs_up()

    assert missed.row().count == 1
    assert story.heard.count("call.missed") == 1
    assert (story.calls[-1].missed, story.calls[-1].reason) == (None, Reason.IVR)


def test_who_gives_up_sooner_than_is_said_does_not_count(story: Story) -> None:
    missed = MissedList(story)
    missed.goes_by(MissedRules(shortest_s=6))
    misses(story, seconds=5)
    assert missed.rows == []
    assert story.heard[-1] == "call.ended"

    misses(story, seconds=6)
    assert missed.row().count == 1


def test_who_is_refused_at_once_counts_however_short_it_was(story: Story) -> None:
    missed = MissedList(story)
    missed.goes_by(MissedRules(shortest_s=6, ivr=False))
    maria = story.someone("912345678").calls("210000000")
    story.someone("1001", name="Ana Costa").is_busy()
    maria.is_hung_up_on()

    assert missed.row().reason is Reason.BUSY


# ── called back ──


def test_a_caller_who_is_called_back_and_answers_leaves_the_list(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    lost = missed.row()
    story.events.clear()
    story.passes(seconds=60)
    ana, maria = calls_back(story)
    story.passes(seconds=10)
    maria.answers()
    row = missed.row()

    assert story.heard == ["call.started", "call.ringing", "call.answered", "call.recovered"]
    assert (row.state, row.status) == (MissedState.RECOVERED, MissedStatus.CALLED_BACK)
    assert (row.recovered_by, row.recovery_s) == (RecoveredBy.CALLBACK, 70)
    assert (row.recovered_call, row.closed_at, row.closed_by) == (story.calls[-1].id, story.now, None)
    assert missed.open == []
    assert missed.history == ["missed", "callback answered"]
    line = missed.lines()[-1]
    assert (line.by, line.by_name, line.call_id, line.at) == (
        "1001",
        "Ana Costa",
        story.calls[-1].id,
        BEGIN + after(65),
    )
    event = story.told("call.recovered")
    assert event.call is not None
    assert (event.call.id, event.call.sequence) == (story.calls[-1].id, 4)
    assert event.details == {
        "missed": {
            "id": lost.id,
            "number": MARIA,
            "count": 1,
            "first_at": lost.first_at,
            "last_at": lost.last_at,
            "last_call": lost.last_call,
            "queue": None,
            "reason": None,
        },
        "recovery_s": 70.0,
        "by": RecoveredBy.CALLBACK,
    }
    ana.hangs_up()
    assert missed.row() == row


def test_the_seconds_count_from_the_last_try(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    story.passes(seconds=600)
    misses(story)
    story.passes(seconds=20)
    calls_back(story)[1].answers()

    assert (missed.row().count, missed.row().recovery_s) == (2, 20)


def test_while_somebody_calls_them_back_the_row_shows_who(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    begun = story.now
    ana, _ = calls_back(story)

    assert missed.row().callbacks == (Callback(story.calls[-1].id, begun, "1001", "Ana Costa", 2),)
    assert missed.row().status is MissedStatus.CALLED
    assert missed.history == ["missed", "callback goes on"]

    story.passes(seconds=20)
    ana.hangs_up()
    assert missed.row().callbacks == ()
    assert missed.history == ["missed", "callback not answered"]
    assert missed.row().state is MissedState.OPEN


def test_a_call_back_that_nobody_answers_leaves_the_row_and_the_next_makes_it_good(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    story.passes(seconds=30)
    ana, maria = calls_back(story)
    maria.is_busy()
    ana.is_hung_up_on()
    story.passes(seconds=30)
    _, maria = calls_back(story, agent="1002")
    maria.answers()

    assert missed.history[:2] == ["missed", "callback not answered"]
    assert missed.history[2:] == ["callback answered"]
    assert missed.lines()[-1].by == "1002"
    assert missed.row().recovery_s == 60


def test_of_two_who_call_back_at_once_both_are_shown_and_the_first_answer_counts(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    ana, busy = calls_back(story)
    _, maria = calls_back(story, agent="1002")

    assert [each.extension for each in missed.row().callbacks] == ["1001", "1002"]
    maria.answers()
    assert (missed.row().state, missed.row().callbacks) == (MissedState.RECOVERED, ())
    assert missed.history == ["missed", "callback goes on", "callback answered"]
    busy.is_busy()
    ana.is_hung_up_on()
    assert missed.history == ["missed", "callback not answered", "callback answered"]
    assert story.heard.count("call.recovered") == 1


def test_a_call_that_the_pbx_places_for_an_agent_is_a_call_back_once_it_is_known_to_whom(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    ana = story.someone("1001", name="Ana Costa").is_called_first()
    ana.comes()
    assert missed.row().callbacks == ()
    maria = story.someone("912345678").rings()
    assert [each.extension for each in missed.row().callbacks] == ["1001"]
    maria.answers()

    assert missed.row().recovered_by is RecoveredBy.CALLBACK


def test_a_customer_the_system_calls_first_is_called_back_by_nobody_of_ours_until_somebody_has_them(
    story: Story,
) -> None:
    missed = MissedList(story)
    misses(story)
    maria = story.someone("912345678").is_called_first()
    assert [each.extension for each in missed.row().callbacks] == [None]
    maria.comes()
    story.someone("1001", name="Ana Costa").rings().answers()

    assert missed.row().state is MissedState.RECOVERED
    assert missed.history == ["missed", "callback answered"]


def test_a_call_whose_number_turns_out_to_be_another_is_a_call_back_to_that_one(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    misses(story, "923456789")
    ana = story.someone("1001", name="Ana Costa").is_called_first()
    ana.comes()
    for number in ("912345678", "923456789"):
        story.says(f.CallPlaced("main", story.now, "PJSIP/1001", ana.channel, number))
        ana.holds()
        story.someone(number).is_called(ana)
        story.passes(seconds=1)
        story.callers[-1].phones[-1].rings()
        story.passes(seconds=1)
    first, second = missed.rows

    assert [(line.kind, line.answered) for line in missed.lines(first)[1:]] == [(AttemptKind.CALLBACK, False)]
    assert [(line.kind, line.answered) for line in missed.lines(second)[1:]] == [(AttemptKind.CALLBACK, None)]
    assert (first.callbacks, len(second.callbacks)) == ((), 1)


def test_a_call_back_counts_when_it_is_dialled_where_that_is_said(story: Story) -> None:
    missed = MissedList(story)
    missed.goes_by(MissedRules(recovered_when_dialled=True))
    misses(story)
    story.events.clear()
    story.passes(seconds=30)
    ana, _ = calls_back(story)
    story.passes(seconds=1)

    assert story.heard == ["call.started", "call.recovered", "call.ringing"]
    assert (missed.row().state, missed.row().recovery_s) == (MissedState.RECOVERED, 30)
    assert missed.history == ["missed", "callback goes on"]
    ana.hangs_up()
    assert missed.history == ["missed", "callback not answered"]


def test_a_call_to_somebody_else_is_no_call_back(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    calls_back(story, "923456789")[1].answers()

    assert missed.history == ["missed"]
    assert missed.row().state is MissedState.OPEN


def test_a_call_at_another_pbx_is_no_call_back(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    ana = story.someone("201", pbx="porto").calls("0912345678")
    story.someone("912345678", pbx="porto").rings(ana).answers()

    assert missed.history == ["missed"]


def test_who_calls_while_they_are_called_meets_in_the_call_that_is_answered(story: Story) -> None:
    """Each finds the other's line busy, and gives up."""
    missed = MissedList(story)
    ana, maria = calls_back(story)
    misses(story)
    assert missed.row().callbacks == ()
    story.passes(seconds=2)
    maria.answers()

    assert (missed.row().state, missed.row().recovery_s) == (MissedState.RECOVERED, 2)
    ana.hangs_up()
    assert missed.history == ["missed", "callback answered"]


def test_a_try_during_a_talk_with_the_same_number_is_not_made_good_by_that_talk(story: Story) -> None:
    """Several people are behind one number."""
    missed = MissedList(story)
    ana, maria = calls_back(story)
    maria.answers()
    story.passes(seconds=10)
    misses(story)
    story.passes(seconds=5)
    ana.holds()
    story.passes(seconds=5)
    ana.resumes()
    story.passes(seconds=5)
    ana.hangs_up()

    assert missed.row().state is MissedState.OPEN
    assert missed.history == ["missed"]


# ── getting through ──


def test_a_caller_who_tries_again_and_is_answered_leaves_the_list(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    misses(story)
    story.events.clear()
    story.passes(seconds=100)
    maria = story.someone("912345678").calls("210000000")
    story.someone("1002", name="Rui Dias").rings()
    story.passes(seconds=4)
    story.callers[-1].phones[0].answers()
    row = missed.row()

    assert story.heard == ["call.started", "call.ringing", "call.answered", "call.recovered"]
    assert (row.state, row.status) == (MissedState.RECOVERED, MissedStatus.GOT_THROUGH)
    assert (row.recovered_by, row.recovery_s, row.count) == (RecoveredBy.CALLER, 104, 2)
    assert missed.history == ["missed", "missed", "got_through"]
    assert missed.lines()[-1].by == "1002"
    assert story.told("call.recovered").details["by"] is RecoveredBy.CALLER
    maria.hangs_up()
    assert missed.open == []


def test_a_caller_who_is_missed_again_later_has_another_row(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    calls_back(story)[1].answers()
    story.passes(seconds=60)
    misses(story)
    first, second = missed.rows

    assert (first.state, second.state) == (MissedState.RECOVERED, MissedState.OPEN)
    assert (second.count, second.first_at) == (1, story.now)
    assert first.id != second.id


def test_a_call_that_is_handed_on_is_answered_again_and_makes_nothing_good_twice(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    maria, ana = talking(story)
    missed.is_restored_by("crm")
    eva = is_sent_to_eva(story, ana, maria)
    maria.hangs_up()

    assert story.heard_of(story.calls[-1]).count("call.answered") == 2
    assert missed.row().state is MissedState.OPEN, "a person put it back"
    assert story.heard.count("call.recovered") == 1
    assert eva.number == "201"


def test_a_talk_that_began_before_the_try_makes_nothing_good_when_it_is_handed_on_in_another_life(
    story: Story, missed: MissedList
) -> None:
    maria, ana = talking(story)
    misses(story)
    row = missed.row()
    restarted(story)
    is_sent_to_eva(story, ana, maria)

    assert story.heard_of(story.calls[0]).count("call.answered") == 2
    assert missed.row() == row


def is_sent_to_eva(story: Story, by: Someone, other: Someone) -> Someone:
    """Blind, and Eva answers."""
    sends(story, by, other, "201")
    story.passes(seconds=1)
    eva = eva_of(story).rings(other)
    story.passes(seconds=2)
    eva.answers()
    story.passes(seconds=5)
    return eva


# ── people ──


def test_a_person_hides_a_row_and_puts_it_back_and_both_stand_in_its_history(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    story.passes(seconds=10)
    missed.is_hidden_by("crm")
    hidden = missed.row()
    assert (hidden.state, hidden.closed_by, hidden.closed_at) == (MissedState.HIDDEN, "crm", story.now)
    assert missed.open == []

    story.passes(seconds=10)
    missed.is_restored_by("boss")
    assert missed.open == [replace(hidden, state=MissedState.OPEN, closed_by=None, closed_at=None, attempts=3)]
    assert [(line.kind, line.by) for line in missed.lines()] == [
        (AttemptKind.MISSED, None),
        (AttemptKind.HIDDEN, "crm"),
        (AttemptKind.RESTORED, "boss"),
    ]
    assert not story.tracker.board.oddities


def test_a_hidden_caller_who_tries_again_has_a_new_row_and_the_old_one_cannot_come_back(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    missed.is_hidden_by("crm")
    misses(story)
    old, new = missed.rows
    missed.is_restored_by("crm", old)

    assert missed.open == [new]
    assert story.tracker.board.oddities == {"restoring of a row that cannot be open": 1}


def test_a_row_that_was_put_back_is_made_good_by_the_next_call(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    calls_back(story)[1].answers()
    missed.is_restored_by("crm")
    story.passes(seconds=30)
    calls_back(story)[1].answers()

    assert missed.row().state is MissedState.RECOVERED
    assert missed.history == ["missed", "callback answered", "restored", "callback answered"]


def test_a_call_back_goes_on_in_a_row_that_is_hidden_and_put_back(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    ana, _ = calls_back(story)
    missed.is_hidden_by("crm")
    assert missed.row().callbacks == ()
    missed.is_restored_by("crm")
    assert [each.extension for each in missed.row().callbacks] == ["1001"]
    ana.hangs_up()

    assert missed.row().callbacks == ()
    assert missed.history == ["missed", "callback not answered", "hidden", "restored"]


def test_a_message_is_the_last_that_was_tried_and_a_note_is_none(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    missed.says("crm", "is on holiday")
    assert missed.row().status is MissedStatus.NOT_TRIED
    missed.says("crm", "please call us", AttemptKind.MESSAGE)
    assert missed.row().status is MissedStatus.MESSAGED
    assert [(line.kind, line.text) for line in missed.lines()[1:]] == [
        (AttemptKind.NOTE, "is on holiday"),
        (AttemptKind.MESSAGE, "please call us"),
    ]


def test_a_note_about_a_row_that_left_meanwhile_does_not_bring_it_back(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    read_before = missed.row()
    calls_back(story)[1].answers()
    for text in ("one", "two"):
        story.says(f.MissedAttempted("main", story.now, read_before, AttemptKind.NOTE, "crm", text))

    assert missed.row().state is MissedState.RECOVERED
    assert missed.history == ["missed", "callback answered", "note", "note"]


def test_rows_leave_that_nobody_touched_for_too_long_but_for_those_that_are_being_called(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    misses(story, "923456789")
    story.passes(seconds=3600)
    misses(story, "934567890")
    calls_back(story, "923456789")
    story.says(f.MissedExpired("main", story.now, story.now - after(60)))
    old, called, young = missed.rows

    assert (old.state, old.closed_at, old.closed_by) == (MissedState.EXPIRED, story.now, None)
    assert (called.state, young.state) == (MissedState.OPEN, MissedState.OPEN)
    assert [line.kind for line in missed.lines(old)] == [AttemptKind.MISSED, AttemptKind.EXPIRED]


# ── gaps and restarts ──


def restarted(story: Story) -> None:
    """Begin a new life from what was written down."""
    story.tracker = next_life(story.tracker, new_tracker())


def test_a_row_outlives_the_daemon_and_so_does_a_call_back(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    _, maria = calls_back(story)
    shown = missed.row()
    restarted(story)
    assert missed.open == [shown]
    story.passes(seconds=5)
    maria.answers()

    assert missed.history == ["missed", "callback answered"]
    assert missed.row().recovery_s == 5


def test_nobody_is_shown_as_calling_whose_call_ended_unheard(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    calls_back(story)
    story.link_goes()
    story.passes(seconds=30)
    story.link_comes()

    assert missed.row().callbacks == ()
    assert missed.history == ["missed", "callback not answered"]
    assert missed.row().state is MissedState.OPEN


def test_nobody_is_shown_as_calling_whose_call_is_not_remembered(story: Story) -> None:
    missed = MissedList(story)
    misses(story)
    calls_back(story)
    kept = missed.row()
    story.tracker = new_tracker()
    story.tracker.board.missed.restore([kept])
    story.link_comes()

    assert missed.row().callbacks == ()
    assert missed.history == ["missed", "callback not answered"]


def test_nobody_is_shown_as_calling_at_a_pbx_that_was_started_anew(story: Story, missed: MissedList) -> None:
    story.link_comes(started=story.now)
    misses(story)
    calls_back(story)
    story.link_goes()
    story.passes(seconds=30)
    story.link_comes(started=story.now)

    assert missed.row().callbacks == ()
    assert missed.history == ["missed", "callback not answered"]


def test_a_try_that_is_told_late_from_before_a_talk_opens_no_row(story: Story, missed: MissedList) -> None:
    silent = Story()
    misses(silent)
    story.now = silent.now
    story.passes(seconds=10)
    ana = story.someone("1001", name="Ana Costa")
    for _ in silent.facts:
        story.new_channel("main")
    ana.calls("0912345678")
    story.someone("912345678").rings().answers()
    story.says(*(f.Backfilled("main", fact.at, fact) for fact in silent.facts))

    assert "call.missed" in story.heard
    assert story.told("call.missed").details["row"] is None
    assert missed.rows == []


def test_an_answer_that_is_told_late_from_before_the_last_try_makes_nothing_good(
    story: Story, missed: MissedList
) -> None:
    silent = Story()
    talking(silent)[0].hangs_up()
    for _ in silent.facts:
        story.new_channel("main")
    story.now = silent.now + after(60)
    misses(story)
    row = missed.row()
    story.says(*(f.Backfilled("main", fact.at, fact) for fact in silent.facts))

    assert "call.answered" in story.heard
    assert missed.row() == row


def test_a_try_that_is_told_late_counts_and_is_not_the_last(story: Story) -> None:
    missed = MissedList(story)
    silent = Story()
    misses(silent)
    for _ in silent.facts:
        story.new_channel("main")
    story.now = silent.now + after(60)
    misses(story)
    last = missed.row()
    story.says(*(f.Backfilled("main", fact.at, fact) for fact in silent.facts))
    row = missed.row()

    assert (row.count, row.first_at) == (2, silent.now)
    assert (row.last_at, row.last_call) == (last.last_at, last.last_call)


def test_the_same_call_counts_once(story: Story, missed: MissedList) -> None:
    misses(story)
    told = list(story.facts)
    rows = [missed.row()]
    story.tracker = new_tracker()
    story.tracker.board.missed.restore(rows)
    story.says(*told)

    assert missed.row().count == 1
    assert missed.history == ["missed"]


# ── bounds ──


def test_a_row_names_the_latest_of_many_queues_and_phones(story: Story) -> None:
    missed = MissedList(story)
    for number in range(MOST_NAMED + 5):
        maria = story.someone("912345678")
        maria.waits_in(f"queue-{number}")
        story.someone(f"10{number:02}").rings()
        maria.hangs_up()
    row = missed.row()

    assert row.count == MOST_NAMED + 5
    assert row.queues == tuple(f"queue-{number}" for number in range(5, MOST_NAMED + 5))
    assert len(row.rung) == MOST_NAMED


def test_rows_that_left_are_remembered_up_to_a_bound(story: Story) -> None:
    listed = story.tracker.board.missed
    misses(story)
    (row,) = listed.open.values()
    for number in range(MOST_CLOSED + 5):
        listed.put(replace(row, id=f"missed_{number}", state=MissedState.HIDDEN))

    assert listed.row("missed_4") is None
    assert listed.row("missed_5") is not None
    assert list(listed.open.values()) == [row]
