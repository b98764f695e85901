"""`python -m tests.bench.streams`: what fifty readers of `/v1/events` cost the real daemon, and its webhooks.

By hand, on a quiet machine. Prints for each number of readers: the daemon's CPU, and how
long a webhook takes from the PBX's own time of the event to the subscriber.
"""

import argparse
import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Final

from callbridge.clock import SystemClock
from tests.lab.ami_player import AmiPlayer
from tests.lab.crm import Crm
from tests.lab.daemon import Daemon, command

TAPE: Final = Path(__file__).parents[1] / "tapes" / "01-answered-caller-hangs-up.tape"
TICKS: Final = os.sysconf("SC_CLK_TCK")
WARM_S: Final = 3.0
CLOCK: Final = SystemClock()


@dataclass
class Measured:
    """What one run found."""

    readers: int
    events_per_s: float
    cpu: float
    p50_ms: float
    p99_ms: float
    read: int


class TimedCrm(Crm):
    """Notes how old each event was when it came."""

    def __init__(self) -> None:
        super().__init__(self._take)
        self.ages_ms: list[float] = []

    def _take(self, delivery: object) -> int:
        written = delivery.content["timestamp"]  # type: ignore[attr-defined] # a Delivery
        self.ages_ms.append((CLOCK.now() - datetime.fromisoformat(written)).total_seconds() * 1000)
        return 204


async def measure(readers: int, calls_per_s: float, seconds: float) -> Measured:
    crm = TimedCrm()
    async with AmiPlayer([TAPE], pace=20) as pbx, crm, Daemon(pbx, crm, ari=False) as daemon:
        reading = await start_readers(daemon, readers)
        playing = asyncio.create_task(play(pbx, calls_per_s))
        await asyncio.sleep(WARM_S)
        crm.ages_ms.clear()
        used, began = cpu_s(daemon.pid), CLOCK.monotonic()
        await asyncio.sleep(seconds)
        ages, took = list(crm.ages_ms), CLOCK.monotonic() - began
        used = cpu_s(daemon.pid) - used
        playing.cancel()
        read = await end_readers(reading)
    cuts = quantiles(ages, n=100)
    return Measured(readers, len(ages) / took, used / took, cuts[49], cuts[98], read)


async def play(pbx: AmiPlayer, calls_per_s: float) -> None:
    async with asyncio.TaskGroup() as group:
        due = CLOCK.monotonic()
        while True:
            group.create_task(pbx.play(pbx.tapes[0]))
            due += 1 / calls_per_s
            await asyncio.sleep(max(0.0, due - CLOCK.monotonic()))


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def start_readers(daemon: Daemon, count: int) -> asyncio.subprocess.Process | None:
    """Start a process of its own with all readers; return when they follow."""
    if not count:
        return None
    made = await asyncio.to_thread(
        subprocess.run,
        command("token", "create", "bench", "--scope", "events:read", "--config", str(daemon.config)),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    status = await daemon.status()
    assert status is not None
    words = ("-m", "tests.bench.streams", "--read", status["http"], made.stdout.strip(), "--readers", str(count))
    pipe = asyncio.subprocess.PIPE
    reading = await asyncio.create_subprocess_exec(sys.executable, *words, stdin=pipe, stdout=pipe)
    assert reading.stdout is not None
    assert await reading.stdout.readline() == b"following\n"
    return reading


async def end_readers(reading: asyncio.subprocess.Process | None) -> int:
    """Return how many events all of them together read."""
    if reading is None:
        return 0
    out, _ = await reading.communicate(b"")  # ends its stdin
    return int(out)


async def read(address: str, token: str, count: int) -> None:
    """Be the readers, until stdin ends."""
    tallies = [Tally() for _ in range(count)]
    tasks = [asyncio.create_task(follow(address, token, tally)) for tally in tallies]
    while not all(tally.begun for tally in tallies):  # noqa: ASYNC110 - fifty sockets, looked at for a moment
        await asyncio.sleep(0.01)
    sys.stdout.write("following\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    print(sum(tally.events for tally in tallies))


@dataclass
class Tally:
    begun: bool = False
    events: int = 0


async def follow(address: str, token: str, tally: Tally) -> None:
    host, _, port = address.rpartition(":")
    source, sink = await asyncio.open_connection(host, int(port))
    sink.write(f"GET /v1/events HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    with suppress(ConnectionError):
        while part := await source.read(262_144):
            tally.begun = tally.begun or b"retry: " in part
            tally.events += part.count(b"\ndata: ")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.streams", description=__doc__)
    parser.add_argument("--readers", type=int, action="append", help="how many; may be given again")
    parser.add_argument("--calls-per-s", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--read", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.read:
        address, token = asked.read
        asyncio.run(read(address, token, asked.readers[0]))
        return
    for readers in asked.readers or [0, 50, 0, 50]:
        print(asyncio.run(measure(readers, asked.calls_per_s, asked.seconds)), f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
