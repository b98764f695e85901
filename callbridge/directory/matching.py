"""How many customers a number led to, and what follows from it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from callbridge.calls.customer import NOBODY, Customer, Known, Match, Matched

MOST_CANDIDATES: Final = 10
"""Nobody chooses among more while it rings; a call tells each of them with each of its events."""


def known(customers: Sequence[Customer]) -> Known:
    """Return who has a number: one customer is linked, several are candidates. Each stands there once."""
    once = _once(customers)
    if len(once) == 1:
        return Known(Match.ONE, once[0])
    return Known(Match.MANY, candidates=once[:MOST_CANDIDATES]) if once else NOBODY


def alike(customers: Sequence[Customer]) -> Known:
    """Return who has a number that only ends alike: candidates, never a link, not even where there is one alone."""
    candidates = tuple(replace(each, matched=Matched.LAST_DIGITS) for each in _once(customers)[:MOST_CANDIDATES])
    return Known(Match.MANY, candidates=candidates) if candidates else NOBODY


def _once(customers: Sequence[Customer]) -> tuple[Customer, ...]:
    """Return each customer once, as it stands there first."""
    found: dict[str, Customer] = {}
    for each in customers:
        found.setdefault(each.id, each)
    return tuple(found.values())
