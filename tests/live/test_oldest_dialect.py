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
from tests.live import test_calls as calls
from tests.live import test_transfers as transfers
from tests.live.test_least_privilege import ReadmeDaemon, ReadmePbx

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]

ROWS: Final = ("01", "02", "06", "11")
"""Of the scenarios, those that must hold on it, with all transfers."""

TOLD: Final = [scene for scene in calls.TOLD if scene.startswith(ROWS)]
HANDED_ON: Final = [scene for scene in transfers.TOLD if scene.startswith(("16", "17", "18"))]


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


ON_ASTERISK_16: Final = pytest.mark.parametrize("pbx", ["PJSIP"], indirect=True, scope="module")
OVER_CHAN_SIP: Final = pytest.mark.parametrize("pbx", ["SIP"], indirect=True, scope="module")


@ON_ASTERISK_16
@pytest.mark.parametrize("scene", TOLD)
async def test_a_call_on_asterisk_16_is_told_as_it_happened(scene: str, room: Room, daemon: Daemon, crm: Crm) -> None:
    await calls.is_told(scene, room, crm)


@ON_ASTERISK_16
@pytest.mark.parametrize("scene", HANDED_ON)
async def test_a_transfer_on_asterisk_16_is_told_as_it_happened(
    scene: str, room: Room, daemon: Daemon, crm: Crm
) -> None:
    await transfers.test_a_transfer_is_told_as_it_happened(scene, room, daemon, crm)


@OVER_CHAN_SIP
@pytest.mark.parametrize("scene", TOLD)
async def test_a_call_over_chan_sip_is_told_as_it_happened(scene: str, room: Room, daemon: Daemon, crm: Crm) -> None:
    await calls.is_told(scene, room, crm)
    (ended,) = crm.of_type("call.ended")
    assert {leg["channel"].partition("/")[0] for leg in ended.call["legs"]} == {"SIP"}


@OVER_CHAN_SIP
async def test_a_transfer_over_chan_sip_is_told_as_it_happened(room: Room, daemon: Daemon, crm: Crm) -> None:
    await transfers.test_a_transfer_is_told_as_it_happened("16-blind-answered", room, daemon, crm)


async def test_the_readmes_configuration_is_enough_on_asterisk_16() -> None:
    async with ReadmePbx(old_program()) as pbx, Crm() as crm, ReadmeDaemon(pbx, crm) as daemon, Room(pbx) as room:
        await calls.is_told("06-queue-rrmemory-second-answers", room, crm)
        tried = await asyncio.to_thread(
            subprocess.run, command("check", "--config", str(daemon.config)), capture_output=True, text=True, timeout=60
        )

    assert (tried.returncode, tried.stderr) == (0, ""), tried.stdout
