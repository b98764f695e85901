"""Logs from a real Asterisk: what it wrote of each scene of the lab.

    python -m tests.cel.make 01-answered-caller-hangs-up '16-*'      # NAME.csv and NAME.events.jsonl here

Read what was told against the tape of the scene before you keep it: the tests hold callbridge to it for ever after.
"""

import asyncio
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from callbridge.delivery.payload import render
from tests.cel.test_pairs import facts_of, rows, told, tracker
from tests.lab.asterisk import Asterisk
from tests.lab.record import SCENES
from tests.lab.room import Room

HERE: Final = Path(__file__).parent
LOG: Final = "log/cel-custom/Master.csv"


async def record(name: str) -> None:
    """Play a scene on a fresh Asterisk, and keep the log of it."""
    async with Asterisk() as pbx:
        async with pbx.tap() as tap, Room(pbx) as room:
            await SCENES[name](room)
            await tap.quiet()
        await pbx.stop()
        (HERE / f"{name}.csv").write_bytes((pbx.home / LOG).read_bytes())


def tell(name: str) -> None:
    """Write down what is told of a log."""
    events = told(tracker(name), facts_of(rows(name)))
    (HERE / f"{name}.events.jsonl").write_bytes(b"".join(render(event) + b"\n" for event in events))


def main(*globs: str) -> None:
    for name in sorted(SCENES):
        if any(fnmatch(name, glob) for glob in globs):
            asyncio.run(record(name))
            tell(name)


if __name__ == "__main__":
    main(*sys.argv[1:])
