"""Programs of the lab: started by id, ended by id, and never outliving the test."""

import asyncio
import contextlib
import signal
from pathlib import Path


class Child:
    """One running program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def exits(self, within_s: float) -> int:
        return await asyncio.wait_for(self._process.wait(), within_s)

    async def stop(self, within_s: float) -> None:
        """Ask, then insist."""
        if self.ended:
            return
        self._signal(signal.SIGTERM)
        try:
            await self.exits(within_s)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        self._signal(signal.SIGKILL)
        await self.exits(5)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself, a moment ago
            self._process.send_signal(number)


async def start(*command: str, log: Path, cwd: Path | None = None) -> Child:
    """`setpriv --pdeathsig` has the kernel end it when the test's process is killed."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            "setpriv",
            "--pdeathsig",
            "KILL",
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
        )
    return Child(process)
