"""How fast a subscriber is sent to."""

import pytest

from callbridge.delivery.bucket import Bucket, Width


def times(rate: float | None, count: int) -> list[float]:
    """When so many tries begin, each as soon as it may."""
    bucket, now, found = Bucket(rate), 100.0, list[float]()
    while len(found) < count:
        now += bucket.wait_s(now)
        bucket.take(now)
        found.append(round(now - 100.0, 6))
    return found


def test_without_a_rate_nothing_waits() -> None:
    assert times(None, 1000) == [0.0] * 1000


def test_a_second_s_worth_goes_at_once_and_the_rest_at_the_rate() -> None:
    assert times(4, 8) == [0.0, 0.0, 0.0, 0.0, 0.25, 0.5, 0.75, 1.0]


def test_a_rate_below_one_lets_one_go() -> None:
    assert times(0.5, 3) == [0.0, 2.0, 4.0]


def test_what_was_not_used_is_not_saved_up() -> None:
    bucket = Bucket(2)
    bucket.take(0.0)
    taken = 0
    while not bucket.wait_s(1000.0):
        bucket.take(1000.0)
        taken += 1
    assert taken == 2


def test_a_clock_that_stands_still_or_goes_back_gives_nothing() -> None:
    bucket = Bucket(1)
    bucket.take(10.0)
    assert bucket.wait_s(10.0) == pytest.approx(1.0)
    assert bucket.wait_s(5.0) == pytest.approx(1.0)


def test_under_pressure_the_width_halves_down_to_one_and_comes_back_step_by_step() -> None:
    width = Width(8)
    found = [width.now]
    for _ in range(4):
        width.pressed()
        found.append(width.now)
    assert found == [8, 4, 2, 1, 1]
    rounds = 0
    while width.now < 8:
        width.went_well()
        rounds += 1
    assert rounds == sum(range(1, 8))
    width.went_well()
    assert width.now == 8
