"""Ten subscribers that misbehave: what a healthy one feels of them, and that all get everything in the end."""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from callbridge.delivery.subscriber import Subscriber
from callbridge.ports import Store
from tests.effort import SLOW, often
from tests.unit.delivery.calls import SetClock, an_event

from .bad_receivers import KINDS
from .figures import Figures
from .receiver import PACE, Delivery, Receiver, delivering, receiver, subscriber

pytestmark = pytest.mark.faults

ROUNDS: Final = often("ROUNDS", 1, 5)
"""Of each sort, turn by turn."""
EVENTS: Final = often("BESIDE", 40, 600)
"""In each round."""
PER_S: Final = 20
DEADLINE_S: Final = 15.0 if SLOW else 1.0
"""Of a try. The ten are gone once the last one is over."""
GONE_S: Final = 60.0
OVER_S: Final = 300.0
"""For what takes a minute, on a machine with other work."""
SOON_S: Final = 30.0


class Neighbours:
    """The ten, in their process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.subscribers: Sequence[Subscriber] = ()

    async def read(self) -> Any:
        assert self._process.stdout is not None
        async with asyncio.timeout(SOON_S):
            return json.loads(await self._process.stdout.readline())

    async def ask(self, word: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())
        await self._process.stdin.drain()
        return await self.read()


@asynccontextmanager
async def bad_neighbours() -> AsyncIterator[Neighbours]:
    words = (sys.executable, "-m", "tests.faults.bad_receivers")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, limit=1 << 26)
    try:
        found = Neighbours(process)
        ports = await found.read()
        found.subscribers = [
            subscriber(f"http://127.0.0.1:{port}/hook", name, timeout_s=DEADLINE_S) for name, port in ports.items()
        ]
        yield found
    finally:
        process.kill()
        await process.wait()


class Meter:
    """Tells events to the healthy one, beside others or not, and measures how long each takes to be there."""

    def __init__(self, delivery: Delivery, crm: Receiver) -> None:
        self._delivery, self._crm = delivery, crm
        self.told = 0

    async def p99_ms(self, to: Sequence[str]) -> float:
        """Return the p99 from before an event's commit until it is there, of one round."""
        began: dict[str, float] = {}
        loop = asyncio.get_running_loop()
        first = loop.time()
        for number in range(EVENTS):
            await asyncio.sleep(first + number / PER_S - loop.time())
            event = an_event(f"call_{self.told}", 1)
            began[event.id] = time.perf_counter()
            await self._delivery.tell(event, to=to)
            self.told += 1
        await self._crm.hears(self.told, OVER_S)
        took = [hit.at - began[hit.id] for hit in self._crm.hits if hit.id in began]
        assert len(took) == EVENTS
        return statistics.quantiles(took, n=100)[98] * 1000


async def test_a_healthy_subscriber_feels_little_of_ten_that_misbehave_and_all_get_everything_in_the_end(
    store: Store, clock: SetClock, figures: Figures
) -> None:
    pace = replace(PACE, poll_s=1.0, linger_s=0.1, rest_s=(1.0, 30.0))
    alone: list[float] = []
    beside: list[float] = []
    async with (
        receiver() as crm,
        bad_neighbours() as bad,
        delivering(store, clock, subscriber(crm.url), pace=pace) as delivery,
    ):
        meter = Meter(delivery, crm)
        await delivery.until_caught_up()
        for _ in range(ROUNDS):
            alone.append(await meter.p99_ms(("crm",)))
            for one in bad.subscribers:
                delivery.dispatcher.add(one)
            beside.append(await meter.p99_ms(("crm", *KINDS)))
            for one in bad.subscribers:
                delivery.dispatcher.remove(one.name)
            await are_gone(delivery)

        await bad.ask("good")
        for one in bad.subscribers:
            delivery.dispatcher.add(one)
            await delivery.dispatcher.resume(one.name)
        await delivery.until_settled(meanwhile=lambda: clock.pass_by(timedelta(minutes=1)), within_s=OVER_S)
        taken = await bad.ask("taken")
        assert all(one.dead == 0 for one in await store.backlogs())

    figures.say(
        "ten bad neighbours",
        f"{ROUNDS} rounds of {EVENTS} events, {PER_S} a second; p99 of the healthy one alone "
        f"{statistics.median(alone):.1f} ms, beside them {statistics.median(beside):.1f} ms (medians; "
        f"alone {said(alone)}, beside {said(beside)}); afterwards all of them had everything",
    )
    assert len(crm.hits) == len(set(crm.ids)) == 2 * ROUNDS * EVENTS
    assert {name: len(ids) for name, ids in taken.items()} == dict.fromkeys(KINDS, ROUNDS * EVENTS)


def said(found: Sequence[float]) -> str:
    return ", ".join(f"{each:.1f}" for each in found)


async def are_gone(delivery: Delivery) -> None:
    """Wait until nothing is on its way to those who were removed."""
    async with asyncio.timeout(GONE_S):
        while len(delivery.dispatcher._lines) > 1:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
