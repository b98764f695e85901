"""What came in and is not worked off yet: one ordered, bounded queue between the link and the pipeline."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Backlog(Generic[T]):
    """A queue that never makes its writer wait: past `bound` it refuses, and the writer must tell a gap."""

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self.high_water = 0
        self._items: deque[T] = deque()
        self._arrived = asyncio.Event()

    @property
    def depth(self) -> int:
        return len(self._items)

    def add(self, items: Iterable[T]) -> bool:
        """Append what fits; False when not all did, and the rest is gone."""
        room = max(0, self.bound - len(self._items))
        offered = list(items)
        self._items.extend(offered[:room])
        self._changed()
        return len(offered) <= room

    def add_always(self, item: T) -> None:
        """Append `item` beyond the bound too: the few words that tell a gap must not be lost with it."""
        self._items.append(item)
        self._changed()

    async def take(self, max_items: int) -> list[T]:
        """Wait for something, then return all there is, oldest first, at most `max_items`."""
        await self._arrived.wait()
        items = self._items
        batch = [items.popleft() for _ in range(min(max_items, len(items)))]
        self._changed()
        return batch

    def _changed(self) -> None:
        self.high_water = max(self.high_water, len(self._items))
        (self._arrived.set if self._items else self._arrived.clear)()
