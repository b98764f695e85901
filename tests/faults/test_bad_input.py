"""The real program given what cannot work: one clear message, what to do, the exit status of the contract."""

import asyncio
import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from callbridge.store.schema import steps
from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm
from tests.lab.daemon import Daemon, command
from tests.lab.processes import PASSING
from tests.lab.room import Room

pytestmark = pytest.mark.faults

WITHIN_S: Final = 30
NO_MORE_THAN_OTHERS: Final = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")
"""For root, who may otherwise write everywhere."""

ADVICE: Final = "Is Asterisk up, and AMI enabled in its manager.conf?"
CONFIG: Final = """\
data_dir = "{home}"
[http]
listen = "127.0.0.1:0"
[[pbx]]
id = "main"
country = "PT"
[pbx.ami]
host = "127.0.0.1"
port = 1
secret = "correct horse"
"""


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """The last line on stderr: what the program ended with."""
        return self.err.splitlines()[-1]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration that is well formed; its PBX is not there."""
    path = tmp_path / "callbridge.toml"
    path.write_text(CONFIG.format(home=tmp_path))
    return path


def ran(*words: object, before: Sequence[str] = ()) -> Ended:
    line = (*before, *command(*map(str, words)))
    done = subprocess.run(line, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def with_line(config: Path, line: str, new: str) -> Path:
    config.write_text(config.read_text().replace(line, new))
    return config


def test_every_mistake_of_a_config_is_told_at_once_and_nothing_starts(config: Path) -> None:
    text = config.read_text().replace('"PT"', '"UK"').replace("port = 1", 'port = "x"').replace("[http]", "[htpp]")
    config.write_text(text + '[[webhook]]\nname = "crm"\nurl = "ftp://x"\nsecret = "hunter2"\n')
    ended = ran("run", "--config", config)

    assert ended.status == 2
    assert [line.removeprefix(f"callbridge: {config}:") for line in ended.err.splitlines()] == [
        '2: htpp: is an unknown key; did you mean "http"?',
        '6: pbx.country: "UK" is no country code; did you mean "GB"?',
        "9: pbx.ami.port: must be a whole number, without quotes",
        '13: webhook.url: must begin with http:// or https://, not "ftp:"',
        '14: webhook.secret: must begin with whsec_; make one with: echo "whsec_$(openssl rand -base64 32)"',
    ]
    assert "hunter2" not in ended.err + ended.out


def test_a_missing_data_folder_is_told_with_how_to_make_it(config: Path, tmp_path: Path) -> None:
    with_line(config, f'"{tmp_path}"', f'"{tmp_path}/data"')
    ended = ran("run", "--config", config)

    assert ended.status == 1
    assert ended.said.startswith(
        f"callbridge: There is no data folder {tmp_path}/data. Make it: install -d -m 0750 -o "
    )


def test_a_data_folder_that_may_not_be_written_is_told_with_its_owner_to_be(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o555)
    with_line(config, f'"{tmp_path}"', f'"{folder}"')
    ended = ran("run", "--config", config, before=NO_MORE_THAN_OTHERS if os.geteuid() == 0 else ())

    assert ended.status == 1
    assert f"The data folder {folder} cannot be written by " in ended.said
    assert ended.said.endswith(f" {folder}")


def test_a_port_in_use_is_told_by_run_and_by_check(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with_line(config, "127.0.0.1:0", f"127.0.0.1:{port}")
        ended, checked = ran("run", "--config", config), ran("check", "--config", config)

    assert ended.status == 1
    assert ended.said.startswith(f"callbridge: 127.0.0.1:{port} is in use by another program. End it")
    assert f"✗ {config}:3: http: 127.0.0.1:{port} is in use by another program" in checked.out


def test_a_database_of_a_newer_version_is_left_as_it_is(config: Path, tmp_path: Path) -> None:
    newest = max(steps())
    assert ran("db", "upgrade", "--config", config).out == f"The schema is at {newest}.\n"
    with closing(sqlite3.connect(tmp_path / "callbridge.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    ended = ran("run", "--config", config)

    assert ended.status == 1
    assert ended.said == (
        f"callbridge: The database was made by a newer callbridge (schema 9999, this one knows {newest}). "
        "Install that version again, or go back to the backup made before."
    )


def test_a_file_that_is_no_database_is_told(config: Path, tmp_path: Path) -> None:
    (tmp_path / "callbridge.db").write_bytes(os.urandom(8192))
    ended = ran("run", "--config", config)

    assert ended.status == 1
    assert "file is not a database" in ended.said
    assert "go back to a backup" in ended.said


def test_no_daemon_is_its_own_exit_status(config: Path) -> None:
    for words in (("status",), ("status", "--json"), ("tail",)):
        ended = ran(*words, "--config", config)
        assert (ended.status, ended.out) == (3, "")
        assert "callbridge is not running" in ended.said


@asynccontextmanager
async def running(config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The daemon, from when its command line may ask; ended with SIGTERM if it has not ended before."""
    child = await asyncio.create_subprocess_exec(
        *PASSING, *command("run", "--config", str(config)), stderr=asyncio.subprocess.PIPE
    )
    assert child.stderr is not None
    try:
        async with asyncio.timeout(WITHIN_S):
            while b'"daemon.ready"' not in (line := await child.stderr.readline()):
                assert line, "it ended before it was ready"
        draining = asyncio.create_task(child.stderr.read())  # a full pipe would hold it up
        yield child
        if child.returncode is None:
            child.terminate()
        async with asyncio.timeout(WITHIN_S):
            await child.wait()
            await draining
    finally:
        if child.returncode is None:
            child.kill()
            await asyncio.wait_for(child.wait(), WITHIN_S)


