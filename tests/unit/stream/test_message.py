"""What is published of an event, and that it comes out as it went in."""

from datetime import UTC, datetime

from callbridge.calls.events import EventType, pbx_event
from callbridge.ports import SHARDS, Told, shard_of, shard_of_strict
from callbridge.stream.message import LOOK, Message, decode, encode, postings
from tests.unit.delivery.calls import an_event

BODY = b'{"type":"call.started"}\n"with a line break"'


def of(*names: str) -> Told:
    return Told(an_event("a", 3), BODY, names)


def test_an_event_is_published_once_for_all_subscribers_of_its_call_under_its_own_id() -> None:
    told = of("crm", "erp")
    (posting,) = postings(told, strict=())
    assert told.event.call is not None

    assert posting.key == told.event.id
    assert posting.shard == shard_of(told.event.call.id)
    assert decode(posting.payload) == Message(told.event.call.id, 3, told.event.id, ("crm", "erp"), BODY)


def test_an_event_that_nobody_wants_is_published_without_its_body_for_the_sequence_to_follow_on() -> None:
    (posting,) = postings(of(), strict=())
    message = decode(posting.payload)
    assert message is not None

    assert (message.sequence, message.to, message.body) == (3, (), b"")


def test_a_strict_subscriber_is_told_in_the_shard_of_its_name_that_there_is_something() -> None:
    told = of("crm", "erp")
    call, strict = postings(told, strict=("erp",))

    assert decode(call.payload) == Message(
        told.event.call.id if told.event.call else "", 3, told.event.id, ("crm",), BODY
    )
    assert (strict.shard, strict.key) == (shard_of_strict("erp"), f"{told.event.id}/{strict.shard}")
    assert decode(strict.payload) == Message("", 0, told.event.id, ("erp",), b"")


def test_an_event_about_no_call_that_nobody_wants_is_not_published() -> None:
    event = pbx_event("main", EventType.PBX_CONNECTED, datetime(2026, 11, 22, tzinfo=UTC))

    assert list(postings(Told(event, BODY, ()), strict=())) == []


def test_what_is_not_understood_asks_to_look_into_the_database() -> None:
    for payload in (LOOK, b"\xff\n", b"{}\n", b"[]\n", b'{"lane":"a"}\nx'):
        assert decode(payload) is None
    assert decode(encode(Message("a", 1, "b", (), b""))) is not None


def test_every_shard_has_its_share_of_the_lanes() -> None:
    counts = [0] * SHARDS
    for number in range(256):
        counts[shard_of(f"call_{number:032x}")] += 1

    assert set(counts) == {256 // SHARDS}
    assert shard_of("no digits") == 0
