"""What the wire does to messages, point by point, and what it may never do."""

import itertools
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbridge.asterisk.ami.wire import AmiParser, Message, OddityKind, serialise
from callbridge.errors import UnsafeValue

RING = b"Event: Newstate\r\nChannel: PJSIP/201-00000001\r\nChannelStateDesc: Ringing\r\n\r\n"
HANGUP = b"Event: Hangup\r\nChannel: PJSIP/201-00000001\r\nCause: 16\r\n\r\n"


def read(*pieces: bytes) -> list[Message]:
    parser = AmiParser()
    return [message for piece in pieces for message in parser.receive(piece)]


def names(messages: list[Message]) -> list[str]:
    return [message.name for message in messages]


def the_one(data: bytes) -> Message:
    (message,) = read(data)
    return message


def test_the_banner_is_known_before_any_message_is() -> None:
    parser = AmiParser()
    assert parser.receive(b"Asterisk Call Ma") == []
    assert parser.banner is None
    assert parser.receive(b"nager/11.0.0\r\n") == []
    assert parser.banner == "Asterisk Call Manager/11.0.0"


def test_the_first_message_does_not_stick_to_the_banner() -> None:
    assert read(b"Asterisk Call Manager/11.0.0\r\n" + RING) == read(RING)


def test_two_messages_in_one_read_come_in_the_order_of_the_wire() -> None:
    assert names(read(RING + HANGUP)) == ["Newstate", "Hangup"]


def test_a_name_cut_between_two_reads_arrives_whole() -> None:
    data = "Event: Newchannel\r\nCallerIDName: Иван\r\n\r\n".encode()
    for cut in range(len(data)):
        (message,) = read(data[:cut], data[cut:])
        assert message["CallerIDName"] == "Иван"


def test_a_name_that_asterisk_cut_inside_a_letter_spoils_only_that_letter() -> None:
    parser = AmiParser()
    (message,) = parser.receive(b"Event: Newchannel\r\nCallerIDName: \xd0\x98\xd0\r\nExten: 201\r\n\r\n")
    assert message["CallerIDName"] == "И\ufffd"
    assert message["Exten"] == "201"
    assert parser.oddities.counts[OddityKind.UNDECODABLE] == 1


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n", b"\r\n\r\n", b"\n\n\r\n"])
def test_extra_blank_lines_between_messages_mean_nothing(between: bytes) -> None:
    assert read(RING + between + HANGUP) == read(RING, HANGUP)


def test_the_answer_to_core_show_channel_map_ends_on_a_bare_lf_and_costs_nothing() -> None:
    # 22.10.1 writes `Message: … snapshot\n`, CR LF, CR LF when it knows no such channel; asterisk#761.
    parser = AmiParser()
    refusal = b"Response: Error\r\nActionID: 6\r\nMessage: Could not get channel snapshot\n\r\n\r\n"
    answer, event = parser.receive(refusal + RING)
    assert answer["Message"] == "Could not get channel snapshot"
    assert event.name == "Newstate"
    assert not parser.oddities.counts


def test_lines_that_end_on_a_bare_lf_read_like_any_others() -> None:
    assert read(RING.replace(b"\r\n", b"\n")) == read(RING)
    assert read(RING.replace(b"\r\n", b"\n", 1)) == read(RING)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"AppData:", ""),
        (b"AppData: ", ""),
        (b"AppData:  two blanks before, two after  ", " two blanks before, two after  "),
        (b"AppData:no blank", "no blank"),
        (b"AppData:no blank: but one later", "no blank: but one later"),
        (b"AppData: sip:201@host: a", "sip:201@host: a"),
        (b"AppData: a\rb", "a\rb"),
    ],
)
def test_a_value_is_kept_exactly(line: bytes, value: str) -> None:
    for odd in (b"", b"no colon here\r\n", b"Bare: LF\n"):  # odd messages are read another way
        message = the_one(b"Event: Newexten\r\n" + odd + line + b"\r\nExten: 1\r\n\r\n")
        assert message["AppData"] == value
        assert message["Exten"] == "1"


def test_channel_variables_are_a_list_even_when_there_is_one() -> None:
    one = the_one(b"Event: Newchannel\r\nChanVariable: A=1\r\n\r\n")
    two = the_one(b"Event: Newchannel\r\nChanVariable: A=1\r\nChanVariable: B=2\r\n\r\n")
    assert one.all("ChanVariable") == ("A=1",)
    assert two.all("ChanVariable") == ("A=1", "B=2")
    assert two["ChanVariable"] == "A=1"
    assert two.all("Nothing") == ()


