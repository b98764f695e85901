"""Ids are made from what happened, never drawn: the same call and event have them in every life."""

from datetime import UTC, datetime

import pytest

from callbridge.calls.arrival import call_id
from callbridge.calls.call import Call, CallState, Direction, Party
from callbridge.calls.events import EventType, call_event, pbx_event

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_a_calls_id_never_changes() -> None:
    """Written down: subscribers and databases hold on to it."""
    assert call_id("main", "1795341600.1") == "call_01a202b2c5002525fbd14ab9bb6575c4"


def test_calls_are_apart_by_pbx_and_channel() -> None:
    ids = {call_id(pbx, channel) for pbx in ("main", "porto") for channel in ("1795341600.1", "1795341600.11", "x")}

    assert len(ids) == 6


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("1795341600.9", "1795341601.10"), ("999999999.1", "1795341600.1"), ("pbx1-1795341600.9", "pbx1-1795341601.0")],
)
def test_ids_sort_by_the_second_in_which_the_call_began(earlier: str, later: str) -> None:
    assert call_id("main", earlier) < call_id("main", later)


@pytest.mark.parametrize("odd", ["", "x", "1.1", "99999999999.1", "٣", "1795341600.1\n"])
def test_an_id_of_no_known_form_gives_one_all_the_same(odd: str) -> None:
    assert call_id("main", odd).startswith("call_")
    assert len(call_id("main", odd)) == len("call_") + 32


def test_an_events_id_is_its_calls_and_its_sequence() -> None:
    call = Call("call_01", "main", "p", Direction.INBOUND, CallState.STARTED, Party(), Party(), AT, sequence=7)
    event = call_event(call, EventType.CALL_ENDED, AT, by=Party())

    assert (event.id, event.sequence, event.pbx, event.details) == ("evt_01_7", 7, "main", {"by": Party()})


def test_an_event_of_the_pbx_itself_is_apart_by_pbx_kind_and_time() -> None:
    one = pbx_event("main", EventType.PBX_CONNECTED, AT)
    others = [
        pbx_event("porto", EventType.PBX_CONNECTED, AT),
        pbx_event("main", EventType.PBX_DISCONNECTED, AT),
        pbx_event("main", EventType.PBX_CONNECTED, AT.replace(microsecond=1)),
    ]

    assert one.id == pbx_event("main", EventType.PBX_CONNECTED, AT).id
    assert len({one.id, *(each.id for each in others)}) == 4
    assert one.sequence is None
