"""Very many calls through the whole way in a process of its own, and its memory as it goes.

`python -m tests.bench.growth FOLDER CALLS STEP` prints a line of JSON each STEP calls. The calls
are the seed's without the events nobody asks Asterisk for.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from callbridge import logs
from callbridge.asterisk.ami.dial import READ_BYTES
from callbridge.cli.run import spare_the_collector
from callbridge.clock import SystemClock
from tests.bench.long_tape import SEED, LongTape, needed_only
from tests.bench.whole_way import WholeWay


def run(folder: Path, calls: int, step: int) -> None:
    tape = LongTape(needed_only(SEED, folder))
    with asyncio.Runner() as runner, WholeWay(runner, folder, subscribers=()) as way:
        way.go(_pieces(tape, calls, step), calls)


def rss_mb(pid: int) -> float:
    """Return what a process has in memory now."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def _pieces(tape: LongTape, calls: int, step: int) -> Iterator[bytes]:
    held = bytearray()
    for said in tape.say(range(1, calls + 1)):
        held += said.raw
        if len(held) >= READ_BYTES:
            yield bytes(held)
            held.clear()
        if said.webhook is not None and said.webhook[0] == "call.ended" and said.call % step == 0:
            print(json.dumps({"calls": said.call, "rss_mb": rss_mb(os.getpid())}), flush=True)
    yield bytes(held)


if __name__ == "__main__":
    spare_the_collector()
    logs.set_up("warning", "json", now=SystemClock().now, environ=os.environ)
    run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
