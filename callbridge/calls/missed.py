"""What is kept of missed calls: one row for each caller who was not answered yet, and what was done about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from callbridge.calls.call import Party, Reason


class MissedState(StrEnum):
    """Where a row is: in the list while `OPEN`, and only then."""

    OPEN = "open"
    RECOVERED = "recovered"
    """They were called back, or got through."""
    HIDDEN = "hidden"
    """A person took it off the list."""
    EXPIRED = "expired"
    """Nobody did anything for so long that a rule took it off."""


class MissedStatus(StrEnum):
    """The last that was tried to reach the caller again."""

    NOT_TRIED = "not_tried"
    CALLED = "called"
    """They were called back, and did not answer."""
    CALLED_BACK = "called_back"
    """They were called back, and answered."""
    MESSAGED = "messaged"
    GOT_THROUGH = "got_through"
    """They called again, and somebody answered."""


class RecoveredBy(StrEnum):
    """How a missed call was made good."""

    CALLBACK = "callback"
    CALLER = "caller"


class AttemptKind(StrEnum):
    """A line in the history of a row."""

    MISSED = "missed"
    """The caller tried, and nobody answered."""
    CALLBACK = "callback"
    """Somebody called them back; `answered` says how that went, None while it goes on."""
    GOT_THROUGH = "got_through"
    MESSAGE = "message"
    NOTE = "note"
    HIDDEN = "hidden"
    RESTORED = "restored"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A line in the history of a row, known by its row and `number`, which counts from 1.

    `by` is the person: an extension where they used the phone, a token's name where they used the CRM; None for a rule.
    """

    row: str
    number: int
    kind: AttemptKind
    at: datetime
    call_id: str | None = None
    by: str | None = None
    by_name: str | None = None
    answered: bool | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Callback:
    """Somebody is calling the customer right now."""

    call_id: str
    since: datetime
    extension: str | None = None
    name: str | None = None
    attempt: int = 0
    """The number of its line in the history."""


@dataclass(frozen=True, slots=True)
class MissedRow:
    """One caller at one PBX who was not answered, however often they tried.

    `key` is what their calls are recognised by: E.164, else the number as the PBX wrote
    it, else the call's own id, for whoever withholds their number is somebody else each time.
    """

    id: str
    pbx: str
    key: str
    caller: Party
    first_at: datetime
    last_at: datetime
    last_call: str
    """Id of the last call that was missed."""
    reason: Reason | None = None
    queue: str | None = None
    """Of the last call."""
    count: int = 1
    state: MissedState = MissedState.OPEN
    status: MissedStatus = MissedStatus.NOT_TRIED
    queues: tuple[str, ...] = ()
    """All in which they waited, each once."""
    rung: tuple[Party, ...] = ()
    """All whose phones rang for them, each once."""
    attempts: int = 1
    """How many lines its history has."""
    callbacks: tuple[Callback, ...] = ()
    """Whoever calls them back right now."""
    closed_at: datetime | None = None
    closed_by: str | None = None
    """The person who hid it; None where a rule or a call took it off."""
    recovered_by: RecoveredBy | None = None
    recovered_call: str | None = None
    recovery_s: float | None = None
    """From the last missed try to the answer."""

    def told(self) -> Mapping[str, object]:
        """Return the row as it stands in `call.missed`."""
        return {"id": self.id, "count": self.count, "first_at": self.first_at}


@dataclass(frozen=True, slots=True)
class MissedRules:
    """What counts as missed, and what as made good."""

    ivr: bool = True
    """Whether a caller counts who hung up in the menu, before anybody was called for them."""
    shortest_s: float = 0.0
    """A caller who gave up sooner does not count."""
    recovered_when_dialled: bool = False
    """Whether calling back is enough, answered or not."""


@dataclass(frozen=True, slots=True)
class MissedChanges:
    """Rows and lines that are to be written down."""

    rows: tuple[MissedRow, ...] = ()
    attempts: tuple[Attempt, ...] = field(default=())
