"""What every fact has."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """Something happened at `at` on `pbx`."""

    pbx: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChannelFact(Fact):
    """Something happened to one channel."""

    channel: str
