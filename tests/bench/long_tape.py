"""One recorded call made many: what a busy Asterisk says, as bytes.

`answered_call.ami` is what Asterisk 22.10.1 said of one plain call with `read = all`: the
log-in left out, everything else as it came. Each copy is a call of its own, with its own
ids, names and times; new ones begin `RATE` times a second, so they overlap as real ones do.
"""

import heapq
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from callbridge.asterisk.ami.wire import AmiParser
from callbridge.asterisk.from_ami import FILTERS
from tests.lab.ami_player import Line, Tape

SEED: Final = Path(__file__).with_name("answered_call.ami")
RATE: Final = 50.0
BEGAN: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)

Webhook = tuple[str, str]
"""An event's type, and the Uniqueid of the channel that began its call."""


@dataclass(frozen=True, slots=True)
class Said:
    """An event ready for the wire, and the webhook it brings about, if any. `after_s` counts from the first."""

    after_s: float
    raw: bytes
    call: int
    webhook: Webhook | None


Going = tuple[float, int, Said, Iterator[Said]]
"""A call on its way: when it says its next word, its number, that word, and all others."""


class LongTape:
    """The seed, to be had as often as one likes. A number is one call: given again, it is the same call again."""

    def __init__(self, seed: Path = SEED, *, rate: float = RATE) -> None:
        self.call = Tape(seed)
        self.rate = rate
        self._types = [webhook_of(headers) for headers in map(_headers, self.call.again(BEGAN, 1))]

    @property
    def events_a_call(self) -> int:
        return len(self.call)

    def say(self, calls: range, began: datetime = BEGAN) -> Iterator[Said]:
        """Yield the events of these calls in the order of time."""
        going: list[Going] = []
        for number in calls:
            begins_s = self._begins(number, calls)
            while going and going[0][0] < begins_s:
                yield _next(going)
            _go_on(going, number, self._one(number, begins_s, began))
        while going:
            yield _next(going)

    def _begins(self, number: int, calls: range) -> float:
        return (number - calls.start) / self.rate

    def _one(self, number: int, begins_s: float, began: datetime) -> Iterator[Said]:
        caller = ""
        for kind, line in zip(self._types, self.call.again(began + timedelta(seconds=begins_s), number), strict=True):
            if kind is not None:
                caller = caller or _headers(line)["Uniqueid"]
            yield Said(begins_s + line.after_s, line.raw, number, None if kind is None else (kind, caller))


def needed_only(seed: Path, folder: Path) -> Path:
    """Return a seed with those events alone that Asterisk sends under the daemon's own filters."""
    filters = [re.compile(expression.encode()) for expression in FILTERS]
    events = [line.raw for line in Tape(seed).again(BEGAN, 1) if any(one.search(line.raw) for one in filters)]
    short = folder / seed.name
    short.write_bytes(b"".join(events))
    return short


def webhook_of(headers: Mapping[str, str]) -> str | None:
    """Return the type of the event that an AMI event of the seed brings about: what its writer would say, stateless."""
    match headers.get("Event"):
        case "Newchannel" if headers["Uniqueid"] == headers["Linkedid"]:
            return "call.started"
        case "Newstate" if headers["ChannelStateDesc"] == "Ringing":
            return "call.ringing"
        case "BridgeEnter" if headers["BridgeNumChannels"] == "2":
            return "call.answered"
        case "Hangup" if headers["Uniqueid"] == headers["Linkedid"]:
            return "call.ended"
        case _:
            return None


def _headers(line: Line) -> dict[str, str]:
    (message,) = AmiParser().receive(line.raw)
    return dict(message.headers)


def _next(going: list[Going]) -> Said:
    """Return what is said next of all calls that are going on."""
    _, number, said, rest = heapq.heappop(going)
    _go_on(going, number, rest)
    return said


def _go_on(going: list[Going], number: int, rest: Iterator[Said]) -> None:
    said = next(rest, None)
    if said is not None:
        heapq.heappush(going, (said.after_s, number, said, rest))
