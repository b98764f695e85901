"""Transfers on the real Asterisk, as a CRM hears them: the customer's call, and the one in which somebody was asked."""

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


ANA: Final = {"extension": "1001", "name": "Ana Costa"}
BRUNO: Final = {"extension": "1002", "name": "Bruno Reis"}
CARLA: Final = {"extension": "1003", "name": "Carla Nunes"}
EVA: Final = {"extension": "201", "name": "Eva Pinto"}
EARLY_S, LATE_S = 0.1, 0.9
"""On a busy machine phones take their time to do what they are told; nothing ever lasts shorter than it was to."""


@dataclass(frozen=True)
class Handed:
    """One `call.transferred`; parties by extension, else by number as the PBX wrote it."""

    kind: str
    by: str
    to: str


@dataclass(frozen=True)
class Telling:
    """What a scene must be told as. Types are without `call.`, and without `started` and `ended` around them."""

    heard: str
    """Of the customer's call."""
    handed: tuple[Handed, ...] = ()
    last: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    """Within EARLY_S and LATE_S."""
    asked: str | None = None
    """Of the call in which somebody was asked; None where there is none."""
    asked_last: dict[str, Any] = field(default_factory=dict)
    merged: bool = False


def completed(**more: Any) -> dict[str, Any]:
    return {"state": "completed", "reason": None, "direction": "inbound", "missed": None, "merged_into": None} | more


def talk(**more: Any) -> dict[str, Any]:
    return {"state": "completed", "reason": None, "direction": "internal", "missed": None} | more


BLIND_TO_EVA: Final = (Handed("blind", "1001", "201"),)
ATTENDED_TO_EVA: Final = (Handed("attended", "1001", "201"),)
ONCE_ANSWERED: Final = "ringing answered transferred ringing answered"
FROM_QUEUE: Final = "queued ringing answered transferred ringing answered"
ASKED: Final = "ringing answered held resumed transferred"
BACK: Final = "ringing answered held resumed"

