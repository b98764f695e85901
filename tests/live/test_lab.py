"""The lab itself: what every other live test stands on."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.ami_tap import AmiTap
from tests.lab.asterisk import Asterisk, AsteriskDidNotStart, PbxHung
from tests.lab.phones import CallEnded
from tests.lab.program import Program
from tests.lab.room import Room

pytestmark = pytest.mark.live


async def test_two_people_talk(room: Room, tap: AmiTap) -> None:
    maria, ana = await room.customer(), await room.phone("1001")

    await maria.dial("210000000")
    await ana.rings()
    await ana.answer()
    await maria.established()
    await ana.hangup()
    await maria.closed()
    await tap.quiet()

    end = await tap.hears("DialEnd")
    assert (end["DialStatus"], end["CallerIDNum"], end["DestCallerIDNum"]) == ("ANSWER", "912345678", "1001")
    first_request = await tap.hears("HangupRequest")
    assert first_request["Channel"].startswith("PJSIP/1001-")


async def test_a_refusal_reaches_the_caller_as_it_was_said(room: Room) -> None:
    ana = await room.phone("1001")
    await room.refuser("carrier", "486 Busy Here")

    await ana.dial("912345678")

    assert await ana.closed() == "486 Busy Here"


async def test_waiting_for_an_answer_ends_when_the_call_ends(room: Room) -> None:
    maria = await room.customer()
    await maria.dial("210000002")  # nobody has registered there

    with pytest.raises(CallEnded):
        await maria.established()


async def test_what_a_test_leaves_up_is_gone_before_the_next(pbx: Asterisk) -> None:
    async with Room(pbx) as room:
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        await room.action("QueuePause", Queue="strict", Interface="PJSIP/1001", Paused="true")
        await pbx.settle()

        async with pbx.tap() as tap:
            assert not await tap.items("CoreShowChannels", last="CoreShowChannelsComplete")
            members = await tap.items("QueueStatus", last="QueueStatusComplete")
            assert {member["Paused"] for member in members if "Paused" in member} == {"0"}


async def test_a_second_lab_disturbs_nobody(room: Room, own_pbx: Asterisk) -> None:
    async with Room(own_pbx) as other:
        for here in (room, other):
            maria, ana = await here.customer(), await here.phone("1001")
            await maria.dial("210000000")
            await ana.rings()
            await ana.answer()
            await maria.established()


async def test_a_pbx_comes_back_after_it_was_killed(own_pbx: Asterisk) -> None:
    await own_pbx.kill()
    await own_pbx.start()

    async with own_pbx.tap() as tap:
        assert (await tap.action("Ping"))["Ping"] == "Pong"


async def test_a_pbx_that_stops_answering_spoils_one_test_and_says_so_in_a_line(own_pbx: Asterisk) -> None:
    async with own_pbx.tap() as tap:
        await tap.action("ModuleLoad", Module="res_ari_applications.so", LoadType="unload")

    with pytest.raises(PbxHung, match=r"hung after this test.*applications") as told:
        await own_pbx.settle()

    assert "\n" not in str(told.value)
    await own_pbx.settle()


async def test_a_capture_holds_the_bytes_from_the_greeting_on(pbx: Asterisk, tmp_path: Path) -> None:
    async with pbx.tap(tmp_path / "call.ami") as tap:
        await tap.action("Ping")

    said = (tmp_path / "call.ami").read_bytes()
    assert said.startswith(b"Asterisk Call Manager/")
    assert b"Message: Authentication accepted\r\n\r\n" in said


async def test_a_pbx_that_does_not_start_shows_its_log(program: Program, tmp_path: Path) -> None:
    command = tmp_path / "asterisk"
    command.write_text("#!/bin/sh\necho no such codec\nexit 1\n")
    command.chmod(0o755)
    broken = Program(command, modules=program.modules, data=program.data)

    with pytest.raises(AsteriskDidNotStart, match=r"(?s)ended with 1.*no such codec"):
        async with Asterisk(broken):
            pass


async def test_nothing_is_left_when_the_tests_are_killed(program: Program) -> None:
    lab = await asyncio.create_subprocess_exec(sys.executable, "-c", _LAB, stdout=subprocess.PIPE)
    assert lab.stdout is not None
    pids = [int(pid) for pid in (await asyncio.wait_for(lab.stdout.readline(), 30)).split()]
    assert [_runs(pid) for pid in pids] == [True, True]

    lab.kill()
    await asyncio.wait_for(lab.wait(), 10)
    for pid in pids:
        await _ends(pid)


async def _ends(pid: int) -> None:
    async with asyncio.timeout(10):
        while _runs(pid):  # noqa: ASYNC110 - strangers' ends are not told
            await asyncio.sleep(0.02)


def _runs(pid: int) -> bool:
    """A zombie has ended: whoever adopted it has not asked yet."""
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


_LAB = """
import asyncio
from tests.lab.asterisk import Asterisk
from tests.lab.room import Room

async def main():
    async with Asterisk() as pbx, Room(pbx) as room:
        ana = await room.phone("1001")
        print(pbx.pid, ana.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""
