"""What `check` says of a CRM that is asked whose number it is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from callbridge.app import directory_check
from callbridge.app.directory_check import NOBODYS, check_directory
from callbridge.clock import SystemClock
from callbridge.config import Config, Finding, Level, load
from tests.unit.directory.crm import NOBODY_THERE, Answering, Crm, listening, naming, saying
from tests.unit.test_examples import free_port

CONFIG = """\
data_dir = "/var/lib/callbridge"
[[pbx]]
id = "lisbon"
country = "PT"
[pbx.ami]
secret_env = "AMI"
[directory]
sources = ["own", "crm"]
[[directory.lookup]]
name = "crm"
url = "{url}"
secret_env = "CRM"
deadline_s = {deadline_s}
"""


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with listening() as crm:
        crm.answering = NOBODY_THERE
        yield crm


def config(folder: Path, url: str, deadline_s: float = 5.0) -> Config:
    path = folder / "callbridge.toml"
    path.write_text(CONFIG.format(url=url, deadline_s=deadline_s))
    path.chmod(0o600)
    return load(path, environ={"AMI": "correct horse", "CRM": "battery staple"})


async def check(config: Config) -> list[Finding]:
    return [finding async for finding in check_directory(config, SystemClock())]


async def test_a_crm_that_answers_is_asked_for_a_number_nobody_has(crm: Crm, tmp_path: Path) -> None:
    (found,) = await check(config(tmp_path, crm.url))

    assert found.level is Level.OK
    assert found.text.startswith("look-up crm answers 200 in ")
    assert found.where.endswith("callbridge.toml:11")
    assert {request.query["number"] for request in crm.asked} == {NOBODYS}
    assert {request.query["pbx"] for request in crm.asked} == {"lisbon"}
    assert {request.headers["authorization"] for request in crm.asked} == {"Bearer battery staple"}


async def test_not_found_may_be_a_wrong_path_and_is_told_so(crm: Crm, tmp_path: Path) -> None:
    crm.answering = saying(404)

    (found,) = await check(config(tmp_path, crm.url))

    assert found.level is Level.OK
    assert "and as for a path that is wrong" in found.text


async def test_a_crm_that_knows_everybody_is_warned_of(crm: Crm, tmp_path: Path) -> None:
    crm.answering = naming({"id": "c-17"})

    _, found = await check(config(tmp_path, crm.url))

    assert found.level is Level.WARNING
    assert f"it knows c-17 by {NOBODYS}, a number that nobody can have" in found.text


async def test_a_crm_that_is_too_slow_is_warned_of(crm: Crm, tmp_path: Path) -> None:
    async def later(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return web.json_response({"customers": []})

    crm.answering = later

    _, found = await check(config(tmp_path, crm.url, deadline_s=0.04))

    assert found.level is Level.WARNING
    assert "it takes longer than deadline_s = 0.04, so its answers are thrown away" in found.text


@pytest.mark.parametrize(
    ("answering", "text", "advice"),
    [
        (saying(401), "look-up crm answers 401", "Is the secret the one it wants"),
        (saying(500), "look-up crm answers 500", "its log says which"),
        (saying(302), "look-up crm answers 302", "give the final URL"),
        (saying(200, b"<html>"), "look-up crm answers no JSON", "docs/directory.md"),
        (saying(200, b"{}"), 'look-up crm answers without a list "customers"', "docs/directory.md"),
    ],
)
async def test_what_is_no_answer_is_a_problem_with_what_to_do(
    crm: Crm, tmp_path: Path, answering: Answering, text: str, advice: str
) -> None:
    crm.answering = answering

    (found,) = await check(config(tmp_path, crm.url))

    assert (found.level, found.text) == (Level.PROBLEM, text)
    assert advice in found.advice


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://127.0.0.1:{port}/", "look-up crm: nothing listens there"),
        ("http://nothing.invalid/", "look-up crm: its name cannot be resolved"),
    ],
)
async def test_a_crm_that_cannot_be_reached_is_a_problem(tmp_path: Path, url: str, text: str) -> None:
    (found,) = await check(config(tmp_path, url.format(port=free_port())))

    assert found.level is Level.PROBLEM
    assert found.text.startswith(text)
    assert found.advice.endswith("?")


async def test_a_crm_that_does_not_answer_at_all_is_not_waited_for(
    crm: Crm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_check, "CHECK_S", 0.1)
    crm.gate = asyncio.Event()

    (found,) = await check(config(tmp_path, crm.url))

    assert (found.level, found.text) == (Level.PROBLEM, "look-up crm did not answer within 0.1 s")
