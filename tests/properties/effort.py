"""How much is tried: some of it each time, all of it when asked (`make properties`)."""

import os
import sys
from collections.abc import Sequence
from typing import Final, TypeVar

SLOW: Final = os.environ.get("CALLBRIDGE_PROPERTIES") == "slow"

Any = TypeVar("Any")


def some(places: Sequence[Any], few: int, many: int = sys.maxsize) -> Sequence[Any]:
    """Return at most `few` of `places`, evenly spread; at most `many` when all is to be tried."""
    most = many if SLOW else few
    return places if len(places) <= most else places[:: -(-len(places) // most)]
