"""What is said while a PBX is asked for its state: the answer is older than some of it.

An answer of some hundred channels takes its time, and calls go on meanwhile. So,
from the question to the answer:

- what is said of a channel that is known counts, and the answer leaves such a
  channel as it is;
- what is said of a channel nobody knows waits for the answer, which introduces it;
- whoever is born meanwhile need not be in the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from callbridge.calls.correlation import Key
from callbridge.calls.facts import ChannelBorn, ChannelFact, Fact

MOST_WAITING: Final = 10_000
"""Facts that wait for an answer; past it they are taken as they come."""


@dataclass(slots=True)
class Asking:
    """One question that is not answered yet."""

    known: frozenset[Key]
    """The channels that were known when it was asked."""
    touched: set[Key] = field(default_factory=set)
    """Those of which something was said since."""
    waiting: list[ChannelFact] = field(default_factory=list)

    def keeps(self, fact: Fact, known: object) -> bool:
        """Tell whether `fact` is kept for later; `known` is its channel, None where nobody knows it."""
        if not isinstance(fact, ChannelFact):
            return False
        self.touched.add((fact.pbx, fact.channel))
        waits = known is None and not isinstance(fact, ChannelBorn) and len(self.waiting) < MOST_WAITING
        if waits:
            self.waiting.append(fact)
        return waits

    def older(self, keys: Sequence[Key]) -> tuple[Key, ...]:
        """Return those of `keys` about which the answer is the last word."""
        return tuple(key for key in keys if key in self.known and key not in self.touched)
