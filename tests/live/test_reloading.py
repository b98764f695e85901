"""A reload of the real daemon: what it applies at once, and what it says waits for a restart."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from tests.lab.ami_player import AmiPlayer
from tests.lab.crm import Crm
from tests.lab.daemon import HTTP, NO_DIRECTORY, Daemon, command
from tests.unit.directory.crm import listening as directory_crm

TAPE: Final = Path(__file__).parents[1] / "tapes/01-answered-caller-hangs-up.tape"
WITHIN_S: Final = 30.0


@pytest.fixture
async def pbx() -> AsyncIterator[AmiPlayer]:
    async with AmiPlayer([TAPE], pace=20) as player:
        yield player


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


@pytest.fixture
async def daemon(pbx: AmiPlayer, crm: Crm) -> AsyncIterator[Daemon]:
    async with Daemon(pbx, crm, more=HTTP, ari=False) as daemon:
        yield daemon


async def callbridge(daemon: Daemon, *words: str) -> str:
    run = await asyncio.to_thread(
        subprocess.run,
        command(*words, "--config", str(daemon.config)),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=True,
    )
    return run.stdout


async def reloaded(daemon: Daemon, text: str) -> dict[str, Any]:
    """Have the daemon read another file; return what its log says came of it."""
    before = daemon.log.count("config.reloaded")
    daemon.config.write_text(text)
    os.kill(daemon.pid, signal.SIGHUP)
    async with asyncio.timeout(WITHIN_S):
        while daemon.log.count("config.reloaded") == before:  # noqa: ASYNC110 - a file tells nobody when it grows
            await asyncio.sleep(0.01)
    lines = [line for line in daemon.log.splitlines() if "config.reloaded" in line]
    return dict(json.loads(lines[-1]))


async def answers(daemon: Daemon, token: str, count: int) -> list[int]:
    """Return the status of some requests, one after the other."""
    status = await daemon.status() or {}
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    found = []
    async with aiohttp.ClientSession(timeout=timeout, headers={"Authorization": f"Bearer {token}"}) as session:
        for _ in range(count):
            async with session.get(f"http://{status['http']}/v1/calls") as answer:
                found.append(answer.status)
    return found


async def test_how_often_one_may_ask_follows_a_reload(daemon: Daemon) -> None:
    token = (await callbridge(daemon, "token", "create", "crm", "--scope", "calls:read")).strip()
    whole = daemon.config.read_text()
    assert await answers(daemon, token, 5) == [200] * 5

    said = await reloaded(daemon, whole + "requests_burst = 1\nrequests_per_s = 0.001\n")
    assert (said["applied"], said["needs_restart"]) == (["http.requests_per_s", "http.requests_burst"], [])
    assert await answers(daemon, token, 3) == [200, 429, 429]

    await reloaded(daemon, whole + "requests_burst = 9\nrequests_per_s = 1000\n")
    assert set(await answers(daemon, token, 5)) == {200}


async def test_how_many_may_follow_events_does_so_too_and_they_are_counted(daemon: Daemon) -> None:
    token = (await callbridge(daemon, "token", "create", "crm", "--scope", "events:read")).strip()
    await reloaded(daemon, daemon.config.read_text() + "max_streams = 1\n")
    address = f"http://{(await daemon.status() or {})['http']}"
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WITHIN_S), headers=headers) as session:
        async with session.get(f"{address}/v1/events") as first, session.get(f"{address}/v1/events") as second:
            assert (first.status, second.status) == (200, 429)
            assert "callbridge_streams_open 1.0" in await text_of(session, f"{address}/metrics")
        async with asyncio.timeout(WITHIN_S):
            while "callbridge_streams_open 0.0" not in await text_of(session, f"{address}/metrics"):  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.05)


async def text_of(session: aiohttp.ClientSession, url: str) -> str:
    async with session.get(url) as answer:
        return await answer.text()


async def test_how_long_a_failing_subscriber_is_borne_follows_a_reload(
    pbx: AmiPlayer, crm: Crm, daemon: Daemon
) -> None:
    crm.answer = lambda _: 500
    whole = daemon.config.read_text()
    said = await reloaded(daemon, whole + "[delivery]\ndisable_after_days = 0.000001\ndisable_after_tries = 2\n")
    assert said["applied"] == ["delivery.disable_after_days", "delivery.disable_after_tries"]

    await pbx.play(pbx.tapes[0])

    await daemon.until(lambda status: status["subscribers"][0]["disabled"], "the subscriber to be disabled")
    status = await daemon.status() or {}
    assert any(each.startswith("Subscriber crm is disabled since ") for each in status["degraded"])


async def test_who_is_asked_whose_number_it_is_follows_a_reload(daemon: Daemon) -> None:
    token = (await callbridge(daemon, "token", "create", "crm", "--scope", "customers:read")).strip()
    url = f"http://{(await daemon.status() or {})['http']}/v1/lookup?number=912345678&pbx=main"
    headers = {"Authorization": f"Bearer {token}"}
    whole = daemon.config.read_text()
    async with (
        directory_crm() as asked,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WITHIN_S), headers=headers) as session,
    ):
        assert json.loads(await text_of(session, url))["customer"]["match"] == "none"

        table = f'[[directory.lookup]]\nname = "sap"\nurl = "{asked.url}"\ndeadline_s = 10.0\n'
        with_sap = whole.replace(NO_DIRECTORY, '[directory]\nsources = ["own", "sap"]\n')
        said = await reloaded(daemon, with_sap + table)
        assert (said["applied"], said["needs_restart"]) == (["directory.sources", "directory.lookup.sap"], [])
        customer = json.loads(await text_of(session, url))["customer"]
        assert (customer["match"], customer["id"], customer["source"]) == ("one", "c-17", "sap")

        await reloaded(daemon, whole)
        assert json.loads(await text_of(session, url))["customer"]["match"] == "none"
    assert [request.query["number"] for request in asked.asked] == ["+351912345678"]


async def test_what_waits_for_a_restart_is_said_at_every_reload_until_it_came(daemon: Daemon) -> None:
    whole = daemon.config.read_text()
    said = await reloaded(daemon, whole.replace("127.0.0.1:0", "127.0.0.2:0") + "requests_burst = 7\n")
    assert (said["applied"], said["needs_restart"]) == (["http.requests_burst"], ["http.listen"])
    again = await reloaded(daemon, daemon.config.read_text())
    assert (again["applied"], again["needs_restart"]) == ([], ["http.listen"])
    assert "changed, but waits for a restart: http.listen" in await callbridge(daemon, "status")
