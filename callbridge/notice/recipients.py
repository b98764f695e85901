"""Who gets an e-mail about which missed call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from callbridge.calls.call import Call, Missed
from callbridge.calls.events import Event, EventType
from callbridge.filters import EventFilter, queue_of
from callbridge.ports import Notice

OLD: Final = timedelta(hours=24)
"""A call that was missed so long ago, and is told only now, is in the list; nobody is alarmed any more."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who wants to hear of missed calls."""

    address: str
    name: str | None = None
    agent: str | None = None
    """An extension: of calls that rang there alone."""
    wanted: EventFilter = field(default_factory=EventFilter)
    digest: timedelta | None = None
    """At most one mail in so long; None: at once."""

    def wants(self, event: Event) -> bool:
        return self.wanted.wants(event.type.value, event.pbx, queue_of(event)) and self._was_rung(event)

    def _was_rung(self, event: Event) -> bool:
        missed = event.details.get("missed")
        rung = missed.rung if isinstance(missed, Missed) else ()
        return self.agent is None or any(each.extension == self.agent for each in rung)


def notices(recipients: Iterable[Recipient], event: Event, now: datetime) -> Sequence[Notice]:
    """Return what is to be sent about an event; nothing about most."""
    row = event.details.get("row")
    if event.type is not EventType.CALL_MISSED or event.call is None:
        return ()
    if not isinstance(row, Mapping) or "id" not in row:
        return ()
    if now - event.at > OLD:
        return ()
    caller = caller_of(event.call)
    return [
        Notice(each.address, event.id, str(row["id"]), caller, event.pbx) for each in recipients if each.wants(event)
    ]


def caller_of(call: Call) -> str:
    """Return what a caller is recognised by: whoever withholds the number is somebody else each time."""
    return call.caller.number or call.caller.raw or call.id
