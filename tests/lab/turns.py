"""Who runs which test when several workers share them (`pytest -n 4`), and in which order they come.

Live tests are mostly waiting, so some of them do well side by side on two cores; each worker has an Asterisk, a
network and daemons of its own. What computes must not keep calls from being timed right: all that needs no PBX is one
worker's, from the beginning on, and of a file whose tests start daemon after daemon at most two parts run at once.
Where no call is timed (`make quick`), each file is a turn.
"""

from collections.abc import Iterable, Iterator
from itertools import repeat
from math import ceil
from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

QUICK: Final = ("tests/unit/", "tests/stories/", "tests/tapes/", "tests/cel/", "tests/properties/")
"""What needs no PBX."""

WAITING: Final = ("tests/live/test_calls.py", "tests/live/test_oldest_dialect.py", "tests/live/test_transfers.py")
"""Files whose tests do nothing but play a scene, with one daemon for all of them."""

IN_A_ROW: Final = 4
"""Of those, so many are one worker's in a row: what their module sets up is set up once for them."""

HALVED: Final = ("tests/live/test_restarts.py", "tests/live/test_cli.py", "tests/faults/test_bad_input.py")
"""Long files whose tests share nothing. Any other file is one worker's: what its tests share is made once."""


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the tests with what needs no PBX in front, else as they were."""
    return sorted(items, key=lambda item: not item.nodeid.startswith(QUICK))


class Turns(LoadScopeScheduling):  # type: ignore[misc]  # xdist comes without types
    """Hands out some tests of one file at a time, in their order."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False
        self._turns: dict[str, str] = {}

    def schedule(self) -> None:
        """Called when every worker has collected, and again when one is replaced."""
        if not self._turns and self.registered_collections:
            self._turns = turns(next(iter(self.registered_collections.values())))
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._turns[nodeid]


def turns(nodeids: Iterable[str]) -> dict[str, str]:
    """Return for each test the turn it belongs to: those of one turn are one worker's."""
    files: dict[str, list[str]] = {}
    for nodeid in nodeids:
        files.setdefault(nodeid.partition("::")[0], []).append(nodeid)
    only_quick = all(file.startswith(QUICK) for file in files)
    return {test: turn for file, tests in files.items() for test, turn in _turns_of(file, tests, only_quick=only_quick)}


def _turns_of(file: str, tests: list[str], *, only_quick: bool) -> Iterator[tuple[str, str]]:
    if file.startswith(QUICK):
        return zip(tests, repeat(file if only_quick else "quick"))
    in_a_row = IN_A_ROW if file in WAITING else ceil(len(tests) / 2) if file in HALVED else len(tests)
    return ((test, f"{file} {place // in_a_row}") for place, test in enumerate(tests))
