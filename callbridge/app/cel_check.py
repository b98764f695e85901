"""Trying the PBX's own log of channel events: can it be read, has it all that is needed, is its clock ours."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Final

from callbridge.app.cel import CelLog, open_log
from callbridge.app.findings import problem
from callbridge.asterisk.cel.row import CelRow
from callbridge.clock import Clock
from callbridge.config import Cel, Finding, Level, Pbx
from callbridge.errors import CelUnreadable

EVENTS: Final = ("CHAN_START", "ANSWER", "BRIDGE_ENTER", "BRIDGE_EXIT", "APP_START", "APP_END", "HANGUP", "CHAN_END")
"""Without one of these calls are told wrong; all others add what they add."""

LOOKED_AT: Final = timedelta(days=1)
MOST_ROWS: Final = 10_000
ENOUGH_ROWS: Final = 100
"""So many rows of calls have every event that is logged."""
AHEAD_S: Final = 60.0
"""A row this far in the future has its time in another zone than was thought."""

ON: Final = "Put these lines into [general] of Asterisk's cel.conf, then: module reload cel"
CEL_CONF: Final = "    enable = yes\n    apps = dial,queue,park,voicemail\n    events = ALL"
SHAPE: Final = "docs/operations.md shows the lines for cel_custom.conf and the tables."


async def check_cel(pbx: Pbx, cel: Cel, where: str, clock: Clock) -> AsyncIterator[Finding]:
    """Yield what is found out by reading as the daemon does after a gap."""
    try:
        async with open_log(pbx, cel) as log:
            troubles = await log.troubles()
            for trouble in troubles:
                yield Finding(Level.PROBLEM, where, f"PBX {pbx.id}: CEL: {trouble}", SHAPE)
            newest = await log.newest()
            if newest is None:
                yield nothing_there(pbx, where, log)
                return
            rows = await _recent(log, newest)
            findings = [*_events(pbx, where, rows), *_clock(pbx, where, newest, clock), *_unread(pbx, where, log)]
    except CelUnreadable as error:
        yield problem(where, f"PBX {pbx.id}: CEL", error)
        return
    for finding in findings:
        yield finding
    if not findings and not troubles:
        last = newest.at.strftime("%Y-%m-%d %H:%M:%S UTC")
        yield Finding(Level.OK, where, f"PBX {pbx.id}: CEL can be read, its newest row is of {last}")


def nothing_there(pbx: Pbx, where: str, log: CelLog) -> Finding:
    """Return that there is no row, or none of the shape that is configured."""
    if log.rubbish:
        text = f"PBX {pbx.id}: CEL: no row has the configured columns"
        return Finding(Level.PROBLEM, where, text, f"Set `columns` to what cel_custom.conf writes. {SHAPE}")
    text = f"PBX {pbx.id}: CEL is empty: no call was made yet, or Asterisk does not log"
    return Finding(Level.WARNING, where, text, f"{ON}\n{CEL_CONF}")


async def _recent(log: CelLog, newest: CelRow) -> Sequence[CelRow]:
    found: list[CelRow] = []
    async with aclosing(log.pages(newest.at - LOOKED_AT)) as pages:
        async for rows in pages:
            found.extend(rows)
            if len(found) >= MOST_ROWS:
                break
    return found


def _events(pbx: Pbx, where: str, rows: Sequence[CelRow]) -> Iterator[Finding]:
    if len(rows) < ENOUGH_ROWS:
        return
    missing = sorted(set(EVENTS) - {row.event for row in rows})
    if missing:
        text = f"PBX {pbx.id}: CEL: Asterisk logs no {', '.join(missing)}"
        yield Finding(Level.PROBLEM, where, text, f"{ON}\n{CEL_CONF}")
    elif not any("bridge_id" in row.extra for row in rows):
        text = f"PBX {pbx.id}: CEL: the column `extra` is empty, and with it who was joined with whom"
        yield Finding(Level.PROBLEM, where, text, f"Have ${{eventextra}} in the mapping. {SHAPE}")


def _clock(pbx: Pbx, where: str, newest: CelRow, clock: Clock) -> Iterable[Finding]:
    ahead = (newest.at - clock.now()).total_seconds()
    if ahead > AHEAD_S:
        text = f"PBX {pbx.id}: CEL: its newest row is {ahead / 60:.0f} minutes in the future"
        advice = 'Set `timezone` in [pbx.cel] to the zone Asterisk writes in, "UTC" with usegmtime=yes.'
        yield Finding(Level.PROBLEM, where, text, advice)


def _unread(pbx: Pbx, where: str, log: CelLog) -> Iterable[Finding]:
    if log.rubbish:
        text = f"PBX {pbx.id}: CEL: {log.rubbish} rows of the last day cannot be read"
        yield Finding(Level.WARNING, where, text, f"Are `columns` what cel_custom.conf writes? {SHAPE}")
