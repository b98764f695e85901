import base64
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.ami.wire import AmiParser
from callbridge.asterisk.tape import Heard, TapeWriter, read, without_secrets
from callbridge.errors import TapeDamaged

AT = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
GREETING = b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nMessage: Authentication accepted\r\n\r\n"


def message(raw: str | bytes) -> Message:
    (only,) = AmiParser().receive((raw.encode() if isinstance(raw, str) else raw) + b"\r\n\r\n")
    return only


SAID = [
    Heard("main", AT, message('Event: Newchannel\r\nUniqueid: 1795341600.1\r\nCallerIDName: Łukasz 山田 \u2028 \\"x')),
    Heard("porto", AT, message(b"Event: Newchannel\r\nUniqueid: 1.1\r\nCallerIDName: Jos\xe9")),
    Heard("main", AT + timedelta(seconds=1), message("Event: X\r\nChanVariable: a=1\r\nChanVariable: b=2\r\nEmpty: ")),
    Heard("main", AT, message("Response: Success\r\nOutput: one\r\nOutput: two")),
    Heard("main", AT, message("Event: Hangup\nUniqueid: 1.1\nno colon here\nCause: 16")),
    Heard("main", AT, message("Response: Follows\r\nPrivilege: Command\r\na\n\nb\n--END COMMAND--")),
]


def tape_of(*heard: Heard) -> bytes:
    file = io.BytesIO()
    writer = TapeWriter(file)
    for each in heard:
        writer.write(each)
    return file.getvalue()


def played(tmp_path: Path, content: bytes) -> tuple[list[Heard], str | None]:
    """Return what a file yields and what damage it tells at the end."""
    path = tmp_path / "x.tape"
    path.write_bytes(content)
    heard: list[Heard] = []
    try:
        for each in read(path, "main"):
            heard.append(each)  # noqa: PERF402 - what came before the damage counts
    except TapeDamaged as damage:
        return heard, str(damage)
    return heard, None


# ── our own format ──


def test_a_tape_reads_back_equal(tmp_path: Path) -> None:
    heard, damage = played(tmp_path, tape_of(*SAID))

    assert damage is None
    assert heard == SAID
    assert [each.message.raw for each in heard[:4]] == [each.message.raw for each in SAID[:4]]


def test_a_tape_is_text_one_object_a_line() -> None:
    first, *lines = tape_of(*SAID).decode().splitlines(keepends=False)[:1] + tape_of(*SAID).decode().split("\n")[1:-1]

    assert json.loads(first) == {"tape": 1}
    assert [sorted(json.loads(line)) for line in lines] == [
        ["ami", "at", "pbx"],
        ["ami64", "at", "pbx"],
        *[["ami", "at", "pbx"]] * 4,
    ]


def test_a_tape_written_anew_from_what_was_read_is_the_same(tmp_path: Path) -> None:
    once = tape_of(*SAID)

    assert tape_of(*played(tmp_path, once)[0]) == once


def test_an_empty_tape_and_blank_lines_are_no_damage(tmp_path: Path) -> None:
    assert played(tmp_path, tape_of()) == ([], None)
    assert played(tmp_path, tape_of(SAID[0]).replace(b"\n", b"\n\n")) == ([SAID[0]], None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.data())
def test_a_tape_cut_anywhere_yields_what_came_before_and_says_where(tmp_path: Path, data: st.DataObject) -> None:
    whole = tape_of(*SAID)
    cut = data.draw(st.integers(1, len(whole) - 1))
    lines = whole[:cut].split(b"\n")
    heard, damage = played(tmp_path, whole[:cut])

    complete = len(lines) - 1 if not is_object(lines[-1]) else len(lines)
    assert heard == SAID[: max(0, complete - 1)]
    if lines[-1] and not is_object(lines[-1]):
        assert damage is not None
        assert damage.startswith(f"line {len(lines)}:")
    else:
        assert damage is None


def is_object(line: bytes) -> bool:
    return line.startswith(b"{") and line.endswith(b"}") and line.count(b"{") == line.count(b"}")


