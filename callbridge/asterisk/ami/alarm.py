"""A deadline that others may bring forward."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Alarm:
    """Limits what one task waits for, while other tasks may find that it must wake sooner."""

    def __init__(self) -> None:
        self._timeout: asyncio.Timeout | None = None

    @asynccontextmanager
    async def at_most(self, seconds: float) -> AsyncIterator[asyncio.Timeout]:
        """Raise TimeoutError inside after `seconds`, or when `ring_in` says."""
        try:
            async with asyncio.timeout(seconds) as timeout:
                self._timeout = timeout
                yield timeout
        finally:
            self._timeout = None

    def ring_in(self, seconds: float) -> None:
        """End what is waited for now in `seconds` at the latest. Nothing, when nothing is."""
        timeout = self._timeout
        if timeout is None or timeout.expired():
            return
        latest = asyncio.get_running_loop().time() + seconds
        if (timeout.when() or latest) >= latest:
            timeout.reschedule(latest)
