"""What a test measured, said at the end of the run: `make faults` shows it, docs/reliability.md keeps it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import pytest

PROPERTY: Final = "figure"


class Figures:
    """`figures.say("kill -9", "500 kills, …")`."""

    def __init__(self, note: Callable[[str, Any], None]) -> None:
        self._note = note

    def say(self, what: str, measured: str) -> None:
        self._note(PROPERTY, f"{what}: {measured}")


def said(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """Yield the lines of a whole run, whichever worker measured them."""
    for report in reports:
        if report.when == "call":
            yield from (str(value) for name, value in report.user_properties if name == PROPERTY)
