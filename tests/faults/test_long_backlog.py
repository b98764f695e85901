"""A subscriber that was down for a day: what waits for it costs no memory, and goes out at full speed, in order."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest

from callbridge.calls.call import Call, CallState, Direction, Party
from callbridge.calls.events import Event, EventType, call_event
from callbridge.delivery.payload import render
from callbridge.ports import Batch, Told
from callbridge.store import open_store
from tests.bench.growth import rss_mb
from tests.effort import often
from tests.lab.ami_player import AmiPlayer
from tests.lab.daemon import Daemon
from tests.unit.delivery.calls import SetClock

from .figures import Figures
from .ledger import Ledger, all_told, judge, kept_in

pytestmark = pytest.mark.faults

WAITING: Final = often("WAITING", 5_000, 200_000)
STRICT: Final = often("STRICT", 2_000, 20_000)
"""As many, for a subscriber that gets them one after the other."""
A_DAY: Final = timedelta(days=1)
TYPES: Final = (EventType.CALL_STARTED, EventType.CALL_RINGING, EventType.CALL_ANSWERED, EventType.CALL_ENDED)
BATCH: Final = 200
"""Calls in one commit."""
DOWN_S: Final = 4.0
"""How long it stays down once the daemon runs."""
SLOWEST_PER_S: Final = 50
MOST_GROWN_MB: Final = 48.0
"""Over a daemon without a call: a thousand events, SQLite's pages (16 MB of the writer, 2 of each reader), and what
threads keep of what they used; all of it fills up and stays."""


class Marks:
    """When how many had arrived, and the most memory meanwhile."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.times: list[float] = []
        self.mb: list[float] = []
        self.most_mb = 0.0

    async def take(self, crm: Ledger, pid: int) -> None:
        """Note the time of each quarter."""
        loop = asyncio.get_running_loop()
        for quarter in range(5):
            while len(crm.seen) < max(1, self.count * quarter // 4):
                self.most_mb = max(self.most_mb, rss_mb(pid))
                await asyncio.sleep(0.05)
            self.times.append(loop.time())
            self.mb.append(rss_mb(pid))

    def rates(self) -> Sequence[float]:
        """Events a second, quarter by quarter."""
        return [self.count / 4 / (end - begin) for begin, end in zip(self.times, self.times[1:], strict=False)]


@pytest.mark.parametrize(("order", "count"), [("call", WAITING), ("strict", STRICT)])
async def test_what_waited_a_day_goes_out_at_full_speed_in_order_and_in_little_memory(
    order: str, count: int, figures: Figures
) -> None:
    marks = Marks(count)
    arrives_s = 120 + count / SLOWEST_PER_S
    more = f'order = "{order}"\n'
    async with Ledger() as crm, AmiPlayer(()) as pbx, Daemon(pbx, crm, ari=False, more=more) as daemon:
        database = daemon.home / "callbridge.db"
        await daemon.stop()
        await daemon.start()  # on its first start it has made its database, and all that takes is in its memory
        idle_mb = rss_mb(daemon.pid)
        await daemon.stop()
        await a_day_passes(f"sqlite+aiosqlite:///{database}", count // len(TYPES))
        crm.status = 503
        await daemon.start()
        await crm.until(lambda: crm.refused > 0, arrives_s)
        await asyncio.sleep(DOWN_S)
        down_mb = rss_mb(daemon.pid)
        crm.status = 204
        async with asyncio.timeout(arrives_s):
            await marks.take(crm, daemon.pid)
        await daemon.until(all_told, "nothing to wait any more")
        kept = kept_in(database)
    rates = marks.rates()
    figures.say(
        "a day's backlog",
        f"{count:,} events waited, in {order} order; memory {idle_mb:.0f} MB without, "
        f"{down_mb:.0f} MB while it was down, {marks.most_mb:.0f} MB at most, "
        f"at the quarters {', '.join(f'{each:.0f}' for each in marks.mb[1:])}; "
        f"delivered in {marks.times[-1] - marks.times[0]:.0f} s, "
        f"by quarters {', '.join(f'{rate:.0f}' for rate in rates)} a second; {crm.repeats} told twice",
    )
    assert judge(kept, crm).clean, judge(kept, crm)
    assert len(crm.seen) >= count
    if order == "strict":
        assert list(crm.seen) == [event_id for event_id, *_ in kept]
    assert marks.most_mb - idle_mb < MOST_GROWN_MB


async def a_day_passes(url: str, calls: int) -> None:
    """Commit what happened in a day in which the CRM took nothing."""
    clock = SetClock()
    clock.ahead = -A_DAY
    began = clock.now()
    async with await open_store(url, clock=clock) as store:
        for first in range(0, calls, BATCH):
            numbers = range(first, min(first + BATCH, calls))
            lives = [list(a_life(number, began + A_DAY * number / calls)) for number in numbers]
            told = [Told(event, render(event), ("crm",)) for life in lives for event in life]
            await store.commit(Batch(calls=[life[-1].call for life in lives if life[-1].call], told=told))


def a_life(number: int, at: datetime) -> Iterator[Event]:
    """Yield the events of an answered call."""
    call = Call(
        id=f"call_waited_{number}",
        pbx="main",
        protocol=f"20261121-{number:06}",
        direction=Direction.INBOUND,
        state=CallState.ANSWERED,
        caller=Party(number="+351912345678", raw="912345678", name="Maria Silva"),
        callee=Party(number="+351210000000", raw="210000000"),
        started_at=at,
    )
    for sequence, kind in enumerate(TYPES, 1):
        then = at + timedelta(seconds=sequence)
        call = replace(call, sequence=sequence)
        if kind is EventType.CALL_ENDED:
            call = replace(call, state=CallState.COMPLETED, ended_at=then)
        yield call_event(call, kind, then)
