"""Telling afterwards what came and went on a PBX while it was not heard, from its own log.

Asked by `Hearing` after each connect, before anything the PBX says now is passed
on: so the calls of the gap are told first, and those that go on are known when
the state of the PBX is read. What is told is committed as it is told; a daemon
killed in the middle begins again where it was.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from callbridge.app.cel import CelLog, open_log
from callbridge.asterisk.cel.fates import Fates
from callbridge.asterisk.cel.row import CelRow
from callbridge.asterisk.from_cel import CelReading
from callbridge.calls import facts as f
from callbridge.calls.arrival import call_id
from callbridge.calls.backfill import SEAM_S
from callbridge.config import Cel, Pbx
from callbridge.errors import CelUnreadable, StoreError
from callbridge.logs import Action, logger

READ_S: Final = 120.0
"""For a whole gap. Meanwhile what the PBX says waits in the link."""
LOOK_S: Final = 15.0
"""For a look whether a log that could not be read can be read by now."""
SETTLED_S: Final = 0.3
"""How long Asterisk may take to write a row after what it tells of."""

Known = Callable[[Sequence[str]], Awaitable[frozenset[str]]]
"""Which of some calls the database has. May raise StoreError."""

log = logger()


@dataclass(slots=True)
class Gap:
    """What is to be told: from the last that was heard until the PBX was heard again, by its own clock."""

    since: datetime
    until: datetime


class Backfill:
    """One PBX's log. `error` is why the last gap could not be told; None while all is well, or well again."""

    def __init__(self, pbx: Pbx, cel: Cel, known: Known, offer: Callable[[Sequence[f.Fact]], Awaitable[None]]) -> None:
        self._pbx = pbx
        self._cel = cel
        self._known = known
        self._offer = offer
        self.error: str | None = None

    async def tell(self, since: datetime, until: datetime, first_heard: datetime | None = None) -> None:
        """Offer what the log says of a gap as facts. Where it cannot be read, that is logged, and life goes on.

        `first_heard` is when the PBX was heard for the first time ever: what was over then is none of ours.
        """
        gap = Gap(max(since - timedelta(seconds=SEAM_S), until - timedelta(days=self._cel.most_days)), until)
        if first_heard is not None:
            gap.since = max(gap.since, first_heard)
        log.info("reading what was not heard", action=Action.BACKFILL_STARTED, since=gap.since.isoformat())
        try:
            async with asyncio.timeout(READ_S), open_log(self._pbx, self._cel) as cel:
                await asyncio.sleep(SETTLED_S)
                calls = await self._tell(cel, gap)
        except (CelUnreadable, StoreError, TimeoutError) as error:
            self.error = str(error) or f"The log could not be read within {READ_S:.0f} s."
            log.warning(self.error, action=Action.BACKFILL_FAILED)
            await self._offer((f.BackfillFailed(self._pbx.id, until),))
            return
        self.error = None
        await self._offer((f.BackfillDone(self._pbx.id, until, complete=gap.since <= since),))
        log.info("what was not heard is told", action=Action.BACKFILL_DONE, calls=calls, unreadable=cel.rubbish)

    async def look_again(self) -> None:
        """Forget the error once the log can be read: the gap stays untold, but the next one will not."""
        if self.error is None:
            return
        try:
            async with asyncio.timeout(LOOK_S), open_log(self._pbx, self._cel) as cel:
                await cel.newest()
        except (CelUnreadable, TimeoutError) as error:
            self.error = str(error) or self.error
            return
        log.info("the log can be read again", action=Action.BACKFILL_READABLE)
        self.error = None

    async def _tell(self, cel: CelLog, gap: Gap) -> int:
        """Offer the facts; return how many calls began in the gap and were not known."""
        fates = Fates()
        async with aclosing(within(cel, gap)) as pages:
            async for rows in pages:
                for row in rows:
                    fates.read(row)
        reading, calls = CelReading(self._pbx.id, fates), 0
        async with aclosing(within(cel, gap)) as pages:
            async for rows in pages:
                facts = await self._without_known([fact for row in rows for fact in reading.facts_from(row)])
                calls += sum(isinstance(fact, f.ChannelBorn) and fact.calling for fact in facts)
                await self._offer([f.Backfilled(self._pbx.id, fact.at, fact, fates.blur_s) for fact in facts])
        return calls

    async def _without_known(self, facts: Sequence[f.Fact]) -> Sequence[f.Fact]:
        """Leave out the births of calls that are in the database: told already, and most likely over."""
        ids = {fact.channel: call_id(self._pbx.id, fact.channel) for fact in births(facts)}
        known = await self._known(list(ids.values())) if ids else frozenset()
        return [fact for fact in facts if not (isinstance(fact, f.ChannelBorn) and ids.get(fact.channel) in known)]


def births(facts: Iterable[f.Fact]) -> Sequence[f.ChannelBorn]:
    """Return the beginnings of channels that may begin a call."""
    return [fact for fact in facts if isinstance(fact, f.ChannelBorn)]


async def within(cel: CelLog, gap: Gap) -> AsyncGenerator[Sequence[CelRow], None]:
    """Yield the rows of a gap: what came after it is heard live."""
    async for rows in cel.pages(gap.since):
        yield [row for row in rows if row.at <= gap.until]