@pytest.mark.patient
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=4))
def test_a_tape_garbled_anywhere_never_raises_but_damaged(tmp_path: Path, place: int, rubbish: bytes) -> None:
    whole = bytearray(tape_of(*SAID))
    where = place % len(whole)
    whole[where : where + len(rubbish)] = rubbish
    heard, damage = played(tmp_path, bytes(whole))

    line = tape_of(*SAID)[:where].count(b"\n")
    assert heard[: max(0, line - 1)] == SAID[: max(0, line - 1)]
    assert damage is None or damage.startswith("line ")


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"7",
        b"null",
        b"nonsense",
        b"\xff\xfe",
        b'{"at": 5, "pbx": "main", "ami": "Event: X"}',
        b'{"at": "yesterday", "pbx": "main", "ami": "Event: X"}',
        b'{"at": "2026-11-22T12:00:00", "pbx": "main", "ami": "Event: X"}',
        b'{"at": "2026-11-22T12:00:00+00:00", "ami": "Event: X"}',
        b'{"at": "2026-11-22T12:00:00+00:00", "pbx": 5, "ami": "Event: X"}',
        b'{"at": "2026-11-22T12:00:00+00:00", "pbx": [], "ami": "Event: X"}',
        b'{"at": "2026-11-22T12:00:00+00:00", "pbx": "main"}',
        b'{"at": "2026-11-22T12:00:00+00:00", "pbx": "main", "ami": 5}',
        b'{"at": "2026-11-22T12:00:00+00:00", "pbx": "main", "ami": ""}',
        b'{"at": "2026-11-22T12:00:00+00:00", "pbx": "main", "ami": "\\ud800"}',
        b'{"at": "2026-11-22T12:00:00+00:00", "pbx": "main", "ami": "no message"}',
        b'{"at": "2026-11-22T12:00:00+00:00", "pbx": "main", "ami": "Event: X\\r\\n\\r\\nEvent: Y"}',
        b'{"at": "2026-11-22T12:00:00+00:00", "pbx": "main", "ami": "Response: Follows\\r\\nthe rest is missing"}',
        b'{"at": "2026-11-22T12:00:00+00:00", "pbx": "main", "ami64": "RXZlbnQ6IFg"}',
        b'{"at": "2026-11-22T12:00:00+00:00", "pbx": "main", "ami64": "RXZl!bnQ6IFg="}',
        b'{"at": "2026-11-22T12:00:00+00:00", "pbx": "main", "ami64": 5}',
        b'{"x":' * 100_000,
    ],
)
def test_a_line_that_is_none_is_named_and_what_came_before_is_played(tmp_path: Path, line: bytes) -> None:
    heard, damage = played(tmp_path, tape_of(*SAID[:2]) + line + b"\n" + tape_of(SAID[2]).split(b"\n")[1])

    assert heard == SAID[:2]
    assert damage is not None
    assert damage.startswith("line 4:")


@pytest.mark.parametrize("first", [b'{"tape": 2}', b"{}", b'{"tape": "1"}', b"{"])
def test_a_tape_of_another_format_is_refused(tmp_path: Path, first: bytes) -> None:
    heard, damage = played(tmp_path, first + b"\n" + tape_of(SAID[0]).split(b"\n")[1])

    assert heard == []
    assert damage is not None
    assert damage.startswith("line 1:")


def test_a_tape_that_is_not_there_is_told_as_damage(tmp_path: Path) -> None:
    with pytest.raises(TapeDamaged, match="No such file"):
        list(read(tmp_path / "none.tape", "main"))
    with pytest.raises(TapeDamaged, match="directory"):
        list(read(tmp_path, "main"))


# ── secrets ──

SECRETS = [
    "Event: ChallengeSent\r\nSecret: hunter2\r\nA: 1",
    "Event: X\r\nSessionPassword: hunter2\r\nA: 1",
    "Event: X\r\nAMISecretKey: hunter2\r\nA: 1",
    "Event: X\r\nMD5Cred: hunter2\r\nA: 1",
    "Event: VarSet\r\nVariable: SIP_PASSWORD\r\nValue: hunter2\r\nUniqueid: 1.1",
    "Event: VarSet\r\nVariable: api_token\r\nValue: hunter2\r\nUniqueid: 1.1",
    "Event: VarSet\r\nVariable: CARD_PIN\r\nValue: hunter2\r\nUniqueid: 1.1",
    "Event: Newchannel\r\nUniqueid: 1.1\r\nChanVariable: door_secret=hunter2\r\nA: 1",
    "Event: Newchannel\r\nUniqueid: 1.1\r\nChanVariable(PJSIP/1): MyPass=hunter2=x\r\nA: 1",
    "Event: X\r\npassword: hunter2",
]


@pytest.mark.parametrize("text", SECRETS)
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_secrets_are_left_out_and_nothing_else(tmp_path: Path, text: str, end: str) -> None:
    raw = text.replace("\r\n", end)
    tape = tape_of(Heard("main", AT, message(raw)))
    ((heard,), damage) = played(tmp_path, tape)

    assert damage is None
    assert b"hunter2" not in tape
    assert heard.message == message(raw.replace("hunter2=x", "hunter2").replace("hunter2", "[left out]"))


def test_a_secret_in_bytes_that_are_no_text_is_left_out_too(tmp_path: Path) -> None:
    raw = b"Event: X\r\nName: Jos\xe9\r\nSecret: hunter2\r\nA: 1"
    tape = tape_of(Heard("main", AT, message(raw)))
    ((heard,), _) = played(tmp_path, tape)

    assert heard.message.raw == raw.replace(b"hunter2", b"[left out]")
    assert b"hunter2" not in base64.b64decode(json.loads(tape.split(b"\n")[1])["ami64"])


@pytest.mark.parametrize(
    "text",
    [
        "Event: VarSet\r\nVariable: QUEUESTATUS\r\nValue: TIMEOUT",
        "Event: Newchannel\r\nCallerIDName: Ana Secret: x\r\nExten: 1001",
        "Event: X\r\nChanVariable: campaign=token of thanks",
        "Event: VarSet\r\nVariable: SPINNING\r\nValue: 1",
    ],
)
def test_what_only_sounds_like_a_secret_stays(text: str) -> None:
    assert without_secrets(text) == text


