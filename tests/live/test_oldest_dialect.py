"""Calls on Asterisk 16, the oldest dialect that is read: the same scenes, and the same is told.

Also on its chan_sip, the driver that many old PBXs have still and that is gone from Asterisk 21 on.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm
from tests.lab.daemon import Daemon, command
from tests.lab.program import NoAsterisk, Program, find_old_program
from tests.lab.room import Room
from tests.live.test_calls import TOLD, is_told
from tests.live.test_least_privilege import ReadmeDaemon, ReadmePbx

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]

ROWS: Final = ("01", "02", "06", "11", "16")
"""Of the scenarios, those that must hold on it."""

CHAN_SIP: Final = ("01", "02", "06", "16")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pbx(request: pytest.FixtureRequest) -> AsyncIterator[Asterisk]:
    """The parameter is the driver of its phones and lines: PJSIP or SIP."""
    async with Asterisk(old_program(), technology=request.param) as pbx:
        yield pbx


def old_program() -> Program:
    try:
        return find_old_program()
    except NoAsterisk as why:
        pytest.skip(str(why))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def daemon(pbx: Asterisk, crm: Crm) -> AsyncIterator[Daemon]:
    async with Daemon(pbx, crm) as daemon:
        yield daemon


@pytest_asyncio.fixture(loop_scope="session")
async def room(pbx: Asterisk) -> AsyncIterator[Room]:
    async with Room(pbx) as room:
        yield room
    await pbx.settle()


def scenes_of(rows: tuple[str, ...]) -> list[str]:
    return [scene for scene in TOLD if scene.startswith(rows)]


@pytest.mark.parametrize("scene", scenes_of(ROWS))
@pytest.mark.parametrize("pbx", ["PJSIP"], indirect=True, scope="module")
async def test_a_call_on_asterisk_16_is_told_as_it_happened(scene: str, room: Room, daemon: Daemon, crm: Crm) -> None:
    await is_told(scene, room, crm)


@pytest.mark.parametrize("scene", scenes_of(CHAN_SIP))
@pytest.mark.parametrize("pbx", ["SIP"], indirect=True, scope="module")
async def test_a_call_over_chan_sip_is_told_as_it_happened(scene: str, room: Room, daemon: Daemon, crm: Crm) -> None:
    await is_told(scene, room, crm)
    (ended,) = crm.of_type("call.ended")
    assert {leg["channel"].partition("/")[0] for leg in ended.call["legs"]} == {"SIP"}


async def test_the_readmes_configuration_is_enough_on_asterisk_16() -> None:
    async with ReadmePbx(old_program()) as pbx, Crm() as crm, ReadmeDaemon(pbx, crm) as daemon, Room(pbx) as room:
        await is_told("06-queue-rrmemory-second-answers", room, crm)
        tried = await asyncio.to_thread(
            subprocess.run, command("check", "--config", str(daemon.config)), capture_output=True, text=True, timeout=60
        )

    assert (tried.returncode, tried.stderr) == (0, ""), tried.stdout
