"""What stands in a webhook, as types: what `payload` writes is checked against them, and the schemas are made of them.

Every key is always there. What each means, and when it is null, is told in docs/events.md.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from callbridge.calls import call as c
from callbridge.calls.customer import Match, Matched
from callbridge.calls.events import EventType
from callbridge.calls.missed import RecoveredBy

Stamp = Annotated[
    str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", json_schema_extra={"format": "date-time"})
]
"""RFC 3339, UTC, with milliseconds."""
Number = Annotated[str, Field(pattern=r"^\+\d{1,15}$", description="E.164")]
Seconds = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
CallId = Annotated[str, Field(pattern=r"^call_[0-9a-f]{32}$")]
RowId = Annotated[str, Field(pattern=r"^missed_[0-9a-f]{32}$")]
Cause = Annotated[int, Field(description="Q.850")]


class Party(TypedDict):
    """One side of a call."""

    number: Number | None
    raw: str | None
    name: str | None
    extension: str | None


class Agent(TypedDict):
    """A person at an extension."""

    extension: str
    name: str | None


class OneCustomer(TypedDict):
    """A customer whose number it may be."""

    id: str | None
    name: str | None
    type: str | None
    tax_id: str | None
    owner: str | None
    url: str | None
    matched: Annotated[Matched | None, Field(description="Where the number stands, or who says so.")]
    at: Annotated[str | None, Field(description="The branch or the contact whose number it is.")]
    source: Annotated[str | None, Field(description="Which source of the directory knew.")]


class Customer(OneCustomer):
    """Whose number it is."""

    match: Match
    by: Annotated[str | None, Field(description="Who chose, where a person did.")]
    candidates: list[OneCustomer]


class Moment(TypedDict):
    """A line of the timeline."""

    state: c.CallState
    at: Stamp


class Leg(TypedDict):
    """One channel's part in a call."""

    channel: str
    party: c.Side
    state: c.LegState
    number: Number | None
    extension: str | None
    name: str | None
    uniqueid: str
    hangup_cause: Cause | None


Pause = TypedDict("Pause", {"from": Stamp, "to": Stamp | None})
"""A time in which nothing was heard on a recording."""


class Recording(TypedDict):
    """One file a channel of a call is recorded to."""

    id: str
    state: c.RecordingState
    file: str
    started_at: Stamp | None
    stopped_at: Stamp | None
    paused: list[Pause]
    length_s: Seconds | None
    size: Count | None
    measured: bool
    reason: str | None


class Missed(TypedDict):
    """What a missed call leaves behind."""

    reason: c.Reason | None
    queue: str | None
    rung: list[Party]


class MissedRow(TypedDict):
    """The caller's row of the missed list."""

    id: RowId
    count: Annotated[int, Field(ge=1, description="How often they tried.")]
    first_at: Stamp


class RecoveredRow(TypedDict):
    """The row of the missed list that was made good."""

    id: RowId
    number: Number | None
    count: Annotated[int, Field(ge=1, description="How often they tried.")]
    first_at: Stamp
    last_at: Stamp
    last_call: CallId
    queue: str | None
    reason: c.Reason | None


class TooLong(TypedDict):
    """The limit a call went beyond, and when."""

    limit_s: Seconds
    at: Stamp


Call = TypedDict(
    "Call",
    {
        "id": CallId,
        "pbx": str,
        "protocol": Annotated[str, Field(pattern=r"^\d{8}-\d{6,}$")],
        "direction": c.Direction,
        "state": c.CallState,
        "from": Party,
        "to": Party,
        "queue": str | None,
        "agent": Agent | None,
        "customer": Customer,
        "timeline": list[Moment],
        "started_at": Stamp,
        "answered_at": Stamp | None,
        "ended_at": Stamp | None,
        "wait_s": Seconds | None,
        "ring_s": Seconds | None,
        "hold_s": Seconds,
        "talk_s": Seconds | None,
        "ended_by": c.Side | None,
        "hangup_cause": Cause | None,
        "reason": c.Reason | None,
        "legs": list[Leg],
        "recordings": list[Recording],
        "notes": list[Any],
        "tags": list[str],
        "disposition": str | None,
        "quote": str | None,
        "missed": Missed | None,
        "too_long": TooLong | None,
        "merged_into": CallId | None,
        "oddities": Count,
    },
)
"""The whole call, as it is after the event."""

