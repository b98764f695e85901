"""How much is tried: a sample with `make quick`, more with `make test`, all there is with `make properties`.

CALLBRIDGE_EFFORT is `quick`, nothing, or `slow`. How often something is broken on purpose is said by `often`: seldom
with `make test`, as often as docs/reliability.md says with `make faults`. CALLBRIDGE_KILLS=50 is a number of one's own.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any, Final, TypeVar

EFFORT: Final = os.environ.get("CALLBRIDGE_EFFORT", "")
QUICK: Final = EFFORT == "quick"
SLOW: Final = EFFORT == "slow"

Place = TypeVar("Place", bound=Any)


def some(places: Sequence[Place], few: int, many: int = sys.maxsize) -> Sequence[Place]:
    """Return at most `few` of `places`, evenly spread; half of that when it must be quick, at most `many` when slow."""
    return spread(places, many if SLOW else -(-few // 2) if QUICK else few)


def often(name: str, few: int, all_there_is: int) -> int:
    """Return how often something is tried: CALLBRIDGE_<NAME> where that is set."""
    return int(os.environ.get(f"CALLBRIDGE_{name}", all_there_is if SLOW else few))


def cuts(length: int, few: int) -> frozenset[int]:
    """Return behind which of so many words, counted from 1, something is tried: at most `few` when it must be quick."""
    return frozenset(spread(range(1, length + 1), few if QUICK else sys.maxsize))


def sample(names: Sequence[Place]) -> Sequence[Place]:
    """Return all of `names`; some of them when it must be quick."""
    return spread(names, 15 if QUICK else sys.maxsize)


def spread(places: Sequence[Place], most: int) -> Sequence[Place]:
    return places if len(places) <= most else places[:: -(-len(places) // most)]
