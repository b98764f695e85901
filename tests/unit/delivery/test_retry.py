"""The table of waits, and what makes it bend."""

from datetime import timedelta
from email.utils import format_datetime

import pytest

from callbridge.delivery.retry import RETRY, SPREAD, Decision, Outcome, decide

from .calls import AT

BROKEN = Outcome(status=500)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_delivered(status: int) -> None:
    assert decide(1, Outcome(status=status), AT, 0) == Decision(delivered=True)


@pytest.mark.parametrize("status", [None, 199, 301, 302, 307, 400, 401, 404, 500, 502])
def test_anything_else_is_tried_again(status: int | None) -> None:
    decision = decide(1, Outcome(status=status), AT, 0)
    assert not decision.delivered
    assert decision.next_at == AT + timedelta(seconds=5)


def test_ten_tries_are_made_over_three_days() -> None:
    waits = [decide(attempt, BROKEN, AT, 0).next_at for attempt in range(1, 11)]
    assert waits == [AT + wait for wait in RETRY[1:]] + [None]
    assert len(RETRY) == 10
    assert timedelta(hours=75) < sum(RETRY, timedelta(0)) < timedelta(hours=76)


@pytest.mark.parametrize("attempt", range(1, 10))
def test_chance_makes_a_wait_longer_never_shorter(attempt: int) -> None:
    next_at = decide(attempt, BROKEN, AT, 0.999).next_at
    assert next_at is not None
    assert RETRY[attempt] < next_at - AT < RETRY[attempt] * (1 + SPREAD)


def test_gone_is_never_tried_again_and_disables_the_subscriber() -> None:
    assert decide(1, Outcome(status=410), AT, 0) == Decision(delivered=False, disable=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 120 ", timedelta(seconds=120)),
        ("0", timedelta(seconds=1)),
        ("99999999999999999999", timedelta(hours=24)),
        (format_datetime(AT.replace(microsecond=0) + timedelta(minutes=2), usegmt=True), timedelta(seconds=119.876544)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", timedelta(seconds=1)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(hours=24)),
    ],
)
def test_retry_after_decides_the_wait_within_bounds(status: int, asked: str, wait: timedelta) -> None:
    decision = decide(1, Outcome(status=status, retry_after=asked), AT, 0)
    assert decision.next_at == AT + wait
    assert decision.rest == wait


@pytest.mark.parametrize("asked", ["", "soon", "-5", "1.5", "٣", "Sun, 99 Nov 1994 08:49:37 GMT", "1e9"])
def test_a_retry_after_that_makes_no_sense_is_as_if_it_were_not_there(asked: str) -> None:
    assert decide(1, Outcome(status=429, retry_after=asked), AT, 0) == decide(1, BROKEN, AT, 0)


def test_retry_after_means_nothing_beside_other_answers() -> None:
    assert decide(1, Outcome(status=500, retry_after="120"), AT, 0) == decide(1, BROKEN, AT, 0)


def test_a_subscriber_that_always_asks_for_a_second_does_not_use_up_its_tries_in_ten() -> None:
    impatient = Outcome(status=429, retry_after="1")
    waits = [
        decision.next_at - AT for attempt in range(1, 10) if (decision := decide(attempt, impatient, AT, 0)).next_at
    ]
    assert waits[:4] == [timedelta(seconds=1)] * 4
    assert sum(waits, timedelta(0)) > timedelta(hours=72)


def test_the_last_try_is_the_last_whatever_is_asked() -> None:
    assert decide(10, Outcome(status=429, retry_after="1"), AT, 0).next_at is None
