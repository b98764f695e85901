"""The missed list on a real Asterisk: missed, called back, got through, seen by two agents, over a crash."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm
from tests.lab.daemon import Daemon
from tests.lab.phones import Phone
from tests.lab.room import Room
from tests.lab.scenes.names import ANONYMOUS, PRIVATE
from tests.live.test_reloading import reloaded

pytestmark = pytest.mark.live

MARIA: Final = "912345678"
SALES: Final = "210000020"
AT_ONCE: Final = "0.000000001"
"""In days: after 86 µs."""
SHOWN_WITHIN_S: Final = 10.0


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


@pytest.fixture
async def daemon(pbx: Asterisk, crm: Crm) -> AsyncIterator[Daemon]:
    async with Daemon(pbx, crm) as daemon:
        yield daemon


async def tries(maria: Phone, ana: Phone, wanted: str = "210000000") -> None:
    """Maria calls, 1001 rings, and she gives up."""
    await maria.dial(wanted)
    await ana.rings()
    await (maria.established() if wanted == SALES else maria.hears_ringing())  # a queue plays her music
    await maria.hangup()
    await ana.closed()
    await maria.closed()


async def rings_back(agent: Phone, maria: Phone) -> None:
    await agent.dial(MARIA)
    await maria.rings()
    await agent.hears_ringing()


async def talks_and_hangs_up(caller: Phone, called: Phone) -> None:
    await called.answer()
    await caller.established()
    await caller.hangup()
    await called.closed()


async def listed(daemon: Daemon, state: str = "open") -> list[dict[str, Any]]:
    page = await daemon.asks("GET", f"/missed?state={state}")
    rows: list[dict[str, Any]] = page["items"]
    return rows


async def only(daemon: Daemon, state: str = "open") -> dict[str, Any]:
    (row,) = await listed(daemon, state)
    return row


async def history(daemon: Daemon, row: dict[str, Any]) -> list[tuple[str, str | None, bool | None]]:
    page = await daemon.asks("GET", f"/missed/{row['id']}/attempts")
    return [(line["kind"], line["by"], line["answered"]) for line in page["items"]]


async def shown_calling(daemon: Daemon, *extensions: str) -> dict[str, Any]:
    """Wait until the only row shows exactly these as calling back right now."""
    row: dict[str, Any] = {}
    async with asyncio.timeout(SHOWN_WITHIN_S):
        while True:
            row = await only(daemon)
            if [each["extension"] for each in row["callbacks"]] == list(extensions):
                return row
            await asyncio.sleep(0.02)


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


async def test_a_call_that_was_missed_is_called_back_answered_and_recovered_with_its_seconds(
    room: Room, crm: Crm, daemon: Daemon
) -> None:
    maria, ana = await room.customer(), await room.phone("1001")
    await tries(maria, ana)
    missed = await crm.hears("call.missed")
    row = await only(daemon)
    assert missed.data["row"] == {"id": row["id"], "count": 1, "first_at": row["first_at"]}
    assert (row["number"], row["status"], row["last_call"]) == ("+351912345678", "not_tried", missed.call["id"])
    assert [each["extension"] for each in row["rung"]] == ["1001"]

    await room.talk(1)
    await rings_back(ana, maria)
    await talks_and_hangs_up(ana, maria)
    recovered = await crm.hears("call.recovered")
    await crm.hears("call.ended", count=2)

    told = recovered.data["missed"]
    assert (told["id"], told["count"], told["last_call"]) == (row["id"], 1, missed.call["id"])
    assert recovered.data["by"] == "callback"
    assert (recovered.call["direction"], recovered.call["agent"]["extension"]) == ("outbound_manual", "1001")
    seconds = seconds_between(row["last_at"], recovered.call["answered_at"])  # of times in whole milliseconds
    assert recovered.data["recovery_s"] == pytest.approx(seconds, abs=0.002)
    assert recovered.data["recovery_s"] >= 1
    assert await listed(daemon) == []
    after = await only(daemon, "recovered")
    assert (after["status"], after["recovered_by"], after["callbacks"]) == ("called_back", "callback", [])
    assert await history(daemon, after) == [("missed", None, None), ("callback", "1001", True)]


async def test_a_call_back_that_nobody_answers_leaves_the_row_and_the_next_one_recovers_it(
    room: Room, crm: Crm, daemon: Daemon
) -> None:
    maria, ana = await room.customer(), await room.phone("1001")
    await tries(maria, ana)
    await crm.hears("call.missed")
    await rings_back(ana, maria)
    await ana.hangup()
    await maria.closed()
    await ana.closed()
    await crm.hears("call.ended", count=2)
    row = await only(daemon)
    assert (row["status"], row["callbacks"]) == ("called", [])
    assert await history(daemon, row) == [("missed", None, None), ("callback", "1001", False)]

    await rings_back(ana, maria)
    await talks_and_hangs_up(ana, maria)
    await crm.hears("call.recovered")
    assert (await history(daemon, row))[2:] == [("callback", "1001", True)]


async def test_a_caller_who_tries_three_times_has_one_row_and_leaves_it_when_she_gets_through(
    room: Room, crm: Crm, daemon: Daemon
) -> None:
    maria, ana = await room.customer(), await room.phone("1001")
    for wanted in ("210000000", SALES, "210000000"):
        await tries(maria, ana, wanted)
    await crm.hears("call.missed", count=3)
    row = await only(daemon)
    calls = {each.data["row"]["count"]: each.call["id"] for each in crm.of_type("call.missed")}
    assert sorted(calls) == [1, 2, 3]
    assert (row["count"], row["queues"], row["last_call"]) == (3, ["sales"], calls[3])

    await maria.dial("210000000")
    await ana.rings()
    await talks_and_hangs_up(maria, ana)
    recovered = await crm.hears("call.recovered")
    assert (recovered.data["by"], recovered.data["missed"]["count"]) == ("caller", 3)
    after = await only(daemon, "recovered")
    assert (after["status"], after["recovered_call"]) == ("got_through", recovered.call["id"])
    assert await history(daemon, after) == [("missed", None, None)] * 3 + [("got_through", "1001", None)]


async def test_while_one_agent_calls_back_the_other_sees_it_and_both_see_when_it_is_over(
    room: Room, crm: Crm, daemon: Daemon
) -> None:
    maria, ana, bruno = await room.customer(), await room.phone("1001"), await room.phone("1002")
    await tries(maria, ana)
    await crm.hears("call.missed")
    await rings_back(bruno, maria)
    row = await shown_calling(daemon, "1002")
    assert row["callbacks"][0]["name"] == "Bruno Reis"
    assert await history(daemon, row) == [("missed", None, None), ("callback", "1002", None)]

    await bruno.hangup()
    await maria.closed()
    await shown_calling(daemon)
    await rings_back(ana, maria)
    await shown_calling(daemon, "1001")
    await talks_and_hangs_up(ana, maria)
    await crm.hears("call.recovered")
    assert await listed(daemon) == []


async def test_whoever_withholds_their_number_has_a_row_for_each_call(room: Room, crm: Crm, daemon: Daemon) -> None:
    ana = await room.phone("1001")
    for count in (1, 2):
        caller = await room.odd_caller(ANONYMOUS, more=PRIVATE)
        await caller.dial("210000001")  # rings two seconds
        await ana.rings()
        await ana.closed()
        await crm.hears("call.missed", count=count)

    rows = await listed(daemon)
    assert [(row["number"], row["count"]) for row in rows] == [(None, 1)] * 2
    assert len({row["id"] for row in rows}) == 2


async def test_a_daemon_that_is_killed_between_the_miss_and_the_call_back_knows_what_it_is_good_for(
    room: Room, crm: Crm, daemon: Daemon
) -> None:
    maria, ana = await room.customer(), await room.phone("1001")
    await tries(maria, ana)
    await crm.hears("call.missed")
    row = await only(daemon)
    await daemon.kill()
    await daemon.start()
    assert await only(daemon) == row

    await rings_back(ana, maria)
    await talks_and_hangs_up(ana, maria)
    recovered = await crm.hears("call.recovered")
    assert recovered.data["missed"]["id"] == row["id"]
    assert await listed(daemon) == []


async def test_a_daemon_that_is_killed_while_somebody_calls_back_shows_it_and_ends_it(
    room: Room, crm: Crm, daemon: Daemon
) -> None:
    maria, ana = await room.customer(), await room.phone("1001")
    await tries(maria, ana)
    await crm.hears("call.missed")
    await rings_back(ana, maria)
    await shown_calling(daemon, "1001")
    await daemon.kill()
    await daemon.start()
    await shown_calling(daemon, "1001")
    await daemon.kill()
    await ana.hangup()
    await maria.closed()
    await daemon.start()
    row = await shown_calling(daemon)
    assert await history(daemon, row) == [("missed", None, None), ("callback", "1001", False)]


async def test_a_person_hides_a_row_and_puts_it_back(room: Room, crm: Crm, daemon: Daemon) -> None:
    maria, ana = await room.customer(), await room.phone("1001")
    await tries(maria, ana)
    await crm.hears("call.missed")
    row = await only(daemon)
    hidden = await daemon.asks("POST", f"/missed/{row['id']}/hide", {"by": "Ana Costa"})
    assert (hidden["state"], hidden["closed_by"]) == ("hidden", "Ana Costa")
    assert await listed(daemon) == []
    await daemon.asks("POST", f"/missed/{row['id']}/restore", {})
    assert (await only(daemon))["id"] == row["id"]
    figures = await daemon.asks("GET", "/missed/stats?since=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z")
    assert (figures["rows"], figures["by_state"]["open"]) == (1, 1)


async def test_a_reload_says_what_counts_and_how_long_it_is_kept(room: Room, crm: Crm, daemon: Daemon) -> None:
    maria, ana = await room.customer(), await room.phone("1001")
    await tries(maria, ana)
    await crm.hears("call.missed")
    before = daemon.config.read_text()
    said = await reloaded(daemon, before + "[missed]\nshortest_s = 3600\n")
    assert said["applied"] == ["missed.shortest_s"]
    await tries(maria, ana)
    await crm.hears("call.ended", count=2)
    assert (await only(daemon))["count"] == 1
    assert len(crm.of_type("call.missed")) == 1
    assert crm.of_type("call.ended")[1].call["missed"] is None

    await reloaded(daemon, f"{before}[missed]\nexpire_after_days = {AT_ONCE}\nkeep_days = 1\n")
    await daemon.logs("missed.expired")
    assert (await only(daemon, "expired"))["closed_by"] is None
    await reloaded(daemon, f"{before}[missed]\nkeep_days = {AT_ONCE}\n")
    await daemon.logs("missed.deleted")
    assert await listed(daemon, "expired") == []
