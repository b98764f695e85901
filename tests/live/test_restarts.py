"""A daemon that starts in the middle of a scene, or is killed there: at every step, beside one that hears it all.

Each scene is played once, with a daemon of its own for each of its steps. What
they tell is held against what the undisturbed one tells.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Container
from contextlib import AsyncExitStack
from typing import Any, Final, Self

import pytest
import pytest_asyncio

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm
from tests.lab.daemon import Daemon
from tests.lab.record import SCENES
from tests.lab.steps import SteppingRoom

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]

STEPS: Final = {
    "01-answered-caller-hangs-up": 3,
    "02-caller-gives-up": 2,
    "04-group-one-answers": 3,
    "06-queue-ringall-second-answers": 3,
    "07-queue-abandoned": 2,
    "09-queue-local-kept": 3,
    "09-queue-local-optimised": 3,
    "11-outbound-answered": 3,
    "12-internal-answered": 3,
    "13-click-to-dial-answered": 3,
    "13-click-to-dial-by-local-kept": 3,
    "14-system-call-into-queue": 3,
    "15-hold-by-callee": 5,
    "16-blind-answered": 5,
    "17-attended-by-refer": 8,
    "24-menu-hangs-up": 2,
    "24-voicemail-after-queue": 2,
    "26-recorded-by-command": 3,
}
"""A scene, and how often somebody does something in it."""

WITHIN_S: Final = 60.0


class Listener:
    """A daemon with a CRM of its own."""

    def __init__(self, daemon: Daemon, crm: Crm) -> None:
        self.daemon, self.crm = daemon, crm
        self.runs = False

    async def start(self) -> None:
        """Return when it knows what is true."""
        connected = len(self.crm.of_type("pbx.connected"))
        await (self.daemon.start() if self.runs else self.daemon.__aenter__())
        self.runs = True
        await self.crm.hears("pbx.connected", count=connected + 1)

    @property
    def ended(self) -> dict[str, dict[str, Any]]:
        """Each call that ended, as it ended, by its id."""
        return {one.call["id"]: one.call for one in self.crm.of_type("call.ended")}

    def told_of(self, call_id: str) -> list[str]:
        return [one.type for one in self.crm.taken if "call" in one.data and one.call["id"] == call_id]

    async def hears_the_end_of(self, calls: set[str]) -> None:
        await self.crm.until(lambda: calls <= set(self.ended), f"the end of {calls}", WITHIN_S)

    async def hears_every_end(self) -> None:
        """Wait until each call that began is over."""

        def over() -> bool:
            began = {one.call["id"] for one in self.crm.of_type("call.started")}
            return bool(began) and began == set(self.ended)

        await self.crm.until(over, "every call to end", WITHIN_S)

    async def hears_as_much_as(self, other: "Listener", call_id: str) -> None:
        """Both are told the last of a call at the same time, about."""
        for one, another in ((self, other), (other, self)):
            much = len(another.told_of(call_id))
            await one.has_heard(much, call_id)

    async def has_heard(self, much: int, call_id: str) -> None:
        await self.crm.until(lambda: len(self.told_of(call_id)) >= much, f"{much} events of {call_id}", WITHIN_S)


class Listeners:
    """One that hears everything, and others to which something happens."""

    def __init__(self, pbx: Asterisk, others: int) -> None:
        self._pbx = pbx
        self._stack = AsyncExitStack()
        self._others = others

    async def __aenter__(self) -> Self:
        async with asyncio.TaskGroup() as group:
            making = [group.create_task(self._make()) for _ in range(self._others + 1)]
        self.undisturbed, *self.each = [one.result() for one in making]
        await self.undisturbed.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _make(self) -> Listener:
        crm = await self._stack.enter_async_context(Crm())
        listener = Listener(Daemon(self._pbx, crm, ari=False), crm)
        self._stack.push_async_callback(self._end, listener)
        return listener

    async def _end(self, listener: Listener) -> None:
        if listener.runs:
            await listener.daemon.__aexit__(None, None, None)

    async def start_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for one in self.each:
                group.create_task(one.start())

    async def play(self, scene: str, between: Callable[[int], Awaitable[None]]) -> None:
        async with SteppingRoom(self._pbx, between) as room:
            await SCENES[scene](room)
            assert room.steps == STEPS[scene], "STEPS is not what the scene does"


@pytest_asyncio.fixture(loop_scope="session")
async def quiet_pbx(pbx: Asterisk) -> AsyncIterator[Asterisk]:
    yield pbx
    await pbx.settle()


OUTCOME: Final = ("state", "direction", "queue", "ended_by", "hangup_cause")


FORGOTTEN: Final = {"24-voicemail-after-queue": {"queue"}}
"""Scene: what who comes late cannot know, as the PBX does not say which queue it was that a caller has left."""


def outcome(call: dict[str, Any], forgotten: Container[str] = ()) -> dict[str, Any]:
    """What must be the same, however late one began to listen."""
    told = {key: call[key] for key in OUTCOME if key not in forgotten}
    return told | {"agent": call["agent"] and call["agent"]["extension"], "missed": call["missed"] is not None}


def holds_together(listener: Listener, other: Listener, call_id: str) -> None:
    """One beginning, one end, and no hole between them."""
    told = [one for one in listener.crm.taken if "call" in one.data and one.call["id"] == call_id]
    kinds = [one.type for one in told]
    assert [one.data["sequence"] for one in told] == list(range(1, len(told) + 1))
    assert (kinds[0], kinds.count("call.started"), kinds.count("call.ended")) == ("call.started", 1, 1)
    assert kinds.count("call.answered") <= other.told_of(call_id).count("call.answered")


@pytest.mark.parametrize("scene", STEPS)
async def test_a_daemon_that_starts_in_the_middle_adopts_the_call_and_tells_its_end(
    scene: str, quiet_pbx: Asterisk
) -> None:
    async with Listeners(quiet_pbx, STEPS[scene]) as listeners:

        async def starts(step: int) -> None:
            if step > 1:  # before the first step there is nothing to adopt
                over.append(set(listeners.undisturbed.ended))
                await listeners.each[step - 1].start()

        over: list[set[str]] = []
        await listeners.play(scene, starts)
        await listeners.undisturbed.hears_every_end()
        calls = listeners.undisturbed.ended
        for late, before in zip(listeners.each[1:], over, strict=True):
            await late.hears_the_end_of(set(calls) - before)
            assert set(late.ended) == set(calls) - before
            for call_id in late.ended:
                forgotten = FORGOTTEN.get(scene, ())
                assert outcome(late.ended[call_id], forgotten) == outcome(calls[call_id], forgotten)
                assert late.ended[call_id]["oddities"] == 0
                holds_together(late, listeners.undisturbed, call_id)


@pytest.mark.parametrize("scene", STEPS)
async def test_a_daemon_that_is_killed_between_two_steps_goes_on_as_if_nothing_had_been(
    scene: str, quiet_pbx: Asterisk
) -> None:
    """Before every step, again and again."""
    async with Listeners(quiet_pbx, 1) as listeners:
        (killed,) = listeners.each

        async def is_killed(_: int) -> None:
            await killed.daemon.kill()
            await killed.start()

        await listeners.start_all()
        await listeners.play(scene, is_killed)
        await listeners.undisturbed.hears_every_end()
        for call_id, call in listeners.undisturbed.ended.items():
            await killed.hears_the_end_of({call_id})
            await killed.hears_as_much_as(listeners.undisturbed, call_id)
            assert files_last(killed.told_of(call_id)) == files_last(listeners.undisturbed.told_of(call_id))
            assert outcome(killed.ended[call_id]) == outcome(call)
            holds_together(killed, listeners.undisturbed, call_id)
        assert set(killed.ended) == set(listeners.undisturbed.ended)
        assert protocols(killed) == protocols(listeners.undisturbed)


def files_last(told: list[str]) -> list[str]:
    """Put aside that files were looked at: that takes as long as it takes, and may be after the call."""
    return sorted(told, key=lambda kind: kind in {"recording.ready", "recording.failed"})


def protocols(listener: Listener) -> dict[str, str]:
    """Return the attendance number of each call."""
    return {one.call["id"]: one.call["protocol"] for one in listener.crm.taken if "call" in one.data}


@pytest.mark.parametrize("scene", STEPS)
async def test_a_daemon_that_is_dead_during_a_step_finds_out_what_became_of_the_call(
    scene: str, quiet_pbx: Asterisk
) -> None:
    """One does not hear the odd steps, another the even ones."""
    async with Listeners(quiet_pbx, 2) as listeners:

        async def is_dead(step: int) -> None:
            dying, coming = listeners.each[step % 2], listeners.each[(step + 1) % 2]
            if step > 1:
                await coming.start()
            await dying.daemon.kill()

        await listeners.start_all()
        await listeners.play(scene, is_dead)
        dead_at_the_end = listeners.each[STEPS[scene] % 2]
        await dead_at_the_end.start()
        await listeners.undisturbed.hears_every_end()
        last = listeners.undisturbed.crm.of_type("call.ended")[-1].call["id"]
        for dead in listeners.each:
            await dead.hears_the_end_of({last})
            holds_together(dead, listeners.undisturbed, last)
            missed_it = dead is dead_at_the_end
            unheard = {"state", "ended_by", "hangup_cause"} if missed_it else set[str]()
            unheard |= FORGOTTEN.get(scene, set())
            expected = {
                key: value for key, value in outcome(listeners.undisturbed.ended[last]).items() if key not in unheard
            }
            assert expected.items() <= outcome(dead.ended[last]).items()
            assert (dead.ended[last]["reason"] == "interrupted") == missed_it
            assert set(dead.ended) <= set(listeners.undisturbed.ended)
            assert (await dead.daemon.status() or {})["live_calls"] == 0
