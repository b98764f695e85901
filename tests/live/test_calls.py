"""Every scene on the real Asterisk, through the real daemon, as a CRM hears it."""

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
    """In the loop the CRM listens in."""
    async with Room(pbx) as room:
        yield room
    await pbx.settle()


LATE_S: Final = 0.1
"""`Room.slack_s` of a machine that is busy."""


@dataclass(frozen=True)
class Telling:
    """What a scene must be told as: the types in order, and the last call object's fields."""

    heard: str
    """Without `call.`, and without `started` at the beginning and `ended` behind it."""
    last: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    """Within 0.1 s."""
    by: str = ""
    """Who held and resumed, in order."""
    rung: str | None = None
    """Whose phones a missed call rang, sorted."""


ANA: Final = {"extension": "1001", "name": "Ana Costa"}
BRUNO: Final = {"extension": "1002", "name": "Bruno Reis"}
CARLA: Final = {"extension": "1003", "name": "Carla Nunes"}
EVA: Final = {"extension": "201", "name": "Eva Pinto"}
INES: Final = {"extension": "1005", "name": "Inês Vaz"}
MARIA: Final = {"number": "+351912345678", "raw": "912345678", "name": None, "extension": None}
LAB: Final = {"number": "+351210000000", "raw": "210000000", "name": None, "extension": None}
"""The company, as it is shown to those it calls."""


def completed(**more: Any) -> dict[str, Any]:
    return {"state": "completed", "reason": None, "direction": "inbound", "missed": None, "hangup_cause": 16} | more


def missed(state: str, reason: str | None, **more: Any) -> dict[str, Any]:
    return {"state": state, "reason": reason, "direction": "inbound", "answered_at": None} | more


def outbound(state: str, reason: str | None, **more: Any) -> dict[str, Any]:
    return {"state": state, "reason": reason, "direction": "outbound_manual", "agent": ANA, "missed": None} | more


def party(person: dict[str, Any]) -> dict[str, Any]:
    """Return one of our own people as a side of a call."""
    return {"number": None, "raw": person["extension"], "name": person["name"], "extension": person["extension"]}


def clicked(state: str, reason: str | None, **more: Any) -> dict[str, Any]:
    """Return a call from Ana to Maria that the PBX placed, Ana's phone first."""
    return outbound(state, reason, **{"from": party(ANA), "to": MARIA}) | more


def placed(state: str, reason: str | None, **more: Any) -> dict[str, Any]:
    """Return a call of the system's own to Maria."""
    return {"state": state, "reason": reason, "direction": "outbound_auto", "to": MARIA, "missed": None} | more


