"""The lab's PostgreSQL keeps its promises: it is real, one's own, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.lab import postgres
from tests.lab.postgres import NoPostgres, PostgresServer, find_programs

pytestmark = pytest.mark.postgres

TEST_RUN = """
import time
from tests.lab.postgres import PostgresServer

with PostgresServer() as server:
    print(server.folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    try:
        fresh = PostgresServer()
    except NoPostgres as missing:
        pytest.skip(str(missing))
    with fresh:
        yield fresh


async def ask(url: str, query: str) -> object:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=10)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close(timeout=10)


async def test_a_new_database_answers_and_makes_commits_durable(server: PostgresServer) -> None:
    url = server.create_database("calls")

    assert await ask(url, "SHOW fsync") == "on"
    assert await ask(url, "SHOW synchronous_commit") == "on"
    assert await ask(url, "SELECT current_database()") == "calls"


async def test_what_was_committed_is_there_after_a_crash(server: PostgresServer) -> None:
    url = server.create_database("calls")
    await ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")

    server.crash()
    with pytest.raises(ConnectionError):
        await ask(url, "SELECT 1")
    server.start()

    assert await ask(url, "SELECT answer FROM kept") == 42


async def test_a_wrong_password_is_refused(server: PostgresServer) -> None:
    url = server.create_database("calls")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await ask(url.replace(f"{postgres.USER}:", f"{postgres.USER}:x"), "SELECT 1")


async def test_a_taken_port_is_left_for_another(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    free = postgres._free_port()
    ports = iter((server.port, free))
    monkeypatch.setattr(postgres, "_free_port", lambda: next(ports))

    with PostgresServer() as second:
        assert second.port == free
        assert await ask(second.create_database("own"), "SELECT 1") == 1


def test_nothing_is_left_when_it_ends(server: PostgresServer) -> None:
    pid = postmaster(server.folder)

    server.__exit__(None, None, None)

    assert not server.folder.exists()
    assert not is_running(pid)


def test_nothing_is_left_when_the_test_run_is_killed() -> None:
    find_programs_or_skip()
    with subprocess.Popen([sys.executable, "-c", TEST_RUN], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().strip())
        pid = postmaster(folder)
        run.send_signal(signal.SIGKILL)

    wait_until_gone(folder, pid)


def find_programs_or_skip() -> None:
    try:
        find_programs()
    except NoPostgres as missing:
        pytest.skip(str(missing))


def postmaster(folder: Path) -> int:
    return int((folder / "data/postmaster.pid").read_text().splitlines()[0])


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(folder: Path, pid: int) -> None:
    for _ in range(1000):
        if not folder.exists() and not is_running(pid):
            return
        time.sleep(0.01)
    pytest.fail(f"still there after 10 s: {folder}, process {pid}")
