"""Whether anything is missing between two events of a call: the sequence of its events has no holes.

Which daemon published, in which of its lives, and what of it was lost on the way does not
matter: the next event of the call shows it.
"""

from collections import OrderedDict
from enum import Enum
from typing import Final

from callbridge.ports import shard_of

MOST: Final = 50_000
"""Calls remembered, the latest; one that is forgotten is only taken for new, and read from the database."""


class Follows(Enum):
    """How an event follows on what came before."""

    ON = "on"
    """It is the next one of its call, or the first, or of no call."""
    NOT = "not"
    """Something before it may be missing."""
    AGAIN = "again"
    """It came before, or what was behind it did."""


class Continuity:
    """What came last of each call."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._last: OrderedDict[str, int] = OrderedDict()

    def heard(self, lane: str, sequence: int) -> Follows:
        """Note an event of a call, or 0 for one of none; return how it follows."""
        if not sequence:
            return Follows.ON
        last = self._last.get(lane, 0)
        if sequence <= last:
            return Follows.AGAIN
        self._last[lane] = sequence
        self._last.move_to_end(lane)
        if len(self._last) > self._most:
            self._last.popitem(last=False)
        return Follows.ON if sequence == last + 1 else Follows.NOT

    def keep_only(self, shards: frozenset[int]) -> None:
        """Forget the calls of all other shards: somebody else hears what comes next."""
        for lane in [lane for lane in self._last if shard_of(lane) not in shards]:
            del self._last[lane]
