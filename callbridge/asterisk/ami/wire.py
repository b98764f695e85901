r"""AMI bytes to messages and back: no socket, no clock, no waiting.

The law of the wire, as Asterisk 13 to 23 speaks it:

- The first line is a banner, without a blank line after it.
- A line ends on CR LF or on a bare LF; a blank line ends a message; more blank
  lines mean nothing (``\r\n\n`` after CoreShowChannelMap, asterisk#761).
- ``Key: value``: the first colon ends the key, one space after it goes, all else
  is the value. Callers' names begin and end with blanks.
- A header may come again: `Message.all` tells all, `Message.get` the first.
- Up to Asterisk 13 the answer to Command is text up to ``--END COMMAND--``, with
  blank lines in it; later it is one ``Output:`` header a line. Both read alike.

What breaks the law is counted in `AmiParser.oddities` and never raised.
"""

import re
from collections import Counter, deque
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Final

from callbridge.asterisk.ami.message import KINDS, Headers, Message
from callbridge.errors import UnsafeValue

__all__ = ["BANNER", "AmiParser", "Headers", "Message", "Oddities", "OddityKind", "asterisk_of", "serialise"]

MAX_MESSAGE_BYTES: Final = 1 << 20  # one answer to `core show hints` on a large PBX is some 100 KiB
MAX_LINE_BYTES: Final = 1024  # with CR LF; seen on 22.10: what is past it was read as a line of its own
MAX_HEADERS: Final = 128  # with Action and ActionID; with more, 22.10 refuses the whole action

BANNER: Final = "Asterisk Call Manager"
_ASTERISK_OF_AMI: Final = {"5": "16", "7": "18", "9": "20", "10": "21", "11": "22", "12": "23"}
_BANNER: Final = BANNER.encode()
_BANNER_NEXT: Final = re.compile(rb"(?:\r?\n)*" + _BANNER)
_FOLLOWS: Final = b"Response: Follows"
_END_COMMAND: Final = b"--END COMMAND--"
_FOLLOWS_HEADERS: Final = frozenset({"Response", "Privilege", "ActionID"})
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")  # one pass; two finds cost more, and the square on LF alone
_UNSAFE: Final = re.compile(r"[\r\n\0]")
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.()-]*\Z")
# A whole message as Asterisk means it, found and checked in one pass: 1.5 µs for 22 headers.
# No group is repeated possessively: before Python 3.11.5 (Debian 12 has 3.11.2) what its last,
# failing turn had read stays read (python/cpython#106052), here the first half of a blank line.
_TYPICAL: Final = re.compile(
    rb"(?!Response: Follows)(Event|Response|Action): ([^\r\n]++)\r\n(?:[^:\r\n]++: .*\r\n)*\r\n"
)
_NOTHING: Final = re.compile(rb"(?!)")
_KINDS: Final = {kind.encode(): kind for kind in KINDS}
_CR, _LF = b"\r\n"


def asterisk_of(banner: str) -> str | None:
    """Return Asterisk's major version, which the version of AMI in the banner betrays; None for one unheard of."""
    return _ASTERISK_OF_AMI.get(banner.partition("/")[2].partition(".")[0])


class OddityKind(StrEnum):
    TOO_LONG = "too long"  # dropped up to the next blank line
    NO_COLON = "no colon"  # the line is dropped, the message kept
    UNDECODABLE = "undecodable"  # kept, with U+FFFD where the bytes made no letter
    NAMELESS = "nameless"  # neither event, nor answer, nor action: dropped


