"""What came over the link, in order, in a queue that never grows without bound."""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from callbridge.asterisk.ari.wire import Message
from callbridge.errors import CallbridgeError


@dataclass(frozen=True, slots=True)
class LinkUp:
    """From here on we hear everything."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    at: datetime
    """When it reached us; `message.timestamp` is when Asterisk says it happened."""
    message: Message


@dataclass(frozen=True, slots=True)
class LinkDown:
    """From here to the next LinkUp nobody tells us anything: the gap. Always follows a LinkUp."""

    at: datetime
    reason: CallbridgeError


Item = LinkUp | Received | LinkDown


class Stream:
    """An ordered queue with one writer, the link, and one reader.

    Only `Received` counts against `size`: the two items that frame a gap always find
    room, and the link waits for `room()` before it makes new ones.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: deque[Item] = deque()
        self._came = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()

    @property
    def depth(self) -> int:
        """Items waiting to be taken."""
        return len(self._items)

    def offer(self, item: Received) -> bool:
        """Append `item`; False, and nothing appended, when the queue is full."""
        if len(self._items) >= self._size:
            return False
        self.mark(item)
        return True

    def mark(self, item: Item) -> None:
        """Append `item` whatever the depth."""
        self._items.append(item)
        self._came.set()
        if len(self._items) > self._size // 2:
            self._drained.clear()

    async def take(self, limit: int) -> list[Item]:
        """Wait until there is something, then return it: at least one item, at most `limit`, oldest first."""
        while not self._items:
            self._came.clear()
            await self._came.wait()
        taken = [self._items.popleft() for _ in range(min(max(limit, 1), len(self._items)))]
        if len(self._items) <= self._size // 2:
            self._drained.set()
        return taken

    async def room(self) -> None:
        """Wait until at least half of the queue is free."""
        await self._drained.wait()
