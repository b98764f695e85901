"""How much of a gap was told from the PBX's own log: what `pbx.connected` says of it."""

from datetime import UTC, datetime, timedelta

import pytest

from callbridge.calls import facts as f
from callbridge.calls.tracker import Tracker

LOST = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
BACK = LOST + timedelta(minutes=1)


def backfilled(*facts: f.Fact) -> object:
    """Return what is told of a gap in which nothing but `facts` was said."""
    tracker = Tracker({})
    tracker.board.heard_until["main"] = LOST
    for fact in (f.LinkUp("main", BACK), *facts):
        tracker.apply(fact)
    (event,) = tracker.apply(f.StateRead("main", BACK))
    gap = event.details["gap"]
    assert isinstance(gap, dict)
    return gap["backfilled"]


DONE = f.BackfillDone("main", BACK)
CUT = f.BackfillDone("main", BACK, complete=False)
FAILED = f.BackfillFailed("main", BACK)


def test_without_a_log_nothing_is_said_of_it() -> None:
    assert backfilled() is None


@pytest.mark.parametrize(
    ("facts", "complete"),
    [((DONE,), True), ((FAILED,), False), ((CUT,), False), ((FAILED, DONE), False), ((DONE, DONE), True)],
    ids=["read", "not readable", "the gap is too long", "read the second time only", "the link went again"],
)
def test_a_gap_is_told_whole_where_its_log_was_read_each_time(facts: tuple[f.Fact, ...], complete: bool) -> None:  # noqa: FBT001 - what is expected
    assert backfilled(*facts) == {"complete": complete, "started": 0, "ended": 0, "missed": 0}


def test_the_count_of_one_gap_is_not_the_next_ones() -> None:
    assert backfilled(FAILED, f.StateRead("main", BACK), f.LinkDown("main", BACK, ""), f.LinkUp("main", BACK)) is None
