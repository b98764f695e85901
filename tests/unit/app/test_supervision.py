import asyncio
import os
from signal import SIGHUP

import pytest

from callbridge.app import supervision
from callbridge.app.supervision import ended, kept_up, unless

WITHIN_S = 5.0


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_a_part_that_breaks_is_started_again_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "RESTART_S", 0.0)
    lives = iter((ValueError("a bug"), RuntimeError("another"), None))
    seen = []

    async def part() -> None:
        fault = next(lives)
        seen.append(fault)
        if fault:
            raise fault

    async with asyncio.timeout(WITHIN_S):
        await kept_up("part", part)

    assert len(seen) == 3


async def test_a_part_that_is_cancelled_is_not_started_again() -> None:
    task = asyncio.create_task(kept_up("part", for_ever))
    await asyncio.sleep(0)
    await supervision.cancelled([task])

    assert task.cancelled()


async def test_what_ends_in_time_is_not_cancelled() -> None:
    async def brief() -> None:
        await asyncio.sleep(0)

    task = asyncio.create_task(brief())

    assert await ended([task], WITHIN_S)
    assert not task.cancelled()


async def test_what_takes_too_long_is_cancelled_and_told() -> None:
    task = asyncio.create_task(for_ever())

    assert not await ended([task], 0.01)
    assert task.cancelled()


async def test_work_gives_its_result_while_nobody_stops_it() -> None:
    async def work() -> int:
        return 42

    assert await unless(asyncio.Event(), work()) == 42


async def test_work_that_fails_fails() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await unless(asyncio.Event(), work())


async def test_a_stop_before_the_work_is_done_breaks_it_off() -> None:
    stop, began, broken_off = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> int:
        began.set()
        try:
            await for_ever()
        finally:
            broken_off.set()
        return 1

    waiting = asyncio.create_task(unless(stop, work()))
    async with asyncio.timeout(WITHIN_S):
        await began.wait()
        stop.set()

        assert await waiting is None
    assert broken_off.is_set()


async def test_a_signal_sets_its_event_and_means_what_it_meant_before_afterwards() -> None:
    came = asyncio.Event()
    with supervision.signals({SIGHUP: came}):
        os.kill(os.getpid(), SIGHUP)
        async with asyncio.timeout(WITHIN_S):
            await came.wait()

    assert not asyncio.get_running_loop().remove_signal_handler(SIGHUP)
