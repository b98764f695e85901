"""Transfers on the real Asterisk, as a CRM hears them: the customer's call, and the one in which somebody was asked."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.lab.asterisk import Asterisk
from tests.lab.crm import PAST, Crm, Delivery
from tests.lab.daemon import Daemon
from tests.lab.record import SCENES
from tests.lab.room import Room
from tests.live.asked_first import ASKED_FIRST
from tests.live.awkward import AWKWARD
from tests.live.blind import BLIND
from tests.live.tellings import Handed

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]


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


TOLD: Final = BLIND | ASKED_FIRST | AWKWARD

EARLY_S, LATE_S = 0.1, 2.0
"""Phones take their time to do what they are told; on a busy machine more, at either end (`Room.slack_s`)."""


@pytest.mark.parametrize("scene", TOLD)
async def test_a_transfer_is_told_as_it_happened(scene: str, room: Room, daemon: Daemon, crm: Crm) -> None:
    await daemon.until(nothing_is_left, "the calls before this one to be over")
    crm.forget()
    telling = TOLD[scene]
    await SCENES[scene](room)
    await crm.hears("call.ended", count=1 if telling.asked is None else 2)

    first, *others = by_call(crm.taken).values()
    if "queued" in telling.heard:
        first = ringing_at_once(first)
    call = is_told(first, telling.heard, telling.last)
    for key, seconds in telling.seconds.items():
        assert seconds - EARLY_S - room.slack_s < call[key] < seconds + LATE_S + room.slack_s, key
    assert [handed(one) for one in first if one.type == "call.transferred"] == list(telling.handed)
    assert len(others) == (telling.asked is not None)
    if telling.asked is not None:
        asked = is_told(others[0], telling.asked, telling.asked_last)
        assert asked["merged_into"] == (call["id"] if telling.merged else None)
    for each in by_call(crm.taken).values():
        assert [one.data["sequence"] for one in each] == list(range(1, len(each) + 1))
    assert nothing_is_left(await daemon.status())


def by_call(told: list[Delivery]) -> dict[str, list[Delivery]]:
    """Return what was told of each call, the first call first."""
    calls: dict[str, list[Delivery]] = {}
    for one in told:
        if one.type.startswith("call."):
            calls.setdefault(one.call["id"], []).append(one)
    return calls


def ringing_at_once(told: list[Delivery]) -> list[Delivery]:
    """Leave out what rings again in a queue: a busy machine dials members apart, or answers in a later round."""
    types = [one.type for one in told]
    twice = [place for place in range(1, len(types)) if types[place - 1 : place + 1] == ["call.ringing"] * 2]
    return [one for place, one in enumerate(told) if place not in twice]


def is_told(told: list[Delivery], heard: str, last: dict[str, Any]) -> dict[str, Any]:
    """Hold what was told of a call to what it must be; return the call as it ended."""
    assert [one.type.removeprefix("call.") for one in told if one.type != PAST] == [
        "started",
        *heard.split(),
        "ended",
    ], [(one.type, one.content["timestamp"], one.data.get("ringing")) for one in told]
    call = told[-1].call
    assert {key: call[key] for key in last} == last
    assert call["oddities"] == 0
    assert {leg["state"] for leg in call["legs"]} == {"down"}
    assert all(leg["channel"].startswith(("PJSIP/", "SIP/")) for leg in call["legs"])
    return call


def handed(one: Delivery) -> Handed:
    transfer = one.data["transfer"]
    assert transfer["from"] == transfer["by"]
    return Handed(transfer["kind"], who(transfer["by"]), who(transfer["to"]))


def who(party: dict[str, Any]) -> str:
    return str(party["extension"] or party["raw"])


def nothing_is_left(status: dict[str, Any] | None) -> bool:
    return status is not None and [pbx["live_calls"] for pbx in status["pbxs"]] == [0]