async def asked(*words: object) -> Ended:
    return await asyncio.to_thread(ran, *words)


async def test_a_second_daemon_is_refused_and_the_first_goes_on(config: Path) -> None:
    async with running(config) as first:
        second = await asked("run", "--config", config)

        assert second.status == 1
        assert second.said.startswith(f"callbridge: Process {first.pid} works on the database ")
        assert (await asked("status", "--config", config)).status == 1  # its PBX is away, but it answers


async def test_an_unreachable_pbx_is_tried_on_and_told_by_status(config: Path) -> None:
    async with running(config):
        told = await asked("status", "--json", "--config", config)

        assert told.status == 1
        assert json.loads(told.out)["degraded"] == [
            f"PBX main is not heard: Nothing listens on 127.0.0.1:1. {ADVICE}",
        ]


async def test_sigterm_ends_it_with_0(config: Path) -> None:
    async with running(config) as child:
        child.terminate()
        async with asyncio.timeout(WITHIN_S):
            assert await child.wait() == 0


async def test_sigterm_ends_it_in_time_while_the_database_hangs_and_its_call_is_told_afterwards(
    pbx: Asterisk, room: Room
) -> None:
    """Another program holds the write lock. systemd gives 30 s, `stop` here 25."""
    async with Crm() as crm, Daemon(pbx, crm) as daemon:
        with closing(sqlite3.connect(daemon.home / "callbridge.db", isolation_level=None)) as greedy:
            greedy.execute("BEGIN IMMEDIATE")
            maria, ana = await room.customer(), await room.phone("1001")
            await maria.dial("210000000")
            await ana.rings()
            await daemon.until(lambda status: not status["database"]["ok"], "the database to be told as stuck")

            assert await daemon.stop() == 0
            await daemon.logs("daemon.uncommitted")
        await daemon.start()
        await crm.hears("call.ringing")
        await maria.hangup()
        await crm.hears("call.missed")

        assert crm.heard == ["call.started", "call.ringing", "call.ended", "call.missed"]


