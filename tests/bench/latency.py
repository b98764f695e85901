"""How late: from an event of AMI on the socket to its webhook at the receiver, beside a bare loop, turn by turn."""

import asyncio
import contextlib
import statistics
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from callbridge.clock import SystemClock
from tests.bench.figures import Figure, Target
from tests.bench.long_tape import RATE, LongTape, Webhook, webhook_of
from tests.bench.playing import feed, listening
from tests.bench.receiver import Receiver
from tests.lab.ami_player import AmiPlayer
from tests.lab.daemon import Daemon
from tests.lab.processes import start

ROUNDS: Final = 3
ROUND_S: Final = 7
WARM_UP: Final = 50
"""Calls before anything is measured: connections are made, code is warm."""
ARRIVE_WITHIN_S: Final = 10.0
STOP_S: Final = 5.0


@dataclass(slots=True)
class Contestant:
    """`webhook_of` tells from a webhook's content what it is of."""

    pbx: AmiPlayer
    webhook_of: Callable[[Any], Webhook]
    late_ms: list[float] = field(default_factory=list)
    lost: int = 0


async def measure(folder: Path) -> list[Figure]:
    """Each in turn is told of the same number of new calls. `folder` takes the bare loop's log."""
    tape = LongTape()
    async with (
        Receiver() as receiver,
        AmiPlayer(()) as one,
        AmiPlayer(()) as other,
        Daemon(one, receiver, ari=False),
        _bare_loop(other, receiver, folder),
    ):
        ours, bare = Contestant(one, ours_of), Contestant(other, _bares)
        for each in (ours, bare):
            await listening(each.pbx)
        first = 1
        for count in (WARM_UP, *[int(ROUND_S * RATE)] * ROUNDS):
            for each in (ours, bare):
                late_ms = await turn(each, receiver, tape, range(first, first + count))
                each.late_ms += late_ms if first > 2 * WARM_UP else []
                first += count
    return _figures(ours, bare)


async def turn(each: Contestant, receiver: Receiver, tape: LongTape, calls: range) -> list[float]:
    """Return how late each webhook of these calls arrived."""
    receiver.arrived.clear()
    said = list(tape.say(calls, SystemClock().now()))
    written = await feed(each.pbx, said)
    arrived: dict[Webhook, float] = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ARRIVE_WITHIN_S):
            while missing := len(written.keys() - arrived.keys()):
                await receiver.has(len(receiver.arrived) + missing if arrived else len(written))
                arrived = {each.webhook_of(orjson.loads(body)): at for at, body in reversed(receiver.arrived)}
    each.lost += len(written.keys() - arrived.keys())
    return [(arrived[webhook] - at) * 1000 for webhook, at in written.items() if webhook in arrived]


def ours_of(content: Any) -> Webhook:
    if "call" not in content["data"]:
        return str(content["type"]), ""  # of the PBX itself
    return str(content["type"]), str(content["data"]["call"]["legs"][0]["uniqueid"])


def _bares(content: Any) -> Webhook:
    return str(webhook_of(content)), str(content["Linkedid"])


@contextlib.asynccontextmanager
async def _bare_loop(pbx: AmiPlayer, receiver: Receiver, folder: Path) -> AsyncIterator[None]:
    command = (sys.executable, "-m", "tests.bench.bare_loop", pbx.ip, str(pbx.port), receiver.url)
    child = start(*command, log=folder / "bare_loop.log")
    try:
        yield
    finally:
        await child.stop(STOP_S)


def _figures(ours: Contestant, bare: Contestant) -> list[Figure]:
    ours_p50, bare_p50 = statistics.median(ours.late_ms), statistics.median(bare.late_ms)
    return [
        Figure("AMI event to webhook, p50", ours_p50, "ms", bare_p50),
        Figure("AMI event to webhook, p99", p99(ours.late_ms), "ms", p99(bare.late_ms)),
        Figure("p50 : the bare loop's p50", ours_p50 / bare_p50, "times", target=Target(2.0, at_most=True)),
        Figure("webhooks that did not arrive", ours.lost, "", bare.lost, Target(0, at_most=True)),
    ]


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[-1]
