"""Calls that go on for too long, on a real Asterisk, as a CRM hears it while they do."""

import os
import signal
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm, Delivery
from tests.lab.daemon import Daemon
from tests.lab.phones import Phone
from tests.lab.record import SCENES
from tests.lab.room import Room

pytestmark = pytest.mark.live

LIMITS = "\n[limits]\ninbound_s = 2\n[limits.queues]\nsales = 1\n"

LIMITED = {"34-too-long": 1.5, "34-too-long-after-a-queue": 1.0, "34-ends-in-time": None}
"""Scene: the limit that is passed in it, by the settings its tape has."""


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


async def talking(room: Room, wanted: str = "210000000") -> Phone:
    """Maria calls, 1001 answers; return Maria, who will hang up."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial(wanted)
    await ana.rings()
    await ana.answer()
    await maria.established()
    return maria


def passed_at(told: Delivery) -> datetime:
    """When the call in `told` had gone on for its limit, by its own times."""
    return datetime.fromisoformat(told.call["answered_at"]) + timedelta(seconds=told.data["limit_s"])


def assert_told_once_and_kept(crm: Crm, limit_s: float) -> None:
    (told,) = crm.of_type("call.too_long")
    assert (told.data["limit_s"], told.call["state"]) == (limit_s, "answered")
    assert told.call["too_long"] == {"limit_s": limit_s, "at": told.content["timestamp"]}
    assert datetime.fromisoformat(told.content["timestamp"]) == passed_at(told)
    ended = crm.of_type("call.ended")[-1]
    assert (ended.call["state"], ended.call["too_long"]) == ("completed", told.call["too_long"])


@pytest.mark.parametrize(("wanted", "limit_s"), [("210000000", 2), ("210000020", 1)], ids=["direction", "queue"])
async def test_a_call_that_passes_its_limit_is_told_while_it_goes_on(
    wanted: str, limit_s: float, pbx: Asterisk, room: Room, crm: Crm
) -> None:
    async with Daemon(pbx, crm, more=LIMITS):
        maria = await talking(room, wanted)
        told = await crm.hears("call.too_long")
        assert crm.of_type("call.ended") == []
        assert told.call["talk_s"] is None
        await maria.hangup()
        await crm.hears("call.ended")

        assert_told_once_and_kept(crm, limit_s)


@pytest.mark.parametrize("scene", LIMITED)
async def test_a_call_is_too_long_by_the_limit_its_tape_says(scene: str, pbx: Asterisk, room: Room, crm: Crm) -> None:
    settings = (Path(__file__).parents[1] / "tapes" / f"{scene}.toml").read_text()
    async with Daemon(pbx, crm, more="\n[limits]" + settings.partition("[limits]")[2]):
        await SCENES[scene](room)
        ended = await crm.hears("call.ended")

        limit_s = LIMITED[scene]
        if limit_s is None:
            assert (crm.of_type("call.too_long"), ended.call["too_long"]) == ([], None)
        else:
            assert_told_once_and_kept(crm, limit_s)


async def test_a_call_that_ends_in_time_is_not_told(pbx: Asterisk, room: Room, crm: Crm) -> None:
    async with Daemon(pbx, crm, more=LIMITS):
        maria = await talking(room)
        await room.talk(1)
        await maria.hangup()
        ended = await crm.hears("call.ended")

        assert (crm.of_type("call.too_long"), ended.call["too_long"]) == ([], None)


async def test_a_limit_that_is_reloaded_holds_for_the_call_that_goes_on(pbx: Asterisk, room: Room, crm: Crm) -> None:
    async with Daemon(pbx, crm) as daemon:
        maria = await talking(room)
        await crm.hears("call.answered")
        with daemon.config.open("a") as file:
            file.write(LIMITS)
        os.kill(daemon.pid, signal.SIGHUP)
        await crm.hears("call.too_long")
        await maria.hangup()
        await crm.hears("call.ended")

        assert_told_once_and_kept(crm, 2)


async def test_a_restart_neither_forgets_nor_repeats_it(pbx: Asterisk, room: Room, crm: Crm) -> None:
    async with Daemon(pbx, crm, more=LIMITS) as daemon:
        maria = await talking(room)
        await crm.hears("call.answered")
        await daemon.kill()
        await daemon.start()
        told = await crm.hears("call.too_long")
        await daemon.kill()
        await daemon.start()
        await maria.hangup()
        ended = await crm.hears("call.ended")

        assert len(crm.of_type("call.too_long")) == 1
        assert datetime.fromisoformat(told.call["too_long"]["at"]) == passed_at(told)
        assert ended.call["too_long"] == told.call["too_long"]
