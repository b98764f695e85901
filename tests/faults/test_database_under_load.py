"""The database fails under the running daemon, in the middle of calls: it stays up, says so, and loses nothing."""

import asyncio
import os
import random
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from sqlalchemy import make_url, text

from callbridge.store import check
from callbridge.store.postgres import PostgresAccess
from tests.effort import often
from tests.lab.daemon import Daemon
from tests.lab.postgres import PostgresServer

from .busy_pbx import BusyPbx, working
from .figures import Figures
from .ledger import Kept, Ledger, all_is_told, judge, kept_in, laws_broken

pytestmark = pytest.mark.faults

EVERY_S: Final = 0.1
"""Between the beginnings of two calls."""
FULL_S: Final = 6.0
"""How long the disk stays full once that is noticed: longer than the longest pause between two tries."""
LOCKED_S: Final = often("LOCKED_S", 5, 30)
CRASHES: Final = often("CRASHES", 2, 20)
BACK_S: Final = 5.0
SLACK_S: Final = 2.0
"""What a machine with other work may take besides."""
NOTICED_S: Final = 60.0
OVER_S: Final = 60.0
CHUNK: Final = 1 << 16

UNMOUNTER: Final = """
trap '' INT TERM HUP
read -r _
! mountpoint -q "$1" || umount --lazy "$1"
"""
"""Waits for the other end of its standard input to close, which `kill -9` does too."""


@dataclass
class Work:
    """A daemon with calls going on. `goes_on` measures how soon it works again."""

    crm: Ledger
    pbx: BusyPbx
    daemon: Daemon
    load: asyncio.Task[None]

    async def is_at_work(self, more: int = 20) -> None:
        seen = len(self.crm.seen)
        await self.crm.until(lambda: len(self.crm.seen) >= seen + more, OVER_S)

    async def goes_on(self) -> float:
        """Return after how many seconds it commits again."""
        loop = asyncio.get_running_loop()
        begins = loop.time()
        await self.daemon.until(lambda status: status["database"]["ok"], "the database to be well again")
        return loop.time() - begins

    async def comes_to_rest(self) -> None:
        self.pbx.rest()
        await asyncio.wait_for(self.load, OVER_S)
        await all_is_told(self.daemon, self.crm, OVER_S)
        assert not laws_broken(self.daemon)

    async def metric(self, name: str) -> float:
        status = await self.daemon.status() or {}
        timeout = aiohttp.ClientTimeout(total=OVER_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://{status['http']}/metrics") as answer,
        ):
            lines = (await answer.text()).splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


@asynccontextmanager
async def at_work(database: str | None = None, more: str = "") -> AsyncIterator[Work]:
    async with (
        Ledger() as crm,
        BusyPbx(pace=4.0) as pbx,
        Daemon(pbx, crm, ari=False, database=database, more=more) as daemon,
    ):
        with working(pbx, EVERY_S) as load:
            work = Work(crm, pbx, daemon, load)
            await work.is_at_work()
            yield work


class SmallDisk:
    """A file system of its own, which a ballast fills to the last byte."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "callbridge.db"
        self._ballast = folder / "ballast"

    def fill(self, _pid: int) -> None:
        with self._ballast.open("wb", buffering=0) as ballast:
            try:
                for _ in range(1 << 16):
                    ballast.write(bytes(CHUNK))
            except OSError:
                return
        pytest.fail("the disk never ran full")

    def free(self, _pid: int) -> None:
        self._ballast.unlink()


class LimitedFiles:
    """No file of the daemon's may grow."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "callbridge.db"

    def fill(self, pid: int) -> None:
        size = Path(f"{self.database}-wal").stat().st_size
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def free(self, pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@pytest.fixture
def limited(tmp_path: Path) -> LimitedFiles:
    return LimitedFiles(tmp_path)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallDisk]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    command = ("sh", "-c", UNMOUNTER, "unmount", tmp_path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0) as unmounter:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", tmp_path], check=True, timeout=30)
        try:
            yield SmallDisk(tmp_path)
            subprocess.run(["umount", tmp_path], check=True, timeout=30)
        finally:
            unmounter.communicate(timeout=30)


@pytest.fixture(params=["limited", "small"])
def disk(request: pytest.FixtureRequest) -> LimitedFiles | SmallDisk:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, LimitedFiles | SmallDisk)
    return found


