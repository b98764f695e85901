"""Each call that must be told right is shown beside a real Asterisk, and on a tape."""

from tests.docs.rows import BY_TESTS, ROWS
from tests.docs.scenarios import MISSING, gaps, scenarios
from tests.lab.record import SCENES

NOT_YET = frozenset[int]()
"""Rows with a gap that is known."""


def test_no_row_has_a_gap_that_is_not_known() -> None:
    found = {number: missing for number, missing in gaps().items() if number not in NOT_YET}

    assert found == {}


def test_every_scene_belongs_to_a_row_and_stands_on_the_page() -> None:
    assert {int(scene[:2]) for scene in SCENES} <= set(ROWS)
    assert set(BY_TESTS) <= set(ROWS)
    drawn = scenarios()
    assert all(f"`{scene}`" in drawn for scene in SCENES)


def test_a_gap_is_shown_as_one() -> None:
    drawn = scenarios()

    assert (MISSING in drawn) == bool(gaps())