TOLD: Final = {
    "01-answered-caller-hangs-up": Telling(
        "ringing answered ended", completed(ended_by="caller", agent=ANA, queue=None), {"ring_s": 1, "talk_s": 1}
    ),
    "01-answered-callee-hangs-up": Telling("ringing answered ended", completed(ended_by="callee"), {"talk_s": 1}),
    "02-caller-gives-up": Telling(
        "ringing ended missed", missed("cancelled", None, ended_by="caller"), {"ring_s": 1, "talk_s": 0}
    ),
    "03-nobody-answers": Telling("ringing ended missed", missed("no_answer", "timeout", ended_by="pbx"), {"ring_s": 2}),
    "03-busy": Telling("ended missed", missed("busy", "busy", hangup_cause=17)),
    "03-rejected": Telling("ended missed", missed("no_answer", "rejected", hangup_cause=21)),
    "03-rejected-while-ringing": Telling(
        "ringing ended missed", missed("busy", "busy", hangup_cause=17), {"ring_s": 1, "talk_s": 0}, rung="1001"
    ),
    "03-congestion": Telling("ended missed", missed("failed", "congestion")),
    "03-offline-unregistered": Telling("ended missed", missed("failed", "unavailable")),
    "03-offline-silent": Telling("ended missed", missed("failed", "unavailable")),
    "04-group-one-answers": Telling(
        "ringing answered ended", completed(ended_by="caller", agent=BRUNO), {"ring_s": 1, "talk_s": 1}
    ),
    "04-group-two-reject-one-answers": Telling(
        "ringing answered ended", completed(ended_by="callee", agent=BRUNO), {"ring_s": 1, "talk_s": 1}
    ),
    "04-group-all-reject": Telling("ended missed", missed("busy", "busy", hangup_cause=17), rung=""),
    "04-group-nobody-answers": Telling(
        "ringing ended missed",
        missed("no_answer", "timeout", ended_by="pbx"),
        {"ring_s": 2, "talk_s": 0},
        rung="1001 1002 1003",
    ),
    "04-group-caller-gives-up": Telling(
        "ringing ended missed",
        missed("cancelled", None, ended_by="caller"),
        {"ring_s": 1},
        rung="1001 1002 1003",
    ),
    "04-second-phone-after-the-first": Telling(
        "ringing updated ringing answered ended", completed(agent=BRUNO, ended_by="callee"), {"ring_s": 2, "talk_s": 1}
    ),
    "05-one-person-two-devices": Telling(
        "ringing answered ended", completed(ended_by="caller", agent=INES), {"talk_s": 1}
    ),
    "05-two-devices-one-rejects": Telling(
        "ringing answered ended", completed(ended_by="callee", agent=INES), {"talk_s": 1}
    ),
    "05-two-devices-nobody-answers": Telling(
        "ringing ended missed", missed("cancelled", None, ended_by="caller"), {"ring_s": 1}, rung="1005"
    ),
    "06-queue-ringall-second-answers": Telling(
        "queued ringing answered ended", completed(queue="sales", agent=BRUNO), {"wait_s": 1, "ring_s": 1, "talk_s": 1}
    ),
    "06-queue-rrmemory-second-answers": Telling(
        "queued ringing ringing answered ended", completed(queue="support"), {"wait_s": 3, "ring_s": 2, "talk_s": 1}
    ),
    "07-queue-abandoned": Telling(
        "queued ringing left_queue ended missed",
        missed("cancelled", "abandoned", queue="sales", ended_by="caller"),
        {"wait_s": 1, "ring_s": 1, "talk_s": 0},
    ),
    "07-queue-timeout": Telling(
        "queued ringing left_queue ended missed", missed("no_answer", "timeout", queue="sales"), {"wait_s": 2}
    ),
    "07-queue-empties": Telling(
        "queued ringing left_queue ended missed", missed("no_answer", "queue_empty", queue="strict"), rung="1002"
    ),
    "07-queue-empty-at-the-door": Telling("left_queue ended missed", missed("no_answer", "queue_empty")),
    "07-queue-all-paused-at-the-door": Telling("left_queue ended missed", missed("no_answer", "queue_empty")),
    "07-queue-key": Telling("queued ringing left_queue ringing answered ended", completed(queue="keyed")),
    "08-queue-rejects-then-answers": Telling("queued ringing ringing answered ended", completed(queue="support")),
    "08-queue-rings-again": Telling(
        "queued ringing ringing answered ended",
        completed(queue="support", agent=ANA, ended_by="callee"),
        {"wait_s": 3, "ring_s": 2, "talk_s": 1},
    ),
    "08-queue-rejects-rings-again": Telling(
        "queued ringing ringing answered ended",
        completed(queue="support", agent=ANA, ended_by="caller"),
        {"wait_s": 1, "talk_s": 1},
    ),
    "09-queue-local-abandoned": Telling(
        "queued ringing left_queue ended missed",
        missed("cancelled", "abandoned", queue="locals", ended_by="caller"),
        {"wait_s": 1, "ring_s": 1},
        rung="1001 1002",
    ),
    "10-second-queue": Telling(
        "queued ringing left_queue queued ringing answered ended",
        completed(queue="support", ended_by="caller"),
        {"ring_s": 2, "talk_s": 1},
    ),
    "10-second-queue-abandoned": Telling(
        "queued ringing left_queue queued ringing left_queue ended missed",
        missed("cancelled", "abandoned", queue="support", ended_by="caller"),
        {"ring_s": 3},
        rung="1001 1002",
    ),
    "09-queue-local-kept": Telling(
        "queued ringing answered ended", completed(agent=BRUNO), {"wait_s": 1, "ring_s": 1, "talk_s": 1}
    ),
    "09-queue-local-optimised": Telling(
        "queued ringing answered ended", completed(agent=BRUNO), {"wait_s": 1, "ring_s": 1, "talk_s": 1}
    ),
    "11-outbound-answered": Telling(
        "ringing answered ended", outbound("completed", None, ended_by="caller"), {"ring_s": 1, "talk_s": 1}
    ),
    "11-outbound-answered-customer-hangs-up": Telling(
        "ringing answered ended", outbound("completed", None, ended_by="callee"), {"talk_s": 1}
    ),
    "11-outbound-with-prefix": Telling("ringing answered ended", outbound("completed", None), {"talk_s": 1}),
    "11-outbound-busy": Telling("ended", outbound("busy", "busy")),
    "11-outbound-wrong-number": Telling("ended", outbound("failed", "unallocated", hangup_cause=1)),
    "11-outbound-congestion": Telling("ended", outbound("failed", "congestion")),
    "11-outbound-no-answer": Telling("ringing ended", outbound("no_answer", "timeout"), {"ring_s": 2}),
    "11-outbound-cancelled": Telling(
        "ringing ended", outbound("cancelled", None, ended_by="caller"), {"ring_s": 1, "talk_s": 0}
    ),
    "12-internal-answered": Telling(
        "ringing answered ended",
        {"state": "completed", "direction": "internal", "missed": None},
        {"ring_s": 1, "talk_s": 1},
    ),
    "12-internal-no-answer": Telling(
        "ringing ended", {"state": "no_answer", "reason": "timeout", "direction": "internal", "missed": None}
    ),
    "13-click-to-dial-answered": Telling(
        "ringing ringing answered ended",
        clicked("completed", None, ended_by="caller", hangup_cause=16),
        {"ring_s": 2, "talk_s": 1},
    ),
    "13-click-to-dial-customer-hangs-up": Telling(
        "ringing ringing answered ended", clicked("completed", None, ended_by="callee"), {"ring_s": 1, "talk_s": 1}
    ),
    "13-click-to-dial-agent-declines": Telling("ringing ended", clicked("cancelled", "rejected", ended_by="caller")),
    "13-click-to-dial-agent-refuses": Telling("ended", clicked("cancelled", "rejected", ended_by="caller")),
    "13-click-to-dial-agent-does-not-pick-up": Telling(
        "ringing ended", clicked("no_answer", "timeout", ended_by="pbx"), {"ring_s": 2}
    ),
    "13-click-to-dial-agent-gives-up": Telling(
        "ringing ringing ended", clicked("cancelled", None, ended_by="caller"), {"ring_s": 2, "talk_s": 0}
    ),
    "13-click-to-dial-customer-busy": Telling("ringing ended", clicked("busy", "busy", hangup_cause=17)),
    "13-click-to-dial-customer-no-answer": Telling(
        "ringing ringing ended",
        clicked("no_answer", "timeout", to=MARIA | {"raw": "8912345678"}, ended_by="pbx"),
        {"ring_s": 2},
    ),
    "13-click-to-dial-caller-id-chosen": Telling(
        "ringing ringing answered ended", clicked("completed", None), {"ring_s": 2, "talk_s": 1}
    ),
    "13-click-to-dial-by-local-kept": Telling(
        "ringing ringing answered ended", clicked("completed", None, ended_by="caller"), {"ring_s": 2, "talk_s": 1}
    ),
    "13-click-to-dial-by-local-optimised": Telling(
        "ringing ringing answered ended", clicked("completed", None, ended_by="caller"), {"ring_s": 2, "talk_s": 1}
    ),
    "13-click-to-dial-by-local-declined": Telling("ringing ended", clicked("cancelled", "rejected", ended_by="caller")),
    "13-click-to-dial-two-devices": Telling(
        "ringing ringing answered ended",
        clicked("completed", None, ended_by="callee", agent=INES, **{"from": party(INES)}),
        {"talk_s": 1},
    ),
    "13-click-to-dial-a-colleague": Telling(
        "ringing ringing answered ended",
        {"state": "completed", "direction": "internal", "from": party(ANA), "to": party(EVA), "agent": EVA},
        {"talk_s": 1},
    ),
    "13-click-to-dial-by-command-line": Telling(
        "ringing ringing answered ended", clicked("completed", None, ended_by="callee"), {"talk_s": 1}
    ),
    "14-system-call-into-queue": Telling(
        "ringing queued ringing answered ended",
        placed("completed", None, agent=BRUNO, queue="sales", ended_by="callee", **{"from": LAB}),
        {"wait_s": 1, "ring_s": 2, "talk_s": 1},
    ),
    "14-system-call-to-an-agent": Telling(
        "ringing ringing answered ended",
        placed("completed", None, agent=ANA, ended_by="caller", **{"from": LAB}),
        {"ring_s": 1, "talk_s": 1},
    ),
    "14-system-call-by-local": Telling(
        "ringing ringing answered ended", placed("completed", None, agent=ANA, ended_by="callee"), {"talk_s": 1}
    ),
    "14-system-call-by-local-optimised": Telling(
        "ringing ringing answered ended",
        placed("completed", None, agent=ANA, ended_by="callee"),
        {"ring_s": 1, "talk_s": 1},
    ),
    "14-system-call-abandoned": Telling(
        "ringing queued ringing left_queue ended",
        placed("cancelled", "abandoned", agent=None, queue="sales", ended_by="callee"),
        {"wait_s": 1, "talk_s": 0},
    ),
    "14-system-call-not-answered": Telling(
        "ringing ended", placed("no_answer", "timeout", agent=None, ended_by="pbx"), {"ring_s": 2}
    ),
    "14-system-call-busy": Telling("ended", placed("busy", "busy", agent=None, hangup_cause=17)),
    "20-pickup-by-code": Telling("ringing answered ended", completed(ended_by="caller", agent=BRUNO), {"talk_s": 1}),
    "20-pickup-of-the-group": Telling("ringing answered ended", completed(ended_by="callee", agent=BRUNO)),
    "20-pickup-of-a-number": Telling("ringing answered ended", completed(ended_by="caller", agent=BRUNO)),
    "20-pickup-out-of-a-queue": Telling(
        "queued ringing answered ended", completed(queue="sales", agent=CARLA), {"wait_s": 1, "ring_s": 1, "talk_s": 1}
    ),
    "20-pickup-out-of-a-group": Telling("ringing answered ended", completed(ended_by="callee", agent=EVA)),
    "20-pickup-of-a-colleagues-call": Telling(
        "ringing answered ended",
        completed(direction="internal", agent=BRUNO, to=party(ANA) | {"name": None}),
        {"talk_s": 1},
    ),
    "20-pickup-of-nothing": Telling("ended", {"state": "no_answer", "reason": "ivr", "direction": "internal"}),
    "21-forward-by-302": Telling("updated ringing answered ended", completed(ended_by="caller", agent=EVA)),
    "21-forward-by-302-after-ringing": Telling(
        "ringing updated ringing answered ended", completed(ended_by="caller", agent=EVA), {"ring_s": 1, "talk_s": 1}
    ),
    "21-forward-by-302-out-of-a-group": Telling(
        "ringing updated ringing answered ended",
        completed(ended_by="caller", agent=ANA, direction="internal"),
        {"ring_s": 1, "talk_s": 1},
    ),
    "21-forward-chained": Telling("updated updated ringing answered ended", completed(agent=EVA)),
    "21-forward-in-a-loop": Telling("updated updated ended missed", missed("no_answer", "forwarded", ended_by="pbx")),
    "21-forward-to-a-busy-phone": Telling("updated ended missed", missed("busy", "busy", hangup_cause=17)),
    "21-forward-given-up": Telling("updated ringing ended missed", missed("cancelled", None), {"ring_s": 1}),
    "21-forward-to-outside": Telling("updated ringing answered ended", completed(agent=None), {"talk_s": 1}),
    "21-forward-of-a-colleagues-call": Telling(
        "updated ringing answered ended",
        completed(direction="internal", agent=CARLA, to=party(ANA) | {"name": None}),
        {"talk_s": 1},
    ),
    "21-forward-on-no-answer": Telling(
        "ringing updated ringing answered ended", completed(agent=EVA, ended_by="callee"), {"ring_s": 2, "talk_s": 1}
    ),
    "21-forward-on-busy": Telling("updated ringing answered ended", completed(agent=EVA), {"talk_s": 1}),
    "21-forward-on-no-answer-to-outside": Telling(
        "ringing updated ringing answered ended", completed(agent=None, ended_by="callee"), {"ring_s": 2, "talk_s": 1}
    ),
    "21-forward-always": Telling(
        "updated ringing answered ended", completed(direction="internal", agent=EVA), {"talk_s": 1}
    ),
    "21-forward-always-to-outside": Telling(
        "updated ringing answered ended", completed(direction="internal", agent=CARLA), {"talk_s": 1}
    ),
    "22-park-and-retrieve-oneself": Telling(
        "ringing answered parked unparked ended", completed(ended_by="callee", agent=ANA)
    ),
    "22-park-comes-back-to-nobody": Telling(
        "ringing answered parked unparked ringing ended", completed(ended_by="pbx", agent=ANA), {"hold_s": 3}
    ),
    "22-park-by-feature-code": Telling(
        "ringing answered parked unparked ended", completed(ended_by="callee", agent=BRUNO)
    ),
    "22-park-by-dialplan": Telling("ringing answered parked unparked ended", completed(ended_by="caller", agent=BRUNO)),
    "22-park-by-ami": Telling("ringing answered parked unparked ended", completed(ended_by="caller", agent=BRUNO)),
    "22-park-after-hold": Telling(
        "ringing answered held resumed parked unparked ended", completed(agent=BRUNO), by="1001 1001"
    ),
    "22-park-of-ones-own-call": Telling(
        "ringing answered parked unparked ended",
        outbound("completed", None, ended_by="callee", agent=BRUNO),
    ),
    "22-park-unanswered": Telling("parked unparked answered ended", completed(ended_by="caller", agent=BRUNO)),
    "22-park-unanswered-and-given-up": Telling("parked ended missed", missed("cancelled", "ivr", ended_by="caller")),
    "22-park-of-nobody": Telling("ended", {"state": "no_answer", "reason": "ivr", "direction": "internal"}),
    "23-conference-alone": Telling("ended missed", missed("cancelled", "ivr", ended_by="caller")),
    "22-park-and-retrieve": Telling(
        "ringing answered parked unparked ended",
        completed(ended_by="caller", agent=BRUNO, merged_into=None),
    ),
    "22-park-comes-back": Telling(
        "ringing answered parked unparked ringing answered ended",
        completed(ended_by="caller", agent=ANA),
    ),
    "15-hold-by-callee": Telling(
        "ringing answered held resumed ended",
        completed(agent=ANA, ended_by="caller"),
        {"hold_s": 1, "talk_s": 2},
        by="1001 1001",
    ),
    "15-hold-by-callee-twice": Telling(
        "ringing answered held resumed held resumed ended",
        completed(agent=ANA),
        {"hold_s": 2, "talk_s": 1},
        by="1001 1001 1001 1001",
    ),
    "15-hold-by-caller-twice": Telling(
        "ringing answered held resumed held resumed ended",
        outbound("completed", None, ended_by="caller"),
        {"hold_s": 2, "talk_s": 2.1},
        by="1001 1001 1001 1001",
    ),
    "15-hold-by-customer": Telling(
        "ringing answered held resumed ended",
        completed(ended_by="callee"),
        {"hold_s": 1, "talk_s": 1},
        by="912345678 912345678",
    ),
    "15-hold-by-customer-called": Telling(
        "ringing answered held resumed ended",
        outbound("completed", None, ended_by="callee"),
        {"hold_s": 1, "talk_s": 0.5},
        by="912345678 912345678",
    ),
    "15-hold-by-both-in-turn": Telling(
        "ringing answered held resumed held resumed ended",
        completed(ended_by="callee"),
        {"hold_s": 2, "talk_s": 1},
        by="1001 1001 912345678 912345678",
    ),
    "15-hold-by-both-at-once": Telling(
        "ringing answered held resumed ended",
        completed(ended_by="caller"),
        {"hold_s": 1.5, "talk_s": 0.5},
        by="1001 912345678",
    ),
    "15-hold-by-both-until-hangup": Telling(
        "ringing answered held ended", completed(ended_by="callee"), {"hold_s": 1.5, "talk_s": 0}, by="1001"
    ),
    "15-hold-until-hangup": Telling(
        "ringing answered held ended", completed(ended_by="caller"), {"hold_s": 1, "talk_s": 0}, by="1001"
    ),
    "15-hold-of-a-queue-call": Telling(
        "queued ringing answered held resumed ended",
        completed(queue="sales", agent=BRUNO),
        {"hold_s": 1, "talk_s": 0.5},
        by="1002 1002",
    ),
    "24-announcement-caller-hangs-up": Telling("ended missed", missed("cancelled", "ivr", ended_by="caller"), rung=""),
    "24-early-announcement": Telling("ended missed", missed("no_answer", "ivr", ended_by="pbx"), rung=""),
    "24-early-announcement-caller-hangs-up": Telling(
        "ended missed", missed("cancelled", "ivr", ended_by="caller"), rung=""
    ),
    "24-menu-without-a-choice": Telling("ended missed", missed("no_answer", "ivr", ended_by="pbx"), rung=""),
    "24-menu-then-answered": Telling("ringing answered ended", completed(agent=ANA), {"talk_s": 1}),
    "24-voicemail-at-once": Telling("ended missed", missed("no_answer", "voicemail", ended_by="caller"), rung=""),
    "24-voicemail-no-message": Telling("ended missed", missed("no_answer", "voicemail"), rung=""),
    "24-voicemail-after-queue": Telling(
        "queued ringing left_queue ended missed",
        missed("no_answer", "voicemail", queue="sales"),
        {"wait_s": 2, "talk_s": 0},
        rung="1001 1002",
    ),
    "22-park-hangup": Telling("ringing answered parked ended", completed(ended_by="caller", agent=ANA)),
    "24-menu-hangs-up": Telling("ended missed", missed("cancelled", "ivr")),
    "24-announcement": Telling("ended missed", missed("no_answer", "ivr")),
    "24-voicemail": Telling("ringing ended missed", missed("no_answer", "voicemail")),
}


