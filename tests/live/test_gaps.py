"""A link that is cut for a while, and a PBX that goes away under its calls."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm
from tests.lab.cutter import Cutter
from tests.lab.daemon import Daemon
from tests.lab.phones import CallEnded, Phone
from tests.lab.room import Room

pytestmark = [pytest.mark.live]

LOST_WITHIN_S = 40.0
"""For a link that is dead though it stands: nobody closes it, a question without an answer must tell."""
BACK_WITHIN_S = 60.0


class Line:
    """A daemon that hears the PBX over a way that can be cut."""

    def __init__(self, way: Cutter, daemon: Daemon, crm: Crm) -> None:
        self.way, self.daemon, self.crm = way, daemon, crm

    async def goes(self) -> None:
        await self.way.cut()
        await self.crm.hears("pbx.disconnected", count=self._times("pbx.disconnected") + 1, within_s=LOST_WITHIN_S)

    async def comes(self) -> dict[str, Any]:
        """Return the gap that is told."""
        expected = self._times("pbx.connected") + 1
        await self.way.mend()
        told = await self.crm.hears("pbx.connected", count=expected, within_s=BACK_WITHIN_S)
        gap: dict[str, Any] = told.data["gap"]
        assert gap["from"] <= gap["to"]
        return gap

    def _times(self, kind: str) -> int:
        return len(self.crm.of_type(kind))


@pytest.fixture
async def line(pbx: Asterisk) -> AsyncIterator[Line]:
    async with Crm() as crm, Cutter(pbx) as way, Daemon(way, crm, ari=False) as daemon:
        await crm.hears("pbx.connected")
        yield Line(way, daemon, crm)


async def rings(room: Room, number: str = "210000000") -> tuple[Phone, Phone]:
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial(number)
    await ana.rings()
    return maria, ana


async def talk(room: Room, line: Line) -> tuple[Phone, Phone]:
    maria, ana = await rings(room)
    await ana.answer()
    await maria.established()
    await line.crm.hears("call.answered")
    return maria, ana


async def test_a_call_that_goes_on_over_a_cut_is_told_as_if_nothing_had_been(line: Line, room: Room) -> None:
    maria, ana = await talk(room, line)
    await line.goes()
    gap = await line.comes()
    await maria.hangup()
    last = await line.crm.hears("call.ended")
    await ana.closed()

    assert line.crm.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert (last.call["state"], last.call["reason"], last.call["ended_by"]) == ("completed", None, "caller")
    assert (gap["restarted"], gap["ended"], gap["adopted"]) == (False, 0, 0)
    assert last.call["oddities"] == 0


async def test_a_call_that_ends_in_the_cut_is_ended_after_it(line: Line, room: Room) -> None:
    maria, ana = await talk(room, line)
    await line.goes()
    await maria.hangup()
    await ana.closed()
    gap = await line.comes()
    last = await line.crm.hears("call.ended")

    assert (last.call["state"], last.call["reason"]) == ("completed", "interrupted")
    assert (gap["ended"], gap["adopted"]) == (1, 0)
    assert (await line.daemon.status() or {})["live_calls"] == 0


async def test_a_call_that_rings_in_the_cut_and_stops_is_missed(line: Line, room: Room) -> None:
    maria, ana = await rings(room)
    await line.crm.hears("call.ringing")
    await line.goes()
    await maria.hangup()
    await ana.closed()
    await line.comes()
    last = await line.crm.hears("call.missed")

    assert (last.call["state"], last.call["reason"], last.call["direction"]) == ("failed", "interrupted", "inbound")
    assert last.data["missed"]["rung"][0]["extension"] == "1001"


async def test_a_call_that_began_in_the_cut_is_adopted_with_all_that_can_be_known(line: Line, room: Room) -> None:
    await line.goes()
    maria, ana = await rings(room)
    await ana.answer()
    await maria.established()
    gap = await line.comes()
    answered = await line.crm.hears("call.answered")
    await maria.hangup()
    await line.crm.hears("call.ended")

    assert (gap["ended"], gap["adopted"]) == (0, 1)
    assert line.crm.heard == ["call.started", "call.answered", "call.ended"]
    assert answered.call["from"]["number"] == "+351912345678"
    assert answered.call["to"]["number"] == "+351210000000"
    assert answered.call["agent"] == {"extension": "1001", "name": "Ana Costa"}


async def test_a_phone_that_is_answered_in_the_cut_is_told_once(line: Line, room: Room) -> None:
    maria, ana = await rings(room)
    await line.crm.hears("call.ringing")
    await line.goes()
    await ana.answer()
    await maria.established()
    await line.comes()
    answered = await line.crm.hears("call.answered")
    await maria.hangup()
    last = await line.crm.hears("call.ended")

    assert line.crm.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert answered.data["by"]["extension"] == "1001"
    assert last.call["state"] == "completed"


async def test_a_caller_who_gives_up_a_queue_in_the_cut_is_missed(line: Line, room: Room) -> None:
    maria, ana = await rings(room, "210000020")
    await line.crm.hears("call.ringing")
    await line.goes()
    await maria.hangup()
    await ana.closed()
    await line.comes()
    last = await line.crm.hears("call.missed")

    assert (last.call["state"], last.call["reason"], last.call["queue"]) == ("failed", "interrupted", "sales")


async def test_a_caller_who_is_answered_from_a_queue_in_the_cut_has_left_it(line: Line, room: Room) -> None:
    maria, ana = await rings(room, "210000020")
    await line.crm.hears("call.ringing")
    await line.goes()
    await ana.answer()
    await ana.established()
    await line.comes()
    answered = await line.crm.hears("call.answered")
    await maria.hangup()
    await line.crm.hears("call.ended")

    assert answered.call["agent"]["extension"] == "1001"
    assert line.crm.heard == ["call.started", "call.queued", "call.ringing", "call.answered", "call.ended"]


async def answers_in_turn(phone: Phone) -> None:
    """Answer where a queue lets a phone ring for two seconds only, again and again."""
    await phone.closed()
    for _ in range(10):
        await phone.rings()
        await phone.answer()
        with suppress(CallEnded):
            return await phone.established()
    raise AssertionError(f"{phone!r} was too late ten times")


async def test_a_caller_whom_a_queue_sent_away_in_the_cut_has_left_it_for_its_reason(line: Line, room: Room) -> None:
    """After two seconds in one queue they wait in the next."""
    maria, ana = await rings(room, "210000029")
    await line.crm.hears("call.ringing")
    await line.goes()
    await ana.closed()
    await ana.rings()
    await line.comes()
    await line.crm.hears("call.queued", count=2)
    await answers_in_turn(ana)
    last = await line.crm.hears("call.answered")
    await maria.hangup()
    await line.crm.hears("call.ended")

    assert last.call["queue"] == "support"
    assert line.crm.heard.count("call.started") == 1


async def test_a_hold_in_the_cut_is_told_after_it(line: Line, room: Room) -> None:
    maria, ana = await talk(room, line)
    await line.goes()
    await ana.hold()
    await room.talk(0.5)
    await line.comes()
    held = await line.crm.hears("call.held")
    await ana.resume()
    await line.crm.hears("call.resumed")
    await maria.hangup()
    await line.crm.hears("call.ended")

    assert held.data["by"]["extension"] == "1001"


async def test_whoever_a_call_was_handed_to_in_the_cut_has_it(line: Line, room: Room) -> None:
    maria, ana = await talk(room, line)
    eva = await room.phone("201")
    await line.goes()
    await ana.transfer("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await ana.closed()
    await line.comes()
    await maria.hangup()
    last = await line.crm.hears("call.ended")

    assert (last.call["state"], last.call["reason"]) == ("completed", None)
    assert last.call["agent"]["extension"] == "201"
    assert {one.call["id"] for one in line.crm.of_type("call.ended")} == {last.call["id"]}


async def test_a_link_that_is_dead_though_it_stands_is_noticed(line: Line, room: Room) -> None:
    maria, ana = await talk(room, line)
    line.way.silence()
    await line.crm.hears("pbx.disconnected", within_s=LOST_WITHIN_S)
    await maria.hangup()
    await ana.closed()
    await line.way.cut()
    await line.comes()
    last = await line.crm.hears("call.ended")

    assert last.call["reason"] == "interrupted"


@pytest.fixture
async def own_room(own_pbx: Asterisk) -> AsyncIterator[Room]:
    async with Room(own_pbx) as room:
        yield room


async def three_calls(room: Room, crm: Crm) -> None:
    """One that is up, one that waits in a queue, one that rings."""
    maria, rui, zoe = [await room.customer(host=host) for host in (100, 101, 102)]
    eva, ana, carla = await room.phone("201"), await room.phone("1001"), await room.phone("1003")
    await eva.dial("1003")
    await carla.rings()
    await carla.answer()
    await eva.established()
    await maria.dial("210000020")
    await ana.rings()
    await rui.dial("210000020")
    await rui.established()
    await zoe.dial("210000003")
    await crm.hears("call.answered")
    await crm.hears("call.queued", count=2)
    await crm.hears("call.started", count=4)


@pytest.mark.parametrize("killed", [False, True])
async def test_a_pbx_that_is_started_anew_has_none_of_its_calls(
    *, killed: bool, own_pbx: Asterisk, own_room: Room
) -> None:
    async with Crm() as crm, Daemon(own_pbx, crm) as daemon:
        await crm.hears("pbx.connected")
        await three_calls(own_room, crm)
        await (own_pbx.kill() if killed else own_pbx.stop())
        await crm.hears("pbx.disconnected", within_s=LOST_WITHIN_S)
        await own_pbx.start()
        told = await crm.hears("pbx.connected", count=2, within_s=BACK_WITHIN_S)
        await crm.hears("call.ended", count=4)

        gap = told.data["gap"]
        assert (gap["restarted"], gap["adopted"]) == (True, 0)
        assert (await daemon.status() or {})["live_calls"] == 0
        ends = [(one.call["state"], one.call["reason"]) for one in crm.of_type("call.ended")]
        if killed:
            assert gap["ended"] == 4
            assert sorted(ends) == [("completed", "interrupted"), *[("failed", "interrupted")] * 3]
        assert len({one.call["id"] for one in crm.of_type("call.started")}) == 4


async def test_calls_on_the_new_pbx_are_told_like_any_other(own_pbx: Asterisk, own_room: Room) -> None:
    async with Crm() as crm, Daemon(own_pbx, crm):
        await crm.hears("pbx.connected")
        await own_pbx.kill()
        await own_pbx.start()
        await crm.hears("pbx.connected", count=2, within_s=BACK_WITHIN_S)
        maria, ana = await rings(own_room)
        await ana.answer()
        await maria.established()
        await maria.hangup()
        last = await crm.hears("call.ended")

        assert crm.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
        assert (last.call["state"], last.call["oddities"]) == ("completed", 0)
