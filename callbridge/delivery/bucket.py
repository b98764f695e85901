"""How fast a subscriber may be sent to: a rate it was given, and how much it bears.

Both are pure: whoever asks says what time it is.
"""

from typing import Final

BURST_S: Final = 1.0
"""So many seconds' worth may go out at once after a pause."""


class Bucket:
    """A token bucket: `rate` tries a second, those of one second at once after a pause."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._full = max(1.0, (rate or 0.0) * BURST_S)
        self._tokens = self._full
        self._at: float | None = None

    def wait_s(self, now: float) -> float:
        """Return how long it is until a try may begin; 0 means now."""
        if self._rate is None:
            return 0.0
        self._fill(now, self._rate)
        # A clock's last bits must not make a wait that is over begin anew.
        return 0.0 if self._tokens > 1 - 1e-9 else (1 - self._tokens) / self._rate

    def take(self, now: float) -> None:
        """Count a try that begins."""
        if self._rate is not None:
            self._fill(now, self._rate)
            self._tokens -= 1

    def _fill(self, now: float, rate: float) -> None:
        if self._at is not None:
            self._tokens = min(self._full, self._tokens + max(0.0, now - self._at) * rate)
        self._at = now


class Width:
    """How many tries go on at once: half as many after a 429 or 503, one more for each round that went well."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.now = most
        self._well = 0

    def pressed(self) -> None:
        """The subscriber said that it is too much."""
        self.now = max(1, self.now // 2)
        self._well = 0

    def went_well(self) -> None:
        """It took an event."""
        if self.now == self._most:
            return
        self._well += 1
        if self._well >= self.now:
            self._well = 0
            self.now += 1
