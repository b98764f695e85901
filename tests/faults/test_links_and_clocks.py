"""The link to the PBX and the host's clock fail: found in time, told, and made good."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from callbridge.clock import SystemClock
from tests.lab.daemon import Daemon, command
from tests.lab.processes import start

from .busy_pbx import BusyPbx, working
from .figures import Figures
from .ledger import Ledger, all_is_told, asked, hears, judge, kept_in, laws_broken

pytestmark = pytest.mark.faults

EVERY_S: Final = 0.1
FOUND_S: Final = 15.0
WITHIN_S: Final = 60.0
LATER_S: Final = 20
"""How long what failed is put off: a try that fails again and again is put off for hours."""
SOON_S: Final = 20.0
"""In which what is said is told, on a machine with other work."""
FAKETIME: Final = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


async def is_at_work(crm: Ledger, more: int = 20, within_s: float = WITHIN_S) -> None:
    seen = len(crm.seen)
    await crm.until(lambda: len(crm.seen) >= seen + more, within_s)


async def comes_to_rest(crm: Ledger, pbx: BusyPbx, daemon: Daemon, load: asyncio.Task[None]) -> int:
    """Return how many events there were, once all are told and none is wrong."""
    pbx.rest()
    await asyncio.wait_for(load, WITHIN_S)
    await all_is_told(daemon, crm, WITHIN_S)
    database = daemon.home / "callbridge.db"
    kept = kept_in(database)
    assert judge(kept, crm).clean, judge(kept, crm)
    assert not asked(database, "SELECT id, state FROM calls WHERE ended_at IS NULL")
    assert not laws_broken(daemon)
    return len(kept)


def types_in(daemon: Daemon) -> list[str]:
    return [str(kind) for (kind,) in asked(daemon.home / "callbridge.db", "SELECT type FROM events ORDER BY position")]


def hears_not(status: dict[str, Any]) -> bool:
    return not hears(status)


async def test_a_half_open_link_is_found_and_what_it_hid_is_made_good(figures: Figures) -> None:
    async with Ledger() as crm, BusyPbx(pace=4.0) as pbx, Daemon(pbx, crm, ari=False) as daemon:
        with working(pbx, EVERY_S) as load:
            await is_at_work(crm)
            pbx.freeze()
            found_s = await until(daemon, hears_not, "the link to be found dead")
            pbx.frozen = False
            back_s = await until(daemon, hears, "the link to be back")
            await is_at_work(crm)
            events = await comes_to_rest(crm, pbx, daemon, load)
        assert types_in(daemon).count("pbx.disconnected") == 1
        assert types_in(daemon).count("pbx.connected") == 2
    figures.say("AMI half-open", f"found after {found_s:.1f} s, back {back_s:.1f} s later; {events} events")
    assert found_s < FOUND_S


async def test_a_pbx_that_dies_under_load_ends_its_calls(figures: Figures) -> None:
    async with Ledger() as crm, BusyPbx(pace=2.0) as pbx, Daemon(pbx, crm, ari=False) as daemon:
        with working(pbx, EVERY_S) as load:
            await is_at_work(crm)
            up = len(pbx.channels)
            pbx.dies()
            await until(daemon, hears, "the new one to be heard")
            await is_at_work(crm)
            events = await comes_to_rest(crm, pbx, daemon, load)
        interrupted = asked(daemon.home / "callbridge.db", "SELECT id FROM calls WHERE reason = 'interrupted'")
        assert types_in(daemon).count("pbx.disconnected") == 1
    figures.say("PBX killed", f"{up} channels up, {len(interrupted)} calls told as interrupted; {events} events")
    assert interrupted


async def until(daemon: Daemon, holds: Any, what: str) -> float:
    """Return how many seconds it took until something held of the status."""
    loop = asyncio.get_running_loop()
    begins = loop.time()
    await daemon.until(holds, what)
    return loop.time() - begins


class Clock:
    """What the daemon is shown of the time: the host's, put on by some hours. Its monotonic clock stays."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.put_on(0)

    def put_on(self, hours: int) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(f"{hours * 3600:+d}\n")
        new.replace(self._file)

    @property
    def before(self) -> tuple[str, ...]:
        """What stands before a command that is to be shown it."""
        shown = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        return ("env", *(f"{key}={value}" for key, value in shown.items()))


@contextmanager
def a_daemon_begins(daemon: Daemon, clock: Clock) -> Iterator[None]:
    words = (*clock.before, *command("run", "--config", str(daemon.config)))
    daemon._child = start(*words, log=daemon.home / "log")
    yield


needs_faketime = pytest.mark.skipif(FAKETIME is None, reason="needs the package faketime, which `make setup` installs")


@needs_faketime
async def test_a_clock_that_is_set_an_hour_forward_and_back_delays_and_loses_nothing(
    tmp_path: Path, figures: Figures
) -> None:
    clock = Clock(tmp_path / "clock")
    async with Ledger() as crm, BusyPbx(pace=4.0) as pbx, Daemon(pbx, crm, ari=False) as daemon:
        crm.heeds_time = False
        await daemon.kill()
        with working(pbx, EVERY_S) as load, a_daemon_begins(daemon, clock):
            await daemon.until(hears, "it to be ready")
            for hours in (0, 1, 0, -1, 0):
                clock.put_on(hours)
                await asyncio.sleep(1.5)  # it looks at the file once a second
                await is_at_work(crm, within_s=SOON_S)
                ahead_s = crm.shown - SystemClock().now().timestamp()
                assert abs(ahead_s - hours * 3600) < SOON_S
            events = await comes_to_rest(crm, pbx, daemon, load)
    figures.say("clock set forward and back", f"an hour each way, twice: {events} events, none lost")


@needs_faketime
async def test_what_failed_while_the_clock_was_an_hour_ahead_comes_soon_after_it_is_set_back(
    tmp_path: Path, figures: Figures
) -> None:
    clock = Clock(tmp_path / "clock")
    clock.put_on(1)
    async with Ledger() as crm, BusyPbx(pace=4.0) as pbx, Daemon(pbx, crm, ari=False) as daemon:
        crm.heeds_time = False
        await daemon.kill()
        with working(pbx, EVERY_S) as load, a_daemon_begins(daemon, clock):
            await is_at_work(crm)
            crm.status, crm.retry_after_s = 503, LATER_S
            await crm.until(lambda: crm.refused >= 1, SOON_S)  # it is slowed down by the first
            clock.put_on(0)
            await daemon.logs("delivery.set_right")
            behind = await backlog(daemon)
            crm.status = 204
            loop = asyncio.get_running_loop()
            begins = loop.time()
            events = await comes_to_rest(crm, pbx, daemon, load)
    figures.say(
        "failed while the clock was ahead",
        f"{crm.refused} tries failed and {behind} events waited as it was set back by an hour; "
        f"all {events} events told {loop.time() - begins:.0f} s later",
    )


async def backlog(daemon: Daemon) -> int:
    status = await daemon.status() or {}
    return sum(one["backlog"] for one in status["subscribers"])
