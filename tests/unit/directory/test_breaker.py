import pytest

from callbridge.directory.breaker import Breaker, Leave


@pytest.fixture
def breaker() -> Breaker:
    """Open at 2 s, for 10 s."""
    breaker = Breaker(failures=3, rest_s=10.0)
    for now in (0.0, 1.0, 2.0):
        leave = breaker.admit(now)
        assert leave is Leave.ORDINARY
        assert breaker.failed(leave, now) is (now == 2.0)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row(breaker: Breaker) -> None:
    assert breaker.is_open
    assert breaker.admit(2.0) is None
    assert breaker.admit(11.9) is None


def test_an_answer_in_between_begins_the_count_anew() -> None:
    breaker = Breaker(failures=2, rest_s=10.0)
    for _ in range(5):
        assert not breaker.failed(Leave.ORDINARY, 0.0)
        assert not breaker.succeeded()
    assert not breaker.is_open


def test_after_the_rest_one_question_tries_it_and_the_others_wait_for_it(breaker: Breaker) -> None:
    assert breaker.admit(12.0) is Leave.PROBE
    assert breaker.admit(12.0) is None
    assert breaker.is_open


def test_it_closes_once_the_try_is_answered(breaker: Breaker) -> None:
    breaker.admit(12.0)

    assert breaker.succeeded()
    assert breaker.admit(12.0) is breaker.admit(12.0) is Leave.ORDINARY
    assert not breaker.failed(Leave.ORDINARY, 12.0)
    assert not breaker.is_open


def test_it_rests_again_where_the_try_fails(breaker: Breaker) -> None:
    leave = breaker.admit(12.0)
    assert leave is not None
    breaker.failed(leave, 12.5)

    assert breaker.admit(22.4) is None
    assert breaker.admit(22.5) is Leave.PROBE


def test_what_was_asked_before_it_opened_and_fails_later_prolongs_nothing(breaker: Breaker) -> None:
    assert not breaker.failed(Leave.ORDINARY, 11.0)

    assert breaker.admit(12.0) is Leave.PROBE


def test_a_try_that_is_given_up_leaves_the_next_one_to_somebody_else(breaker: Breaker) -> None:
    leave = breaker.admit(12.0)
    assert leave is not None
    breaker.withdrawn(leave)

    assert breaker.admit(12.0) is Leave.PROBE


def test_an_ordinary_question_that_is_given_up_does_not_let_a_second_try_out(breaker: Breaker) -> None:
    breaker.admit(12.0)
    breaker.withdrawn(Leave.ORDINARY)

    assert breaker.admit(12.0) is None
