"""When to try again: a pure decision, made from one table.

The waits are those the Standard Webhooks specification recommends: ten tries
over three days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from callbridge.trials import Result

RETRY: Final[Sequence[timedelta]] = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The wait before each try; the first is made at once, and after the last there is none."""

SPREAD: Final = 0.1
"""A wait is made up to this much longer, at random, so that a thousand failures do not come back in one moment."""

ASKED_LEAST: Final = timedelta(seconds=1)
ASKED_MOST: Final = RETRY[-1]
ASKED_RULES: Final = 5
"""Before this try a Retry-After replaces the table's wait; from it on the table's wait is the least, or else a
subscriber that asks for one second ten times would have used up its tries in ten."""

TAKEN: Final = range(200, 300)
ASKING: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try: the answer's status, or None and what went wrong on the way to one."""

    status: int | None = None
    error: str | None = None
    retry_after: str | None = None
    """The header, as it came."""
    forbidden: bool = False
    """Whether it was us who refused to speak to the address."""
    answer: str | None = None
    """The first bytes of the answer's body, printable."""
    ms: int = 0
    """How long the try took."""
    failure: Result | None = None
    """Which sort of failure `error` tells of, where no answer came."""

    @property
    def delivered(self) -> bool:
        return self.status in TAKEN

    @property
    def result(self) -> str:
        """What came of it in one word: `delivered`, the status that was answered, or the sort of failure."""
        if self.delivered:
            return "delivered"
        return str(self.status or self.failure or "failed")

    @property
    def pressed(self) -> bool:
        """Whether the receiver says that it is too much for it."""
        return self.status in ASKING


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do next.

    `next_at` None without `delivered` means never again. `disable`: the receiver
    says it is gone for good, so nothing more is sent to it. `rest` is how long
    it asked to be left alone altogether.
    """

    delivered: bool
    next_at: datetime | None = None
    disable: bool = False
    rest: timedelta = timedelta(0)


DELIVERED: Final = Decision(delivered=True)


def decide(attempt: int, outcome: Outcome, now: datetime, jitter: float) -> Decision:
    """Return what to do after try number `attempt` (1 is the first). `jitter` is in [0, 1)."""
    if outcome.delivered:
        return DELIVERED
    if outcome.status == HTTPStatus.GONE:
        return Decision(delivered=False, disable=True)
    asked = _asked(outcome, now)
    rest = asked or timedelta(0)
    if attempt >= len(RETRY):
        return Decision(delivered=False, rest=rest)
    wait = _wait(attempt, asked, jitter)
    return Decision(delivered=False, next_at=now + wait, rest=rest)


def _wait(attempt: int, asked: timedelta | None, jitter: float) -> timedelta:
    wait = RETRY[attempt]
    if asked is not None:
        wait = asked if attempt < ASKED_RULES else max(asked, wait)
    return wait * (1 + SPREAD * jitter)


def _asked(outcome: Outcome, now: datetime) -> timedelta | None:
    if outcome.status not in ASKING or outcome.retry_after is None:
        return None
    asked = _parsed(outcome.retry_after.strip(), now)
    return None if asked is None else min(max(asked, ASKED_LEAST), ASKED_MOST)


def _parsed(text: str, now: datetime) -> timedelta | None:
    """Seconds, or an HTTP date; anything else is as if it were not there."""
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), ASKED_MOST)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
