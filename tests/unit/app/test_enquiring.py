"""What is asked of the directory, when, and what is said of its answers."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from callbridge.app import enquiring as module
from callbridge.app.enquiring import Enquiring
from callbridge.calls import facts as f
from callbridge.calls.customer import NOBODY, Customer, Known, Match
from callbridge.calls.numbers import PbxProfile
from callbridge.calls.tracker import Tracker
from callbridge.directory.directory import Directory, Ways
from callbridge.directory.e164 import number_plan
from callbridge.directory.source import Question
from callbridge.errors import StoreUnavailable

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
MARIA = "+351912345678"
SILVA = Known(Match.ONE, Customer("c-17", "Silva Lda"))
WITHIN_S = 10.0


class Memory:
    """One rung of the directory: it knows some numbers, at once or when it is asked."""

    name = "memory"

    def __init__(self, at_once: Mapping[str, Known], later: Mapping[str, Known]) -> None:
        self.known_at_once, self.known_later = at_once, later
        self.asked: list[str] = []
        self.fails = False
        self.hangs = False

    async def at_once(self, questions: Sequence[Question]) -> Mapping[Question, Known]:
        self.asked.extend(each.number for each in questions)
        return {each: self.known_at_once[each.number] for each in questions if each.number in self.known_at_once}

    async def ask(self, question: Question) -> Known:
        self.asked.append(question.number)
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise StoreUnavailable("The CRM says 500.")
        return self.known_later.get(question.number, NOBODY)


class Desk:
    """A tracker with its enquiries, and what was offered to it."""

    def __init__(self, at_once: Mapping[str, Known], later: Mapping[str, Known]) -> None:
        profile = PbxProfile("main", "0", ("1XXX",), ("PJSIP/trunk*",), asks=True, to_e164=number_plan("PT"))
        self.tracker = Tracker({"main": profile})
        self.memory = Memory(at_once, later)
        self.offered: list[f.Fact] = []
        self._news = asyncio.Event()
        directory = Directory((), (self.memory,), Ways("PT"))
        self.enquiring = Enquiring(self.tracker, directory, self.offer, lambda _: AT)

    async def offer(self, facts: Sequence[f.Fact]) -> None:
        self.offered.extend(facts)
        for fact in facts:
            self.tracker.apply(fact)
        self._news.set()

    async def has(self, count: int) -> None:
        async with asyncio.timeout(WITHIN_S):
            while len(self.offered) < count:
                self._news.clear()
                await self._news.wait()


def born(channel: str, number: str, *, name: str = "PJSIP/trunk-00000001", exten: str = "210000000") -> f.ChannelBorn:
    return f.ChannelBorn("main", AT, channel, name, channel, calling=True, number=number, exten=exten)


async def test_who_is_known_at_once_is_said_before_the_call() -> None:
    desk = Desk({MARIA: SILVA}, {})
    call = born("1.1", "912345678")

    assert await desk.enquiring.informed([call]) == [f.DirectoryAnswered("main", AT, MARIA, SILVA), call]


async def test_who_is_called_out_is_said_too_and_who_called_in_a_gap() -> None:
    desk = Desk({MARIA: SILVA}, {})
    out = born("1.1", "1001", name="PJSIP/1001-00000001", exten="0912345678")
    later = f.Backfilled("main", AT, born("1.2", "912345678"))
    seen = f.ChannelSeen("1.3", "PJSIP/trunk-00000003", "1.3", up=True, ringing=False, calling=True, number="912345678")
    for fact in (out, later, f.StateRead("main", AT, (seen,))):
        assert await desk.enquiring.informed([fact]) == [f.DirectoryAnswered("main", AT, MARIA, SILVA), fact]


async def test_nobody_is_asked_for_but_those_outside() -> None:
    desk = Desk({}, {})
    inside = born("1.1", "1001", name="PJSIP/1001-00000001", exten="1002")
    facts = [inside, born("1.2", "anonymous"), f.ChannelUp("main", AT, "1.1")]

    assert await desk.enquiring.informed(facts) is facts
    assert desk.memory.asked == []


async def test_a_number_that_calls_twice_at_once_is_asked_for_once() -> None:
    desk = Desk({MARIA: SILVA}, {})
    await desk.enquiring.informed([born("1.1", "912345678"), born("1.2", "+351 912 345 678")])

    assert desk.memory.asked == [MARIA]


async def test_what_a_call_waits_for_is_asked_and_answered() -> None:
    desk = Desk({}, {MARIA: SILVA})
    task = asyncio.create_task(desk.enquiring.run())
    for event in desk.tracker.apply(born("1.1", "912345678")):
        assert event.call is not None
        assert event.call.customer.match is Match.PENDING
    desk.enquiring.wake()
    await desk.has(1)
    task.cancel()

    assert desk.offered == [f.DirectoryAnswered("main", AT, MARIA, SILVA)]
    assert not desk.tracker.awaits_directory


async def test_a_source_that_fails_is_said_to_have_failed() -> None:
    desk = Desk({}, {})
    desk.memory.fails = True
    desk.tracker.apply(born("1.1", "912345678"))
    task = asyncio.create_task(desk.enquiring.run())
    await desk.has(1)
    task.cancel()

    assert desk.offered == [f.DirectoryAnswered("main", AT, MARIA, NOBODY, failed=True)]


async def test_a_directory_that_hangs_is_answered_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 0.05)
    desk = Desk({}, {})
    desk.memory.hangs = True
    desk.tracker.apply(born("1.1", "912345678"))
    task = asyncio.create_task(desk.enquiring.run())
    await desk.has(1)
    task.cancel()

    assert desk.offered == [f.DirectoryAnswered("main", AT, MARIA, NOBODY, failed=True)]
