"""What Asterisk says, cut anywhere, said twice, or in another order it may have: a CRM is told the same."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from typing import Any, Final, Self

import pytest
import pytest_asyncio

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm, Delivery
from tests.lab.daemon import Daemon, Pbx
from tests.lab.mangler import CuttingWay, OvertakingWay, StutteringWay
from tests.lab.record import SCENES
from tests.lab.room import Room
from tests.properties.tapes import unlike

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]

PLAYED: Final = (
    "01-answered-caller-hangs-up",
    "04-group-one-answers",
    "06-queue-ringall-second-answers",
    "07-queue-abandoned",
    "09-queue-local-optimised",
    "16-blind-answered",
    "17-attended-by-refer",
    "21-forward-by-302",
    "22-park-comes-back",
)
WITHIN_S: Final = 60.0


class Mangled:
    """One PBX, heard by one daemon undisturbed, and by others each over a way that does something to its words."""

    def __init__(self, pbx: Asterisk) -> None:
        self.cutting = CuttingWay(pbx, 201)
        self.stuttering = StutteringWay(pbx, 202)
        self.overtaking = OvertakingWay(pbx, 203)
        self._pbx = pbx
        self._stack = AsyncExitStack()
        self.crms: dict[Pbx, Crm] = {}

    async def __aenter__(self) -> Self:
        for way in (self.cutting, self.stuttering, self.overtaking):
            await self._stack.enter_async_context(way)
        for heard in (self._pbx, self.cutting, self.stuttering, self.overtaking):
            crm = await self._stack.enter_async_context(Crm())
            await self._stack.enter_async_context(Daemon(heard, crm, ari=False))
            await crm.hears("pbx.connected")
            self.crms[heard] = crm
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def forget(self) -> None:
        for crm in self.crms.values():
            crm.forget()

    async def hear_the_end(self) -> None:
        """Wait until each call that began is over, and each daemon has told as much as the undisturbed one."""
        plain = self.crms[self._pbx]
        await plain.until(lambda: is_over(plain), "every call to end", WITHIN_S)
        for crm in self.crms.values():
            await crm.until(lambda crm=crm: len(calls(crm)) >= len(calls(plain)), "as much", WITHIN_S)  # type: ignore[misc]  # mypy sees no type in a lambda's default

    def told(self, way: Pbx | None = None) -> list[Delivery]:
        """Return what a CRM was told of calls, in the order of each; None is that of the undisturbed daemon."""
        return calls(self.crms[way or self._pbx])


def calls(crm: Crm) -> list[Delivery]:
    told = [one for one in crm.taken if one.type.startswith("call.")]
    return sorted(told, key=lambda one: (one.call["id"], one.data["sequence"]))


def is_over(crm: Crm) -> bool:
    """Tell whether every call is over, and the miss told that may follow."""
    last = {one.call["id"]: one for one in calls(crm)}
    return bool(last) and all(
        one.type == ("call.missed" if is_missed(one.call) else "call.ended") for one in last.values()
    )


def is_missed(call: dict[str, Any]) -> bool:
    return call["direction"] == "inbound" and call["answered_at"] is None and call["merged_into"] is None


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mangled(pbx: Asterisk) -> AsyncIterator[Mangled]:
    async with Mangled(pbx) as mangled:
        yield mangled


@pytest_asyncio.fixture(loop_scope="session")
async def room(pbx: Asterisk) -> AsyncIterator[Room]:
    async with Room(pbx) as room:
        yield room
    await pbx.settle()


@pytest.mark.parametrize("scene", PLAYED)
async def test_what_is_cut_anywhere_said_twice_or_overtaken_is_told_the_same(
    scene: str, room: Room, mangled: Mangled
) -> None:
    mangled.forget()
    before = (mangled.cutting.done, mangled.stuttering.done, mangled.overtaking.done)
    await SCENES[scene](room)
    await mangled.hear_the_end()
    after = (mangled.cutting.done, mangled.stuttering.done, mangled.overtaking.done)

    assert all(now > then for now, then in zip(after, before, strict=True)), "nothing was mangled"
    assert contents(mangled.told(mangled.cutting)) == contents(mangled.told())
    assert but_for_oddities(mangled.told(mangled.stuttering)) == but_for_oddities(mangled.told())
    assert unlike(settled(mangled.told()), settled(mangled.told(mangled.overtaking))) == []


def contents(told: Iterable[Delivery]) -> list[tuple[str, dict[str, Any]]]:
    return [(one.id, one.content) for one in told]


def but_for_oddities(told: Iterable[Delivery]) -> list[tuple[str, dict[str, Any]]]:
    """What is said twice is counted, and no more."""
    found = contents(told)
    for _, content in found:
        content["data"]["call"]["oddities"] = 0
    return found


def settled(told: Iterable[Delivery]) -> list[list[Any]]:
    """As long as a call goes on, what its legs do in a moment is not looked at: only the order may differ."""
    found = [[one.id, json.loads(one.body)] for one in told]
    for _, content in found:
        call = content["data"]["call"]
        for leg in call["legs"] if call["ended_at"] is None else ():
            leg["state"] = leg["hangup_cause"] = None
    return found
