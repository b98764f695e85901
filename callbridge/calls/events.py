"""What we tell: one `Event` each, in the order in which the world should hear them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from callbridge.calls.call import Call


class EventType(StrEnum):
    """Every event callbridge can tell; the words are fixed."""

    CALL_STARTED = "call.started"
    CALL_QUEUED = "call.queued"
    CALL_RINGING = "call.ringing"
    CALL_ANSWERED = "call.answered"
    CALL_HELD = "call.held"
    CALL_RESUMED = "call.resumed"
    CALL_PARKED = "call.parked"
    CALL_UNPARKED = "call.unparked"
    CALL_TRANSFERRED = "call.transferred"
    CALL_LEFT_QUEUE = "call.left_queue"
    CALL_UPDATED = "call.updated"
    CALL_TOO_LONG = "call.too_long"
    CALL_ENDED = "call.ended"
    CALL_MISSED = "call.missed"
    CALL_RECOVERED = "call.recovered"
    RECORDING_STARTED = "recording.started"
    RECORDING_PAUSED = "recording.paused"
    RECORDING_RESUMED = "recording.resumed"
    RECORDING_READY = "recording.ready"
    RECORDING_FAILED = "recording.failed"
    AGENT_STATUS = "agent.status"
    QUEUE_STATS = "queue.stats"
    CUSTOMER_CREATED = "customer.created"
    PBX_CONNECTED = "pbx.connected"
    PBX_DISCONNECTED = "pbx.disconnected"
    WEBHOOK_DISABLED = "webhook.disabled"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing told.

    `id` is the `webhook-id`: made from what happened, never drawn, so the same
    event told again after a crash has the same id. `call` is the whole call as
    it is after this event and None where the event is about no call; `details`
    is what stands in `data` besides `pbx`, `sequence` and `call`: Parties,
    datetimes, strings, numbers, tuples and mappings of these. `pbx` is empty where
    the event is about none.
    """

    id: str
    type: EventType
    at: datetime
    pbx: str
    call: Call | None = None
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def sequence(self) -> int | None:
        """1, 2, 3 … for the call, without holes; None for an event about no call."""
        return None if self.call is None else self.call.sequence


def call_event(call: Call, kind: EventType, at: datetime, **details: object) -> Event:
    """Return the event that makes `call.sequence` known to the world."""
    return Event(f"evt_{call.id.removeprefix('call_')}_{call.sequence}", kind, at, call.pbx, call, details)


def pbx_event(pbx: str, kind: EventType, at: datetime, **details: object) -> Event:
    """Return an event about the PBX itself; its id comes from the PBX, the kind and the time."""
    seed = f"{pbx}\0{kind}\0{at.isoformat()}".encode()
    return Event(f"evt_{hashlib.sha256(seed).hexdigest()[:32]}", kind, at, pbx, None, details)