async def test_a_full_disk_is_told_everywhere_and_nothing_is_told_that_is_not_committed(
    disk: LimitedFiles | SmallDisk, figures: Figures
) -> None:
    url = f"sqlite+aiosqlite:///{disk.database}"
    async with at_work(url, '[log]\nlevel = "error"\n') as work:
        disk.fill(work.daemon.pid)
        await work.daemon.until(lambda status: not status["database"]["ok"], "the database to be told as full")
        status = await work.daemon.status() or {}
        assert any("database does not work" in each for each in status["degraded"])
        assert await work.metric("callbridge_database_up") == 0
        await work.daemon.logs("store.unavailable")
        told = len(work.crm.seen)
        await asyncio.sleep(FULL_S)
        assert len(work.crm.seen) <= told + 8  # those on their way
        disk.free(work.daemon.pid)
        back_s = await work.goes_on()
        await work.comes_to_rest()
        assert await work.metric("callbridge_database_up") == 1
        kept = kept_in(disk.database)
        await work.daemon.stop()
    figures.say(f"full disk ({type(disk).__name__})", f"{len(kept)} events, none lost; works {back_s:.1f} s after")
    assert judge(kept, work.crm).clean, judge(kept, work.crm)
    assert await check(url) == ()
    assert back_s < BACK_S + SLACK_S


async def test_a_database_that_another_process_locks_loses_nothing(tmp_path: Path, figures: Figures) -> None:
    database = tmp_path / "callbridge.db"
    async with at_work(f"sqlite+aiosqlite:///{database}") as work:
        with another_process_locks(database) as let_go:
            await asyncio.sleep(LOCKED_S)
            told = len(work.crm.seen)
            let_go()
        loop = asyncio.get_running_loop()
        begins = loop.time()
        await work.crm.until(lambda: len(work.crm.seen) > told, NOTICED_S)
        back_s = loop.time() - begins
        await work.comes_to_rest()
        kept = kept_in(database)
        await work.daemon.stop()
    figures.say(
        "locked database", f"locked for {LOCKED_S} s: {len(kept)} events, none lost; tells {back_s:.1f} s after"
    )
    assert judge(kept, work.crm).clean, judge(kept, work.crm)
    assert back_s < BACK_S + SLACK_S


LOCKER: Final = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30) as database:
    database.execute("BEGIN IMMEDIATE")
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process_locks(database: Path) -> Iterator[Callable[[], None]]:
    command = (sys.executable, "-c", LOCKER, str(database))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as locker:
        assert locker.stdin is not None
        assert locker.stdout is not None
        try:
            assert locker.stdout.readline() == b"locked\n"
            yield locker.stdin.close
        finally:
            locker.stdin.close()
            locker.wait(30)


@pytest.mark.postgres
async def test_a_postgres_that_is_stopped_hard_again_and_again_loses_nothing(
    postgres_server: PostgresServer, figures: Figures
) -> None:
    url = postgres_server.create_database("hard_stops")
    choice = random.Random(20261122)  # noqa: S311 - when to stop it
    back_s = []
    try:
        async with at_work(url) as work:
            for _ in range(CRASHES):
                await asyncio.sleep(choice.uniform(0.2, 2.0))
                await asyncio.to_thread(postgres_server.crash)
                await asyncio.sleep(choice.uniform(0.0, 2.0))
                await asyncio.to_thread(postgres_server.start)
                begins = asyncio.get_running_loop().time()
                await work.is_at_work(8)
                back_s.append(asyncio.get_running_loop().time() - begins)
            await work.comes_to_rest()
            kept = await kept_in_postgres(url)
            await work.daemon.stop()
    finally:
        postgres_server.drop_database("hard_stops")
    figures.say(
        "PostgreSQL stopped hard",
        f"{CRASHES} times: {len(kept)} events, none lost, {work.crm.repeats} told twice; "
        f"tells {max(back_s):.1f} s after its start at the latest",
    )
    assert judge(kept, work.crm).clean, judge(kept, work.crm)


async def kept_in_postgres(url: str) -> list[Kept]:
    access = PostgresAccess(make_url(url), 10)
    question = text("SELECT id, call_id, sequence, body FROM events ORDER BY position")
    rows: Any = await access.read(lambda connection: connection.execute(question).all())
    await access.close()
    return [(one, call, sequence, bytes(body)) for one, call, sequence, body in rows]