class Oddities:
    """How often the law was broken, and the latest few examples of at most 80 bytes."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()  # by OddityKind
        self.samples: deque[tuple[OddityKind, bytes]] = deque(maxlen=16)

    def note(self, kind: OddityKind, sample: bytes) -> None:
        self.counts[kind] += 1
        self.samples.append((kind, sample[:80]))


class AmiParser:
    """Bytes in, messages out.

    However the network cuts the stream, the same bytes give the same messages.
    Bytes are split first and whole messages decoded after: a name may be cut
    anywhere, by the network or by Asterisk itself. What matches `needless`, which is
    whole messages, is put aside unread.
    """

    def __init__(
        self, *, max_message_bytes: int = MAX_MESSAGE_BYTES, needless: re.Pattern[bytes] | None = None
    ) -> None:
        self.banner: str | None = None
        self.oddities = Oddities()
        self._max = max_message_bytes
        self._needless = needless or _NOTHING
        self._held = bytearray()  # the beginning of a message that is not whole yet
        self._skipping = False  # inside a message that is too long

    @property
    def held_bytes(self) -> int:
        return len(self._held)

    def receive(self, data: bytes) -> list[Message]:
        """Return the messages that `data` completes, oldest first. Never raises."""
        if self._held:
            data = self._with_held(data)
        messages: list[Message] = []
        position = 0
        while position >= 0:
            if not self._skipping:
                position = self._read_typical(data, position, messages)
            position = self._read_one(data, position, messages)
        return messages

    def _with_held(self, data: bytes) -> bytes:
        """Return all unread bytes once they may be worth a look; until then nothing.

        Looking only when a message may be whole keeps a peer that sends byte by
        byte from costing the square of the message.
        """
        held = self._held
        seam = max(0, len(held) - 2)
        held += data
        if not (
            held.find(b"\n\r\n", seam) >= 0
            or held.find(b"\n\n", seam) >= 0
            or len(held) > self._max
            or (b"\n" in data and _BANNER_NEXT.match(held))
        ):
            return b""
        whole = bytes(held)
        held.clear()
        return whole

    def _read_typical(self, data: bytes, start: int, messages: list[Message]) -> int:
        """Read messages up to the first that needs a closer look; return where that begins."""
        needless, typical = self._needless.match, _TYPICAL.match
        while True:
            if aside := needless(data, start):
                start = aside.end()
            found = typical(data, start)
            if found is None or (end := found.end()) - start > self._max:
                return start
            raw = data[start : end - 4]
            if not raw.isascii():
                self._decode(raw)
            kind, name = found.groups()
            messages.append(Message(_KINDS[kind], _named(name), raw))
            start = end

    def _read_one(self, data: bytes, start: int, messages: list[Message]) -> int:
        """Read one message, or hold what is there of it: return where the next begins, -1 when there is none."""
        if self._skipping:
            return self._skip(data, start)
        if data.startswith((b"\n", b"\r\n"), start):
            return start + (1 if data[start] == _LF else 2)
        if data.startswith(_BANNER, start):
            return self._read_banner(data, start)
        end, after = self._end_of_message(data, start)
        if after - start > self._max or (end < 0 and len(data) - start > self._max):
            return self._give_up(data, start, after)
        if end < 0:
            self._held += data[start:]
            return -1
        message = self._parse(data[start:end])
        if message is not None:
            messages.append(message)
        return after

    def _skip(self, data: bytes, start: int) -> int:
        blank = _BLANK_LINE.search(data, start)
        if blank is None:
            self._held += data[max(start, len(data) - 2) :]  # the blank line may be cut in two
            return -1
        self._skipping = False
        return blank.end()

    def _give_up(self, data: bytes, start: int, after: int) -> int:
        self.oddities.note(OddityKind.TOO_LONG, data[start:])
        if after >= 0:
            return after
        self._skipping = True
        return start + self._max - 2

    def _read_banner(self, data: bytes, start: int) -> int:
        end = data.find(b"\n", start, start + self._max)
        if end >= 0:
            self.banner = data[start:end].decode(errors="replace").rstrip("\r")
            return end + 1
        if len(data) - start > self._max:
            return self._give_up(data, start, -1)
        self._held += data[start:]
        return -1

    def _end_of_message(self, data: bytes, start: int) -> tuple[int, int]:
        """Return where the message ends and where its blank line ends; -1 twice while it goes on."""
        search_from = start
        if data.startswith(_FOLLOWS, start):
            search_from = data.find(_END_COMMAND, start, start + self._max)
            if search_from < 0:
                return -1, -1
        blank = _BLANK_LINE.search(data, search_from)
        if blank is None:
            return -1, -1
        end = blank.start()
        return (end - 1 if data[end - 1] == _CR else end), blank.end()

    def _parse(self, raw: bytes) -> Message | None:
        text = self._decode(raw)
        if raw.startswith(_FOLLOWS):
            headers = _command_output(text)
        else:
            headers = tuple(header for line in text.split("\n") if (header := self._header(line.removesuffix("\r"))))
        for kind, name in headers:
            if name and kind in KINDS:
                return Message(kind, name, raw, headers)
        self.oddities.note(OddityKind.NAMELESS, raw)
        return None

    def _header(self, line: str) -> tuple[str, str] | None:
        key, colon, value = line.partition(":")
        if not colon:
            self.oddities.note(OddityKind.NO_COLON, line.encode())
            return None
        return key, value.removeprefix(" ")

    def _decode(self, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.oddities.note(OddityKind.UNDECODABLE, raw)
            return raw.decode(errors="replace")


@lru_cache(512)
def _named(name: bytes) -> str:
    """Return the name of an event: there are some hundred, each said again and again."""
    return name.decode(errors="replace")


def _command_output(text: str) -> Headers:
    """Read the answer to Command as Asterisk 13 and older wrote it, every printed line as an `Output` header."""
    lines = [line.removesuffix("\r") for line in text.partition(_END_COMMAND.decode())[0].split("\n")]
    headers: list[tuple[str, str]] = []
    while lines and lines[0].partition(": ")[0] in _FOLLOWS_HEADERS:
        key, _, value = lines.pop(0).partition(": ")
        headers.append((key, value))
    if lines and not lines[-1]:
        lines.pop()
    return (*headers, *(("Output", line) for line in lines))


def serialise(action: str, headers: Iterable[tuple[str, str]] = (), *, action_id: str) -> bytes:
    """Return the one action as bytes for the wire. Nothing else in callbridge writes AMI.

    Headers keep their order and may repeat: each channel variable is a
    ``("Variable", "name=value")`` of its own, for a line holds 1,024 bytes.
    Raises `UnsafeValue` for what would smuggle in a header or an action, or what
    Asterisk would cut.
    """
    lines = [_line("Action", action), _line("ActionID", action_id)]
    for key, value in headers:
        if key.lower() in {"action", "actionid"}:
            raise UnsafeValue(f"{key} cannot be given as a header. Pass it by its own name.")
        lines.append(_line(key, value))
    if len(lines) > MAX_HEADERS:
        raise UnsafeValue(f"An action of {len(lines)} lines is more than Asterisk reads. Send {MAX_HEADERS} at most.")
    return b"".join((*lines, b"\r\n"))


def _line(key: str, value: str) -> bytes:
    """Write one header. What is refused is not repeated in the error: it may be a secret."""
    if not _KEY.match(key):
        raise UnsafeValue(f"{key[:40]!r} cannot be a header's name. Use letters, digits and hyphens.")
    if _UNSAFE.search(value):
        raise UnsafeValue(f"The value of {key} holds a line end or a NUL. Take it out.")
    try:
        line = f"{key}: {value}\r\n".encode()
    except UnicodeEncodeError:
        raise UnsafeValue(f"The value of {key} is no text that UTF-8 can write. Take the lone surrogate out.") from None
    if len(line) > MAX_LINE_BYTES:
        raise UnsafeValue(f"The line of {key} has {len(line)} bytes. Asterisk cuts lines at {MAX_LINE_BYTES}.")
    return line
