"""The same daemon on a real PostgreSQL."""

import asyncio
import os
import signal
import subprocess

import asyncpg
import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm
from tests.lab.daemon import STOP_WITHIN_S, Daemon, command
from tests.lab.postgres import PostgresServer
from tests.lab.record import SCENES
from tests.lab.room import Room

pytestmark = [pytest.mark.live, pytest.mark.postgres]


async def test_a_call_is_told_and_survives_a_kill_on_postgresql(
    pbx: Asterisk, room: Room, postgres_server: PostgresServer
) -> None:
    url = postgres_server.create_database("live")
    async with Crm() as crm, Daemon(pbx, crm, database=url) as daemon:
        await SCENES["06-queue-ringall-second-answers"](room)
        await crm.hears("call.ended")
        first = crm.heard
        await daemon.kill()
        await daemon.start()
        await SCENES["02-caller-gives-up"](room)
        last = await crm.hears("call.missed")

    assert first == ["call.started", "call.queued", "call.ringing", "call.answered", "call.ended"]
    assert last.call["protocol"].endswith("-000002")


async def test_a_second_daemon_on_the_database_is_refused_and_the_first_goes_on(
    pbx: Asterisk, room: Room, postgres_server: PostgresServer
) -> None:
    url = postgres_server.create_database("two")
    async with Crm() as crm, Daemon(pbx, crm, database=url, ari=False) as first:
        other = first.home / "other"
        other.mkdir()
        config = first.home / "other.toml"
        config.write_text(first.config.read_text().replace(f'data_dir = "{first.home}"', f'data_dir = "{other}"'))
        refused = await run("run", "--config", str(config))
        checked, ours = await run("check", "--config", str(config)), await run("check", "--config", str(first.config))
        await SCENES["02-caller-gives-up"](room)
        await crm.hears("call.missed")

    who = f"process {first_pid(refused.stderr)} on"
    assert refused.returncode == 1
    assert "callbridge: Another callbridge (process" in refused.stderr
    assert checked.returncode == 1
    assert who in checked.stdout
    assert who not in ours.stdout
    assert ours.returncode == 0, ours.stdout


async def test_a_daemon_that_comes_back_to_a_database_another_has_taken_ends_and_writes_nothing(
    pbx: Asterisk, room: Room, postgres_server: PostgresServer
) -> None:
    """As after a network that was split: the server misses the first one, and the second begins."""
    url = postgres_server.create_database("split")
    async with Crm() as crm, Daemon(pbx, crm, database=url, ari=False) as first:
        os.kill(first.pid, signal.SIGSTOP)
        await miss_everybody(url)
        async with Daemon(pbx, crm, database=url, ari=False) as second:
            os.kill(first.pid, signal.SIGCONT)
            await first.logs("store.taken")
            assert await first.exits() == 1
            assert f"Another callbridge (process {second.pid} on" in first.log
            crm.forget()
            await SCENES["02-caller-gives-up"](room)
            await crm.hears("call.missed")

    assert crm.heard == ["call.started", "call.ringing", "call.ended", "call.missed"]


async def run(*words: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run, command(*words), capture_output=True, text=True, timeout=STOP_WITHIN_S, check=False
    )


def first_pid(said: str) -> str:
    return said.partition("Another callbridge (process ")[2].partition(" ")[0]


async def miss_everybody(url: str) -> None:
    """End all sessions, as the server does half a minute after it last heard of them."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=10)
    try:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        await connection.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}",  # noqa: S608 - our own words
            timeout=10,
        )
    finally:
        await connection.close(timeout=10)
