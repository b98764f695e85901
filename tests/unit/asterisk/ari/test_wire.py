"""ARI's JSON, as it comes and as it should not come."""

import json
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callbridge.asterisk.ari import wire
from callbridge.asterisk.ari.wire import Message, Oddity, OddityKind
from callbridge.errors import ActionFailed, LoginRefused, PbxError, PbxUnreachable, ProtocolError

# From Asterisk 22.10.1, as it stood on the wire.
CREATED = (
    '{"type":"ChannelCreated","timestamp":"2026-11-22T12:47:03.203+0000","channel":{"id":"1795351623.0",'
    '"name":"PJSIP/phone-00000000","state":"Ring","protocol_id":"","caller":{"name":"Иван","number":"+351912345678"},'
    '"connected":{"name":"","number":""},"accountcode":"","dialplan":{"context":"in","exten":"200","priority":1,'
    '"app_name":"","app_data":""},"creationtime":"2026-11-22T12:47:03.203+0000","language":"en"},'
    '"asterisk_id":"02:fc:00:00:00:01","application":"callbridge"}'
)

WORDS = st.text(st.sampled_from('aZ 0+-:.И\u0301😀"\\{}\u2028\x00\r\n'), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=10,
)
unhurried = settings(deadline=None)  # a loaded machine is no finding
EVENTISH = st.dictionaries(st.sampled_from(["type", "application", "timestamp", "channel", "message"]), JSON)


def message(text: str) -> Message:
    read = wire.read(text.encode())
    assert isinstance(read, Message)
    return read


def oddity(data: bytes) -> Oddity:
    read = wire.read(data)
    assert isinstance(read, Oddity)
    return read


def test_an_event_is_read_with_its_channel_and_time() -> None:
    read = message(CREATED)

    assert read.type == "ChannelCreated"
    assert read.application == "callbridge"
    assert read.timestamp == datetime(2026, 11, 22, 12, 47, 3, 203000, tzinfo=UTC)
    assert (read.channel_id, read.channel_name) == ("1795351623.0", "PJSIP/phone-00000000")
    assert read.body["channel"]["caller"]["name"] == "Иван"


def test_the_text_is_kept_to_the_letter_for_tapes() -> None:
    assert message(CREATED).text == CREATED


def test_another_zone_is_turned_into_utc() -> None:
    read = message('{"type":"X","timestamp":"2026-11-22T01:00:00.500+0200"}')

    assert read.timestamp == datetime(2026, 11, 21, 23, 0, 0, 500000, tzinfo=UTC)
    assert read.timestamp.utcoffset() == UTC.utcoffset(None)


@pytest.mark.parametrize(
    "when", ["", "yesterday", "2026-11-22T12:47:03.203", "0001-01-01T00:00:00+2359", "2026-13-01T00:00:00+0000"]
)
def test_a_time_that_makes_no_sense_is_no_time_but_still_an_event(when: str) -> None:
    read = message(json.dumps({"type": "X", "timestamp": when}))

    assert read.timestamp is None
    assert read.body["timestamp"] == when


def test_an_event_without_channel_has_none() -> None:
    read = message('{"type":"Dial","peer":{"id":"1.2","name":"PJSIP/a"},"dialstatus":"ANSWER"}')

    assert (read.channel_id, read.channel_name, read.timestamp) == (None, None, None)


def test_a_name_cut_inside_a_letter_costs_no_event() -> None:
    read = wire.read(b'{"type":"X","name":"\xd0\x98\xd0"}')

    assert isinstance(read, Message)
    assert read.body["name"] == "И\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", OddityKind.NO_JSON),
        (b"\x00\xff", OddityKind.NO_JSON),
        (b'{"type":"ChannelCreated"', OddityKind.NO_JSON),
        (b'{"type":"X"}{"type":"Y"}', OddityKind.NO_JSON),
        (b"[" * 5000, OddityKind.NO_JSON),
        (b'["type"]', OddityKind.NO_OBJECT),
        (b"7", OddityKind.NO_OBJECT),
        (b"{}", OddityKind.NO_TYPE),
        (b'{"type":7}', OddityKind.NO_TYPE),
        (b'{"type":""}', OddityKind.NO_TYPE),
    ],
)
def test_rubbish_is_an_oddity_with_its_kind(data: bytes, kind: OddityKind) -> None:
    assert oddity(data).kind is kind


