"""Two PBXs at once whose channels have the same ids: each call is told as its own PBX's, and as one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

import pytest
import pytest_asyncio

from callbridge.clock import SystemClock
from tests.lab.ami_tap import AmiTap
from tests.lab.asterisk import AMI_PORT, Asterisk
from tests.lab.crm import PAST, Crm, Delivery
from tests.lab.daemon import PBX, Daemon
from tests.lab.program import Program
from tests.lab.record import SCENES
from tests.lab.steps import SteppingRoom
from tests.live.test_calls import TOLD

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]

TOGETHER: Final = (
    "01-answered-caller-hangs-up",
    "02-caller-gives-up",
    "06-queue-rrmemory-second-answers",
    "11-outbound-answered",
    "12-internal-answered",
)
JUST_AFTER_S: Final = 0.05
"""After a full second: an id is the second of birth and a counter."""
PBXS: Final = ("main", "porto")


class Company:
    """Two PBXs, started side by side so that both count from the same number, and one daemon for both."""

    def __init__(self, pbxs: list[Asterisk], taps: list[AmiTap], daemon: Daemon, crm: Crm) -> None:
        self.pbxs, self.taps, self.daemon, self.crm = pbxs, taps, daemon, crm

    async def plays(self, scene: str) -> None:
        """On both at the same time, beginning in the same second."""
        barrier = asyncio.Barrier(len(self.pbxs))

        async def at_once(step: int) -> None:
            if step == 1:
                await barrier.wait()
                await asyncio.sleep(1 - SystemClock().now().timestamp() % 1 + JUST_AFTER_S)

        async def play(pbx: Asterisk) -> None:
            async with SteppingRoom(pbx, at_once) as room:
                await SCENES[scene](room)

        async with asyncio.TaskGroup() as group:
            for pbx in self.pbxs:
                group.create_task(play(pbx))

    def told_of(self, pbx: str) -> list[Delivery]:
        return [one for one in self.crm.taken if one.data["pbx"] == pbx and one.type.startswith("call.")]

    def first_channels(self) -> list[str]:
        """The id of the last call's first channel on each PBX."""
        born = [[one for one in tap.messages if one.get("Event") == "Newchannel"] for tap in self.taps]
        return [next(one["Linkedid"] for one in reversed(each)) for each in born]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def company(program: Program) -> AsyncIterator[Company]:
    async with AsyncExitStack() as stack:
        pbxs = [await stack.enter_async_context(Asterisk(program)) for _ in PBXS]
        taps = [await stack.enter_async_context(pbx.tap()) for pbx in pbxs]
        crm = await stack.enter_async_context(Crm())
        other = PBX.format(id=PBXS[1], host=pbxs[1].ip, ami_port=AMI_PORT, recordings=pbxs[1].home)
        daemon = await stack.enter_async_context(Daemon(pbxs[0], crm, ari=False, more=other))
        await crm.hears("pbx.connected", count=2)
        yield Company(pbxs, taps, daemon, crm)


@pytest.mark.parametrize("scene", TOGETHER)
async def test_the_same_call_on_two_pbxs_is_two_calls(scene: str, company: Company) -> None:
    crm, telling = company.crm, TOLD[scene]
    crm.forget()
    await company.plays(scene)
    await crm.hears("call.missed" if telling.heard.endswith("missed") else "call.ended", count=2)

    one, other = company.first_channels()
    assert one == other, "this shows nothing where the ids differ"
    for pbx in PBXS:
        told = company.told_of(pbx)
        types = [each.type for each in told if each.type != PAST]
        assert types == ["call.started", *(f"call.{word}" for word in telling.heard.split())]
        assert [each.data["sequence"] for each in told] == list(range(1, len(told) + 1))
        assert len({each.call["id"] for each in told}) == 1
        last = told[-1].call
        assert {key: last[key] for key in telling.last} == telling.last
        assert last["oddities"] == 0
    ids = {each.call["id"] for each in company.told_of("main")} | {each.call["id"] for each in company.told_of("porto")}
    assert len(ids) == 2
    assert len({each.call["protocol"] for each in crm.of_type("call.ended")}) == 2


async def test_one_pbx_that_goes_away_takes_no_call_of_the_other_with_it(company: Company) -> None:
    crm = company.crm
    crm.forget()
    room = SteppingRoom(company.pbxs[0], _nothing)
    async with room:
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        await ana.answer()
        await crm.hears("call.answered")
        await company.pbxs[1].kill()
        await crm.hears("pbx.disconnected", within_s=40)
        await company.pbxs[1].start()
        back = await crm.hears("pbx.connected", within_s=60)
        assert "call.ended" not in crm.heard
        await maria.hangup()
        last = await crm.hears("call.ended")

    assert back.data["pbx"] == "porto"
    assert (last.call["pbx"], last.call["reason"]) == ("main", None)


async def _nothing(_: int) -> None:
    """Let it go on."""
