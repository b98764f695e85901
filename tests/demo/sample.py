"""docs/examples/sample_crm.py as a process of its own, its lines passed on as they come."""

import asyncio
import base64
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.lab.processes import PASSING

PROGRAM: Final = Path(__file__).parents[2] / "docs/examples/sample_crm.py"
START_S: Final = 15.0
STOP_S: Final = 3.0
COLOUR: Final = re.compile(r"\x1b\[[\d;]*m")

Told = tuple[str, ...]
"""Words that stand in one line, the event's type first."""


class SampleCrm:
    """`async with SampleCrm(folder, show) as crm:` - listening inside; `show` gets each of its lines."""

    def __init__(self, folder: Path, show: Callable[[str], None], *, coloured: bool) -> None:
        self.secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.url = ""
        self._folder, self._show, self._coloured = folder, show, coloured
        self._lines: list[str] = []
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        file = self._folder / "crm.secret"
        file.touch(0o600)
        file.write_text(self.secret)
        colour = {"FORCE_COLOR": "1", "NO_COLOR": ""} if self._coloured else {"NO_COLOR": "1"}
        self._process = await asyncio.create_subprocess_exec(
            *(*PASSING, sys.executable, str(PROGRAM)),
            *("--secret-file", str(file), "--listen", "127.0.0.1:0"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=os.environ | colour | {"PYTHONIOENCODING": "utf-8"},
            process_group=0,  # a Ctrl-C is for the demo, which then ends this
        )
        first = await asyncio.wait_for(self._line(), START_S)
        if not first.startswith("listening on "):
            raise RuntimeError(f"the sample CRM does not start: {first}")
        self.url = first.removeprefix("listening on ")
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.ended:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            self._process.kill()
            await asyncio.wait_for(self._process.wait(), STOP_S)
        await asyncio.wait([self._reading], timeout=STOP_S)

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None

    def forget(self) -> None:
        self._lines.clear()

    async def lacks(self, told: Sequence[Told], within_s: float) -> Sequence[Told]:
        """Wait until it has shown lines with these words, in this order; return what did not come in time."""
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(lambda: not missing(told, self._lines))
        except TimeoutError:
            return missing(told, self._lines)
        return ()

    async def _read(self) -> None:
        while line := await self._line():
            self._show(line)
            async with self._news:
                self._lines.append(COLOUR.sub("", line))
                self._news.notify_all()

    async def _line(self) -> str:
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode(errors="replace").rstrip("\n")


def missing(told: Sequence[Told], lines: Iterable[str]) -> Sequence[Told]:
    """Return the rest of `told` from the first that stands in no line after those of the ones before it."""
    left = list(told)
    for line in lines:
        if left and all(word in line for word in left[0]):
            del left[0]
    return left