Transfer = TypedDict("Transfer", {"kind": c.TransferKind, "by": Party | None, "from": Party | None, "to": Party | None})
"""How a call was handed on: who did, who had it before, who gets it."""

Forwarded = TypedDict(
    "Forwarded",
    {"from": Party, "to": Party, "reason": Literal["phone", "no_answer", "busy", "unavailable", "always"]},
)
"""From whom a call goes to whom before anybody answered."""


class Backfilled(TypedDict):
    """How much of a gap was told from the PBX's own log."""

    complete: bool
    started: Count
    ended: Count
    missed: Count


Gap = TypedDict(
    "Gap",
    {
        "from": Stamp,
        "to": Stamp,
        "restarted": bool,
        "ended": Count,
        "adopted": Count,
        "backfilled": Backfilled | None,
    },
)
"""When nobody listened to a PBX, and what could be restored."""

QueueReason = Literal["abandoned", "timeout", "empty", "full", "key", "transferred"]


class DisabledWebhook(TypedDict):
    """A subscriber that was given up, for the others."""

    name: str
    reason: Annotated[str, Field(description="Why, for people.")]
    failing_since: Annotated[Stamp | None, Field(description="The first failure since it last took an event.")]
    tries: Annotated[int, Field(ge=0, description="How many failed since then.")]


BESIDES: Final[Mapping[EventType, Mapping[str, Any]]] = {
    EventType.CALL_STARTED: {},
    EventType.CALL_QUEUED: {"queue": str, "position": Count | None},
    EventType.CALL_RINGING: {"ringing": list[Party]},
    EventType.CALL_ANSWERED: {"by": Party},
    EventType.CALL_HELD: {"by": Party},
    EventType.CALL_RESUMED: {"by": Party},
    EventType.CALL_PARKED: {"slot": str | None, "by": Party | None},
    EventType.CALL_UNPARKED: {"slot": str | None, "by": Party | None},
    EventType.CALL_TRANSFERRED: {"transfer": Transfer},
    EventType.CALL_LEFT_QUEUE: {"queue": str, "reason": QueueReason},
    EventType.CALL_UPDATED: {"changed": list[str]},
    EventType.CALL_TOO_LONG: {"limit_s": Seconds},
    EventType.CALL_ENDED: {},
    EventType.CALL_MISSED: {"missed": Missed, "row": MissedRow | None},
    EventType.CALL_RECOVERED: {"missed": RecoveredRow, "recovery_s": Seconds, "by": RecoveredBy},
    EventType.RECORDING_STARTED: {"recording": Recording},
    EventType.RECORDING_PAUSED: {"recording": Recording},
    EventType.RECORDING_RESUMED: {"recording": Recording},
    EventType.RECORDING_READY: {"recording": Recording},
    EventType.RECORDING_FAILED: {"recording": Recording},
    EventType.CUSTOMER_CREATED: {"customer": OneCustomer},
    EventType.PBX_CONNECTED: {"gap": Gap | None},
    EventType.PBX_DISCONNECTED: {"reason": str},
    EventType.WEBHOOK_DISABLED: {"webhook": DisabledWebhook},
}
"""What stands in `data` besides `pbx`, and besides `sequence` and `call` of a call: for each event that is told."""

CHANGED: Final[Mapping[str, Any]] = {
    "forwarded": Forwarded,
    "joined": Party,
    "by": Annotated[str, Field(description="Who chose the customer, where a person did.")],
}
"""What may stand in `data` of `call.updated`, by the word in `changed`."""
