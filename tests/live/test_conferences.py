"""Scenes of several calls on the real Asterisk, as a CRM hears each of them: rooms, three-way, fetched calls."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm, Delivery
from tests.lab.daemon import Daemon
from tests.lab.record import SCENES
from tests.lab.room import Room

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


MARIA: Final = "912345678"
RUI: Final = "936000111"


@dataclass(frozen=True)
class Telling:
    """What a call must be told as: types without `call.`, and without `started` and `ended` around them."""

    heard: str
    agent: str | None
    last: dict[str, Any] = field(default_factory=dict)


TOLD: Final[dict[str, dict[str, Telling]]] = {
    "20-pickup-by-replaces": {
        MARIA: Telling("ringing answered", "1002", {"ended_by": "caller"}),
        "1002": Telling("", None, {"direction": "internal"}),
    },
    "22-park-of-two": {
        MARIA: Telling("ringing answered parked unparked", "1002", {"ended_by": "caller"}),
        RUI: Telling("ringing answered parked unparked", "1001", {"ended_by": "caller"}),
    },
    "22-park-in-ones-own-place": {
        MARIA: Telling("ringing answered held resumed parked unparked", "1002", {"ended_by": "caller"}),
        "1001": Telling("parked", None, {"direction": "internal", "ended_by": "caller"}),
    },
    "22-park-in-ones-own-place-comes-back": {
        MARIA: Telling(
            "ringing answered held resumed parked unparked ringing answered", "1001", {"ended_by": "caller"}
        ),
        "1001": Telling("parked", None, {"direction": "internal", "ended_by": "caller"}),
    },
    "23-conference": {
        MARIA: Telling("answered", "1001", {"ended_by": "caller", "missed": None}),
        "1001": Telling("answered", "1001", {"direction": "internal"}),
        "1002": Telling("answered", "1002", {"direction": "internal"}),
    },
    "23-conference-comes-late": {
        MARIA: Telling("answered", "1001", {"ended_by": "caller"}),
        "1001": Telling("answered", "1001", {"ended_by": "caller"}),
    },
    "23-conference-of-a-call": {
        MARIA: Telling("ringing answered", "1001", {"ended_by": "caller"}),
        "1002": Telling("answered", "1002", {"ended_by": "caller"}),
    },
    "23-three-way-by-phone": {
        MARIA: Telling("ringing answered held resumed", "1001", {"ended_by": "callee"}),
        "1001": Telling("ringing answered", "201", {"ended_by": "caller"}),
    },
    "23-three-way-by-feature-code": {
        MARIA: Telling("ringing answered held resumed updated transferred", "201", {"ended_by": "caller"}),
        "1001": Telling("ringing answered", "201", {"direction": "internal"}),
    },
    "23-three-way-that-all-leave": {
        MARIA: Telling("ringing answered held resumed updated", "1001", {"ended_by": "callee"}),
        "1001": Telling("ringing answered", "201", {"direction": "internal"}),
    },
    "23-three-way-by-bridge-add": {MARIA: Telling("ringing answered updated", "1002", {"ended_by": "caller"})},
    "23-three-way-by-bridge-add-and-out": {MARIA: Telling("ringing answered updated", "1001", {"ended_by": "callee"})},
    "23-conference-by-transfer": {
        MARIA: Telling("ringing answered transferred answered", "1002", {"ended_by": "caller"}),
        "1002": Telling("answered", "1002", {"direction": "internal"}),
    },
    "23-bridged-by-ami": {
        MARIA: Telling("ringing answered held resumed transferred", "201", {"ended_by": "caller"}),
        "1001": Telling("ringing answered", "201", {"direction": "internal"}),
    },
    "23-two-calls-bridged-by-ami": {
        MARIA: Telling("ringing answered updated", "1002", {"ended_by": "caller"}),
        RUI: Telling("ringing answered", "1002", {"ended_by": "pbx"}),
    },
    "23-supervisor-listens": {
        MARIA: Telling("ringing answered", "1001", {"ended_by": "caller"}),
        "1002": Telling("", None, {"state": "no_answer", "reason": "ivr", "answered_at": None}),
    },
    "23-supervisor-whispers": {
        MARIA: Telling("ringing answered", "1001", {"ended_by": "caller"}),
        "1002": Telling("", None, {"state": "cancelled", "reason": "ivr", "answered_at": None}),
    },
    "23-supervisor-barges-in": {
        MARIA: Telling("ringing answered", "1001", {"ended_by": "caller"}),
        "1002": Telling("", None, {"state": "cancelled", "reason": "ivr", "answered_at": None}),
    },
}
"""By scene, then by who called: each call of it."""

MERGED: Final = {
    "20-pickup-by-replaces": "1002",
    "22-park-in-ones-own-place": "1001",
    "22-park-in-ones-own-place-comes-back": "1001",
    "23-bridged-by-ami": "1001",
    "23-three-way-by-feature-code": "1001",
    "23-three-way-that-all-leave": "1001",
    "23-two-calls-bridged-by-ami": RUI,
}
"""Whose call became part of Maria's."""


@pytest.mark.parametrize("scene", TOLD)
async def test_each_call_of_a_scene_is_told_as_it_happened(scene: str, room: Room, daemon: Daemon, crm: Crm) -> None:
    crm.forget()
    await SCENES[scene](room)
    await crm.hears("call.ended", count=len(TOLD[scene]))

    calls = by_caller(crm.taken)
    assert set(calls) == set(TOLD[scene])
    for caller, telling in TOLD[scene].items():
        is_told(calls[caller], telling)
    merged = {caller: told[-1].call["merged_into"] for caller, told in calls.items() if told[-1].call["merged_into"]}
    assert merged == ({MERGED[scene]: calls[MARIA][0].call["id"]} if scene in MERGED else {})


def by_caller(told: list[Delivery]) -> dict[str, list[Delivery]]:
    """Return what was told of each call, by who called: an extension, or a number as the PBX wrote it."""
    calls: dict[str, list[Delivery]] = {}
    for one in told:
        if one.type.startswith("call."):
            calls.setdefault(str(one.call["from"]["extension"] or one.call["from"]["raw"]), []).append(one)
    return calls


def is_told(told: list[Delivery], telling: Telling) -> None:
    """Hold what was told of one call to what it must be."""
    assert [one.type.removeprefix("call.") for one in told] == ["started", *telling.heard.split(), "ended"]
    assert [one.data["sequence"] for one in told] == list(range(1, len(told) + 1))
    call = told[-1].call
    assert (call["state"], call["missed"], call["oddities"]) == (telling.last.get("state", "completed"), None, 0)
    assert (call["agent"] or {}).get("extension") == telling.agent
    assert {key: call[key] for key in telling.last} == telling.last
    assert {leg["channel"].partition("/")[0] for leg in call["legs"]} == {"PJSIP"}
