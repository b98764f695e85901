"""The PBX as a whole, the link to it, the time on it, and what its people set."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from callbridge.calls.call import Limits
from callbridge.calls.facts.fact import Fact


@dataclass(frozen=True, slots=True)
class EndpointsLearnt(Fact):
    """The PBX's own phones: endpoint name → extension number; trunks have None."""

    endpoints: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class LinkUp(Fact):
    """We hear the PBX (again). `started_at` tells a restarted PBX from a lost link."""

    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LinkDown(Fact):
    """We no longer hear the PBX."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class TimePassed(Fact):
    """It is `at` now on this PBX: said when nothing else was said and something waits for its time."""


@dataclass(frozen=True, slots=True)
class LimitsSet(Fact):
    """The people who run the PBX say how long its calls may go on, from now on."""

    limits: Limits


@dataclass(frozen=True, slots=True)
class Nonsense(Fact):
    """The PBX said something that cannot be read; `what` is short and holds no payload."""

    what: str