# ── raw captures ──


def capture(*messages: str) -> bytes:
    return GREETING + b"".join(each.encode() + b"\r\n\r\n" for each in messages)


def events(heard: Iterable[Heard]) -> Iterator[tuple[str | None, datetime]]:
    for each in heard:
        if each.message.is_event:
            yield each.message.event, each.at


def test_a_raw_capture_is_played_at_its_own_times(tmp_path: Path) -> None:
    heard, damage = played(
        tmp_path,
        capture("Event: A\r\nTimestamp: 1795341600.500000", "Event: B\r\nTimestamp: 1795341601.250000", "Event: C"),
    )
    first = datetime(2026, 11, 22, 10, 0, 0, 500_000, tzinfo=UTC)

    assert damage is None
    assert list(events(heard)) == [
        ("A", first),
        ("B", first + timedelta(seconds=0.75)),
        ("C", first + timedelta(seconds=0.75)),
    ]
    assert {each.pbx for each in heard} == {"main"}


def test_a_capture_without_times_knows_when_its_channels_were_born(tmp_path: Path) -> None:
    heard, damage = played(
        tmp_path,
        capture(
            "Event: A\r\nUniqueid: 1795341600.1",
            "Event: B\r\nUniqueid: pbx1-1795341605.2",
            "Event: C\r\nUniqueid: 1795341600.1",
            "Event: D\r\nUniqueid: odd",
        ),
    )
    ten = datetime(2026, 11, 22, 10, tzinfo=UTC)

    assert damage is None
    assert list(events(heard)) == [
        ("A", ten),
        ("B", ten + timedelta(seconds=5)),
        ("C", ten + timedelta(seconds=5)),  # time does not go back
        ("D", ten + timedelta(seconds=5)),
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lines_may_end_on_crlf_or_on_lf(tmp_path: Path, end: bytes) -> None:
    raw = capture("Event: A\r\nUniqueid: 1795341600.1", "Event: B\r\nX: 1").replace(b"\r\n", end)
    heard, damage = played(tmp_path, raw)

    assert damage is None
    assert [each.message.name for each in heard] == ["Success", "A", "B"]
    assert heard[1].message == message("Event: A\r\nUniqueid: 1795341600.1")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_last_message_may_lack_its_blank_line(tmp_path: Path, end: bytes) -> None:
    whole = capture("Event: A\r\nTimestamp: 1795341600.1", "Event: B\r\nTimestamp: 1795341601.2").replace(b"\r\n", end)
    heard, damage = played(tmp_path, whole.removesuffix(end))

    assert damage is None
    assert [name for name, _ in events(heard)] == ["A", "B"]
    assert heard[-1].at.microsecond == 200_000


def test_a_capture_that_ends_in_the_middle_of_a_line_is_damaged_there(tmp_path: Path) -> None:
    heard, damage = played(tmp_path, capture("Event: A\r\nX: 1", "Event: B\r\nX: 1")[:-6])

    assert [name for name, _ in events(heard)] == ["A"]
    assert damage is not None
    assert damage.startswith("line 8:")  # the greeting's line and its answer's three come first


def test_a_capture_that_holds_no_message_at_some_place_is_damaged_there(tmp_path: Path) -> None:
    raw = capture("Event: A\r\nX: 1") + b"\x00\x01garbage\r\n\r\n" + b"Event: B\r\nX: 1\r\n\r\n"
    heard, damage = played(tmp_path, raw)

    assert [name for name, _ in events(heard)] == ["A"]
    assert damage is not None
    assert damage.startswith("line 8:")


def test_a_capture_without_an_end_is_damaged_and_read_no_further(tmp_path: Path) -> None:
    heard, damage = played(tmp_path, capture("Event: A\r\nX: 1") + b"x" * (5 << 20))

    assert [name for name, _ in events(heard)] == ["A"]
    assert damage is not None
    assert damage.startswith("line 8:")


def test_bytes_that_are_no_utf8_are_played_all_the_same(tmp_path: Path) -> None:
    heard, damage = played(tmp_path, GREETING + b"Event: A\r\nCallerIDName: Jos\xe9\r\n\r\n")

    assert damage is None
    assert heard[1].message["CallerIDName"] == "Jos\ufffd"


def test_an_empty_capture_holds_nothing(tmp_path: Path) -> None:
    assert played(tmp_path, b"") == ([], None)
    assert played(tmp_path, b"\r\n\r\n") == ([], None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.data())
def test_a_capture_cut_anywhere_yields_what_came_before(tmp_path: Path, data: st.DataObject) -> None:
    whole = capture(*(f"Event: E{number}\r\nTimestamp: 1795341600.{number}\r\nX: y" for number in range(4)))
    cut = data.draw(st.integers(1, len(whole)))
    heard, damage = played(tmp_path, whole[:cut])

    complete = whole[:cut].count(b"\r\n\r\n")
    assert complete <= len(heard) <= complete + 1
    assert len(heard) == complete or whole[:cut].endswith(b"\n")
    assert damage is None or damage.startswith("line ")
    assert damage is not None or whole[:cut].endswith(b"\n")
