"""What leaves the missed list by itself, and what is deleted for good."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from callbridge.app.expiring import MOST, Expiring, Kept
from callbridge.calls.facts import Fact
from callbridge.calls.missed import MissedState
from callbridge.calls.removal import MOST_EXPIRED
from callbridge.errors import StoreUnavailable
from tests.stories.story import BEGIN, Story
from tests.stories.the_list import MissedList, misses
from tests.unit.store.made import SetClock

DAY = timedelta(days=1)
MONTH = Kept(30 * DAY, 365 * DAY)


class Database:
    """As much of the missed list as is asked to forget something."""

    def __init__(self) -> None:
        self.old = 0
        self.asked: list[datetime] = []
        self.away = False
        self._news = asyncio.Event()

    async def was_asked(self, before: datetime) -> None:
        """Wait until it was asked for what is older than that."""
        while before not in self.asked:
            self._news.clear()
            await self._news.wait()

    async def forget(self, before: datetime, limit: int) -> int:
        if self.away:
            raise StoreUnavailable("The disk is full.")
        self.asked.append(before)
        self._news.set()
        gone = min(self.old, limit)
        self.old -= gone
        return gone


@dataclass
class House:
    story: Story
    listed: MissedList
    database: Database
    clock: SetClock
    expiring: Expiring

    def passes(self, days: float) -> None:
        self.story.now += timedelta(days=days)
        self.clock.at = self.story.now


@pytest.fixture
def house() -> House:
    story, database, clock = Story(), Database(), SetClock()
    clock.at = BEGIN

    async def settled(facts: Sequence[Fact]) -> None:
        story.says(*facts)

    missed: Any = database
    expiring = Expiring(story.tracker, settled, missed, clock, lambda _: story.now, MONTH)
    return House(story, MissedList(story), database, clock, expiring)


async def test_what_nobody_touched_for_too_long_leaves_the_list_and_the_log_says_so(house: House) -> None:
    misses(house.story)
    house.passes(20)
    misses(house.story, "923456789")
    house.passes(9.9)
    assert not await house.expiring.look()
    assert len(house.listed.open) == 2
    house.passes(0.2)
    with capture_logs() as log:
        assert not await house.expiring.look()

    assert [row.caller.raw for row in house.listed.open] == ["923456789"]
    assert house.listed.rows[0].state is MissedState.EXPIRED
    assert [(line["action"], line["pbx"], line["count"]) for line in log] == [("missed.expired", "main", 1)]


@pytest.mark.patient
async def test_many_leave_a_few_in_each_commit(house: House) -> None:
    for number in range(MOST_EXPIRED + 3):
        misses(house.story, f"91{number:07}", seconds=0.1)
    house.passes(31)

    assert await house.expiring.look()
    assert len(house.listed.open) == 3
    assert not await house.expiring.look()
    assert house.listed.open == []


async def test_what_left_the_list_long_ago_is_deleted_for_good_and_the_log_says_so(house: House) -> None:
    house.database.old = MOST + 7
    with capture_logs() as log:
        assert await house.expiring.look()
        assert not await house.expiring.look()

    assert house.database.asked == [BEGIN - 365 * DAY] * 2
    assert [(line["action"], line["count"]) for line in log] == [("missed.deleted", MOST), ("missed.deleted", 7)]


async def test_a_database_that_is_away_is_asked_again_later(house: House) -> None:
    house.database.away = True
    with capture_logs() as log:
        assert not await house.expiring.look()

    assert [(line["action"], line["error"]) for line in log] == [("missed.stays", "The disk is full.")]


async def test_other_times_hold_at_once(house: House) -> None:
    misses(house.story)
    house.passes(2)
    running = asyncio.create_task(house.expiring.run())
    await asyncio.sleep(0)
    assert len(house.listed.open) == 1
    house.expiring.go_by(Kept(DAY, 2 * DAY))
    async with asyncio.timeout(5):
        await house.database.was_asked(house.clock.at - 2 * DAY)
    running.cancel()
    await asyncio.wait([running])

    assert house.listed.row().state is MissedState.EXPIRED
