"""The only place that reads the time and draws random bits.

Everything else is given a `Clock`, so that tests decide what time it is and a
tape plays the same on every machine.
"""

import random
import secrets
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the rest of the house may ask."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back, for deadlines and durations."""

    def jitter(self) -> float:
        """A random number in [0, 1), to spread retries."""


class SystemClock:
    """The host's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - this is the one place

    def monotonic(self) -> float:
        return time.monotonic()  # noqa: TID251 - this is the one place

    def jitter(self) -> float:
        return random.random()  # noqa: S311, TID251 - spreads retries, guards nothing; this is the one place


def secret_bits(count: int) -> bytes:
    """Return `count` bytes that nobody can guess, for tokens and keys."""
    return secrets.token_bytes(count)
