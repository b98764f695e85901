"""Calls that came and went while a daemon was away: it tells them afterwards as another told them live.

Two daemons sit beside one Asterisk. One hears everything; the other is away while
the scenes are played, and has only the log to learn of them.
"""

import asyncio
import sqlite3
from asyncio.subprocess import PIPE, STDOUT
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from callbridge.clock import SystemClock
from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm, Delivery
from tests.lab.cutter import Cutter
from tests.lab.daemon import Daemon, command
from tests.lab.record import SCENES
from tests.lab.room import Room

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]

LOG: Final = "log/cel-custom/Master.csv"
AFTERWARDS_S: Final = 60
WITHIN_S: Final = 0.2
"""How far seconds may be from those told live."""
DIALLING_S: Final = 2.0
"""How long a phone may take to ring: CEL knows when it was dialled, so it counts that, too."""

PLAYED: Final = (
    *("01-answered-caller-hangs-up", "01-answered-callee-hangs-up", "02-caller-gives-up"),
    *("03-nobody-answers", "03-busy", "03-rejected", "03-congestion", "03-offline-unregistered"),
    *("04-group-one-answers", "05-one-person-two-devices"),
    *("06-queue-ringall-second-answers", "07-queue-abandoned", "07-queue-timeout", "07-queue-key"),
    *("07-queue-empty-at-the-door", "09-queue-local-kept", "09-queue-local-optimised", "10-second-queue"),
    *("11-outbound-answered", "11-outbound-busy", "11-outbound-no-answer", "11-outbound-cancelled"),
    *("12-internal-answered", "12-internal-no-answer", "13-click-to-dial-answered"),
    *("15-hold-by-callee", "15-hold-by-customer", "15-hold-until-hangup"),
    *("16-blind-answered", "16-blind-no-answer", "16-blind-to-queue", "17-attended-by-refer", "17-attended-cancelled"),
    *("18-blonde-by-refer", "20-pickup-by-code", "21-forward-by-302", "22-park-and-retrieve"),
    *("24-voicemail", "24-menu-hangs-up", "25-name-quotes", "25-name-non-latin", "25-anonymous"),
    "27-two-calls-at-once",
)

SAME: Final = (
    *("id", "direction", "state", "reason", "from", "to", "queue", "agent", "ended_by", "hangup_cause"),
    *("missed", "merged_into", "oddities"),
)
SECONDS: Final = ("wait_s", "hold_s", "talk_s")


@dataclass(frozen=True)
class Told:
    """What was told of one call: the types in their order, and the call at last."""

    types: tuple[str, ...]
    last: Mapping[str, Any]


def calls_in(taken: list[Delivery]) -> dict[str, Told]:
    """By id, in the order in which they began."""
    calls: dict[str, Told] = {}
    for one in taken:
        if "call" in one.data:
            before = calls.get(one.call["id"], Told((), {}))
            calls[one.call["id"]] = Told((*before.types, one.type), one.call)
    return calls


def all_over(crm: Crm) -> bool:
    """Whether every call has ended; of one that nobody answered, the miss is told last."""
    began = {one.call["id"] for one in crm.of_type("call.started")}
    ended = {one.call["id"]: one.call for one in crm.of_type("call.ended")}
    lost = {key for key, call in ended.items() if call["direction"] == "inbound" and call["answered_at"] is None}
    return bool(began) and began == set(ended) and lost == {one.call["id"] for one in crm.of_type("call.missed")}


def auditing(daemon: Daemon, since: datetime) -> Callable[[], Awaitable[tuple[int, str]]]:
    """The log has also calls of other tests, before."""

    async def audit() -> tuple[int, str]:
        words = command("audit", "--config", str(daemon.config), "--since", since.isoformat())
        child = await asyncio.create_subprocess_exec(*words, stdout=PIPE, stderr=STDOUT)
        out, _ = await asyncio.wait_for(child.communicate(), AFTERWARDS_S)
        return child.returncode or 0, out.decode()

    return audit


def cel_of(pbx: Asterisk) -> str:
    return f'[pbx.cel]\nfile = "{pbx.home / LOG}"\n'


