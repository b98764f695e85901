"""Which shards this worker delivers: an equal part each, taken over within seconds from one that died.

A lease is renewed every second and lasts for five. A worker that could not renew its leases
stops sending before they end, so what it had begun to know of a lane is nobody's memory any
more when another takes it. A worker that goes gives its shards back at once; one that has too
many, because another came, lets the rest go as soon as nothing of them is on the way.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Final

from callbridge import logs
from callbridge.clock import Clock
from callbridge.errors import AlreadyRunning, StoreError
from callbridge.ports import SHARDS, Leases, Shards

BEAT_S: Final = 1.0
LEASE_S: Final = 5.0
MARGIN_S: Final = 1.5
"""So long before its end a lease is not trusted any more."""
LET_GO_S: Final = 60.0
"""For what is on the way in shards that are let go: more than any try takes. Past it they are kept."""
LOOK_S: Final = 0.02

log = logs.logger()


class Sharing:
    """Holds leases; `run` until cancelled, `leave` once everything is written."""

    def __init__(
        self,
        shards: Shards,
        who: tuple[str, str],
        clock: Clock,
        serve: Callable[[frozenset[int]], None],
        busy: Callable[[frozenset[int]], bool],
    ) -> None:
        """`who` is the worker's id and its name; `serve` takes the shards to deliver from now on.

        `busy` tells whether anything of some shards is on the way or not yet written.
        """
        self._shards, self._clock = shards, clock
        self._id, self._name = who
        self._serve, self._busy = serve, busy
        self.serving: frozenset[int] = frozenset()
        self.workers = 0
        """That live, as far as we know."""
        self.error: str | None = None
        """Why the last beat failed; None while all is well."""
        self._letting_go: frozenset[int] = frozenset()
        self._leaving = False
        self._end: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Renew, take and let go. Raises AlreadyRunning where the database is no longer shared."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._beat(group)
                await asyncio.sleep(BEAT_S)

    def stop(self) -> None:
        """Begin nothing more; the leases stay until `leave`, for what is on the way."""
        self._leaving = True
        self._change(frozenset(), "stopping")

    async def leave(self) -> None:
        """Let others have everything at once. May raise StoreUnavailable: then they have it some seconds later."""
        if self._end is not None:
            self._end.cancel()
        await self._shards.leave(self._id)

    async def _beat(self, group: asyncio.TaskGroup) -> None:
        asked_at = self._clock.monotonic()
        try:
            async with asyncio.timeout(LEASE_S):
                leases = await self._shards.live(self._id, self._name, LEASE_S)
                self._renewed(asked_at)
                if not self._leaving:
                    await self._reconcile(leases, group)
            self.error = None
        except AlreadyRunning:
            raise
        except (StoreError, TimeoutError) as error:
            self.error = str(error) or "The database gave no answer in time."

    def _renewed(self, asked_at: float) -> None:
        """Trust the leases for as long as they last by the slowest reckoning: from when they were asked for."""
        if self._end is not None:
            self._end.cancel()
        rest = LEASE_S - MARGIN_S - (self._clock.monotonic() - asked_at)
        self._end = asyncio.get_running_loop().call_later(max(0.0, rest), self._late)

    def _late(self) -> None:
        if self.serving:
            log.error("nothing is sent until the leases are renewed", action=logs.Action.WORKER_LATE, error=self.error)
        self._change(frozenset(), "late")

    async def _reconcile(self, leases: Leases, group: asyncio.TaskGroup) -> None:
        """Take what is free, up to our part of it; let go of what is more."""
        self.workers = leases.workers
        part = -(-SHARDS // max(1, leases.workers))
        held = leases.held
        if len(held) < part and leases.free:
            held |= await self._shards.take(self._id, part - len(held), LEASE_S)
        elif len(held) > part and not self._letting_go:
            self._letting_go = frozenset(sorted(held)[part:])
            group.create_task(self._let_go(self._letting_go))
        self._change(held - self._letting_go, "shared")

    def _change(self, serving: frozenset[int], why: str) -> None:
        if serving != self.serving:
            self.serving = serving
            log.info("delivers", action=logs.Action.WORKER_SHARDS, shards=len(serving), of=SHARDS, why=why)
            self._serve(serving)

    async def _let_go(self, shards: frozenset[int]) -> None:
        """Give shards to others once nothing of them is on the way and everything is written."""
        try:
            async with asyncio.timeout(LET_GO_S):
                await asyncio.sleep(0)  # first of all they are served no more
                while self._busy(shards):  # noqa: ASYNC110 - a lane tells nobody when it is idle
                    await asyncio.sleep(LOOK_S)
                await self._shards.give_back(self._id, shards)
        except (StoreError, TimeoutError) as error:
            log.warning("shards stay", action=logs.Action.WORKER_SHARDS, error=str(error))
        finally:
            self._letting_go = frozenset()


def shards_of(lanes: Collection[int]) -> str:
    """Return how many, for people."""
    return f"{len(lanes)} of {SHARDS} shards"