TOLD: Final = {
    "16-blind-answered": Telling(
        ONCE_ANSWERED,
        BLIND_TO_EVA,
        completed(agent=EVA, ended_by="caller", queue=None),
        {"talk_s": 2, "hold_s": 0, "ring_s": 0},
    ),
    "16-blind-rejected": Telling(
        "ringing answered transferred", BLIND_TO_EVA, completed(agent=ANA, ended_by="caller"), {"talk_s": 1}
    ),
    "16-blind-no-answer": Telling(
        "ringing answered transferred ringing",
        (Handed("blind", "1001", "1002"),),
        completed(agent=ANA, ended_by="pbx"),
        {"talk_s": 2},
    ),
    "16-blind-caller-gives-up": Telling(
        "ringing answered transferred ringing", BLIND_TO_EVA, completed(agent=ANA, ended_by="caller"), {"talk_s": 1}
    ),
    "16-blind-to-queue": Telling(
        "ringing answered transferred queued ringing answered",
        (Handed("blind", "1001", "601"),),
        completed(agent=BRUNO, queue="support", ended_by="caller"),
        {"talk_s": 1},
    ),
    "16-blind-to-queue-abandoned": Telling(
        "ringing answered transferred queued ringing left_queue",
        (Handed("blind", "1001", "601"),),
        completed(agent=ANA, queue="support", ended_by="caller"),
        {"wait_s": 1, "talk_s": 1},
    ),
    "16-blind-to-group": Telling(
        ONCE_ANSWERED, (Handed("blind", "1001", "661"),), completed(agent=CARLA, ended_by="callee"), {"talk_s": 1}
    ),
    "16-blind-to-outside": Telling(
        ONCE_ANSWERED, (Handed("blind", "1001", "912345678"),), completed(agent=ANA, ended_by="caller"), {"talk_s": 1}
    ),
    "16-blind-back-to-transferrer": Telling(
        f"{ONCE_ANSWERED} transferred ringing answered",
        (*BLIND_TO_EVA, Handed("blind", "201", "1001")),
        completed(agent=ANA, ended_by="caller"),
    ),
    "16-blind-by-feature-code": Telling(
        "ringing answered held resumed transferred ringing answered",
        BLIND_TO_EVA,
        completed(agent=EVA, ended_by="caller"),
    ),
    "16-blind-by-feature-code-no-answer": Telling(
        "ringing answered held resumed transferred ringing",
        (Handed("blind", "1001", "1002"),),
        completed(agent=ANA, ended_by="pbx"),
    ),
    "16-blind-by-ami": Telling(ONCE_ANSWERED, BLIND_TO_EVA, completed(agent=EVA, ended_by="caller"), {"talk_s": 1}),
    "16-blind-of-own-call": Telling(
        ONCE_ANSWERED,
        BLIND_TO_EVA,
        completed(direction="outbound_manual", agent=EVA, ended_by="caller"),
        {"talk_s": 1},
    ),
    "16-blind-of-own-call-to-queue": Telling(
        "ringing answered transferred queued ringing answered",
        (Handed("blind", "1001", "601"),),
        completed(direction="outbound_manual", agent=BRUNO, queue="support", ended_by="callee"),
        {"wait_s": 1, "talk_s": 2},
    ),
    "17-attended-by-refer": Telling(
        ASKED,
        ATTENDED_TO_EVA,
        completed(agent=EVA, ended_by="caller"),
        {"hold_s": 1, "talk_s": 1},
        "ringing answered",
        talk(agent=EVA, ended_by="caller"),
        merged=True,
    ),
    "17-attended-cancelled": Telling(
        BACK,
        (),
        completed(agent=ANA, ended_by="caller"),
        {"hold_s": 1, "talk_s": 1},
        "ringing answered",
        talk(agent=EVA, ended_by="caller"),
    ),
    "17-attended-target-does-not-answer": Telling(
        BACK,
        (),
        completed(agent=ANA, ended_by="callee"),
        {"hold_s": 1, "talk_s": 1},
        "ringing",
        talk(state="cancelled", agent=None, ended_by="caller"),
    ),
    "17-attended-transferrer-hangs-up": Telling(
        BACK,
        (),
        completed(agent=ANA, ended_by="callee"),
        {"hold_s": 1},
        "ringing answered",
        talk(agent=EVA, ended_by="caller"),
    ),
    "17-attended-customer-hangs-up": Telling(
        "ringing answered held",
        (),
        completed(agent=ANA, ended_by="caller"),
        {},
        "ringing answered",
        talk(agent=EVA, ended_by="caller"),
    ),
    "17-attended-of-own-call": Telling(
        ASKED,
        ATTENDED_TO_EVA,
        completed(direction="outbound_manual", agent=EVA, ended_by="caller"),
        {"talk_s": 1},
        "ringing answered",
        talk(agent=EVA),
        merged=True,
    ),
    "17-attended-to-outside": Telling(
        ASKED,
        (Handed("attended", "1001", "912345678"),),
        completed(agent=ANA, ended_by="caller"),
        {"hold_s": 1, "talk_s": 1},
        "ringing answered",
        talk(direction="outbound_manual", agent=ANA),
        merged=True,
    ),
    "17-attended-asked-by-the-other": Telling(
        ASKED,
        ATTENDED_TO_EVA,
        completed(agent=EVA, ended_by="caller"),
        {"hold_s": 1, "talk_s": 1},
        "ringing answered",
        talk(agent=ANA, ended_by="callee"),
        merged=True,
    ),
    "17-attended-by-feature-code": Telling(
        ASKED,
        ATTENDED_TO_EVA,
        completed(agent=EVA, ended_by="caller"),
        {},
        "ringing answered",
        talk(agent=EVA, ended_by="caller"),
        merged=True,
    ),
    "17-attended-by-feature-code-cancelled": Telling(
        BACK,
        (),
        completed(agent=ANA, ended_by="caller"),
        {},
        "ringing answered",
        talk(agent=EVA, ended_by="caller"),
    ),
    "17-attended-by-feature-code-target-hangs-up": Telling(
        BACK,
        (),
        completed(agent=ANA, ended_by="callee"),
        {},
        "ringing answered",
        talk(agent=EVA, ended_by="callee"),
    ),
    "17-attended-by-feature-code-target-does-not-answer": Telling(
        BACK,
        (),
        completed(agent=ANA, ended_by="caller"),
        {},
        "ringing",
        talk(state="no_answer", reason="timeout", agent=None, ended_by="pbx"),
    ),
    "17-attended-by-feature-code-customer-hangs-up": Telling(
        "ringing answered held",
        (),
        completed(agent=ANA, ended_by="caller"),
        {},
        "ringing answered",
        talk(agent=EVA, ended_by="caller"),
    ),
    "17-attended-by-ami": Telling(
        ASKED,
        ATTENDED_TO_EVA,
        completed(agent=EVA, ended_by="caller"),
        {},
        "ringing answered",
        talk(agent=EVA, ended_by="caller"),
        merged=True,
    ),
    "17-attended-by-ami-cancelled": Telling(
        BACK,
        (),
        completed(agent=ANA, ended_by="caller"),
        {},
        "ringing answered",
        talk(agent=EVA, ended_by="caller"),
    ),
    "17-attended-by-ami-customer-hangs-up": Telling(
        "ringing answered held",
        (),
        completed(agent=ANA, ended_by="caller"),
        {},
        "ringing answered",
        talk(agent=EVA, ended_by="callee"),
    ),
    "18-blonde-by-refer": Telling(
        f"{ASKED} ringing answered",
        (Handed("blonde", "1001", "201"),),
        completed(agent=EVA, ended_by="caller"),
        {"hold_s": 1, "talk_s": 2},
        "ringing",
        talk(agent=None, ended_by="caller", answered_at=None),
        merged=True,
    ),
    "18-blonde-by-refer-no-answer": Telling(
        f"{ASKED} ringing",
        (Handed("blonde", "1001", "1002"),),
        completed(agent=ANA, ended_by="pbx"),
        {},
        "ringing",
        talk(agent=None, ended_by="caller", answered_at=None),
        merged=True,
    ),
    "18-blonde-by-feature-code": Telling(
        f"{ASKED} ringing answered",
        (Handed("blonde", "1001", "201"),),
        completed(agent=EVA, ended_by="caller"),
        {},
        "ringing",
        talk(agent=None, ended_by="caller", answered_at=None),
        merged=True,
    ),
    "18-blonde-by-feature-code-no-answer": Telling(
        f"{ASKED} ringing ringing answered",
        (Handed("blonde", "1001", "1002"),),
        completed(agent=ANA, ended_by="caller"),
        {},
        "ringing",
        talk(agent=None, ended_by="caller", answered_at=None),
        merged=True,
    ),
    "19-blind-of-queue-call": Telling(
        FROM_QUEUE,
        (Handed("blind", "1002", "201"),),
        completed(agent=EVA, queue="sales", ended_by="caller"),
        {"wait_s": 1, "ring_s": 1, "talk_s": 2},
    ),
    "19-blind-of-menu-and-queue-call": Telling(
        FROM_QUEUE,
        (Handed("blind", "1002", "201"),),
        completed(agent=EVA, queue="sales", ended_by="caller"),
        {"wait_s": 1, "ring_s": 1, "talk_s": 2},
    ),
    "19-blind-of-local-member-call": Telling(
        FROM_QUEUE,
        (Handed("blind", "1002", "201"),),
        completed(agent=EVA, queue="locals", ended_by="caller"),
        {"wait_s": 1, "ring_s": 1, "talk_s": 2},
    ),
    "19-blind-to-another-queue": Telling(
        "queued ringing answered transferred queued ringing answered",
        (Handed("blind", "1002", "601"),),
        completed(agent=ANA, queue="support", ended_by="caller"),
        {"wait_s": 2, "ring_s": 1, "talk_s": 3},
    ),
    "19-attended-of-queue-call": Telling(
        f"queued {ASKED}",
        (Handed("attended", "1002", "201"),),
        completed(agent=EVA, queue="sales", ended_by="caller"),
        {"wait_s": 1, "hold_s": 1, "talk_s": 1},
        "ringing answered",
        talk(agent=EVA, queue=None),
        merged=True,
    ),
    "19-attended-of-menu-and-queue-call": Telling(
        f"queued {ASKED}",
        (Handed("attended", "1002", "201"),),
        completed(agent=EVA, queue="sales", ended_by="caller"),
        {"wait_s": 1, "hold_s": 1, "talk_s": 1},
        "ringing answered",
        talk(agent=EVA, queue=None),
        merged=True,
    ),
    "19-attended-of-local-member-call": Telling(
        f"queued {ASKED}",
        (Handed("attended", "1002", "201"),),
        completed(agent=EVA, queue="locals", ended_by="caller"),
        {"wait_s": 1, "hold_s": 1, "talk_s": 1},
        "ringing answered",
        talk(agent=EVA, queue=None),
        merged=True,
    ),
    "19-attended-by-feature-code-of-queue-call": Telling(
        f"queued {ASKED}",
        (Handed("attended", "1002", "201"),),
        completed(agent=EVA, queue="sales", ended_by="caller"),
        {"wait_s": 1},
        "ringing answered",
        talk(agent=EVA, queue=None),
        merged=True,
    ),
}


@pytest.mark.parametrize("scene", TOLD)
async def test_a_transfer_is_told_as_it_happened(scene: str, room: Room, daemon: Daemon, crm: Crm) -> None:
    crm.forget()
    telling = TOLD[scene]
    await SCENES[scene](room)
    await crm.hears("call.ended", count=1 if telling.asked is None else 2)

    first, *others = by_call(crm.taken).values()
    if telling.heard.startswith("queued"):
        first = ringing_at_once(first)
    call = is_told(first, telling.heard, telling.last)
    for key, seconds in telling.seconds.items():
        assert seconds - EARLY_S < call[key] < seconds + LATE_S, key
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
    """Leave out the second ringing of a queue's members: a busy machine may dial them further apart than a set is."""
    types = [one.type for one in told]
    twice = [place for place in range(1, len(types)) if types[place - 1 : place + 1] == ["call.ringing"] * 2]
    return [one for place, one in enumerate(told) if place not in twice]


def is_told(told: list[Delivery], heard: str, last: dict[str, Any]) -> dict[str, Any]:
    """Hold what was told of a call to what it must be; return the call as it ended."""
    assert [one.type.removeprefix("call.") for one in told] == ["started", *heard.split(), "ended"]
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
