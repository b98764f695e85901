"""Calls and events to deliver, and a clock that tests set."""

from datetime import UTC, datetime, timedelta

from callbridge.calls.call import Call, CallState, Direction, Party
from callbridge.calls.events import Event, EventType, call_event
from callbridge.clock import SystemClock
from callbridge.delivery.payload import render
from callbridge.ports import Told

AT = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)


class SetClock(SystemClock):
    """The host's clock, moved ahead by as much as a test likes."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead

    def pass_by(self, time: timedelta) -> None:
        self.ahead += time

    def jitter(self) -> float:
        return 0.0


def a_call(name: str = "call_1", sequence: int = 1) -> Call:
    return Call(
        id=name,
        pbx="main",
        protocol="20261122-000042",
        direction=Direction.INBOUND,
        state=CallState.STARTED,
        caller=Party(number="+351912345678", raw="912345678", name="Maria Silva"),
        callee=Party(number="+351210000000", raw="210000000"),
        started_at=AT,
        sequence=sequence,
    )


def an_event(name: str = "call_1", sequence: int = 1) -> Event:
    return call_event(a_call(name, sequence), EventType.CALL_UPDATED, AT)


def told(event: Event, *subscribers: str) -> Told:
    return Told(event, render(event), subscribers or ("crm",))
