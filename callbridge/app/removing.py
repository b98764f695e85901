"""What people say about the missed list: hide a row, put it back, write down what was tried.

It goes in as a fact like all others, so that what the tracker knows of the list and what the
database has of it never part; answered is what the database has afterwards.
"""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from callbridge.app.choosing import TURN_S, Settled
from callbridge.calls.facts import Fact, MissedAttempted, MissedHidden, MissedRestored
from callbridge.calls.missed import Attempt, AttemptKind, MissedRow, MissedState
from callbridge.calls.tracker import Tracker
from callbridge.errors import Conflicting, NotThere, StoreUnavailable
from callbridge.ports import MissedList

MOST_LINES: Final = 200
"""Lines that may come in while one is written."""

ELSEWHERE: Final = "This row is of the PBX {pbx}, which another daemon hears. Ask that one."
NOT_OPEN: Final = "This row is not on the list: it is {state}."
OPEN: Final = "This row is on the list already."
ANOTHER: Final = "The caller has another row on the list by now, {row}; there is one for each."


class Removing:
    """One after the other, so that each sees what the one before did."""

    def __init__(
        self,
        tracker: Tracker,
        settled: Settled,
        missed: MissedList,
        clock_of: Callable[[str], datetime],
        pbxs: Collection[str] | None,
    ) -> None:
        """`clock_of` tells what a PBX's clock shows; `pbxs` are those this daemon hears, None where no other does."""
        self._tracker, self._settled, self._missed = tracker, settled, missed
        self._clock_of, self._pbxs = clock_of, pbxs
        self._turn = asyncio.Lock()

    async def hide(self, row_id: str, by: str, text: str | None) -> MissedRow:
        """Take a row off the list. Raises NotThere, Conflicting, StoreUnavailable."""
        return await self._in_turn(row_id, lambda row: self._hidden(row, by, text), MissedState.HIDDEN)

    async def restore(self, row_id: str, by: str) -> MissedRow:
        """Put a row back. Raises NotThere, Conflicting, StoreUnavailable."""
        return await self._in_turn(row_id, lambda row: self._restored(row, by), MissedState.OPEN)

    async def attempt(self, row_id: str, kind: AttemptKind, by: str, text: str) -> Attempt:
        """Write down what somebody tried; return the line. Raises NotThere, Conflicting, StoreUnavailable."""
        lines = 0

        def noted(row: MissedRow) -> Fact:
            nonlocal lines
            lines = row.attempts
            return MissedAttempted(row.pbx, self._clock_of(row.pbx), row, kind, by, text)

        await self._in_turn(row_id, noted, None)
        new = await self._missed.attempts(row_id, lines, MOST_LINES)
        written = [line for line in new if (line.kind, line.by, line.text) == (kind, by, text)]
        if not written:
            raise StoreUnavailable("It cannot be seen whether it was written down. Read the attempts.")
        return written[0]

    async def _in_turn(
        self, row_id: str, said_of: Callable[[MissedRow], Fact], wanted: MissedState | None
    ) -> MissedRow:
        try:
            async with asyncio.timeout(TURN_S), self._turn:
                await self._settled((said_of(await self._look(row_id)),))
                row = await self._row(row_id)
        except TimeoutError:
            raise StoreUnavailable("Too much waits for the database.") from None
        if wanted is not None and row.state is not wanted:
            raise Conflicting(NOT_OPEN.format(state=row.state))
        return row

    async def _look(self, row_id: str) -> MissedRow:
        """Return a row with all that happened to it so far."""
        await self._settled(())
        row = await self._row(row_id)
        if self._pbxs is not None and row.pbx not in self._pbxs:
            raise Conflicting(ELSEWHERE.format(pbx=row.pbx))
        return row

    async def _row(self, row_id: str) -> MissedRow:
        row = await self._missed.row(row_id)
        if row is None:
            raise NotThere("There is no row of this id.")
        return row

    def _hidden(self, row: MissedRow, by: str, text: str | None) -> Fact:
        if row.state is not MissedState.OPEN:
            raise Conflicting(NOT_OPEN.format(state=row.state))
        return MissedHidden(row.pbx, self._clock_of(row.pbx), row.id, by, text)

    def _restored(self, row: MissedRow, by: str) -> Fact:
        if row.state is MissedState.OPEN:
            raise Conflicting(OPEN)
        other = self._tracker.board.missed.open.get((row.pbx, row.key))
        if other is not None:
            raise Conflicting(ANOTHER.format(row=other.id))
        return MissedRestored(row.pbx, self._clock_of(row.pbx), row, by)
