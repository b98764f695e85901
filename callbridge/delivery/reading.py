"""Reading the database for lanes that are behind: after a start, a failure, or more than memory may hold."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from callbridge.clock import Clock
from callbridge.delivery.line import Line
from callbridge.delivery.pace import Pace
from callbridge.delivery.settling import said
from callbridge.delivery.turns import Asking
from callbridge.errors import StoreUnavailable
from callbridge.logs import Action, logger
from callbridge.ports import Due, Store

log = logger()

EVER: Final = timedelta(days=400)
"""Later than any retry: everything undelivered is due by then."""

SET_BACK: Final = timedelta(seconds=1)
"""Less between two looks is no matter; NTP that slows a clock down does a thousandth of it."""


class Reader:
    """Reads for all lines at once.

    `Store.due` serves the subscribers in turn, so with room for a page each, one
    with fewer heads in the answer than a page has no others.
    """

    def __init__(self, store: Store, clock: Clock, pace: Pace) -> None:
        self._store = store
        self._clock = clock
        self._pace = pace
        self._wake = asyncio.Event()
        self._tick_at = 0.0
        self._survey_all_at = 0.0
        self._began = self._beginning()
        # Subscribers that were removed may still have events: they take part in the turns.
        self._names: set[str] = set()

    def wake(self) -> None:
        """Look at the lines soon."""
        self._wake.set()

    async def run(self, lines: Mapping[str, Line]) -> None:
        """Read for ever, whenever a line has something to gain from it."""
        rest, longest = self._pace.store_rest_s
        while True:
            await self._woken(tuple(lines.values()))
            self._names |= lines.keys()
            try:
                await self._look(tuple(lines.values()))
                rest = self._pace.store_rest_s[0]
            except (StoreUnavailable, TimeoutError) as error:
                log.warning("deliveries cannot be read", action=Action.DELIVERY_READ_FAILED, error=said(error))
                await asyncio.sleep(rest)
                rest = min(rest * 2, longest)

    async def _woken(self, lines: Sequence[Line]) -> None:
        try:
            async with asyncio.timeout(self._until_a_time(lines)):
                await self._wake.wait()
        except TimeoutError:
            for line in lines:  # one may have rested
                line.start()
        self._wake.clear()
        if self._clock.monotonic() >= self._tick_at:
            self._tick_at = self._clock.monotonic() + self._pace.poll_s
            self._see_the_clock(lines)
            self._time_passed(lines)

    def _see_the_clock(self, lines: Sequence[Line]) -> None:
        """Times that were put off by a clock that was ahead would come round far too late once it is set back."""
        before, self._began = self._began, self._beginning()
        if before - self._began > SET_BACK:
            back_s = (before - self._began).total_seconds()
            log.warning("the clock was set back", action=Action.DELIVERY_SET_RIGHT, seconds=round(back_s, 1))
            for line in lines:
                line.set_right()

    def _beginning(self) -> datetime:
        """Return what the wall clock showed when the monotonic one began: the same for ever, unless it is set."""
        return self._clock.now() - timedelta(seconds=self._clock.monotonic())

    def _until_a_time(self, lines: Sequence[Line]) -> float:
        """Return the seconds until a retry's time has come, a rest is over, or the database is asked anyway."""
        now = self._clock.now()
        times = [self._tick_at - self._clock.monotonic(), *(line.quiet_s(now) for line in lines)]
        return max(0.0, min(time for time in times if time is not None))

    def _time_passed(self, lines: Sequence[Line]) -> None:
        at_all = self._clock.monotonic() >= self._survey_all_at
        if at_all:
            self._survey_all_at = self._clock.monotonic() + self._pace.survey_s
        for line in lines:
            line.lanes.look_again(at_all=at_all)
            line.start()

    async def _look(self, lines: Sequence[Line]) -> None:
        now = self._clock.now()
        each = self._page(len(lines))
        wanting = [line for line in lines if line.room and line.lanes.held < each and line.lanes.wants(now)]
        if wanting:
            await self._read(now, wanting, each)
        doubting = [line for line in lines if self._may_survey(line)]
        if doubting:
            await self._survey(now, doubting)

    def _may_survey(self, line: Line) -> bool:
        return line.open and line.lanes.worth_a_survey and self._clock.monotonic() >= line.survey_at

    def _page(self, lines: int) -> int:
        """Return how much is read for each line: a page costs a look and a commit of results, and memory."""
        share = self._pace.pages // max(1, lines)
        return min(self._pace.page, max(self._pace.page_least, share))

    async def _read(self, now: datetime, wanting: Sequence[Line], each: int) -> None:
        askings = {line.name: line.lanes.ask(now) for line in wanting}
        heads = await self._due(now, each, wanting, askings, self._pace.following)
        for line in wanting:
            mine = heads[line.name]
            line.lanes.found(askings[line.name], mine, complete=len(mine) < each)
            line.start()

    async def _survey(self, now: datetime, doubting: Sequence[Line]) -> None:
        askings = {line.name: line.lanes.survey(now) for line in doubting}
        heads = await self._due(now + EVER, self._pace.behind_most + 1, doubting, askings)
        for line in doubting:
            found = heads[line.name]
            complete = len(found) <= self._pace.behind_most
            if not complete:
                line.survey_at = self._clock.monotonic() + self._pace.crowded_s
            times = {head.lane: head.next_at for head in reversed(found)}
            line.lanes.surveyed(askings[line.name], times, complete=complete)
            if line.lanes.looking:
                self.wake()

    async def _due(
        self,
        now: datetime,
        each: int,
        lines: Sequence[Line],
        askings: Mapping[str, Asking],
        following: int = 0,
    ) -> Mapping[str, list[Due]]:
        """Return the heads of each subscriber: all it has, or `each` events, with up to `following` behind a head."""
        busy = frozenset((name, lane) for name, asking in askings.items() for lane in asking.busy)
        try:
            async with asyncio.timeout(self._pace.store_s):
                return await self._in_turn(now, each, busy, following)
        except BaseException:
            for line in lines:
                line.lanes.unanswered()
            raise

    async def _in_turn(
        self, now: datetime, each: int, busy: frozenset[tuple[str, str]], following: int
    ) -> Mapping[str, list[Due]]:
        while True:
            heads = defaultdict[str, list[Due]](list)
            # Room for the busy ones too, should the store count them before it leaves them out.
            for head in await self._store.due(now, each * len(self._names) + len(busy), busy, following):
                if len(heads[head.subscriber]) < each:
                    heads[head.subscriber].append(head)
            if heads.keys() <= self._names:
                return heads
            self._names |= heads.keys()
