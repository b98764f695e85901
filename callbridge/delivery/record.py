"""How deliveries to a subscriber have gone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from callbridge.delivery.pace import Pace
from callbridge.ports import Standing


@dataclass(slots=True)
class Record:
    """Since the start; but since when it fails, over all restarts."""

    delivered: int = 0
    failed: int = 0
    in_a_row: int = 0
    """Failures since the last success."""
    last_error: str | None = None
    last_ok_at: datetime | None = None
    failing_since: datetime | None = None
    """The first failure since the last success, whenever that was."""
    failures: int = 0
    """Since then."""

    def restore(self, standing: Standing) -> None:
        """Go on from what the database knows."""
        self.failing_since = standing.failing_since
        self.failures = standing.failures

    def took(self, now: datetime) -> None:
        """It took an event."""
        self.delivered += 1
        self.in_a_row = 0
        self.last_ok_at = now
        self.begin_anew()

    def refused(self, now: datetime, error: str | None) -> None:
        """A try failed."""
        self.failed += 1
        self.in_a_row += 1
        self.last_error = error
        self.failing_since = self.failing_since or now
        self.failures += 1

    def begin_anew(self) -> None:
        """Hold nothing against it."""
        self.in_a_row = 0
        self.failing_since = None
        self.failures = 0

    def rest_s(self, pace: Pace, concurrency: int, asked: timedelta, *, pressed: bool) -> float:
        """Return how long it is left alone: as long as it asks, and longer with every failure in a row."""
        first, longest = pace.rest_s
        over = self.in_a_row - (1 if pressed else pace.failures)
        wait = 0.0 if over < 0 else min(first * 2 ** min(over // concurrency, 16), longest)
        return max(wait, min(asked.total_seconds(), longest))

    def hopeless(self, now: datetime, pace: Pace) -> bool:
        """Whether it has failed for so long that it is given up."""
        if self.failing_since is None or self.failures < pace.disable_tries:
            return False
        return now - self.failing_since >= pace.disable_after
