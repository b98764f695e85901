"""What no PBX says: recorded calls, interleaved, cut off, mixed up and damaged. The same seed says the same."""

import heapq
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tests.lab.ami_player import Line, Tape

TAPES: Final = Path(__file__).parents[1] / "tapes"
BEGAN: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT_ONCE: Final = 24
"""Calls that go on side by side."""
NASTY: Final = (
    b"",
    b"-1",
    b"0",
    b"1e308",
    b"nan",
    b"inf",
    b"99999999999999999999",
    b"\xd0",
    b"\xff\xfe\xed\xa0\x80",
    b"\x00\x1b[31m",
    b"<unknown>",
    b"'; DROP TABLE calls; --",
    b"Local/1001@internal-00000001;2",
    b"PJSIP/trunk-00000000",
    b"s" * 5000,
    b"1792678800.1",
    "\U0001d538\u202e\u0000".encode(),
)
JUNK: Final = (b"\r\n\r\n", b"\n", b"no colon here\r\n", b"Response: Follows\r\n", b"\x00" * 100, b": \r\n", b"Event:")

Going = tuple[datetime, int, datetime, Line, Iterator[Line]]
"""A call on its way: when it says its next word, its number, when it began, that word, and all others."""
Damage = Callable[[random.Random, bytes], bytes]


class Fuzz:
    """Frames without end, a third of them damaged."""

    def __init__(self, seed: int, tapes: int = 60) -> None:
        self._choice = random.Random(seed)  # noqa: S311 - what to damage
        paths = sorted(TAPES.glob("*.tape"))
        self._tapes = [Tape(path) for path in paths[:: -(-len(paths) // tapes)]]
        self._calls: list[Going] = []
        self._begun = 0
        self._former = b"Event: Hangup\r\n\r\n"
        self.at = BEGAN

    def frames(self, count: int) -> Iterator[bytes]:
        choice = self._choice
        for _ in range(count):
            frame = self._next()
            dice = choice.random()
            if dice < 0.05:  # said late, or again
                frame, self._former = self._former, frame
            elif dice < 0.3:  # said wrong
                frame = choice.choice(DAMAGES)(choice, frame)
            if dice > 0.98:  # not said
                continue
            yield frame

    def forget(self) -> None:
        """Break off every call, as a PBX does that dies."""
        self._calls.clear()

    def _next(self) -> bytes:
        """Return what the next of all calls says, in the order of time."""
        while len(self._calls) < AT_ONCE:
            self._begun += 1
            self._go_on(self._begun, self._choice.choice(self._tapes).again(self.at, self._begun), self.at)
        at, number, began, line, rest = heapq.heappop(self._calls)
        self.at = max(self.at, at)
        if self._choice.random() > 0.005:  # else it is never heard of again
            self._go_on(number, rest, began)
        return line.raw

    def _go_on(self, number: int, rest: Iterator[Line], began: datetime) -> None:
        line = next(rest, None)
        if line is not None:
            heapq.heappush(self._calls, (began + timedelta(seconds=line.after_s), number, began, line, rest))


def bytes_changed(choice: random.Random, frame: bytes) -> bytes:
    spoilt = bytearray(frame)
    for _ in range(choice.randrange(1, 6)):
        spoilt[choice.randrange(len(spoilt))] = choice.randrange(256)
    return bytes(spoilt)


def cut_off(choice: random.Random, frame: bytes) -> bytes:
    """The rest of it is lost, its end among it."""
    return frame[: choice.randrange(len(frame))]


def header_lost(choice: random.Random, frame: bytes) -> bytes:
    lines = lines_of(frame)
    del lines[choice.randrange(len(lines))]
    return joined(lines)


def header_twice(choice: random.Random, frame: bytes) -> bytes:
    lines = lines_of(frame)
    lines.insert(choice.randrange(len(lines)), choice.choice(lines))
    return joined(lines)


def headers_mixed(choice: random.Random, frame: bytes) -> bytes:
    lines = lines_of(frame)
    choice.shuffle(lines)
    return joined(lines)


def values_swapped(choice: random.Random, frame: bytes) -> bytes:
    lines = lines_of(frame)
    one, other = choice.randrange(len(lines)), choice.randrange(len(lines))
    (key, value), (key2, value2) = split(lines[one]), split(lines[other])
    lines[one], lines[other] = key + b": " + value2, key2 + b": " + value
    return joined(lines)


def value_nasty(choice: random.Random, frame: bytes) -> bytes:
    lines = lines_of(frame)
    place = choice.randrange(len(lines))
    lines[place] = split(lines[place])[0] + b": " + choice.choice(NASTY)
    return joined(lines)


def junk_inside(choice: random.Random, frame: bytes) -> bytes:
    place = choice.randrange(len(frame))
    return frame[:place] + choice.choice(JUNK) + frame[place:]


def as_answer(choice: random.Random, frame: bytes) -> bytes:
    """As if it were what one of our actions is answered."""
    kind = choice.choice((b"Response: Success", b"Response: Error", b"Response: Goodbye", b"Event: OriginateResponse"))
    return kind + b"\r\nActionID: fuzz-%d\r\n" % choice.randrange(1, 40) + frame


DAMAGES: Final[Sequence[Damage]] = (
    bytes_changed,
    cut_off,
    header_lost,
    header_twice,
    headers_mixed,
    values_swapped,
    value_nasty,
    junk_inside,
    as_answer,
)


def lines_of(frame: bytes) -> list[bytes]:
    return frame.rstrip(b"\r\n").split(b"\r\n")


def joined(lines: Sequence[bytes]) -> bytes:
    return b"\r\n".join(lines) + b"\r\n\r\n"


def split(line: bytes) -> tuple[bytes, bytes]:
    key, _, value = line.partition(b": ")
    return key, value


def pieces(frames: Iterator[bytes], choice: random.Random) -> Iterator[bytes]:
    """Yield the same bytes as a network does: cut anywhere."""
    held = bytearray()
    size = choice.randrange(1, 65536)
    for frame in frames:
        held += frame
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
            size = choice.randrange(1, 65536)
    yield bytes(held)
