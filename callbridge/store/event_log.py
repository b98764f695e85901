"""Everything ever told, for whoever follows: read in the order of commits, and told to a feed as it is committed.

Positions grow in the order of commits because all writes of a database follow one another, in one daemon.
"""

import itertools
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection, bindparam, case, func, select

from callbridge.ports import BEGINNING, EventPage, Feed, LoggedEvent, Place
from callbridge.store.access import Access, Work
from callbridge.store.columns import Moment
from callbridge.store.commit import Added
from callbridge.store.tables import events

PAGE: Final = 100
"""Events looked at in one read: some 300 KB."""
LOOK_BACK: Final = 1000
"""So many events in a row that happened before a moment: then all before them did."""

_e: Final = events.c
_AT_OR_BEFORE: Final = (
    select(_e.position, _e.id).where(_e.position <= bindparam("most")).order_by(_e.position.desc()).limit(1)
)
_NEWEST: Final = select(_e.position, _e.id).order_by(_e.position.desc()).limit(1)
_ONE: Final = select(_e.position, _e.id).where(_e.id == bindparam("wanted"))
_next: Final = (
    select(_e.position).where(_e.position > bindparam("after")).order_by(_e.position).limit(PAGE + 1).subquery()
)
_REACH: Final = select(_next.c.position)
_PAGE: Final = (
    select(_e.position, _e.id, _e.type, _e.pbx, _e.body)
    .where(_e.position > bindparam("after"), _e.position <= bindparam("upto"))
    .order_by(_e.position)
)
_PAGE_OF: Final = _PAGE.where(_e.type.in_(bindparam("types", expanding=True)))
_back: Final = (
    select(_e.position, _e.at)
    .where(_e.position < bindparam("top"))
    .order_by(_e.position.desc())
    .limit(bindparam("most"))
    .subquery()
)
_LOOK_BACK: Final = select(
    func.min(_back.c.position),
    func.min(case((_back.c.at >= bindparam("since", type_=Moment), _back.c.position))),
)


class SqlEventLog:
    """Fulfils `ports.EventLog`."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._feed: Feed | None = None
        self._turns = itertools.count(1)
        self._unsure = 0
        """The last write that failed, and may yet have been done; 0 for none."""

    def follow(self, feed: Feed) -> None:
        self._feed = feed

    async def written(self, work: Work[Added]) -> None:
        """Do a piece of work that writes events, and tell those that are new.

        A write that failed, or whose deadline passed, may have been done or be under way: writes follow
        one another, so it is over when a later one is.
        """
        turn = next(self._turns)
        try:
            added = await self._access.write(work)
        except BaseException:
            self._unsure = turn
            raise
        if self._feed is None:
            return
        if 0 < self._unsure < turn:
            self._unsure = 0
            self._feed.lost()
        if added:
            self._feed.committed(added)

    async def newest(self) -> Place:
        return await self._access.read(_newest)

    async def find(self, event_id: str) -> Place | None:
        return BEGINNING if event_id == BEGINNING.id else await self._access.read(partial(_find, event_id=event_id))

    async def before(self, at: datetime) -> Place:
        """Look back from the newest event: there is no index on times, and whoever asks reads all of these anyway."""
        newest = await self.newest()
        first = top = newest.position + 1
        while (found := await self._access.read(partial(_look_back, top=top, since=at))) is not None:
            top, first = found
        return await self._access.read(partial(_at_or_before, position=first - 1))

    async def behind(self, position: int, types: Sequence[str] | None) -> EventPage:
        return await self._access.read(partial(behind, position=position, types=types))


def _newest(connection: Connection) -> Place:
    found = connection.execute(_NEWEST).one_or_none()
    return BEGINNING if found is None else Place(*found)


def _find(connection: Connection, event_id: str) -> Place | None:
    found = connection.execute(_ONE, {"wanted": event_id}).one_or_none()
    return None if found is None else Place(*found)


def _at_or_before(connection: Connection, position: int) -> Place:
    found = connection.execute(_AT_OR_BEFORE, {"most": position}).one_or_none()
    return BEGINNING if found is None else Place(*found)


def _look_back(connection: Connection, top: int, since: datetime) -> tuple[int, int] | None:
    """Return the first of the events looked at, and the first that happened since; None where there is no such one."""
    floor, first = connection.execute(_LOOK_BACK, {"top": top, "since": since, "most": LOOK_BACK}).one()
    return None if first is None else (floor, first)


def behind(connection: Connection, position: int, types: Sequence[str] | None) -> EventPage:
    """Return the page behind a position."""
    reach = connection.scalars(_REACH, {"after": position}).all()
    if not reach:
        return EventPage((), position, more=False)
    upto = reach[:PAGE][-1]
    given = {"after": position, "upto": upto}
    found = (
        connection.execute(_PAGE, given) if types is None else connection.execute(_PAGE_OF, given | {"types": types})
    )
    return EventPage([LoggedEvent(*row) for row in found], upto, more=len(reach) > PAGE)