async def test_sigterm_while_it_starts_ends_it_with_0(config: Path, tmp_path: Path) -> None:
    """Its database is locked by a backup, say: it waits, and is told to end."""
    assert (await asked("db", "upgrade", "--config", config)).status == 0
    with closing(sqlite3.connect(tmp_path / "callbridge.db", isolation_level=None)) as greedy:
        greedy.execute("PRAGMA locking_mode = EXCLUSIVE")
        greedy.execute("BEGIN EXCLUSIVE")
        child = await asyncio.create_subprocess_exec(
            *PASSING, *command("run", "--config", str(config)), stderr=asyncio.subprocess.PIPE
        )
        assert child.stderr is not None
        async with asyncio.timeout(WITHIN_S):
            while b'"daemon.starting"' not in (line := await child.stderr.readline()):
                assert line, "it ended before it was told to"
            child.terminate()
            err = await child.stderr.read()
            assert await child.wait() == 0, err


@pytest.fixture
def rewrites(config: Path) -> Callable[[str, str], None]:
    good = config.read_text()

    def rewrite(old: str, new: str) -> None:
        config.write_text(good.replace(old, new))

    return rewrite


async def test_a_reload_with_mistakes_changes_nothing_and_is_told(
    config: Path, rewrites: Callable[[str, str], None]
) -> None:
    async with running(config) as child:
        rewrites("[http]", "[htpp]")
        child.send_signal(signal.SIGHUP)
        await until(config, lambda told: any("not taken" in each for each in told["degraded"]))
        for port in (2, 3):  # what waits for a restart is told again at each reload
            rewrites("port = 1", f"port = {port}")
            child.send_signal(signal.SIGHUP)
            told = await until(config, lambda told: told["config"]["needs_restart"])
            assert told["config"] == {"refused": [], "needs_restart": ["pbx.main.ami.port"]}


async def until(config: Path, holds: Any) -> dict[str, Any]:
    """Ask for the status until something holds of it."""
    told: dict[str, Any] = {}
    async with asyncio.timeout(WITHIN_S):
        while not told or not holds(told):
            told = json.loads((await asked("status", "--json", "--config", config)).out)
    return told


async def test_a_full_disk_holds_events_back_and_loses_none(pbx: Asterisk, room: Room) -> None:
    """RLIMIT_FSIZE stands in for it: SQLite meets both on the same path."""
    async with Crm() as crm, Daemon(pbx, crm, more='[log]\nlevel = "error"\n') as daemon:
        wal = daemon.home / "callbridge.db-wal"
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (wal.stat().st_size, resource.RLIM_INFINITY))
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        await daemon.until(lambda status: not status["database"]["ok"], "the database to be told as full")
        status = await daemon.status() or {}
        assert any("database does not work, so nothing is told" in each for each in status["degraded"])
        await maria.hangup()
        await ana.closed()
        assert crm.heard == []

        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await crm.hears("call.missed", within_s=WITHIN_S)
        assert crm.heard == ["call.started", "call.ringing", "call.ended", "call.missed"]
        await daemon.until(lambda status: status["database"]["ok"], "the database to be well again")


async def test_a_changed_webhook_gets_what_waited_for_the_old_one(pbx: Asterisk, room: Room) -> None:
    """SIGHUP: the next try goes to the new URL; a subscriber taken out and put back finds its events again."""
    async with Crm(answer=lambda _: 503) as old, Crm() as new, Daemon(pbx, old) as daemon:
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        await maria.hangup()
        await ana.closed()
        await old.until(lambda: bool(old.deliveries), "a first try")
        await daemon.logs("call.ended")  # it logs what is committed: only then is it owed
        good = daemon.config.read_text()
        daemon.config.write_text(good.partition("[[webhook]]")[0])
        os.kill(daemon.pid, signal.SIGHUP)
        await daemon.until(lambda status: status["subscribers"] == [], "the subscriber to be gone")
        daemon.config.write_text(good.replace(old.url, new.url))
        os.kill(daemon.pid, signal.SIGHUP)
        await new.hears("call.missed", within_s=2 * WITHIN_S)

        assert new.heard == ["call.started", "call.ringing", "call.ended", "call.missed"]
