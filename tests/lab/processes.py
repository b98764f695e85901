"""Programs of the lab: started by id, ended by id, and never outliving the test."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Final

PASSING: Final = ("setpriv", "--pdeathsig", "KILL")
"""Before a command: the kernel ends it when the process that started it is killed.

The kernel means the thread that starts it, so that has to be the main one.
"""


class Child:
    """One running program. It belongs to no event loop, so a whole session may share it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def returncode(self) -> int | None:
        """None while it runs; minus the signal's number when one ended it."""
        return self._process.poll()

    async def exits(self, within_s: float) -> int:
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        pidfd = os.pidfd_open(self.pid) if not self.ended else None
        if pidfd is not None:
            loop.add_reader(pidfd, gone.set)
            try:
                await asyncio.wait_for(gone.wait(), within_s)
            finally:
                loop.remove_reader(pidfd)
                os.close(pidfd)
        return self._process.wait(1)

    async def stop(self, within_s: float) -> None:
        """Ask, then insist."""
        self._process.terminate()  # of one that has ended: nothing
        try:
            await self.exits(within_s)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        self._process.kill()
        await self.exits(30)


def start(*command: str, log: Path) -> Child:
    """Start it with its output in `log`; call this from the main thread."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            (*PASSING, *command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,  # a Ctrl-C is for whoever started it, and ends it in order
        )
    return Child(process)