def test_what_a_command_prints_comes_line_by_line() -> None:
    message = the_one(b"Response: Success\r\nActionID: 5\r\nOutput: one\r\nOutput: \r\nOutput:   two\r\n\r\n")
    assert message.output == ("one", "", "  two")


def test_the_old_answer_to_a_command_reads_like_the_new() -> None:
    # Asterisk 13 and older: text as it was printed, blank lines and all.
    old = b"Response: Follows\r\nPrivilege: Command\r\nActionID: 5\r\nName: x\n\r\n\n  two\n--END COMMAND--\r\n\r\n"
    message, event = read(old + RING)
    assert message.action_id == "5"
    assert message.output == ("Name: x", "", "", "  two")
    assert event.name == "Newstate"


def test_an_event_with_a_response_header_is_an_event() -> None:
    message = the_one(b"Event: OriginateResponse\r\nActionID: 8\r\nResponse: Failure\r\n\r\n")
    assert message.is_event
    assert (message.event, message.name, message.action_id) == ("OriginateResponse", "OriginateResponse", "8")


def test_an_answer_is_no_event() -> None:
    message = the_one(b"Response: Success\r\nActionID: 1\r\n\r\n")
    assert not message.is_event
    assert (message.event, message.name) == (None, "Success")


def test_the_header_a_message_begins_with_is_found_in_any_case_too() -> None:
    (hangup,) = AmiParser().receive(b"Event: Hangup\r\nUniqueid: 1.1\r\nEvent: other\r\n\r\n")

    assert [hangup.get(key) for key in ("Event", "event", "EVENT")] == ["Hangup"] * 3
    assert "events" not in hangup


def test_headers_are_found_in_any_case() -> None:
    message = the_one(b"Event: AgentCalled\r\nUniqueid: 1.1\r\n\r\n")
    assert message["UniqueID"] == message.get("uniqueid") == "1.1"
    assert "UNIQUEID" in message
    assert message.get("Linkedid") is None
    assert message.get("Linkedid", "") == ""
    with pytest.raises(KeyError):
        message["Linkedid"]


def test_a_line_without_colon_is_left_out_and_counted() -> None:
    parser = AmiParser()
    (message,) = parser.receive(b"Event: Hangup\r\nwhat is this\r\nCause: 16\r\n\r\n")
    assert message.headers == (("Event", "Hangup"), ("Cause", "16"))
    assert parser.oddities.counts == {OddityKind.NO_COLON: 1}
    assert parser.oddities.samples[0] == (OddityKind.NO_COLON, b"what is this")


def test_a_message_that_is_nothing_is_counted_and_dropped() -> None:
    parser = AmiParser()
    assert names(parser.receive(b"Foo: bar\r\n\r\n" + RING)) == ["Newstate"]
    assert parser.oddities.counts == {OddityKind.NAMELESS: 1}


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (b"Event: Hangup\r\nKey: ", b"\r\n\r\n"),
        (b"Event: Hangup\nKey: ", b"\n\n"),
        (b"Response: Follows\r\n\r\n", b"\r\n\r\n--END COMMAND--\r\n\r\n"),
    ],
)
def test_a_message_one_byte_too_long_is_dropped_and_the_next_one_read(head: bytes, tail: bytes) -> None:
    for size in range(190, 211):
        stream = head + b"v" * (size - len(head) - len(tail)) + tail + RING
        for cut in range(len(stream)):
            parser = AmiParser(max_message_bytes=200)
            messages = parser.receive(stream[:cut]) + parser.receive(stream[cut:])
            assert messages[-1].name == "Newstate"
            assert len(messages) == (2 if size <= 200 else 1)
            assert parser.oddities.counts[OddityKind.TOO_LONG] == (0 if size <= 200 else 1)


@pytest.mark.parametrize(
    "flood",
    [b"a", b"a: b\r\n", b"Asterisk Call Manager", b"Response: Follows\r\n\r\n", b"\r", b"\n", b"\xff\x00", b"\r\r\n"],
)
def test_an_endless_flood_is_held_in_bounds(flood: bytes) -> None:
    parser = AmiParser(max_message_bytes=10_000)
    for _ in range(300):
        assert parser.receive(flood * 100) == []
        assert parser.held_bytes <= 10_000
    assert len(parser.oddities.samples) <= 16
    assert sum(sys.getsizeof(sample) for _, sample in parser.oddities.samples) < 16 * 200


def test_a_message_shows_no_value_in_a_traceback() -> None:
    message = the_one(b"Response: Success\r\nChallenge: 12345\r\n\r\n")
    assert "12345" not in repr(message)


# --- however the stream is cut -------------------------------------------------------------------------------------

