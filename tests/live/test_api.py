"""The API of the real daemon, beside a PBX that plays tapes: asked by programs that know its OpenAPI document."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from tests.lab.ami_player import AmiPlayer
from tests.lab.crm import Crm
from tests.lab.daemon import Daemon, command

TAPES: Final = Path(__file__).parents[1] / "tapes"
PLAYED: Final = (
    "06-queue-ringall-second-answers",
    "07-queue-abandoned",
    "16-blind-answered",
    "01-answered-caller-hangs-up",
)
WITHIN_S: Final = 60.0
GENEROUS: Final = "requests_per_s = 10000\nrequests_burst = 100000\nfailures_per_minute = 100000\n"
EXAMPLES: Final = "15"
OPAQUE: Final = "positive_data_acceptance"
"""Left out: a cursor is text, but no text that one may think up."""


@pytest.fixture
async def pbx() -> AsyncIterator[AmiPlayer]:
    async with AmiPlayer([TAPES / f"{name}.tape" for name in PLAYED], pace=20) as player:
        yield player


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


@pytest.fixture
async def daemon(pbx: AmiPlayer, crm: Crm) -> AsyncIterator[Daemon]:
    async with Daemon(pbx, crm, http=GENEROUS, ari=False) as daemon:
        yield daemon


async def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        words,
        capture_output=True,
        text=True,
        timeout=WITHIN_S * 4,
        check=False,
        env=os.environ | environ,
    )


async def new_token(daemon: Daemon, *scopes: str) -> str:
    words = [word for scope in scopes for word in ("--scope", scope)]
    made = await run(*command("token", "create", "test", *words, "--config", str(daemon.config)))
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


async def address_of(daemon: Daemon, scheme: str = "http") -> str:
    status = await daemon.status()
    assert status is not None
    return f"{scheme}://{status['http']}"


async def got(url: str, token: str) -> Any:
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session, session.get(url) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_whatever_is_asked_the_daemon_answers_as_its_document_says(
    pbx: AmiPlayer, crm: Crm, daemon: Daemon
) -> None:
    await pbx.play_all()
    await crm.hears("call.ended")
    token = await new_token(daemon, "admin")

    asked = await run(
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{await address_of(daemon)}/v1/openapi.json",
        "--header", f"Authorization: Bearer {token}",
        "--generation-deterministic", "--max-examples", EXAMPLES,
        "--exclude-checks", OPAQUE, "--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color",
        "--suppress-health-check", "all",
    )  # fmt: skip

    assert asked.returncode == 0, asked.stdout[-6000:] + asked.stderr
    assert "No issues found" in asked.stdout, asked.stdout
    assert token not in daemon.log
    assert "http.failed" not in daemon.log


async def test_what_was_sent_is_found_in_the_log_byte_for_byte(pbx: AmiPlayer, crm: Crm, daemon: Daemon) -> None:
    await pbx.play_all()
    last = [await crm.hears("call.ended") for _ in PLAYED][-1]
    token, address = await new_token(daemon, "calls:read"), await address_of(daemon)

    listed = await got(f"{address}/v1/calls?limit=2", token)
    whole = await got(f"{address}/v1/calls/{last.call['id']}", token)

    assert len(listed["items"]) == 2
    assert listed["next"] is not None
    assert whole == last.call
    for each in listed["items"]:
        sent = [one for one in crm.taken if "call" in one.data and one.call["id"] == each["id"]]
        told = await got(f"{address}/v1/calls/{each['id']}/events", token)
        assert [event["data"]["sequence"] for event in told["items"]] == [one.data["sequence"] for one in sent]


async def test_a_token_made_before_is_good_after_a_restart_and_stands_in_no_file(daemon: Daemon) -> None:
    token = await new_token(daemon, "calls:read")
    await daemon.kill()
    await daemon.start()

    assert (await got(f"{await address_of(daemon)}/v1/calls", token))["items"] == []
    await daemon.stop()
    holding = [path.name for path in daemon.home.iterdir() if path.is_file() and token.encode() in path.read_bytes()]
    assert holding == []
