"""The line at the end of a run counts what was shown, and nothing that was not."""

from typing import Literal

import pytest

from tests.lab.plays import by_function
from tests.lab.tally import TAPE_PLAYS, tally
from tests.live.test_calls import TOLD
from tests.live.test_calls import test_a_call_is_told_as_it_happened as told
from tests.live.test_calls import test_two_calls_between_the_same_two_are_two_calls as two_calls

When = Literal["setup", "call", "teardown"]


def passed(nodeid: str, *scenes: str, live: bool = False, when: When = "call") -> pytest.TestReport:
    properties = [("scene", scene) for scene in scenes]
    keywords: dict[str, Literal[1]] = {"live": 1} if live else {}
    return pytest.TestReport(nodeid, ("", 0, ""), keywords, "passed", None, when, user_properties=properties)


def test_each_scenario_counts_once_however_often_it_is_played() -> None:
    one, again = passed("a", "01-x", live=True), passed("b", "01-x", "02-y", live=True)
    others = [passed("c", live=True), passed("a", "01-x", live=True, when="setup"), passed("d", "03-z")]

    assert tally([one, again, *others]) == "2 live scenarios on a real Asterisk, in 3 live tests"


def test_tapes_count_by_the_test_that_plays_them() -> None:
    tapes = [passed(f"{TAPE_PLAYS}{name}]") for name in ("01-x", "02-y")]

    assert tally([*tapes, passed("tests/tapes/test_pairs.py::test_times[01-x]")]) == "2 tapes"
    assert tally([*tapes, passed("a", "01-x", live=True)]).endswith("in 1 live tests; 2 tapes")


def test_a_run_without_either_says_nothing() -> None:
    assert tally([passed("tests/unit/test_x.py::test")]) == ""


def test_a_scene_is_found_in_parameters_and_in_the_body() -> None:
    assert by_function(told) == set(TOLD)
    assert by_function(two_calls) == {"27-two-calls-at-once"}