LINES = st.sampled_from(
    [
        *(b"Event: A", b"Response: Error", b"Response: Follows", b"--END COMMAND--", b"Key:", b"Key: v", b"Key:v: w"),
        *(b"no colon", b"", b"", b"\r", b"\xd0\x98\xd0", b"Asterisk Call Manager/11.0.0", b": nameless", b"x" * 50),
    ]
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r\n\r\n"])), max_size=30).map(
    lambda pairs: b"".join(line + end for line, end in pairs)
)


@pytest.mark.patient
@given(stream=STREAMS | st.binary(max_size=300), cuts=st.lists(st.integers(0, 400), max_size=8))
def test_any_cut_of_the_stream_gives_the_same_messages(stream: bytes, cuts: list[int]) -> None:
    edges = sorted({0, *(cut for cut in cuts if cut < len(stream)), len(stream)})
    whole, cut, single = (AmiParser(max_message_bytes=100) for _ in range(3))
    expected = whole.receive(stream)
    assert [m for a, b in itertools.pairwise(edges) for m in cut.receive(stream[a:b])] == expected
    assert [m for byte in stream for m in single.receive(bytes([byte]))] == expected
    assert whole.oddities.counts == cut.oddities.counts == single.oddities.counts
    assert whole.banner == cut.banner == single.banner


@given(STREAMS)
def test_the_raw_bytes_of_a_message_read_back_to_it(stream: bytes) -> None:
    for message in AmiParser().receive(stream):
        assert AmiParser().receive(message.raw + b"\r\n\r\n") == [message]


KEYS = st.from_regex(r"\A[A-Za-z][A-Za-z0-9-]{0,20}\Z").filter(lambda key: key.lower() not in {"action", "actionid"})
TEXT = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=60)


@pytest.mark.patient
@given(headers=st.lists(st.tuples(KEYS, TEXT), max_size=20))
def test_what_the_serialiser_writes_the_parser_reads_back(headers: list[tuple[str, str]]) -> None:
    message = the_one(serialise("Originate", headers, action_id="cb-1"))
    assert message.headers == (("Action", "Originate"), ("ActionID", "cb-1"), *headers)
    assert (message.name, message.action_id) == ("Originate", "cb-1")


@given(
    key=st.text(max_size=30), value=st.text(max_size=60), action=st.text(max_size=30), action_id=st.text(max_size=30)
)
def test_no_text_smuggles_a_header_or_an_action(key: str, value: str, action: str, action_id: str) -> None:
    try:
        data = serialise(action, [(key, value)], action_id=action_id)
    except UnsafeValue:
        return
    assert data.count(b"\n") == data.count(b"\r") == 4
    assert data.endswith(b"\r\n\r\n")
    assert len(read(data)) <= 1


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["a\rb", "a\nb", "a\0b", "a\r\nAction: Originate", "\ud800"])
def test_a_value_with_a_line_end_is_refused_and_not_repeated(bad: str) -> None:
    with pytest.raises(UnsafeValue) as refused:
        serialise("Login", [("Secret", "hunter2" + bad)], action_id="1")
    assert "hunter2" not in str(refused.value)
    for action, action_id in ((bad, "1"), ("Ping", bad)):
        with pytest.raises(UnsafeValue):
            serialise(action, action_id=action_id)


@pytest.mark.parametrize("bad", ["", "Key:", "Ke\ry", "Ke\ny", "Key\n", " Key", "Action", "ActionId", "Ké"])
def test_a_key_that_is_no_name_is_refused(bad: str) -> None:
    with pytest.raises(UnsafeValue):
        serialise("Ping", [(bad, "value")], action_id="1")


def test_a_line_holds_1024_bytes_and_not_one_more() -> None:
    fits = "é" * 505  # two bytes each; "Variable: " and CR LF take twelve
    assert len(serialise("Originate", [("Variable", fits + "ab")], action_id="1").split(b"\r\n")[2]) == 1022
    with pytest.raises(UnsafeValue, match="1025 bytes"):
        serialise("Originate", [("Variable", fits + "abc")], action_id="1")


def test_an_action_holds_128_lines_and_not_one_more() -> None:
    serialise("Originate", [("Variable", "a=b")] * 126, action_id="1")
    with pytest.raises(UnsafeValue):
        serialise("Originate", [("Variable", "a=b")] * 127, action_id="1")


def test_every_variable_has_a_line_of_its_own() -> None:
    data = serialise("Originate", [("Variable", "A=1"), ("Variable", "B=2")], action_id="1")
    assert data == b"Action: Originate\r\nActionID: 1\r\nVariable: A=1\r\nVariable: B=2\r\n\r\n"
