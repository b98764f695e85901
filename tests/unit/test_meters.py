"""What is counted as it happens."""

from datetime import UTC, datetime, timedelta

import pytest

from callbridge.calls.events import Event, EventType, pbx_event
from callbridge.delivery.samples import sample
from callbridge.meters import Meters

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.fixture
def meters() -> Meters:
    return Meters()


def figure(meters: Meters, name: str, **labels: str) -> float | None:
    return meters.registry.get_sample_value(name, labels)


def connected(gap: object) -> Event:
    return pbx_event("main", EventType.PBX_CONNECTED, AT, gap=gap)


def test_events_are_counted_by_their_type(meters: Meters) -> None:
    kinds = (EventType.CALL_STARTED, EventType.CALL_STARTED, EventType.CALL_ENDED)
    meters.committed([sample(kind, "main", AT) for kind in kinds], 0.001)

    assert figure(meters, "callbridge_events_total", type="call.started") == 2
    assert figure(meters, "callbridge_events_total", type="call.ended") == 1


def test_a_commit_is_timed_once_however_much_it_holds(meters: Meters) -> None:
    meters.committed([sample(EventType.CALL_STARTED, "main", AT)] * 3, 0.003)
    meters.committed([], 0.001)

    assert figure(meters, "callbridge_commit_seconds_count") == 2
    assert figure(meters, "callbridge_commit_seconds_sum") == pytest.approx(0.004)


def test_a_gap_that_is_over_is_counted_with_its_seconds(meters: Meters) -> None:
    meters.committed([connected(None), connected({"from": AT - timedelta(seconds=90), "to": AT})], 0.001)

    assert figure(meters, "callbridge_gaps_total", pbx="main") == 1
    assert figure(meters, "callbridge_gap_seconds_total", pbx="main") == 90


def test_tries_are_counted_by_what_came_of_them(meters: Meters) -> None:
    meters.tried("crm", "503", 0.02)
    meters.tried("crm", "delivered", 0.01)
    meters.delivered("crm", 12.0)

    assert figure(meters, "callbridge_delivery_tries_total", subscriber="crm", result="503") == 1
    assert figure(meters, "callbridge_delivery_try_seconds_count", subscriber="crm") == 2
    assert figure(meters, "callbridge_delivery_delay_seconds_bucket", subscriber="crm", le="15.0") == 1
    assert figure(meters, "callbridge_delivery_delay_seconds_bucket", subscriber="crm", le="5.0") == 0


def test_two_daemons_in_one_process_do_not_count_each_others(meters: Meters) -> None:
    Meters().not_committed()

    assert figure(meters, "callbridge_commit_failures_total") == 0
