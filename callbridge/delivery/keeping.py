"""What is kept for some days only: the tries, dead letters, and what waits for those to whom nothing is sent."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from callbridge.clock import Clock
from callbridge.delivery.pace import Pace
from callbridge.delivery.settling import said
from callbridge.errors import StoreUnavailable
from callbridge.logs import Action, logger
from callbridge.ports import Store

log = logger()

WAITED: Final = "it waited for {days:g} days while nothing was sent"


class Keeper:
    """`run` until cancelled. `pace` may be another at any time."""

    def __init__(self, store: Store, clock: Clock, pace: Pace) -> None:
        self._store, self._clock, self.pace = store, clock, pace

    async def run(self) -> None:
        """Look for what is too old again and again, a few of it in each commit."""
        while True:
            more = [await self._done(each) for each in (self._tries, self._waiting, self._dead)]
            await asyncio.sleep(self.pace.restart_s if any(more) else self.pace.prune_s)

    async def _done(self, work: Callable[[], Awaitable[int]]) -> bool:
        """Do a piece of it; return whether there may be more."""
        try:
            async with asyncio.timeout(self.pace.store_s):
                return await work() >= self.pace.prune_most
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("what is old stays", action=Action.DELIVERY_SETTLE_FAILED, error=said(error))
            return False

    async def _tries(self) -> int:
        return await self._store.prune_tries(self._clock.now() - self.pace.keep_tries, self.pace.prune_most)

    async def _waiting(self) -> int:
        kept = self.pace.keep_waiting
        why = WAITED.format(days=kept / timedelta(days=1))
        count = await self._store.give_up(self._clock.now() - kept, self.pace.prune_most, why)
        if count:
            log.warning("events waited for too long", action=Action.DELIVERY_GIVEN_UP, count=count, error=why)
        return count

    async def _dead(self) -> int:
        count = await self._store.forget_dead(self._clock.now() - self.pace.keep_dead, self.pace.prune_most)
        if count:
            log.info("dead letters are forgotten", action=Action.DELIVERY_FORGOTTEN, count=count)
        return count
