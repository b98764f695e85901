"""Everything at once, to watch: `make demo`, or `make demo ONCE=1` to end after the first round of calls.

ONCE=1        end by itself: 0, or 1 when the CRM was not told what happened
DEMO_TAPES=1  play recorded calls, as where there is no Asterisk
"""

import asyncio
import os
import signal
import sys
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Final

from tests.demo.calls import CUSTOMERS
from tests.demo.folder import own_folder
from tests.demo.sample import SampleCrm
from tests.demo.screen import Screen
from tests.demo.stages import Act, NoTapes, Stage, with_phones, with_tapes
from tests.lab.asterisk import AsteriskDidNotStart
from tests.lab.daemon import Daemon
from tests.lab.phones import CallEnded
from tests.lab.program import NoAsterisk, find_program

TOLD_S: Final = 10.0
"""How long after a call its events may take to the CRM."""
EVERY_S: Final = 20.0
INTERRUPTED: Final = 130
DIRECTORY: Final = '\n[directory]\nsources = ["own"]\n'


class DemoFailed(Exception):
    """The text says what should have been, and was not."""


class Demo:
    """Sets the stage, plays the first round of calls, and goes on until it is cancelled unless it is to end `once`."""

    def __init__(self, folder: Path, screen: Screen, *, once: bool) -> None:
        self._folder, self._screen, self._once = folder, screen, once
        self._crm = SampleCrm(folder, screen.crm, coloured=screen.coloured)

    async def run(self) -> None:
        """Raise DemoFailed, or what kept it from beginning."""
        async with AsyncExitStack() as stack:
            self._screen.note("Starting a PBX, a CRM and callbridge …")
            stage = await stack.enter_async_context(self._stage())
            await stack.enter_async_context(self._crm)
            self._daemon = await stack.enter_async_context(
                Daemon(stage.pbx, self._crm, ari=stage.has_ari, more=DIRECTORY)
            )
            await self._fill_directory()
            self._tell_where()
            for act in stage.first:
                await self._play(act)
            if not self._once:
                await self._go_on(stage)
            self._screen.note("All calls reached the CRM as they happened.")

    def _stage(self) -> AbstractAsyncContextManager[Stage]:
        try:
            program = find_program()
        except NoAsterisk as why:
            self._screen.note(f"No Asterisk here, so recorded calls are played ({why}).")
        else:
            if not os.environ.get("DEMO_TAPES"):
                return with_phones(program, self._screen.phone)
            self._screen.note("DEMO_TAPES is set, so recorded calls are played.")
        return with_tapes(self._screen.phone)

    async def _play(self, act: Act) -> None:
        self._screen.blank()
        self._crm.forget()
        try:
            await act.make()
        except (CallEnded, TimeoutError, AssertionError, OSError) as error:
            raise DemoFailed(
                f"the phones did not get through the call: {error or 'nothing happened in time'}"
            ) from error
        if lacking := await self._crm.lacks(act.told, TOLD_S):
            first = lacking[0]
            raise DemoFailed(f"the CRM was told of no {first[0]} with {', '.join(first[1:])} within {TOLD_S:.0f} s")

    async def _go_on(self, stage: Stage) -> None:
        self._screen.blank()
        self._screen.note(f"A call every {EVERY_S:.0f} s from now on. Ctrl-C ends everything.")
        for act in stage.later:
            await asyncio.sleep(EVERY_S)
            await self._play(act)

    async def _fill_directory(self) -> None:
        """Have the daemon know some of those who will call."""
        for number, each in enumerate(CUSTOMERS):
            if each.company is not None:
                known = {"name": each.company, "phones": [each.number]}
                await self._daemon.asks("PUT", f"/customers/c-{number}", known, 201)

    def _tell_where(self) -> None:
        """Say where to look meanwhile."""
        program = os.path.relpath(Path(sys.executable).with_name("callbridge"))
        home = self._daemon.home
        for what, where in {
            "config": self._daemon.config,
            "log": home / "log",
            "database": home / "callbridge.db",
            "live": f"{program} tail --config {self._daemon.config}",
            "health": f"{program} status --config {self._daemon.config}",
        }.items():
            self._screen.note(f"  {what:<9} {where}")


async def until_interrupted(demo: Demo) -> None:
    """Run it; the first Ctrl-C, hang-up or SIGTERM cancels it, and more of them change nothing."""
    running = asyncio.ensure_future(demo.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, running.cancel)
    await running


def main() -> int:
    screen = Screen()
    once = os.environ.get("ONCE", "") not in {"", "0"}
    with own_folder() as folder:
        try:
            asyncio.run(until_interrupted(Demo(folder, screen, once=once)))
        except asyncio.CancelledError:
            screen.note("Everything is stopped.")
            return INTERRUPTED if once else 0
        except (DemoFailed, AsteriskDidNotStart, NoTapes, AssertionError, RuntimeError) as error:
            screen.alarm(str(error))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
