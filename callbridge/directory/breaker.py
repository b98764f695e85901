"""When a source is left alone: pure, the time comes from outside (seconds that never go back).

::

    CLOSED ──(n failures in a row)──▶ OPEN ──(s seconds later)──▶ HALF OPEN: one question tries it
       ▲                               ▲                              │
       └──────────(an answer)──────────┼──────────────────────────────┤
                                       └──────────(it fails)──────────┘
"""

from enum import Enum, auto


class Leave(Enum):
    """What a question may be asked with, and must be given back with."""

    ORDINARY = auto()
    PROBE = auto()


class Breaker:
    """Counts failures in a row, and says who may ask."""

    def __init__(self, failures: int, rest_s: float) -> None:
        self._most, self._rest_s = failures, rest_s
        self._failures = 0
        self._until: float | None = None
        """While it is open: when it may be tried; None while it is closed."""
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Half open counts as open."""
        return self._until is not None

    def admit(self, now: float) -> Leave | None:
        """Return leave to ask, or None; each leave ends in `succeeded`, `failed` or `withdrawn`."""
        if self._until is None:
            return Leave.ORDINARY
        if self._probing or now < self._until:
            return None
        self._probing = True
        return Leave.PROBE

    def succeeded(self) -> bool:
        """Close, whoever asked: it answers. Return whether it was open."""
        was_open = self.is_open
        self._failures, self._until, self._probing = 0, None, False
        return was_open

    def failed(self, leave: Leave, now: float) -> bool:
        """Count, and return whether it opens by this; what was asked before it opened prolongs nothing."""
        self._failures += 1
        if leave is Leave.PROBE:
            self._probing, self._until = False, now + self._rest_s
            return False
        if self.is_open or self._failures < self._most:
            return False
        self._until = now + self._rest_s
        return True

    def withdrawn(self, leave: Leave) -> None:
        """Take back a question that was given up before it could succeed or fail."""
        if leave is Leave.PROBE:
            self._probing = False
