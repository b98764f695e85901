"""The daemon killed and started again in the middle of real calls: nothing lost, nothing told twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm
from tests.lab.daemon import Daemon
from tests.lab.room import Room

pytestmark = pytest.mark.faults


def told(crm: Crm) -> list[tuple[int, str]]:
    return [(one.data["sequence"], one.type) for one in crm.taken if one.type.startswith("call.")]


async def test_a_call_goes_on_as_itself_when_the_daemon_is_killed_while_it_rings(pbx: Asterisk, room: Room) -> None:
    async with Crm() as crm, Daemon(pbx, crm) as daemon:
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        await crm.hears("call.ringing")
        await daemon.kill()
        await daemon.start()
        await ana.answer()
        await crm.hears("call.answered")
        await room.talk(1)
        await maria.hangup()
        await crm.hears("call.ended")

        assert told(crm) == [(1, "call.started"), (2, "call.ringing"), (3, "call.answered"), (4, "call.ended")]
        assert len({one.call["id"] for one in crm.taken if "call" in one.data}) == 1
        assert len({one.call["protocol"] for one in crm.taken if "call" in one.data}) == 1
        assert crm.of_type("pbx.connected")[-1].data["gap"] is not None


async def test_a_call_that_ends_while_nobody_listens_is_told_as_ended(pbx: Asterisk, room: Room) -> None:
    async with Crm() as crm, Daemon(pbx, crm) as daemon:
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        await ana.answer()
        await crm.hears("call.answered")
        await daemon.kill()
        await maria.hangup()
        await ana.closed()
        await daemon.start()
        last = await crm.hears("call.ended")

        assert (last.call["state"], last.call["reason"]) == ("completed", "interrupted")
        assert [kind for _, kind in told(crm)] == ["call.started", "call.ringing", "call.answered", "call.ended"]
        status = await daemon.status()
        assert status is not None
        assert status["live_calls"] == 0


async def test_a_call_that_began_while_nobody_listened_is_adopted(pbx: Asterisk, room: Room) -> None:
    async with Crm() as crm, Daemon(pbx, crm) as daemon:
        await daemon.kill()
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        await ana.answer()
        await maria.established()
        await daemon.start()
        adopted = await crm.hears("call.answered")
        await maria.hangup()
        last = await crm.hears("call.ended")

        assert adopted.call["agent"] == {"extension": "1001", "name": "Ana Costa"}
        assert adopted.call["from"]["number"] == "+351912345678"
        assert last.call["state"] == "completed"


async def test_what_a_dead_crm_missed_arrives_in_order_after_a_restart(pbx: Asterisk, room: Room) -> None:
    async with Crm(answer=lambda _: 503) as crm, Daemon(pbx, crm) as daemon:
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        await room.talk(0.5)
        await maria.hangup()
        await ana.closed()
        await daemon.logs("call.ended")  # it logs what is committed
        await daemon.kill()
        crm.answer = lambda _: 204
        await daemon.start()
        await crm.hears("call.missed", within_s=60)

        assert told(crm) == [(1, "call.started"), (2, "call.ringing"), (3, "call.ended"), (4, "call.missed")]
        bodies = {one.id: {same.body for same in crm.deliveries if same.id == one.id} for one in crm.deliveries}
        assert all(len(versions) == 1 for versions in bodies.values())


async def test_protocol_numbers_go_on_after_a_kill(pbx: Asterisk, room: Room) -> None:
    async with Crm() as crm, Daemon(pbx, crm) as daemon:
        for count in (1, 2):
            maria, ana = await room.customer(), await room.phone("1001")
            await maria.dial("210000000")
            await ana.rings()
            await maria.hangup()
            await crm.hears("call.missed", count=count)
            await asyncio.gather(maria.__aexit__(None, None, None), ana.__aexit__(None, None, None))
            await daemon.kill()
            await daemon.start()
        numbers = [one.call["protocol"] for one in crm.of_type("call.started")]

        assert [number.split("-")[1] for number in numbers] == ["000001", "000002"]


async def test_a_pbx_that_dies_is_told_and_its_calls_with_it(own_pbx: Asterisk, own_room: Room) -> None:
    async with Crm() as crm, Daemon(own_pbx, crm) as daemon:
        maria, ana = await own_room.customer(), await own_room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        await crm.hears("call.ringing")
        await own_pbx.kill()
        await crm.hears("pbx.disconnected", within_s=30)
        await own_pbx.start()
        await crm.hears("pbx.connected", count=2, within_s=60)
        last = await crm.hears("call.ended")

        assert (last.call["state"], last.call["reason"]) == ("failed", "interrupted")
        assert crm.of_type("pbx.connected")[-1].data["gap"]["ended"] == 1
        assert (await daemon.status() or {})["live_calls"] == 0


@pytest.fixture
async def own_room(own_pbx: Asterisk) -> AsyncIterator[Room]:
    async with Room(own_pbx) as room:
        yield room
