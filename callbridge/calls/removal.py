"""What people and rules do with the missed list: take rows off and put them back, write down what was tried."""

from datetime import datetime
from typing import Final

from callbridge.calls.facts import (
    MissedAttempted,
    MissedExpired,
    MissedHidden,
    MissedRestored,
    MissedRulesSet,
)
from callbridge.calls.frozen import replace
from callbridge.calls.missed import Attempt, AttemptKind, MissedRow
from callbridge.calls.open_missed import OpenMissed
from callbridge.calls.recovery import Step, going_on, stepped
from callbridge.calls.switchboard import Switchboard

MOST_EXPIRED: Final = 500
"""Rows that leave with one fact: what one commit writes well."""

STEPS: Final = {AttemptKind.MESSAGE: Step.MESSAGED, AttemptKind.NOTE: Step.NOTED}


def hidden(board: Switchboard, fact: MissedHidden) -> None:
    """Take a row off the list because a person says so."""
    row = board.missed.row(fact.row)
    after = stepped(row, Step.HIDDEN) if row is not None else None
    if after is None:
        return board.odd("hiding of a row that is not open")
    line = Attempt(after.id, 0, AttemptKind.HIDDEN, fact.at, by=fact.by, text=fact.text)
    board.missed.add(replace(after, callbacks=(), closed_at=fact.at, closed_by=fact.by), line)
    return None


def restored(board: Switchboard, fact: MissedRestored) -> None:
    """Put a row back, unless the caller has another by now."""
    row = board.missed.row(fact.row.id) or fact.row
    after = stepped(row, Step.RESTORED)
    if after is None or (row.pbx, row.key) in board.missed.open:
        return board.odd("restoring of a row that cannot be open")
    after = replace(after, closed_at=None, closed_by=None, recovered_by=None, recovered_call=None, recovery_s=None)
    after = replace(after, callbacks=going_on(row, board.open.values()))
    board.missed.add(after, Attempt(row.id, 0, AttemptKind.RESTORED, fact.at, by=fact.by))
    return None


def attempted(board: Switchboard, fact: MissedAttempted) -> None:
    """Write down what a person tried. What the database had of the row may be older than what is known here."""
    row = board.missed.row(fact.row.id) or fact.row
    after = stepped(row, STEPS[fact.kind]) if fact.kind in STEPS else None
    if after is None:
        return board.odd("attempt of no such kind")
    board.missed.add(after, Attempt(row.id, 0, fact.kind, fact.at, by=fact.by, text=fact.text))
    return None


def expired(board: Switchboard, fact: MissedExpired) -> None:
    """Take rows off the list of whose callers nothing was heard for so long; those first that wait longest."""
    for row in sorted(expiring(board.missed, fact.pbx, fact.before), key=oldest_first)[:MOST_EXPIRED]:
        after = stepped(row, Step.EXPIRED)
        if after is not None:
            line = Attempt(row.id, 0, AttemptKind.EXPIRED, fact.at)
            board.missed.add(replace(after, callbacks=(), closed_at=fact.at), line)


def expiring(listed: OpenMissed, pbx: str, before: datetime) -> list[MissedRow]:
    """Return the rows of a PBX whose last try was before then, but for those somebody is calling back."""
    return [row for row in listed.open.values() if row.pbx == pbx and row.last_at < before and not row.callbacks]


def oldest_first(row: MissedRow) -> tuple[datetime, str]:
    """Return what sorts rows by their last try."""
    return row.last_at, row.id


def rules_set(board: Switchboard, fact: MissedRulesSet) -> None:
    """Go by other rules from now on; what is on the list stays."""
    board.missed.rules = fact.rules


def end_lost(board: Switchboard, pbx: str | None = None) -> None:
    """End the calls back whose calls are over unheard, or could not be remembered: nobody knows of an answer."""
    listed = board.missed
    for row in [row for row in listed.open.values() if row.callbacks and pbx in {None, row.pbx}]:
        lost = [each for each in row.callbacks if each.call_id not in board.open]
        for each in lost:
            line = Attempt(row.id, each.attempt, AttemptKind.CALLBACK, each.since, each.call_id, each.extension)
            listed.write(replace(line, by_name=each.name, answered=False))
        if lost:
            listed.put(replace(row, callbacks=tuple(each for each in row.callbacks if each not in lost)))
