"""The last events, in memory, framed for the wire once for all who follow."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from callbridge.filters import queue_of
from callbridge.ports import Told

MOST: Final = 1000
MOST_BYTES: Final = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Frame:
    """An event, and what a filter asks of it."""

    position: int
    type: str
    pbx: str
    queue: str | None
    """As `EventFilter.wants` takes it."""
    data: bytes


def framed(event_id: str, kind: str, body: bytes) -> bytes:
    """Return an event as server-sent events have it; a body is JSON in one line."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event_id.encode(), kind.encode(), body)


class Recent:
    """Every event committed after the position `floor` is here; None: that cannot be said of any."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._frames: list[Frame] = []
        self._positions: list[int] = []
        self._bytes = 0
        self.floor: int | None = None

    def add(self, events: Sequence[tuple[int, Told]]) -> None:
        """Take what was committed after all that was taken before."""
        if self.floor is None:
            self.floor = events[0][0] - 1
        for position, told in events:
            self._add(position, told)
        self._trim()

    def _add(self, position: int, told: Told) -> None:
        event = told.event
        data = framed(event.id, event.type.value, told.body)
        self._frames.append(Frame(position, event.type.value, event.pbx, queue_of(event), data))
        self._positions.append(position)
        self._bytes += len(data)

    def _trim(self) -> None:
        """Let go of the oldest, half of what is allowed in one go: a list is slow to take from its beginning."""
        if len(self._frames) <= self._most and self._bytes <= self._most_bytes:
            return
        gone = 0
        while len(self._frames) - gone > self._most // 2 or self._bytes > self._most_bytes // 2:
            self._bytes -= len(self._frames[gone].data)
            self.floor = self._positions[gone]
            gone += 1
        del self._frames[:gone], self._positions[:gone]

    def forget(self) -> None:
        """Begin anew with what is added next."""
        self._frames, self._positions, self._bytes, self.floor = [], [], 0, None

    def behind(self, position: int, most: int) -> Sequence[Frame] | None:
        """Return up to `most` events behind a position; None where some of them may be in the database alone."""
        if self.floor is None or position < self.floor:
            return None
        first = bisect_right(self._positions, position)
        return self._frames[first : first + most]
