"""The log of events where several processes write it: read so that no event is passed over.

Positions are given before they are committed, so an event may turn up below one that was read
already. Each writer holds a lock, shared with the other writers, from before it is given
positions until it has committed. A reader that sees a hole asks who is writing: once those are
all done, what is not there by then never comes (a write that failed, an event told again).
A transaction of others keeps nobody waiting, as one would by the horizon of transaction ids.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from sqlalchemy import Connection, text

from callbridge.ports import EventPage, Place
from callbridge.store.access import Access, Work
from callbridge.store.commit import Added
from callbridge.store.event_log import SqlEventLog, behind

LOOK_S: Final = 0.02
"""How often it is seen whether those who write are done: most commits take some milliseconds."""
WAIT_S: Final = 5.0
"""For the newest place: so long at most is waited for those who write."""

_SCHEMA: Final = "hashtextextended('callbridge events ' || coalesce(current_schema(), ''), 0)"
_WRITING: Final = text(f"SELECT pg_advisory_xact_lock_shared({_SCHEMA})")
_WRITERS: Final = text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "  # noqa: S608 - our constant
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    f"AND (CAST(classid AS bigint) << 32) | CAST(objid AS bigint) = {_SCHEMA}"
)
_FIRST_HOLE: Final = text(
    "SELECT min(place) FROM (SELECT position, row_number() OVER (ORDER BY position) + :after AS place FROM events "
    "WHERE position > :after AND position <= :upto) AS found WHERE position <> place"
)


class SharedEventLog(SqlEventLog):
    """Fulfils `ports.EventLog`."""

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self._decided = 0
        """Up to there nothing more turns up."""

    async def written(self, work: Work[Added]) -> None:
        """Do a piece of work that writes events. What others write lies between: so whoever follows reads."""

        def locked(connection: Connection) -> Added:
            connection.execute(_WRITING)
            return work(connection)

        added = await self._access.write(locked)
        if added:
            self.look()

    def look(self) -> None:
        """Have whoever follows read: another process may have written."""
        if self._feed is not None:
            self._feed.lost()

    async def newest(self) -> Place:
        found = await super().newest()
        await self._until_done(await self._writers(), WAIT_S)
        return found

    async def behind(self, position: int, types: Sequence[str] | None) -> EventPage:
        page, hole = await self._access.read(partial(_page, position=position, types=types))
        if page.upto <= self._decided or hole is None:
            return page
        writers = await self._writers()
        await self._until_done(writers, WAIT_S)
        if writers & await self._writers():
            return await self._before_the_hole(position, page.upto, types)
        again = await super().behind(position, types)
        self._decided = max(self._decided, page.upto)
        return _cut(again, page.upto)

    async def _before_the_hole(self, position: int, upto: int, types: Sequence[str] | None) -> EventPage:
        """Somebody writes for seconds: give what is below the first hole, and let the reader come again."""
        hole = await self._hole(position, upto)
        page = await super().behind(position, types)
        return _cut(page, upto if hole is None else hole - 1)

    async def _hole(self, after: int, upto: int) -> int | None:
        return await self._access.read(partial(_hole, after=after, upto=upto))

    async def _writers(self) -> frozenset[str]:
        return await self._access.read(lambda connection: frozenset(connection.scalars(_WRITERS)))

    async def _until_done(self, writers: frozenset[str], within_s: float) -> None:
        """Return once none of some writers writes any more, or the time is over."""
        for _ in range(int(within_s / LOOK_S)):
            if not writers or not writers & await self._writers():
                return
            await asyncio.sleep(LOOK_S)


def _page(connection: Connection, position: int, types: Sequence[str] | None) -> tuple[EventPage, int | None]:
    """Return a page, and its first hole, both of one state: what fills a hole in between is not on the page."""
    page = behind(connection, position, types)
    return page, _hole(connection, position, page.upto)


def _hole(connection: Connection, after: int, upto: int) -> int | None:
    found: int | None = connection.scalar(_FIRST_HOLE, {"after": after, "upto": upto})
    return found


def _cut(page: EventPage, upto: int) -> EventPage:
    """Leave out what lies behind a position; there is more then."""
    if page.upto <= upto:
        return page
    return EventPage([event for event in page.events if event.position <= upto], upto, more=True)
