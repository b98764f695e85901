r"""What a PBX said, written down and played again.

A tape is text, one JSON object a line. The first names the format, each other
one is a message as it came::

    {"tape": 1}
    {"at": "2026-11-22T12:00:00.123456+00:00", "pbx": "main", "ami": "Event: Newchannel\r\n…"}

`ami64` stands instead of `ami` for bytes that are no UTF-8. A raw capture of an
AMI socket can be played too: then the time is the messages' own `Timestamp`, or
as much as the channels' ids tell of it.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.ami.wire import AmiParser, OddityKind
from callbridge.asterisk.from_ami import time_of
from callbridge.errors import TapeDamaged

FORMAT: Final = 1
MAX_LINE_BYTES: Final = 4 << 20

SECRET_KEYS: Final = re.compile(
    r"(?im)^((?:[a-z0-9-]*(?:secret|password|passwd|md5cred|authtoken)[a-z0-9-]*): )[^\r\n]*"
)
SECRET_VARIABLE: Final = re.compile(r"(?im)^(Variable|ChanVariable[^:\r\n]*): .*(?:pass|secret|token|pin\b)")
VALUE: Final = re.compile(r"(?m)^(Value: )[^\r\n]*")
SECRET_CHANVARIABLE: Final = re.compile(
    r"(?im)^(ChanVariable[^:\r\n]*: [^=\r\n]*(?:pass|secret|token|pin)[^=\r\n]*=)[^\r\n]*"
)
LEFT_OUT: Final = r"\1[left out]"

DAMAGE: Final = (OddityKind.NAMELESS, OddityKind.TOO_LONG)
"""Oddities a working PBX does not make; a line without a colon it does."""

BIRTH: Final = re.compile(rb"(?m)^Uniqueid: (?:.*-)?(\d{9,10})\.\d+\r?$")


@dataclass(frozen=True, slots=True)
class Heard:
    """A message and when it came."""

    pbx: str
    at: datetime
    message: Message


class TapeWriter:
    """Writes what is heard, line by line, without secrets."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._write({"tape": FORMAT})

    def write(self, heard: Heard) -> None:
        """Write one message. It is on disk when the file's owner flushes."""
        line = {"at": heard.at.isoformat(), "pbx": heard.pbx}
        try:
            self._write(line | {"ami": without_secrets(heard.message.raw.decode())})
        except UnicodeDecodeError:
            text = without_secrets(heard.message.raw.decode("latin-1"))
            self._write(line | {"ami64": base64.b64encode(text.encode("latin-1")).decode()})

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")


def without_secrets(text: str) -> str:
    """Return a message's text with the values of what looks like a password left out."""
    text = SECRET_KEYS.sub(LEFT_OUT, text)
    text = SECRET_CHANVARIABLE.sub(LEFT_OUT, text)
    return VALUE.sub(LEFT_OUT, text) if SECRET_VARIABLE.search(text) else text


def read(path: Path, pbx: str) -> Iterator[Heard]:
    """Yield what a tape or a raw capture holds; `pbx` names the PBX a raw capture is of.

    Raises TapeDamaged, saying where, after all that came before has been yielded.
    """
    try:
        with path.open("rb") as file:
            first = file.readline(MAX_LINE_BYTES)
            if first.lstrip()[:1] == b"{":
                yield from _read_tape(file, first)
            else:
                file.seek(0)
                yield from _read_capture(file, pbx)
    except OSError as error:
        raise TapeDamaged(f"{path}: cannot be read: {error.strerror}.") from error


def _read_tape(file: BinaryIO, first: bytes) -> Iterator[Heard]:
    if _object(first, 1).get("tape") != FORMAT:
        raise TapeDamaged(f"line 1: not a tape of format {FORMAT}: it was made by another version of callbridge.")
    count = 1
    while line := file.readline(MAX_LINE_BYTES):
        count += 1
        if line.strip():
            yield _one_line(line, count)


def _one_line(line: bytes, count: int) -> Heard:
    fields = _object(line, count)
    try:
        at = datetime.fromisoformat(fields["at"])
        raw = base64.b64decode(fields["ami64"], validate=True) if "ami64" in fields else fields["ami"].encode()
        pbx = fields["pbx"]
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise TapeDamaged(f"line {count}: it has no readable `at`, `pbx` and `ami`.") from error
    if at.tzinfo is None or not isinstance(pbx, str):
        raise TapeDamaged(f"line {count}: its `at` has no time zone, or its `pbx` is no text.")
    messages = AmiParser().receive(raw + b"\r\n\r\n")
    if len(messages) != 1:
        raise TapeDamaged(f"line {count}: what stands there is not one whole AMI message.")
    return Heard(pbx, at, messages[0])


def _object(line: bytes, count: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TapeDamaged(f"line {count}: it is no whole JSON object: the tape is cut or mixed up there.") from error
    if not isinstance(found, dict):
        raise TapeDamaged(f"line {count}: it is no JSON object.")
    return found


def _read_capture(file: BinaryIO, pbx: str) -> Iterator[Heard]:
    parser = AmiParser()
    at = datetime.fromtimestamp(0, UTC)
    begin = count = 1
    line = b""
    while following := file.readline(MAX_LINE_BYTES):
        line = following
        for message in parser.receive(line):
            at = max(at, time_of(message) or _born(message) or at)
            yield Heard(pbx, at, message)
        damage = [kind for kind in DAMAGE if parser.oddities.counts[kind]]
        if damage:
            raise TapeDamaged(f"line {begin}: what stands there is no AMI message ({damage[0]}).")
        count += 1
        begin = count if not line.strip() else begin
    yield from _last(parser, pbx, at, line, begin)


def _last(parser: AmiParser, pbx: str, at: datetime, line: bytes, begin: int) -> Iterator[Heard]:
    """Read a message that ends with the file instead of a blank line."""
    if parser.held_bytes == 0:
        return
    messages = parser.receive(b"\r\n\r\n") if line.endswith(b"\n") else []
    if not messages:
        raise TapeDamaged(f"line {begin}: the capture ends in the middle of the message that begins there.")
    for message in messages:
        yield Heard(pbx, max(at, time_of(message) or at), message)


def _born(message: Message) -> datetime | None:
    """Return the second in which a message's channel was born: the only time a bare capture knows."""
    found = BIRTH.search(message.raw)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None