@pytest.mark.parametrize("scene", TOLD)
async def test_a_call_is_told_as_it_happened(scene: str, room: Room, daemon: Daemon, crm: Crm) -> None:
    await is_told(scene, room, crm)


async def is_told(scene: str, room: Room, crm: Crm) -> None:
    """Play a scene, and hold what the CRM heard of it against `TOLD`."""
    crm.forget()
    telling = TOLD[scene]
    await SCENES[scene](room)
    last = await crm.hears("call.missed" if telling.heard.endswith("missed") else "call.ended")

    expected = ["call.started", *(f"call.{word}" for word in telling.heard.split())]
    if "queued" in telling.heard and room.slack_s > LATE_S:
        assert ringing_at_once(crm.heard) == ringing_at_once(expected)
    else:
        assert crm.heard == expected
    assert {key: last.call[key] for key in telling.last} == telling.last
    for key, seconds in telling.seconds.items():
        assert last.call[key] == pytest.approx(seconds, abs=0.1 + room.slack_s), key
    assert last.call["oddities"] == 0
    assert [who(one.data["by"]) for one in crm.taken if one.type in {"call.held", "call.resumed"}] == telling.by.split()
    if telling.rung is not None:
        assert sorted(who(party) for party in last.data["missed"]["rung"]) == telling.rung.split()
    sequences_have_no_holes(crm.taken)


