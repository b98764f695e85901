"""What a run of the tests has shown of calls, in one line at its end."""

from collections.abc import Iterable

import pytest

from tests.lab.plays import PROPERTY

TAPE_PLAYS = "tests/tapes/test_pairs.py::test_a_tape_plays_to_what_was_told["


def tally(passed: Iterable[pytest.TestReport]) -> str:
    """Return the line; empty where neither a live test nor a tape was among what passed."""
    reports = [report for report in passed if report.when == "call"]
    live = [report for report in reports if "live" in report.keywords]
    scenarios = {value for report in live for name, value in report.user_properties if name == PROPERTY}
    tapes = sum(report.nodeid.startswith(TAPE_PLAYS) for report in reports)
    said = [f"{len(scenarios)} live scenarios on a real Asterisk, in {len(live)} live tests"] if live else []
    return "; ".join(said + [f"{tapes} tapes"] * bool(tapes))
