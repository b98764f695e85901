"""Who follows events live on the control socket: each has a bounded queue, and loses the line when it is full."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

MOST_WAITING: Final = 1_000
"""Events a follower may be behind."""


class Followers:
    """Gives every event to everyone who follows, and waits for nobody."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[bytes | None]] = set()

    def publish(self, bodies: Iterable[bytes]) -> None:
        """Give events to all followers; one that is too far behind is let go."""
        if not self._queues:
            return
        for body in bodies:
            for queue in tuple(self._queues):
                self._give(queue, body)

    def _give(self, queue: asyncio.Queue[bytes | None], body: bytes) -> None:
        if queue.qsize() < MOST_WAITING:
            queue.put_nowait(body)
            return
        queue.put_nowait(None)  # the queue holds one more than MOST_WAITING, for this
        self._queues.discard(queue)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Follow from now on; the iterator ends where the follower did not keep up."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_WAITING + 1)
        self._queues.add(queue)
        try:
            yield self._events(queue)
        finally:
            self._queues.discard(queue)

    async def _events(self, queue: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes]:
        while (body := await queue.get()) is not None:
            yield body