def test_a_message_past_the_limit_is_an_oddity_and_kept_short() -> None:
    padded = b'{"type":"X","pad":"' + b"x" * wire.MAX_MESSAGE_BYTES + b'"}'

    odd = oddity(padded)

    assert odd.kind is OddityKind.TOO_LONG
    assert len(odd.excerpt) == wire.MAX_EXCERPT
    assert isinstance(wire.read(padded, limit=len(padded)), Message)


def test_an_excerpt_cannot_forge_a_line_of_a_log() -> None:
    assert oddity(b"bad\r\n\x1b[31mlines").excerpt.isprintable()


def test_what_is_shown_of_a_message_holds_no_content() -> None:
    assert "912345678" not in repr(message(CREATED))


@unhurried
@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    assert isinstance(wire.read(data), Message | Oddity)


@pytest.mark.patient
@unhurried
@given(EVENTISH)
def test_no_json_makes_it_raise_and_the_types_hold(body: dict[str, object]) -> None:
    read = wire.read(json.dumps(body).encode())

    if isinstance(read, Message):
        assert read.type == body["type"]
        assert read.timestamp is None or read.timestamp.utcoffset() == UTC.utcoffset(None)
        assert all(
            value is None or isinstance(value, str) for value in (read.application, read.channel_id, read.channel_name)
        )


@unhurried
@given(type_=WORDS.filter(bool), values=st.dictionaries(WORDS, WORDS | st.integers(-(2**53), 2**53)))
def test_every_honest_event_arrives_whole(type_: str, values: dict[str, object]) -> None:
    body = {**values, "type": type_}

    read = wire.read(orjson.dumps(body))

    assert isinstance(read, Message)
    assert read.body == body


@unhurried
@given(st.binary(max_size=60), st.integers(0, 60))
def test_a_cut_event_is_never_taken_for_another(tail: bytes, cut: int) -> None:
    whole = CREATED.encode()
    read = wire.read(whole[: len(whole) - 1 - cut] + tail)

    assert isinstance(read, Oddity) or read.text.encode() == whole[: len(whole) - 1 - cut] + tail


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (401, b'{"message":"Authentication required"}', LoginRefused),
        (403, b'{"message":"Access denied by ACL"}', LoginRefused),
        (403, b"", LoginRefused),
        (403, b'{"message":"The recording file could not be opened"}', ActionFailed),
        (404, b'{"message":"Recording not found"}', ActionFailed),
        (500, b'{"error":"Allocation failed"}', ActionFailed),
        (404, b"<html>404 Not Found</html>", ProtocolError),
        (200, b"welcome", ProtocolError),
        (503, b"", PbxUnreachable),
    ],
)
def test_an_answer_becomes_the_error_it_stands_for(status: int, answer: bytes, kind: type[PbxError]) -> None:
    assert type(wire.refusal(status, answer, "GET /x")) is kind


def test_a_wrong_path_is_told_with_what_to_do() -> None:
    said = str(wire.refusal(404, b"<html>", "GET /asterisk/info"))

    assert "ari.conf" in said
    assert "http.conf" in said


@unhurried
@given(st.integers(100, 599), st.binary(max_size=300) | EVENTISH.map(lambda body: json.dumps(body).encode()))
def test_no_answer_makes_the_translation_raise(status: int, answer: bytes) -> None:
    error = wire.refusal(status, answer, "GET /x")

    assert isinstance(error, PbxError)
    assert str(error).isprintable()
    assert len(str(error)) < 400


def test_aris_words_are_bounded() -> None:
    words = wire.reason(json.dumps({"message": "no\r\n" * 1000}).encode())

    assert words is not None
    assert len(words) == wire.MAX_EXCERPT
    assert words.isprintable()
