"""What comes out of a link: one ordered stream, and how the link itself is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callbridge.asterisk.ami.message import Message
from callbridge.errors import PbxError


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Logged in. What follows is live; what was before is not known: resync."""

    at: datetime
    banner: str


@dataclass(frozen=True, slots=True)
class Received:
    at: datetime
    message: Message


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The link that was up is gone. Until the next `LinkUp` nothing is heard."""

    at: datetime
    reason: PbxError


LinkItem = LinkUp | Received | LinkDown


class LinkState(StrEnum):
    CONNECTING = "connecting"
    UP = "up"
    WAITING = "waiting"  # between two tries
    REFUSED = "refused"  # the PBX refused our log-in: somebody must mend it
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """How the link is at this moment. Counts go on over reconnects."""

    state: LinkState
    since: datetime
    last_error: PbxError | None
    banner: str
    pbx_version: str | None
    backlog: int
    backlog_high_water: int
    events_received: int
    connects: int
    overflows: int
    late_answers: int
    oddities: dict[str, int]
    filters_refused: tuple[str, ...]
