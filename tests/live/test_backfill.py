"""Calls that came and went while the daemon was away, told afterwards from the log a real Asterisk kept of them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm, Delivery
from tests.lab.daemon import Daemon
from tests.lab.record import SCENES
from tests.lab.room import Room

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]

LOG: Final = "log/cel-custom/Master.csv"
WITHIN_S: Final = 0.2
"""How far seconds may be from what is told live: CEL keeps microseconds unless dateformat= says otherwise."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


def cel_of(pbx: Asterisk) -> str:
    return f'[pbx.cel]\nfile = "{pbx.home / LOG}"\n'


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def away(pbx: Asterisk, crm: Crm) -> AsyncIterator[Daemon]:
    """A daemon that can be sent away."""
    (pbx.home / LOG).touch()
    async with Daemon(pbx, crm, more=cel_of(pbx)) as daemon:
        yield daemon


@pytest_asyncio.fixture(loop_scope="session")
async def room(pbx: Asterisk) -> AsyncIterator[Room]:
    """In the loop the CRM listens in."""
    async with Room(pbx) as room:
        yield room
    await pbx.settle()


async def test_a_call_that_came_and_went_while_the_daemon_was_away_is_told_afterwards(
    room: Room, away: Daemon, crm: Crm
) -> None:
    crm.forget()
    await away.stop()
    await SCENES["01-answered-caller-hangs-up"](room)
    await away.start()
    last = await crm.hears("call.ended")

    assert crm.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert all(one.data["backfilled"] is True for one in crm.taken if "call" in one.data)
    assert (last.call["state"], last.call["ended_by"], last.call["agent"]["extension"]) == ("completed", "caller", "1001")
