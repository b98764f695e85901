"""The missed list, to be asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from callbridge.calls.missed import Attempt, MissedRow


@dataclass(frozen=True, slots=True)
class MissedQuery:
    """Which rows are wanted, the latest missed first; None and () mean: whichever.

    `before` is the last row of the page before, as (last_at, id).
    """

    limit: int
    before: tuple[datetime, str] | None = None
    states: Sequence[str] = ()
    statuses: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    """Rows whose last call was before then."""
    pbx: str | None = None
    queue: str | None = None
    """Rows of callers who waited in it."""
    agent: str | None = None
    """Rows of callers for whom this extension rang."""
    number: str | None = None
    """E.164, or as the PBX wrote it."""


@dataclass(frozen=True, slots=True)
class MissedFigures:
    """How the rows of a period stand: how many by the last that was tried, by how they were removed, and all."""

    rows: int
    calls: int
    by_status: Mapping[str, int]
    by_state: Mapping[str, int]
    by_person: Mapping[str, int]
    """Of the hidden: by who hid them."""
    recovery_s: float | None
    """The mean of those recovered."""


class MissedList(Protocol):
    """The rows of missed calls, open or not. Every method may raise errors.StoreUnavailable."""

    async def row(self, row_id: str) -> MissedRow | None:
        """Return a row; None where there is none."""

    async def rows(self, query: MissedQuery) -> Sequence[MissedRow]:
        """Return the rows wanted."""

    async def attempts(self, row_id: str, after: int, limit: int) -> Sequence[Attempt]:
        """Return the history of a row behind line `after`, in its order."""

    async def last_events(self, calls: Sequence[str]) -> Mapping[str, bytes]:
        """Return what was told last of some calls, as bodies by their ids: a page of them at most."""

    async def figures(
        self, since: datetime, until: datetime, pbx: str | None = None, queue: str | None = None
    ) -> MissedFigures:
        """Return how the rows stand whose last call was in a period; hidden ones count, too."""

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` rows that are closed and whose last call was before then, for good; return how many."""
