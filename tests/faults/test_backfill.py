"""The daemon killed while it tells afterwards what it had not heard: each call is told once, and whole."""

import asyncio
import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from callbridge.clock import SystemClock
from callbridge.config.words import CEL_COLUMNS
from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm
from tests.lab.daemon import Daemon

pytestmark = pytest.mark.faults

CALLS: Final = 800
APART_S: Final = 0.001
FASTER: Final = 20
"""How much faster these calls are than the one they are made of: they overlap, and are over soon."""
BRIDGE: Final = re.compile(r'("bridge_id":")[0-9a-f]{8}')
KILLS: Final = 4
TYPES: Final = ["call.started", "call.ringing", "call.answered", "call.ended"]
ONE_CALL: Final = Path(__file__).parents[1] / "cel" / "01-answered-caller-hangs-up.csv"


def busy_log(begin: datetime) -> tuple[str, datetime]:
    """Return the log of many calls, each a little later than the one before, and when the last of them ends."""
    with ONE_CALL.open(newline="") as file:
        call = [dict(zip(CEL_COLUMNS, row, strict=True)) for row in csv.reader(file)]
    first = float(call[0]["eventtime"])
    rows = sorted(
        (begin.timestamp() + number * APART_S + (float(row["eventtime"]) - first) / FASTER, number, place)
        for number in range(CALLS)
        for place, row in enumerate(call)
    )
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows(as_another(call[place], number, at, begin) for at, number, place in rows)
    return written.getvalue(), datetime.fromtimestamp(rows[-1][0], UTC)


def as_another(row: dict[str, str], number: int, at: float, begin: datetime) -> Iterator[str]:
    """Return a row as if it were of another call."""
    for key, value in row.items():
        if key == "eventtime":
            yield f"{at:.6f}"
        elif key in {"uniqueid", "linkedid"}:
            yield f"{int(begin.timestamp())}.{number * 2 + int(value.rpartition('.')[2])}"
        else:
            yield BRIDGE.sub(rf"\g<1>{number:08x}", value.replace("-0000000", f"-{number:06x}"))


async def until(moment: datetime) -> None:
    """Wait until the calls are over: a log knows nothing of the future."""
    await asyncio.sleep((moment - SystemClock().now()).total_seconds())


async def test_a_backfill_that_is_killed_again_and_again_tells_each_call_once(pbx: Asterisk, tmp_path: Path) -> None:
    log = tmp_path / "Master.csv"
    log.touch()
    async with Crm() as crm, Daemon(pbx, crm, more=f'[pbx.cel]\nfile = "{log}"\n') as daemon:
        await crm.hears("pbx.connected")
        await daemon.stop()
        text, over = busy_log(SystemClock().now())
        log.write_text(text)
        await until(over)
        for kill in range(1, KILLS + 1):
            await daemon.start(hearing=False)
            await crm.until(lambda many=kill: len(ended(crm)) >= CALLS * many / (KILLS + 2), "some calls", 60)  # type: ignore[misc]  # a lambda's default
            await daemon.kill()
        assert len(ended(crm)) < CALLS, "it was over before it was killed for the last time"
        await daemon.start()
        await crm.until(lambda: len(ended(crm)) >= CALLS, "all calls", 120)

        told: dict[str, list[tuple[int, str]]] = {}
        for one in crm.taken:
            if "call" in one.data:
                told.setdefault(one.call["id"], []).append((one.data["sequence"], one.type))
                assert one.data["backfilled"] is True
        assert len(told) == CALLS
        assert {tuple(sorted(each)) for each in told.values()} == {tuple(enumerate(TYPES, 1))}
        assert {one.call["state"] for one in crm.of_type("call.ended")} == {"completed"}


def ended(crm: Crm) -> set[str]:
    return {one.call["id"] for one in crm.deliveries if one.type == "call.ended" and one.status < 300}
