"""`kill -9` of the daemon at random moments of a busy day, its start among them."""

import asyncio
import os
import random
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from callbridge.store import check
from tests.effort import often
from tests.lab.daemon import Daemon, command
from tests.lab.processes import start

from .busy_pbx import BusyPbx, working
from .figures import Figures
from .ledger import Ledger, all_is_told, asked, hears, judge, kept_in, laws_broken

pytestmark = pytest.mark.faults

KILLS: Final = often("KILLS", 10, 500)
UNREADY: Final = 4
"""One life in so many ends before the daemon is ready."""
LIVES_S: Final = (0.05, 2.0)
"""How long a life goes on once it is ready."""
A_LIFE_S: Final = 30.0
"""Nothing but a machine that can do no work makes them so long."""
BACK_S: Final = 3.0
EVERY_S: Final = 0.04
"""Between the beginnings of two calls."""
OVER_S: Final = 60.0
"""Everything is told within so long of the last call's end."""


@dataclass
class Lives:
    """How it went on."""

    ready_s: list[float] = field(default_factory=list)
    worked_s: list[float] = field(default_factory=list)
    """The processor's time it took to be ready: what others do on the machine is no part of it."""
    cut_short: int = 0
    """Killed before they were ready."""


async def test_kill_9_under_load_loses_nothing_and_tells_nothing_in_another_order(figures: Figures) -> None:
    choice = random.Random(20261122)  # noqa: S311 - when to kill
    lives = Lives()
    async with Ledger() as crm, BusyPbx(pace=4.0) as pbx, Daemon(pbx, crm, ari=False) as daemon:
        with working(pbx, EVERY_S) as load:
            await daemon.kill()
            async with asyncio.timeout(KILLS * A_LIFE_S):
                for _ in range(KILLS):
                    await a_life(daemon, choice, lives)
            await daemon.start()
            pbx.rest()
            await asyncio.wait_for(load, OVER_S)
        await all_is_told(daemon, crm, OVER_S)
        database = daemon.home / "callbridge.db"
        kept = kept_in(database)
        unended = asked(database, "SELECT id, state FROM calls WHERE ended_at IS NULL")
        broken = laws_broken(daemon)
        await daemon.stop()
        assert await check(f"sqlite+aiosqlite:///{database}") == ()

    figures.say(
        "kill -9 under load",
        f"{KILLS} kills, {lives.cut_short} of them while it started; {pbx.calls} calls, {len(kept)} events; "
        f"{crm.repeats} told twice, all with the same bytes; "
        f"ready after {statistics.median(lives.ready_s):.1f} s (median), {max(lives.ready_s):.1f} s (longest), "
        f"of which it worked {statistics.median(lives.worked_s):.1f} s and {max(lives.worked_s):.1f} s",
    )
    assert judge(kept, crm).clean, judge(kept, crm)
    assert not unended
    assert not broken
    assert len(crm.sequences) >= KILLS  # there was a load
    assert max(lives.worked_s) < BACK_S


async def a_life(daemon: Daemon, choice: random.Random, lives: Lives) -> None:
    """Start the daemon, and kill it after some time."""
    loop = asyncio.get_running_loop()
    begins = loop.time()
    daemon._child = start(*command("run", "--config", str(daemon.config)), log=daemon.home / "log")
    if lives.ready_s and choice.randrange(UNREADY) == 0:
        await asyncio.sleep(choice.uniform(0.0, statistics.median(lives.ready_s)))
        lives.cut_short += 1
    else:
        await daemon.until(hears, "it to be ready")
        lives.ready_s.append(loop.time() - begins)
        lives.worked_s.append(processor_s(daemon.pid))
        await asyncio.sleep(choice.uniform(*LIVES_S))
    await daemon.kill()


def processor_s(pid: int) -> float:
    """Return what a process has used of the processors."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