def ringing_at_once(heard: list[str]) -> list[str]:
    """Leave out what rings again at once: a busy machine dials the members of a queue apart."""
    return [each for place, each in enumerate(heard) if heard[place - 1 : place + 1] != ["call.ringing"] * 2]


def who(party: dict[str, Any]) -> str:
    return str(party["extension"] or party["raw"])


def sequences_have_no_holes(told: list[Delivery]) -> None:
    calls = [one for one in told if one.type.startswith("call.")]
    assert [one.data["sequence"] for one in calls] == list(range(1, len(calls) + 1))
    assert len({one.call["id"] for one in calls}) == 1


@pytest.mark.parametrize(
    ("scene", "name", "number"),
    [
        ("25-name-non-latin", "Łukasz Żółć Иван 山田", "+351912345678"),
        ("25-name-quotes", 'Ana "Nini" O\'Neil', "+351912345678"),
        ("25-name-backslash", "C:\\temp", "+351912345678"),
        ("25-name-angle-brackets", "Silva <b>Lda</b> & Filhos; 100%", "+351912345678"),
        ("25-name-80-letters", "Silva " * 13 + "A", "+351912345678"),
        ("25-name-80-cyrillic", "Иван " * 8 + "Ива", "+351912345678"),
        ("25-name-empty", None, "+351912345678"),
        ("25-name-none", None, "+351912345678"),
        ("25-anonymous", "Anonymous", None),
    ],
)
async def test_a_callers_name_arrives_as_it_was_sent(  # noqa: PLR0913, PLR0917 - a row of a table and what it is played on
    scene: str, name: str | None, number: str | None, room: Room, daemon: Daemon, crm: Crm
) -> None:
    crm.forget()
    await SCENES[scene](room)
    last = await crm.hears("call.ended")

    assert last.call["from"]["name"] == name
    assert last.call["from"]["number"] == number


