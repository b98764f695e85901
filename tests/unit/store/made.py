"""Calls, events and batches to write, and a clock that tests set."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from callbridge.calls.call import Call, CallState, Direction, Party
from callbridge.calls.events import EventType, call_event, pbx_event
from callbridge.clock import SystemClock
from callbridge.ports import Attempt, Batch, Due, LiveCall, Told

AT = datetime(2026, 11, 22, 10, 0, 0, 123457, tzinfo=UTC)
EVER = AT + timedelta(days=400)


class SetClock(SystemClock):
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = AT

    def now(self) -> datetime:
        return self.at

    def passes(self, seconds: float) -> datetime:
        self.at += timedelta(seconds=seconds)
        return self.at


def a_call(name: str = "a", sequence: int = 1, **other: Any) -> Call:
    call = Call(
        id=f"call_{name}",
        pbx="main",
        protocol=f"20261122-{name}",
        direction=Direction.INBOUND,
        state=CallState.STARTED,
        caller=Party("+351912345678", "912345678", "Maria Silva"),
        callee=Party("+351210000000", "210000000"),
        started_at=AT,
        sequence=sequence,
    )
    return replace(call, **other)


def told(call: Call, *subscribers: str, body: bytes | None = None) -> Told:
    event = call_event(call, EventType.CALL_RINGING, AT)
    return Told(event, event.id.encode() if body is None else body, subscribers or ("crm",))


def told_of_the_pbx(seconds: int, *subscribers: str) -> Told:
    event = pbx_event("main", EventType.PBX_CONNECTED, AT + timedelta(seconds=seconds))
    return Told(event, event.id.encode(), subscribers or ("crm",))


def telling(*events: Told) -> Batch:
    """What the pipeline commits: each call once, as it is in the end, and its memory while it lives."""
    calls = {one.event.call.id: one.event.call for one in events if one.event.call}
    live = [
        LiveCall(call.id, call.pbx, f"{call.id} at {call.sequence}".encode())
        for call in calls.values()
        if not call.over
    ]
    return Batch(calls=list(calls.values()), live=live, told=events)


def a_life(name: str, events: int, *subscribers: str) -> Batch:
    """A whole call with sequences 1 to `events`."""
    return telling(*(told(a_call(name, sequence), *subscribers) for sequence in range(1, events + 1)))


def ids(found: Iterable[Due]) -> list[str]:
    return [one.event_id for one in found]


def delivered(*found: Due, at: datetime = AT) -> Sequence[Attempt]:
    return [
        Attempt(one.subscriber, one.lane, one.event_id, delivered=True, at=at, sequence=one.sequence) for one in found
    ]


def failed(one: Due, again_at: datetime | None, error: str = "HTTP 503", at: datetime = AT) -> Attempt:
    """`again_at` None: never again."""
    return Attempt(one.subscriber, one.lane, one.event_id, delivered=False, at=at, next_at=again_at, error=error)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
