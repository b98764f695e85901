"""What `callbridge audit` is asked, and what it finds."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Which calls are looked at: those that began in it. Times may differ by `tolerance_s`."""

    since: datetime
    until: datetime
    tolerance_s: float


@dataclass(frozen=True, slots=True)
class Difference:
    """One call that was told otherwise than the PBX's log has it.

    `kind` is missing, not_in_log, never_ended, outcome, started_at, answered_at,
    ended_at or talk_s; `told` and `logged` are what each side has of that, None
    where it has nothing.
    """

    pbx: str
    call: str
    kind: str
    started_at: datetime
    caller: str | None
    callee: str | None
    told: object
    logged: object
    words: str


@dataclass(slots=True)
class Audited:
    """How much was looked at: calls of the PBX's log, what differed, rows that could not be read."""

    calls: int = 0
    differences: int = 0
    rubbish: int = 0
