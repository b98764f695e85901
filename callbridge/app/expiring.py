"""The missed list is kept for some time only: what nobody touched leaves it, what left it is deleted for good."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from callbridge.app.choosing import Settled
from callbridge.calls.facts import MissedExpired
from callbridge.calls.removal import expiring
from callbridge.calls.tracker import Tracker
from callbridge.clock import Clock
from callbridge.errors import StoreUnavailable
from callbridge.logs import Action, logger
from callbridge.ports import MissedList

LOOK_S: Final = 600.0
"""How often it is looked what is too old."""
AGAIN_S: Final = 1.0
"""The same, as long as there is more of it."""
MOST: Final = 500
"""Rows in one commit."""
STORE_S: Final = 30.0

log = logger()


@dataclass(frozen=True, slots=True)
class Kept:
    """How long rows stay on the list without a try, and how long they are kept at all."""

    listed: timedelta
    kept: timedelta


class Expiring:
    """`run` until cancelled. `kept` may be another at any time."""

    def __init__(  # noqa: PLR0913, PLR0917 - whom it asks, and whom it tells
        self,
        tracker: Tracker,
        settled: Settled,
        missed: MissedList,
        clock: Clock,
        clock_of: Callable[[str], datetime],
        kept: Kept,
        look_s: float = LOOK_S,
    ) -> None:
        self._tracker, self._settled, self._missed = tracker, settled, missed
        self._clock, self._clock_of = clock, clock_of
        self._look_s = look_s
        self._wanted = asyncio.Event()
        self._kept = kept

    def go_by(self, kept: Kept) -> None:
        """Keep rows for another time from now on."""
        if kept != self._kept:
            self._kept = kept
            self._wanted.set()

    async def run(self) -> None:
        """Look again and again, at a few rows in each commit."""
        while True:
            more = await self.look()
            try:
                async with asyncio.timeout(AGAIN_S if more else self._look_s):
                    await self._wanted.wait()
            except TimeoutError:
                continue
            self._wanted.clear()

    async def look(self) -> bool:
        """Do a piece of it; return whether there is more."""
        try:
            left = [await self._expire(pbx) for pbx in self._pbxs()]
            async with asyncio.timeout(STORE_S):
                forgotten = await self._missed.forget(self._clock.now() - self._kept.kept, MOST)
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("what is old stays", action=Action.MISSED_STAYS, error=str(error) or "no answer in time")
            return False
        if forgotten:
            log.info("rows are deleted for good", action=Action.MISSED_DELETED, count=forgotten)
        return any(left) or forgotten == MOST

    async def _expire(self, pbx: str) -> bool:
        """Take off the list what is too old; return whether there is more."""
        now, listed = self._clock_of(pbx), self._tracker.board.missed
        before = now - self._kept.listed
        old = len(expiring(listed, pbx, before))
        if not old:
            return False
        await self._settled((MissedExpired(pbx, now, before),))
        left = len(expiring(listed, pbx, before))
        log.info("rows left the missed list", action=Action.MISSED_EXPIRED, pbx=pbx, count=old - left)
        return 0 < left < old

    def _pbxs(self) -> Iterable[str]:
        """Return whose rows there are; also of PBXs that are in no configuration any more."""
        return sorted({pbx for pbx, _ in self._tracker.board.missed.open})
