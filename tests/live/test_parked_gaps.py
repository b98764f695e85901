"""Calls in a car park while the daemon is away, with no more rights than README.md gives it."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm
from tests.lab.phones import Phone
from tests.lab.program import Program
from tests.lab.room import Room
from tests.lab.scenes.talks import maria_talks_to_ana
from tests.live.test_least_privilege import ReadmeDaemon, ReadmePbx

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]


class PatientPbx(ReadmePbx):
    """The same, where nobody is called back while a daemon starts."""

    def _furnish(self) -> None:
        super()._furnish()
        parking = self.home / "etc/res_parking.conf"
        parking.write_text(re.sub(r"(?m)^parkingtime => .*$", "parkingtime => 300", parking.read_text()))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pbx(program: Program) -> AsyncIterator[Asterisk]:
    async with PatientPbx(program) as pbx:
        yield pbx


@pytest_asyncio.fixture(loop_scope="session")
async def room(pbx: Asterisk) -> AsyncIterator[Room]:
    async with Room(pbx) as room:
        yield room
    await pbx.settle()


class Listening:
    """A daemon, and the CRM it tells."""

    def __init__(self, daemon: ReadmeDaemon, crm: Crm) -> None:
        self.daemon, self.crm = daemon, crm

    async def starts(self) -> None:
        """Return when it knows what is true."""
        connected = len(self.crm.of_type("pbx.connected"))
        await self.daemon.start()
        await self.crm.hears("pbx.connected", count=connected + 1)


@pytest_asyncio.fixture(loop_scope="session")
async def listening(pbx: Asterisk) -> AsyncIterator[Listening]:
    async with Crm() as crm, ReadmeDaemon(pbx, crm) as daemon:
        await crm.hears("pbx.connected")
        yield Listening(daemon, crm)


async def parked(room: Room) -> Phone:
    """Maria, whom 1001 has put into the car park."""
    maria, ana = await maria_talks_to_ana(room)
    await ana.transfer("700")
    await ana.closed()
    return maria


async def fetches(room: Room, slot: str = "701") -> Phone:
    bruno = await room.phone("1002")
    await bruno.dial(slot)
    await bruno.established()
    return bruno


TOLD = ["call.started", "call.ringing", "call.answered", "call.parked", "call.unparked", "call.ended"]


async def test_who_was_parked_before_is_parked_still(room: Room, listening: Listening) -> None:
    maria = await parked(room)
    before = await listening.crm.hears("call.parked")
    await listening.daemon.kill()
    await listening.starts()
    await fetches(room)
    fetched = await listening.crm.hears("call.unparked")
    await maria.hangup()
    last = await listening.crm.hears("call.ended")

    assert listening.crm.heard == TOLD
    assert before.data["slot"] == fetched.data["slot"] == "701"
    assert fetched.data["by"]["extension"] == last.call["agent"]["extension"] == "1002"
    assert (last.call["state"], last.call["oddities"]) == ("completed", 0)


async def test_who_was_parked_meanwhile_is_told_with_their_slot(room: Room, listening: Listening) -> None:
    maria, ana = await maria_talks_to_ana(room)
    await listening.crm.hears("call.answered")
    await listening.daemon.kill()
    await ana.transfer("700")
    await ana.closed()
    await listening.starts()
    told = await listening.crm.hears("call.parked")
    await fetches(room)
    fetched = await listening.crm.hears("call.unparked")
    await maria.hangup()
    last = await listening.crm.hears("call.ended")

    assert listening.crm.heard == TOLD
    assert (told.data["slot"], told.data["by"]) == ("701", None)
    assert (fetched.data["slot"], fetched.data["by"]["extension"]) == ("701", "1002")
    assert (last.call["agent"]["extension"], last.call["oddities"]) == ("1002", 0)


async def test_who_was_fetched_meanwhile_is_with_whoever_fetched_them(room: Room, listening: Listening) -> None:
    await parked(room)
    await listening.crm.hears("call.parked")
    await listening.daemon.kill()
    bruno = await fetches(room)
    await listening.starts()
    fetched = await listening.crm.hears("call.unparked")
    await bruno.hangup()
    last = await listening.crm.hears("call.ended")

    assert listening.crm.heard == TOLD
    assert (fetched.data["slot"], fetched.data["by"]["extension"]) == ("701", "1002")
    assert (last.call["agent"]["extension"], last.call["ended_by"], last.call["oddities"]) == ("1002", "callee", 0)


async def test_who_was_parked_before_anybody_listened_is_adopted_in_the_car_park_and_not_missed(
    room: Room, listening: Listening
) -> None:
    await listening.daemon.kill()
    maria = await parked(room)
    await listening.starts()
    told = await listening.crm.hears("call.parked")
    await maria.hangup()
    last = await listening.crm.hears("call.ended")

    assert listening.crm.heard == ["call.started", "call.answered", "call.parked", "call.ended"]
    (answer,) = listening.crm.of_type("call.answered")
    assert answer.data["by"]["extension"] == last.call["agent"]["extension"] == "1001"
    assert told.data["slot"] == "701"
    assert (last.call["state"], last.call["ended_by"], last.call["oddities"]) == ("completed", "caller", 0)


async def test_who_was_parked_out_of_a_queue_before_anybody_listened_is_not_missed(
    room: Room, listening: Listening
) -> None:
    """Queue() keeps nothing of who answered."""
    await listening.daemon.kill()
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("210000020")
    await ana.rings()
    await ana.answer()
    await ana.established()
    await ana.transfer("700")
    await ana.closed()
    await listening.starts()
    await listening.crm.hears("call.parked")
    await maria.hangup()
    last = await listening.crm.hears("call.ended")

    assert listening.crm.heard == ["call.started", "call.answered", "call.parked", "call.ended"]
    assert (last.call["state"], last.call["queue"], last.call["oddities"]) == ("completed", "sales", 0)


async def test_of_two_who_were_parked_meanwhile_each_is_told_where_they_were_when_they_are_fetched(
    room: Room, listening: Listening
) -> None:
    """Which of two slots is whose, the PBX says to nobody who may not hang up calls too."""
    maria, ana = await maria_talks_to_ana(room)
    rui, bruno = await room.customer("936000111", "Rui Costa", host=101), await room.phone("1002")
    await rui.dial("210000062")
    await bruno.rings()
    await bruno.answer()
    await bruno.established()
    await listening.crm.hears("call.answered", count=2)
    await listening.daemon.kill()
    for agent in (ana, bruno):
        await agent.transfer("700")
        await agent.closed()
    await listening.starts()
    told = [await listening.crm.hears("call.parked", count=count) for count in (1, 2)]
    await bruno.dial("702")
    await bruno.established()
    fetched = await listening.crm.hears("call.unparked")
    await maria.hangup()
    await rui.hangup()
    await listening.crm.hears("call.ended", count=2)

    assert [one.data["slot"] for one in told] == [None, None]
    assert (fetched.call["from"]["name"], fetched.data["slot"]) == ("Rui Costa", "702")
    assert listening.crm.heard.count("call.unparked") == 1
