"""Keeping the parts of delivery going, and ending them in time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from callbridge.logs import Action, logger

log = logger()


async def kept_up(name: str, run: Callable[[], Awaitable[None]], again_s: float) -> None:
    """Run one part, again when it breaks: a fault in one subscriber's line is nobody else's."""
    while True:
        try:
            return await run()
        except Exception:  # the supervisor: what broke is logged whole and started again
            log.exception("started again", action=Action.DELIVERY_RESTARTED, part=name)
        await asyncio.sleep(again_s)


async def ended(tasks: Sequence[asyncio.Task[None]], grace_s: float) -> bool:
    """Give the tasks their time to end, and cancel those that take longer; return whether none did."""
    if not tasks:
        return True
    _, late = await asyncio.wait(tasks, timeout=grace_s)
    for task in late:
        task.cancel()
    return not late