async def test_two_calls_between_the_same_two_are_two_calls(room: Room, daemon: Daemon, crm: Crm) -> None:
    crm.forget()
    await SCENES["27-two-calls-at-once"](room)
    await crm.hears("call.ended", count=2)

    assert len({one.call["id"] for one in crm.of_type("call.ended")}) == 2
    assert [one.call["state"] for one in crm.of_type("call.ended")] == ["completed", "completed"]
    assert len({one.call["protocol"] for one in crm.taken if "call" in one.data}) == 2


async def test_whoever_finds_the_queue_full_is_missed_and_the_one_who_waits_waits_on(
    room: Room, daemon: Daemon, crm: Crm
) -> None:
    crm.forget()
    await SCENES["07-queue-full"](room)
    await crm.hears("call.missed", count=2)

    rui, maria = crm.of_type("call.missed")
    assert [(one.call["from"]["name"], one.call["reason"]) for one in (rui, maria)] == [
        ("Rui Costa", "queue_full"),
        ("Maria Silva", "abandoned"),
    ]
    assert [one.data["reason"] for one in crm.of_type("call.left_queue")] == ["full", "abandoned"]
    assert len(crm.of_type("call.queued")) == 1


async def test_of_two_calls_that_ring_at_once_each_has_its_own_end(room: Room, daemon: Daemon, crm: Crm) -> None:
    crm.forget()
    await SCENES["27-two-calls-ring-at-once"](room)
    await crm.hears("call.ended", count=2)

    assert sorted(one.call["state"] for one in crm.of_type("call.ended")) == ["cancelled", "completed"]
    assert len({one.call["id"] for one in crm.of_type("call.started")}) == 2
    assert [one.call["state"] for one in crm.of_type("call.missed")] == ["cancelled"]
