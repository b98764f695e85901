"""How much memory: the daemon with many calls live at once, and what is left of very many that are over."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from callbridge.clock import SystemClock
from tests.bench.figures import Figure, Target
from tests.bench.growth import rss_mb
from tests.bench.long_tape import LongTape, Said
from tests.bench.playing import feed, listening
from tests.bench.receiver import Receiver
from tests.lab.ami_player import AmiPlayer
from tests.lab.daemon import Daemon

LIVE: Final = 10_000
LIVE_RATE: Final = 100.0
"""Calls that begin in a second: what every webhook of them can keep up with."""
MOST_LIVE_MB: Final = 150.0
OVER: Final = 200_000
STEP: Final = 50_000
GROWTH_WITHIN_S: Final = 600.0
NO_GROWTH_MB: Final = 4.0
"""Over 150,000 calls: what the allocator holds at one moment and not at another. A leak of one word a call is more."""


async def measure(folder: Path) -> list[Figure]:
    """Both at once, each on a core of its own: nothing is timed here."""
    live, growth = await asyncio.gather(_live(), _growth(folder))
    return [*live, *growth]


async def _live() -> list[Figure]:
    tape = LongTape(rate=LIVE_RATE)
    async with Receiver() as receiver, AmiPlayer(()) as pbx, Daemon(pbx, receiver, ari=False) as daemon:
        await daemon.stop()  # on its first start it has made its database, and all that takes is in its memory
        await daemon.start()
        await listening(pbx)
        before = rss_mb(daemon.pid)
        await feed(pbx, _until_answered(tape))
        await daemon.until(_all_live, f"{LIVE} calls")
        live = rss_mb(daemon.pid)
    return [
        Figure("memory of the daemon without a call", before, "MB"),
        Figure(f"memory of the daemon with {LIVE:,} calls live", live, "MB", target=Target(MOST_LIVE_MB, at_most=True)),
    ]


def _until_answered(tape: LongTape) -> Iterator[Said]:
    """Say of each call all up to its answer, and no more."""
    answered: set[int] = set()
    for said in tape.say(range(1, LIVE + 1), SystemClock().now()):
        if said.call not in answered:
            yield said
        if said.webhook is not None and said.webhook[0] == "call.answered":
            answered.add(said.call)


def _all_live(status: dict[str, Any]) -> bool:
    (pbx,) = status["pbxs"]
    return bool(pbx["live_calls"] == LIVE and pbx["ami"]["queue_depth"] == 0)


async def _growth(folder: Path) -> list[Figure]:
    """Ask a process of its own, for this one's memory is full of other things."""
    command = (sys.executable, "-m", "tests.bench.growth", str(folder), str(OVER), str(STEP))
    child = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    try:
        out, _ = await asyncio.wait_for(child.communicate(), GROWTH_WITHIN_S)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    steps = [json.loads(line) for line in out.splitlines()]
    told = [Figure(f"memory after {step['calls']:,} calls", step["rss_mb"], "MB") for step in steps]
    grown = steps[-1]["rss_mb"] - steps[0]["rss_mb"]
    return [
        *told,
        Figure(f"growth from {STEP:,} to {OVER:,} calls", grown, "MB", target=Target(NO_GROWTH_MB, at_most=True)),
    ]
