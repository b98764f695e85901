"""A gap in which the PBX was started anew: its calls end as its log says, and are interrupted where that is silent."""

from collections.abc import AsyncIterator

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm
from tests.lab.cutter import Cutter
from tests.lab.daemon import Daemon
from tests.lab.phones import Phone
from tests.lab.room import Room
from tests.live.test_backfill import calls_in, cel_of

pytestmark = [pytest.mark.live]

BACK_WITHIN_S = 60.0


@pytest.fixture
async def room(own_pbx: Asterisk) -> AsyncIterator[Room]:
    async with Room(own_pbx) as room:
        yield room


async def talks(room: Room, crm: Crm) -> tuple[Phone, Phone]:
    """Maria and Ana, whose call is heard."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("210000000")
    await ana.rings()
    await ana.answer()
    await crm.hears("call.answered")
    return maria, ana


async def in_the_gap(room: Room, pbx: Asterisk, maria: Phone, ana: Phone) -> Phone:
    """Maria hangs up, and calls in vain; Rui talks to Bruno when the PBX dies; Carla talks to Eva on the new one."""
    await maria.hangup()
    await ana.closed()
    await maria.dial("210000000")
    await ana.rings()
    await maria.hangup()
    await ana.closed()
    rui, bruno = await room.customer("936000111", "Rui Costa", host=101), await room.phone("1002")
    await rui.dial("210000062")
    await bruno.rings()
    await bruno.answer()
    await bruno.established()
    await room.talk(1)
    await pbx.kill()
    await pbx.start()
    carla, eva = await room.phone("1003"), await room.phone("201")
    await carla.dial("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    return eva


@pytest.mark.parametrize("alive", [False, True], ids=["the daemon is dead", "the daemon is alive"])
async def test_calls_of_a_pbx_that_is_started_anew_in_a_gap_end_as_its_log_says(
    own_pbx: Asterisk, room: Room, *, alive: bool
) -> None:
    async with Crm() as crm, Cutter(own_pbx) as way, Daemon(way, crm, ari=False, more=cel_of(own_pbx)) as daemon:
        await crm.hears("pbx.connected")
        maria, ana = await talks(room, crm)
        if alive:
            await way.cut()
            await crm.hears("pbx.disconnected")
        else:
            await daemon.kill()
        eva = await in_the_gap(room, own_pbx, maria, ana)
        if alive:
            await way.mend()
        else:
            await daemon.start()
        back = await crm.hears("pbx.connected", count=2, within_s=BACK_WITHIN_S)
        await eva.hangup()
        await crm.hears("call.ended", count=4, within_s=BACK_WITHIN_S)

    heard, missed, lost, new = calls_in(crm.taken).values()
    assert heard.types == ("call.started", "call.ringing", "call.answered", "call.ended")
    assert (heard.last["state"], heard.last["reason"], heard.last["ended_by"]) == ("completed", None, "caller")
    assert missed.types == ("call.started", "call.ringing", "call.ended", "call.missed")
    assert (missed.last["state"], missed.last["reason"]) == ("cancelled", None)
    assert lost.types == ("call.started", "call.ringing", "call.answered", "call.ended")
    assert (lost.last["state"], lost.last["reason"]) == ("completed", "interrupted")
    assert new.types == ("call.started", "call.ringing", "call.answered", "call.ended")
    assert (new.last["state"], new.last["reason"], new.last["ended_by"]) == ("completed", None, "callee")
    assert lost.last["started_at"] < lost.last["answered_at"] <= lost.last["ended_at"] < new.last["started_at"]
    assert [call.last["oddities"] for call in (heard, missed, lost, new)] == [0] * 4
    gap = back.data["gap"]
    assert (gap["restarted"], gap["ended"], gap["adopted"]) == (True, 1, 0)
    assert gap["backfilled"] == {"complete": True, "started": 3, "ended": 2, "missed": 1}