@dataclass(frozen=True)
class Both:
    """What each of the two told of each scene's calls, by their ids."""

    live: Mapping[str, Mapping[str, Told]]
    afterwards: Mapping[str, Told]
    taken: list[Delivery]
    database: Path
    audit: Callable[[], Awaitable[tuple[int, str]]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def both(pbx: Asterisk) -> AsyncIterator[Both]:
    (pbx.home / LOG).touch()
    live: dict[str, Mapping[str, Told]] = {}
    async with (
        Crm() as hearing,
        Crm() as catching_up,
        Daemon(pbx, hearing, ari=False),
        Daemon(pbx, catching_up, ari=False, more=cel_of(pbx)) as away,
    ):
        await away.stop()
        began = SystemClock().now()
        for name in PLAYED:
            hearing.forget()
            async with Room(pbx) as room:
                await SCENES[name](room)
            await hearing.until(lambda: all_over(hearing), f"the calls of {name} to end")
            live[name] = calls_in(hearing.taken)
            await pbx.settle()
        await away.start()
        count = sum(map(len, live.values()))
        await catching_up.hears("call.ended", count, within_s=AFTERWARDS_S)
        await catching_up.hears("pbx.connected", within_s=AFTERWARDS_S)
        yield Both(
            live, calls_in(catching_up.taken), catching_up.taken, away.home / "callbridge.db", auditing(away, began)
        )


@pytest.mark.parametrize("name", PLAYED)
async def test_a_call_nobody_heard_is_told_as_if_it_had_been(name: str, both: Both) -> None:
    for call_id, live in both.live[name].items():
        afterwards = both.afterwards[call_id]
        assert afterwards.types == live.types
        assert {key: afterwards.last[key] for key in SAME} == {key: live.last[key] for key in SAME}
        for key in SECONDS:
            assert afterwards.last[key] == pytest.approx(live.last[key], abs=WITHIN_S), key
        assert -WITHIN_S < afterwards.last["ring_s"] - live.last["ring_s"] < DIALLING_S


async def test_all_of_it_is_marked_and_told_once(both: Both) -> None:
    told = [one for one in both.taken if "call" in one.data]

    assert all(one.data["backfilled"] is True for one in told)
    assert max(Counter(one.id for one in told).values()) == 1
    assert set(both.afterwards) == {call_id for calls in both.live.values() for call_id in calls}


async def test_it_is_written_down_in_the_order_in_which_it_happened(both: Both) -> None:
    with closing(sqlite3.connect(both.database)) as database:
        events = database.execute("SELECT type, at FROM events ORDER BY position").fetchall()
        marked = database.execute("SELECT count(*) FROM calls WHERE NOT backfilled").fetchone()

    began = [at for kind, at in events if kind == "call.started"]
    assert began == sorted(began)
    assert [kind for kind, _ in events][-1] == "pbx.connected", "the gap is closed after it was told"
    assert marked == (0,)


async def test_the_audit_finds_nothing_to_complain_of(both: Both) -> None:
    """Beside the daemon, with all that was told afterwards in its database."""
    status, out = await both.audit()

    assert f"{len(both.afterwards)} calls in the PBX's log. No differences." in out
    assert status == 0


@pytest_asyncio.fixture(loop_scope="session")
async def room(pbx: Asterisk) -> AsyncIterator[Room]:
    """In the loop the CRM listens in."""
    async with Room(pbx) as room:
        yield room
    await pbx.settle()


async def test_a_call_that_ended_while_the_daemon_was_away_ends_as_it_did(pbx: Asterisk, room: Room) -> None:
    async with Crm() as crm, Daemon(pbx, crm, ari=False, more=cel_of(pbx)) as daemon:
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        await ana.answer()
        await crm.hears("call.answered")
        await daemon.kill()
        await room.talk(1)
        await maria.hangup()
        await ana.closed()
        await room.talk(1)
        await daemon.start()
        last = await crm.hears("call.ended")

        assert crm.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
        assert [one.data.get("backfilled") for one in crm.taken if "call" in one.data] == [None, None, None, True]
        assert (last.call["state"], last.call["reason"], last.call["ended_by"]) == ("completed", None, "caller")
        back = await crm.hears("pbx.connected", 2)
        assert last.content["timestamp"] < back.content["timestamp"][:19], "a second before the daemon came back"
        assert back.data["gap"]["backfilled"] == {"complete": True, "started": 0, "ended": 1, "missed": 0}
        assert back.data["gap"]["ended"] == 0
        assert last.call["oddities"] == 0


async def test_a_call_that_was_answered_while_the_daemon_was_away_goes_on_as_answered(
    pbx: Asterisk, room: Room
) -> None:
    async with Crm() as crm, Daemon(pbx, crm, ari=False, more=cel_of(pbx)) as daemon:
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000020")
        await ana.rings()
        await crm.hears("call.ringing")
        await daemon.kill()
        await ana.answer()
        await ana.established()
        await room.talk(1)
        await daemon.start()
        answered = await crm.hears("call.answered")
        await maria.hangup()
        last = await crm.hears("call.ended")

        assert crm.heard == ["call.started", "call.queued", "call.ringing", "call.answered", "call.ended"]
        assert answered.data["backfilled"] is True
        assert "backfilled" not in last.data
        assert last.call["talk_s"] > 1
        assert (last.call["agent"]["extension"], last.call["ended_by"], last.call["oddities"]) == ("1001", "caller", 0)


async def test_a_log_that_cannot_be_read_is_told_to_the_crm_and_the_admin(pbx: Asterisk, room: Room) -> None:
    async with Crm() as crm, Daemon(pbx, crm, ari=False, more='[pbx.cel]\nfile = "/nowhere/Master.csv"\n') as daemon:
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        await ana.answer()
        await crm.hears("call.answered")
        await daemon.kill()
        await maria.hangup()
        await ana.closed()
        await daemon.start()
        back = await crm.hears("pbx.connected", 2)
        status = await daemon.status() or {}

        assert back.data["gap"]["backfilled"] == {"complete": False, "started": 0, "ended": 0, "missed": 0}
        assert back.data["gap"]["ended"] == 1
        (why,) = status["degraded"]
        assert "CEL cannot be read: /nowhere/Master.csv cannot be read: No such file or directory." in why
        assert "`callbridge check` tries it" in why


def connected_again(crm: Crm) -> bool:
    lost = max(one.content["timestamp"] for one in crm.of_type("pbx.disconnected"))
    return any(one.content["timestamp"] > lost for one in crm.of_type("pbx.connected"))


@pytest.mark.parametrize("silently", [False, True], ids=["noticed at once", "noticed late"])
async def test_a_link_that_is_cut_loses_no_call(pbx: Asterisk, room: Room, *, silently: bool) -> None:
    """One call ends in the gap, one comes and goes; a firewall that forgets the link is noticed seconds later."""
    quick = "ping_interval_s = 1.0\nping_deadline_s = 1.0\n"
    async with Crm() as crm, Cutter(pbx) as way, Daemon(way, crm, ari=False, ami=quick, more=cel_of(pbx)):
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        await ana.answer()
        await crm.hears("call.answered")
        way.silence() if silently else await way.cut()
        await maria.hangup()
        await ana.closed()
        await maria.dial("210000000")
        await ana.rings()
        await maria.hangup()
        await ana.closed()
        await crm.hears("pbx.disconnected", within_s=30)
        await way.cut()
        await way.mend()
        await crm.hears("call.missed", within_s=60)
        await crm.until(lambda: connected_again(crm), "the gap to be closed", 30)

        told = calls_in(crm.taken)
        assert [one.types for one in told.values()] == [
            ("call.started", "call.ringing", "call.answered", "call.ended"),
            ("call.started", "call.ringing", "call.ended", "call.missed"),
        ], told
        first, second = told.values()
        assert (first.last["state"], first.last["reason"], first.last["ended_by"]) == ("completed", None, "caller")
        assert (second.last["state"], second.last["oddities"]) == ("cancelled", 0)
