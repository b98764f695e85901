"""When the pipeline commits: at once where something is told, soon where not, and all of it before it stops."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest

from callbridge.calls.customer import Customer, Known, Match
from callbridge.calls.facts import ChannelBorn, ChannelGone, ChannelUp, DirectoryAnswered, Fact
from callbridge.calls.numbers import PbxProfile
from callbridge.calls.tracker import Tracker
from callbridge.clock import SystemClock
from callbridge.errors import StoreUnavailable
from callbridge.pipeline import HEARD_S, UNTOLD_S, Pipeline
from callbridge.ports import Batch
from callbridge.ports.outlets import Outlets
from tests.unit.delivery.memory_store import MemoryStore

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
WITHIN_S = 10.0

BORN = ChannelBorn("main", AT, "1.1", "PJSIP/trunk-00000001", "1.1", calling=True, number="912345678", exten="s")
BORN_TOO = ChannelBorn("main", AT, "1.2", "PJSIP/trunk-00000002", "1.2", calling=True, number="912345679", exten="s")
UP = ChannelUp("main", AT, "1.1")
GONE = ChannelGone("main", AT, "1.1", 16)


class SetClock(SystemClock):
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.shows = 1000.0

    def monotonic(self) -> float:
        return self.shows


class Ledger(MemoryStore):
    """Keeps what was committed."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Batch] = []
        self._news = asyncio.Event()

    async def commit(self, batch: Batch) -> None:
        self.batches.append(batch)
        self._news.set()

    async def has(self, count: int) -> None:
        async with asyncio.timeout(WITHIN_S):
            while len(self.batches) < count:
                self._news.clear()
                await self._news.wait()

    @property
    def told(self) -> list[list[str]]:
        """The types of the events of each commit."""
        return [[one.event.type.value for one in batch.told] for batch in self.batches]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
async def pipeline(clock: SetClock, ledger: Ledger) -> AsyncIterator[Pipeline]:
    """One that runs, and hears of a call already."""
    tracker = Tracker({"main": PbxProfile("main", trunks=("PJSIP/trunk*",))})
    made = Pipeline(tracker, ledger, Outlets(lambda _: b"{}", lambda _: (), lambda _: None), clock)
    running = asyncio.create_task(made.run())
    await made.offer([BORN])
    await ledger.has(1)
    assert ledger.told == [["call.started"]]
    yield made
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def taken(pipeline: Pipeline) -> None:
    """Wait until what was offered has been applied."""
    async with asyncio.timeout(WITHIN_S):
        while pipeline._untold_since is None:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)


async def test_a_change_of_which_nothing_is_told_is_committed_with_the_next_event(
    pipeline: Pipeline, ledger: Ledger
) -> None:
    await pipeline.offer([UP])
    await asyncio.sleep(2 * UNTOLD_S)  # by the pipeline's own clock no time passes
    assert len(ledger.batches) == 1

    await pipeline.offer([GONE])
    await ledger.has(2)
    assert ledger.told[1] == ["call.ended", "call.missed"]
    assert ledger.batches[1].calls[0].legs[0].up_at == AT


async def test_where_no_event_follows_it_is_committed_soon(pipeline: Pipeline, ledger: Ledger, clock: SetClock) -> None:
    await pipeline.offer([UP])
    await taken(pipeline)
    clock.shows += UNTOLD_S
    await ledger.has(2)
    assert ledger.told[1] == []
    assert b'"up_at":"2026' in ledger.batches[1].live[0].snapshot


async def test_until_when_a_pbx_was_heard_is_written_each_second(
    pipeline: Pipeline, ledger: Ledger, clock: SetClock
) -> None:
    assert ledger.batches[0].heard == {"main": AT}
    await pipeline.offer([BORN_TOO])
    await ledger.has(2)
    assert ledger.batches[1].heard == {}

    clock.shows += HEARD_S
    await pipeline.offer([GONE])
    await ledger.has(3)
    assert ledger.batches[2].heard == {"main": AT}


async def test_a_stop_leaves_nothing_unwritten(pipeline: Pipeline, ledger: Ledger) -> None:
    await pipeline.offer([UP])
    await pipeline.stop()
    await ledger.has(2)
    assert b'"up_at":"2026' in ledger.batches[1].live[0].snapshot


async def test_who_waits_for_a_commit_hears_of_it_when_it_is_done(pipeline: Pipeline, ledger: Ledger) -> None:
    async with asyncio.timeout(WITHIN_S):
        await pipeline.settled([UP])

    assert len(ledger.batches) == 2, "what changed waits for no event"
    assert ledger.batches[1].calls[0].legs[0].up_at == AT


async def test_who_offers_nothing_waits_for_all_before(pipeline: Pipeline, ledger: Ledger) -> None:
    await pipeline.offer([GONE])
    async with asyncio.timeout(WITHIN_S):
        await pipeline.settled(())

    assert ledger.told[1] == ["call.ended", "call.missed"]


async def test_who_waits_for_a_database_that_is_away_is_told_so_and_it_is_done_later(
    pipeline: Pipeline, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = asyncio.Event()

    async def commit(batch: Batch) -> None:
        await ready.wait()
        ledger.batches.append(batch)

    monkeypatch.setattr(ledger, "commit", commit)
    monkeypatch.setattr("callbridge.pipeline.SETTLED_S", 0.05)
    with pytest.raises(StoreUnavailable, match="once it does"):
        await pipeline.settled([UP])
    monkeypatch.setattr("callbridge.pipeline.SETTLED_S", WITHIN_S)
    ready.set()
    await pipeline.settled(())

    assert ledger.batches[1].calls[0].legs[0].up_at == AT


async def test_what_is_known_of_a_caller_is_said_before_the_call_begins(clock: SetClock, ledger: Ledger) -> None:
    known = Known(Match.ONE, Customer("c-17"))

    async def informed(facts: Sequence[Fact]) -> Sequence[Fact]:
        return [DirectoryAnswered("main", AT, "912345678", known), *facts]

    tracker = Tracker({"main": PbxProfile("main", trunks=("PJSIP/trunk*",), asks=True)})
    outlets = Outlets(lambda _: b"{}", lambda _: (), lambda _: None, informed=informed)
    made = Pipeline(tracker, ledger, outlets, clock)
    async with asyncio.TaskGroup() as group:
        group.create_task(made.run())
        await made.offer([BORN])
        await ledger.has(1)
        await made.stop()

    assert ledger.told[0] == ["call.started"]
    assert ledger.batches[0].calls[0].customer == known
