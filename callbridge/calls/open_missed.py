"""The missed list as the tracker holds it: the rows that are open, and what of them is not written down yet."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from callbridge.calls.frozen import replace
from callbridge.calls.missed import Attempt, MissedChanges, MissedRow, MissedRules, MissedState

MOST_CLOSED: Final = 1_000
"""Rows off the list that are remembered as they are now: what a person says of one was read a moment ago."""
MOST_REACHED: Final = 10_000
"""Callers of whom is remembered when they were last spoken to: a try from before that is made good already."""

Caller = tuple[str, str]
"""(pbx, the row's key)"""


class OpenMissed:
    """The rows of all PBXs. A row is changed by putting another in its place, and so is a line of its history.

    At most one row is open for a caller. One that is not open leaves: the
    database keeps it.
    """

    def __init__(self, rules: MissedRules) -> None:
        self.rules = rules
        self.open: dict[Caller, MissedRow] = {}
        self.reached: dict[Caller, datetime] = {}
        """When those who called or were called were last answered, the latest at the end."""
        self._callers: dict[str, Caller] = {}
        self._closed: dict[str, MissedRow] = {}
        self._rows: dict[str, MissedRow] = {}
        self._lines: dict[tuple[str, int], Attempt] = {}

    def __len__(self) -> int:
        return len(self.open)

    def restore(self, rows: Iterable[MissedRow]) -> None:
        """Take up the open rows of the former life."""
        for row in rows:
            self._take_up(row)

    def row(self, row_id: str) -> MissedRow | None:
        """Return a row that is open, or left lately, as it is now."""
        caller = self._callers.get(row_id)
        return self._closed.get(row_id) if caller is None else self.open[caller]

    def put(self, row: MissedRow) -> None:
        """Have a row be as it is said here."""
        self._rows[row.id] = row
        if row.state is MissedState.OPEN:
            self._closed.pop(row.id, None)
            self._take_up(row)
            return
        self.open.pop(self._callers.pop(row.id, ("", "")), None)
        self._closed.pop(row.id, None)
        self._closed[row.id] = row
        if len(self._closed) > MOST_CLOSED:
            del self._closed[next(iter(self._closed))]

    def add(self, row: MissedRow, line: Attempt) -> MissedRow:
        """Put a row with a line more in its history; return it."""
        row = replace(row, attempts=row.attempts + 1)
        self.write(replace(line, row=row.id, number=row.attempts))
        self.put(row)
        return row

    def write(self, line: Attempt) -> None:
        """Have a line of a history be as it is said here."""
        self._lines[line.row, line.number] = line

    def reach(self, caller: Caller, at: datetime) -> None:
        """Remember that somebody was spoken to."""
        before = self.reached.pop(caller, at)
        self.reached[caller] = max(before, at)
        if len(self.reached) > MOST_REACHED:
            del self.reached[next(iter(self.reached))]

    def was_reached_after(self, caller: Caller, at: datetime) -> bool:
        """Tell whether somebody was spoken to after a moment, as far as is remembered."""
        spoken = self.reached.get(caller)
        return spoken is not None and spoken > at

    def take_changes(self) -> MissedChanges:
        """Return what changed since this was last asked: each row and line once, as it is now."""
        changes = MissedChanges(tuple(self._rows.values()), tuple(self._lines.values()))
        if self._rows or self._lines:
            self._rows, self._lines = {}, {}
        return changes

    def _take_up(self, row: MissedRow) -> None:
        self.open[row.pbx, row.key] = row
        self._callers[row.id] = (row.pbx, row.key)
