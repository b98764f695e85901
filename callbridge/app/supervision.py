"""Parts that run at the same time: kept up when they break, ended within a deadline."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from signal import Signals
from typing import Any, Final, TypeVar

from callbridge.logs import Action, logger

RESTART_S: Final = 1.0
CANCEL_S: Final = 5.0
"""For a cancelled task to put its things away."""

T = TypeVar("T")

log = logger()


async def kept_up(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run a part until it ends, and again when it breaks of what nobody foresaw."""
    while True:
        try:
            return await run()
        except Exception:  # the supervisor: a fault in one part is logged whole, and the part starts anew
            log.exception("started again", action=Action.TASK_FAILED, part=name)
        await asyncio.sleep(RESTART_S)


async def ended(tasks: Sequence[asyncio.Task[None]], within_s: float) -> bool:
    """Wait for tasks, and cancel those that take longer; return whether none did."""
    if not tasks:
        return True
    _, late = await asyncio.wait(tasks, timeout=within_s)
    await cancelled(tuple(late))
    return not late


async def cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks, and give them a moment to put their things away."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=CANCEL_S)


async def woken(news: asyncio.Event, within_s: float) -> None:
    """Return once there are news, or after a time anyway: whoever waits then looks at all there is."""
    try:
        async with asyncio.timeout(within_s):
            await news.wait()
    except TimeoutError:
        pass
    news.clear()


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what `work` gives; None where `stop` was set first, with `work` cancelled."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.wait((working, stopping))


def first(group: BaseExceptionGroup[Exception]) -> Exception:
    """Return the first exception in a group of groups."""
    inner = group.exceptions[0]
    return first(inner) if isinstance(inner, BaseExceptionGroup) else inner


@contextmanager
def signals(meanings: dict[Signals, asyncio.Event]) -> Iterator[None]:
    """Set an event for each signal that comes."""
    loop = asyncio.get_running_loop()
    for signal, event in meanings.items():
        loop.add_signal_handler(signal, event.set)
    try:
        yield
    finally:
        for signal in meanings:
            loop.remove_signal_handler(signal)
