"""Writing what came of tries, many in one commit, away from the path on which latency counts."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from callbridge.delivery.pace import Pace
from callbridge.errors import StoreUnavailable
from callbridge.logs import Action, logger
from callbridge.ports import Attempt, Store

log = logger()

GROUP_MOST: Final = 500
"""Results in one commit."""


class Settler:
    """Gathers results and writes them in the order they came.

    It has no bound of its own: each subscriber stops sending at
    `Pace.unsettled_most` results that are not written, so a database that is
    away stops deliveries and loses none.
    """

    def __init__(self, store: Store, pace: Pace, settled: Callable[[Attempt], None]) -> None:
        self._store = store
        self._pace = pace
        self._settled = settled
        self._waiting: deque[Attempt] = deque()
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._closing = False

    def add(self, attempt: Attempt) -> None:
        """Take a result; returns at once."""
        self._waiting.append(attempt)
        self._some.set()
        if len(self._waiting) >= self._pace.linger_most:
            self._enough.set()

    def hurry(self) -> None:
        """Have what waits written now: nobody is going to add to it before."""
        if self._waiting:
            self._enough.set()

    async def run(self) -> None:
        """Write groups until `close`, and what is left then, however long the database takes to come back."""
        while self._waiting or not self._closing:
            await self._some.wait()
            await self._gather()
            await self._flush()

    def close(self) -> None:
        """Make `run` return once all is written. The caller sets the deadline."""
        self._closing = True
        self._some.set()
        self._enough.set()

    async def _gather(self) -> None:
        """Let a group come together."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.linger_s):
                await self._enough.wait()

    async def _flush(self) -> None:
        while self._waiting:
            group = [self._waiting[place] for place in range(min(len(self._waiting), GROUP_MOST))]
            await self._write(group)
            # Taken out only now: a flush that is broken off forgets nothing.
            for attempt in group:
                self._waiting.popleft()
                self._settled(attempt)
        self._some.clear()
        if not self._closing:
            self._enough.clear()

    async def _write(self, group: Sequence[Attempt]) -> None:
        rest, longest = self._pace.store_rest_s
        while True:
            try:
                async with asyncio.timeout(self._pace.store_s):
                    await self._store.settle(group)
            except (StoreUnavailable, TimeoutError) as error:
                log.warning("results cannot be written", action=Action.DELIVERY_SETTLE_FAILED, error=said(error))
            else:
                return
            await asyncio.sleep(rest)
            rest = min(rest * 2, longest)


def said(error: Exception) -> str:
    """Return what the database said; a deadline that passed says nothing by itself."""
    return str(error) or "no answer in time"
