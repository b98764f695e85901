"""What is written is what is read, to the microsecond."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbridge.store.columns import micros, moment, small, storable


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_comes_back_to_the_microsecond(at: datetime) -> None:
    assert moment(micros(at)) == at


def test_the_same_moment_in_another_zone_is_the_same_number() -> None:
    at = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    assert micros(at.astimezone(timezone(timedelta(hours=5, minutes=30)))) == micros(at) == 1_795_341_600_000_000


def test_a_time_of_no_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        micros(datetime(2026, 11, 22, 10, 0))  # noqa: DTZ001 - the point


@given(st.text(alphabet=st.characters()))
def test_any_text_can_be_stored_after_it(text: str) -> None:
    kept = storable(text)

    assert "\0" not in kept
    assert kept.encode().decode() == kept
    assert len(kept) == len(text)


def test_ordinary_text_is_left_alone() -> None:
    assert storable("Иван 🙂 \x01") == "Иван 🙂 \x01"


@pytest.mark.parametrize(
    ("number", "kept"),
    [(16, 16), (None, None), (2**31 - 1, 2**31 - 1), (2**31, None), (-(2**31) - 1, None)],
)
def test_a_number_too_big_for_its_column_is_left_out(number: int | None, kept: int | None) -> None:
    assert small(number) == kept
