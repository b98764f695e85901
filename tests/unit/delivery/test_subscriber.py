"""Who hears what."""

import pytest

from callbridge.calls.events import EventType, call_event, pbx_event
from callbridge.delivery.subscriber import Subscriber, route

from .calls import AT, a_call


@pytest.mark.parametrize(
    ("patterns", "hears"),
    [
        (("*",), {"call.started", "recording.ready", "pbx.connected"}),
        (("call.*",), {"call.started"}),
        (("call.*", "recording.ready"), {"call.started", "recording.ready"}),
        (("call.ended",), set()),
        (("CALL.*",), set()),
        ((), set()),
    ],
)
def test_a_subscriber_hears_what_its_patterns_fit(patterns: tuple[str, ...], hears: set[str]) -> None:
    crm = Subscriber("crm", "https://crm.example/", "whsec_", events=patterns)
    events = [
        call_event(a_call(), EventType.CALL_STARTED, AT),
        call_event(a_call(), EventType.RECORDING_READY, AT),
        pbx_event("main", EventType.PBX_CONNECTED, AT),
    ]
    assert {event.type.value for event in events if crm.matches(event)} == hears


def test_an_event_is_routed_to_all_who_want_it_by_name() -> None:
    everyone = Subscriber("all", "https://a.example/", "whsec_")
    recordings = Subscriber("recordings", "https://b.example/", "whsec_", events=("recording.*",))
    started = call_event(a_call(), EventType.CALL_STARTED, AT)
    ready = call_event(a_call(), EventType.RECORDING_READY, AT)
    assert route((everyone, recordings), started) == ("all",)
    assert route((everyone, recordings), ready) == ("all", "recordings")
