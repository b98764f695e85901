"""When a mail is sent, and when it is tried again."""

from datetime import timedelta

import pytest

from callbridge.notice.schedule import MOST_ROWS, PATIENCE, again_at, plan

from .made import AT, minutes, waits

HALF_AN_HOUR = minutes(30)
OTHER = "+34600111222"


def test_what_is_new_goes_out_at_once() -> None:
    planned = plan([waits(1)], {}, HALF_AN_HOUR, None, AT)

    assert planned.send == [waits(1)]
    assert (planned.later, planned.moot, planned.late) == ([], [], [])


def test_a_caller_that_was_told_of_lately_waits_and_others_do_not() -> None:
    again, other = waits(1, AT + minutes(10)), waits(2, AT + minutes(10), OTHER)

    planned = plan([again, other], {again.caller: AT}, HALF_AN_HOUR, None, AT + minutes(10))

    assert planned.send == [other]
    assert planned.later == [(again, AT + HALF_AN_HOUR)]


def test_all_tries_meanwhile_are_in_the_mail_that_comes_then() -> None:
    tries = [waits(1, AT + minutes(5)), waits(2, AT + minutes(9))]

    assert plan(tries, {tries[0].caller: AT}, HALF_AN_HOUR, None, AT + HALF_AN_HOUR).send == tries


def test_a_digest_waits_for_its_time_since_the_first_of_it() -> None:
    first, second = waits(1), waits(2, AT + minutes(40), OTHER)

    early = plan([first, second], {}, HALF_AN_HOUR, minutes(60), AT + minutes(59))
    due = plan([first, second], {}, HALF_AN_HOUR, minutes(60), AT + minutes(60))

    assert early.send == ()
    assert early.later == [(first, AT + minutes(60)), (second, AT + minutes(60))]
    assert due.send == [first, second]


def test_in_a_digest_too_a_caller_stands_once_in_so_long() -> None:
    again, other = waits(1, AT + minutes(1)), waits(2, AT + minutes(10), OTHER)

    planned = plan([again, other], {again.caller: AT}, HALF_AN_HOUR, minutes(15), AT + minutes(25))

    assert planned.send == [other]
    assert planned.later == [(again, AT + HALF_AN_HOUR)]


def test_what_was_made_good_before_is_not_sent() -> None:
    gone = waits(1, matter=None)

    planned = plan([gone, waits(2, caller=OTHER)], {}, HALF_AN_HOUR, None, AT)

    assert planned.moot == [gone]
    assert planned.send == [waits(2, caller=OTHER)]


def test_what_is_a_day_late_is_given_up_counted_from_when_it_was_to_be_sent() -> None:
    after = AT + PATIENCE + minutes(1)

    assert plan([waits(1)], {}, HALF_AN_HOUR, None, after).late == [waits(1)]
    assert plan([waits(1)], {}, HALF_AN_HOUR, minutes(60), after).late == []
    assert plan([waits(1)], {waits(1).caller: AT}, HALF_AN_HOUR, None, after).late == []


def test_a_storm_is_sent_in_mails_of_a_bounded_size() -> None:
    storm = [waits(number, caller=f"+3519{number:08}") for number in range(MOST_ROWS + 3)]

    planned = plan(storm, {}, HALF_AN_HOUR, None, AT)

    assert planned.send == storm[:MOST_ROWS]
    assert planned.later == []


def test_each_notice_is_decided_once() -> None:
    mixed = [waits(1), waits(2, matter=None), waits(3, AT - PATIENCE - minutes(1), OTHER), waits(4, caller="told")]

    planned = plan(mixed, {"told": AT}, HALF_AN_HOUR, None, AT)

    decided = [*planned.send, *(each for each, _ in planned.later), *planned.moot, *planned.late]
    assert sorted(each.number for each in decided) == [1, 2, 3, 4]


@pytest.mark.parametrize(("tries", "wait"), [(1, 1), (2, 5), (3, 10), (14, 240), (99, 240)])
def test_the_wait_grows_with_the_tries(tries: int, wait: int) -> None:
    assert again_at(tries, AT, AT, 0.0) == AT + minutes(wait)
    assert again_at(tries, AT, AT, 0.5) == AT + minutes(wait) * 1.05


def test_after_a_day_nothing_is_tried_again() -> None:
    last = AT + PATIENCE - timedelta(minutes=1)

    assert again_at(1, AT, last, 0.0) == AT + PATIENCE
    assert again_at(1, AT, last + timedelta(seconds=1), 0.0) is None
