"""How late a busy machine is."""

import asyncio
from types import TracebackType
from typing import Final, Self

EVERY_S: Final = 0.02


class Lateness:
    """`async with Lateness() as lateness:` - asks to be woken again and again, and sees when that is."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watching.cancel()
        await asyncio.wait([self._watching], timeout=1)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            self.worst_s = max(self.worst_s, loop.time() - due)
