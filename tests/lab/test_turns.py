"""Tests that several workers share come in an order that suits calls, and no worker's part is another's."""

from itertools import pairwise

from tests.lab.turns import IN_A_ROW, turns

CALLS = [f"tests/live/test_calls.py::test_a_call[{number}]" for number in range(3 * IN_A_ROW + 1)]
RESTARTS = [f"tests/live/test_restarts.py::test_a_restart[{number}]" for number in range(9)]
QUICK = [f"tests/unit/test_{number}.py::test" for number in range(20)] + ["tests/cel/test_pairs.py::test[1]"]


def test_all_that_computes_is_one_workers_while_calls_are_timed() -> None:
    handed = turns([*QUICK, *CALLS])

    assert len({handed[each] for each in QUICK}) == 1
    assert not {handed[each] for each in QUICK} & {handed[each] for each in CALLS}


def test_all_that_computes_is_shared_out_by_file_where_no_call_is_timed() -> None:
    handed = turns([*QUICK, *(f"{each}[again]" for each in QUICK)])

    assert len(handed) == 2 * len(QUICK)
    assert len(set(handed.values())) == len(QUICK)


def test_calls_are_handed_out_a_few_at_a_time_and_stay_in_their_order() -> None:
    handed = turns(CALLS)

    assert list(handed) == CALLS
    assert len(set(handed.values())) == 4
    assert sum(one != other for one, other in pairwise(handed.values())) == 3


def test_a_long_file_is_halved_and_what_shares_its_calls_stays_together() -> None:
    assert len(set(turns(RESTARTS).values())) == 2
    assert not set(turns(RESTARTS).values()) & set(turns(CALLS).values())
    assert len(set(turns(f"tests/live/test_backfill.py::test[{number}]" for number in range(40)).values())) == 1
