"""In which order a PBX's words, its answers and the link's own news are passed on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from callbridge.app import hearing as module
from callbridge.app.backfill import Backfill
from callbridge.app.hearing import Hearing
from callbridge.asterisk.ami.answers import Response
from callbridge.asterisk.ami.link import AmiLink, LinkDown, LinkItem, LinkState, LinkUp, Received
from callbridge.asterisk.ami.message import Message
from callbridge.calls import facts as f
from callbridge.clock import SystemClock
from callbridge.errors import ActionTimeout, PbxUnreachable

CLOCK = SystemClock()
AHEAD = timedelta(hours=2)
"""What the PBX's clock shows more than ours."""


class Link:
    """Stands in for the link: a test says what comes over it, and what is answered."""

    def __init__(self) -> None:
        self.status = SimpleNamespace(state=LinkState.UP, backlog=0)
        self.asked: list[str] = []
        self.fails: set[str] = set()
        self.meanwhile: dict[str, LinkItem] = {}
        """What comes while an action is being answered."""
        self._items: asyncio.Queue[LinkItem] = asyncio.Queue()

    def says(self, *items: LinkItem) -> None:
        for item in items:
            self._items.put_nowait(item)
        self.status.backlog = self._items.qsize()

    async def take(self, most: int) -> list[LinkItem]:
        items = [await self._items.get()]
        while len(items) < most and not self._items.empty():
            items.append(self._items.get_nowait())
        self.status.backlog = self._items.qsize()
        return items

    async def send(self, action: str, _: object = (), *, timeout_s: float) -> Response:
        assert timeout_s > 0
        self.asked.append(action)
        if action in self.meanwhile:
            self.says(self.meanwhile.pop(action))
        if action in self.fails:
            raise ActionTimeout(f"{action} got no answer in time.")
        now = f"{(CLOCK.now() + AHEAD).timestamp()}"
        return Response(
            Message.of(
                ("Response", "Success"),
                ("Timestamp", now),
                ("CoreStartupDate", "2026-11-22"),
                ("CoreStartupTime", "09:00:00"),
            )
        )

    send_list = send

    async def run(self) -> None:
        await asyncio.Event().wait()


class Heard:
    """What was passed on."""

    def __init__(self) -> None:
        self.facts: list[f.Fact] = []
        self._news = asyncio.Condition()
        self.progress: dict[str, int] = {}

    async def offer(self, facts: Sequence[f.Fact]) -> None:
        async with self._news:
            self.facts.extend(facts)
            self._news.notify_all()

    async def until(self, kind: type[f.Fact], count: int = 1) -> list[str]:
        """Return the names of all that was passed on once there are that many of a kind."""

        def there() -> bool:
            return sum(isinstance(fact, kind) for fact in self.facts) >= count

        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(there)
        return [type(fact).__name__ for fact in self.facts]


class Log:
    """Stands in for the PBX's own log: it remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[datetime, datetime, datetime | None]] = []

    async def tell(self, since: datetime, until: datetime, first_heard: datetime | None = None) -> None:
        self.asked.append((since, until, first_heard))


@asynccontextmanager
async def hearing(link: Link, heard: Heard) -> AsyncIterator[Hearing]:
    ear = Hearing("main", cast("AmiLink", link), None, heard.offer, CLOCK, progress=lambda _: dict(heard.progress))
    task = asyncio.create_task(ear.run())
    try:
        yield ear
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=5)


def born(uniqueid: str) -> Received:
    return Received(
        CLOCK.now(),
        Message.of(("Event", "Newchannel"), ("Uniqueid", uniqueid), ("Channel", "PJSIP/trunk-00000001")),
    )


def comes() -> LinkUp:
    return LinkUp(CLOCK.now(), "Asterisk Call Manager/11.0.0")


def goes() -> LinkDown:
    return LinkDown(CLOCK.now(), PbxUnreachable("The PBX closed the connection."))


async def test_a_pbx_says_since_when_it_runs_before_anything_else_is_passed_on() -> None:
    link, heard = Link(), Heard()
    async with hearing(link, heard):
        link.says(comes(), born("1.1"))
        names = await heard.until(f.StateRead)

    assert names == ["LinkUp", "ChannelBorn", "StateAsked", "EndpointsLearnt", "StateRead"]
    (up,) = [fact for fact in heard.facts if isinstance(fact, f.LinkUp)]
    assert up.started_at is not None


async def test_what_is_said_while_the_pbx_is_asked_comes_between_the_question_and_the_answer() -> None:
    link, heard = Link(), Heard()
    link.meanwhile["CoreShowChannels"] = born("1.2")
    async with hearing(link, heard):
        link.says(comes())
        names = await heard.until(f.StateRead)

    assert names == ["LinkUp", "StateAsked", "ChannelBorn", "EndpointsLearnt", "StateRead"]


async def test_a_link_that_goes_while_the_pbx_is_asked_leaves_no_answer() -> None:
    link, heard = Link(), Heard()
    link.meanwhile["CoreShowChannels"] = comes()
    async with hearing(link, heard):
        link.says(comes())
        names = await heard.until(f.StateRead)

    assert names == ["LinkUp", "StateAsked", "LinkUp", "StateAsked", "EndpointsLearnt", "StateRead"]


async def test_the_log_is_asked_of_gaps_alone_and_of_nothing_before_the_pbx_was_first_heard() -> None:
    link, heard, log = Link(), Heard(), Log()
    async with hearing(link, heard) as ear:
        ear.backfill = cast("Backfill", log)
        link.says(comes())
        await heard.until(f.StateRead)
        link.says(goes(), comes())
        await heard.until(f.StateRead, 2)

    first = next(fact.at for fact in heard.facts if isinstance(fact, f.LinkUp))
    ((since, until, first_heard),) = log.asked
    assert first == first_heard
    assert first <= since <= until


async def test_a_lost_link_is_told_by_the_clock_of_the_pbx() -> None:
    link, heard = Link(), Heard()
    async with hearing(link, heard):
        link.says(comes())
        await heard.until(f.StateRead)
        lost = goes()
        link.says(lost)
        await heard.until(f.LinkDown)

    told = heard.facts[-1].at - lost.at
    assert abs(told - AHEAD) < timedelta(seconds=5)


async def test_a_state_that_could_not_be_read_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESYNC_AGAIN_S", 0.05)
    link, heard = Link(), Heard()
    link.fails.add("CoreShowChannels")
    async with hearing(link, heard) as ear:
        link.says(comes())
        await heard.until(f.StateAsked, count=2)
        assert ear.resync_error is not None
        link.fails.clear()
        await heard.until(f.StateRead)
        assert ear.resync_error is None


def sweeps(link: Link) -> Callable[[], Any]:
    before = len(link.asked)
    return lambda: [action for action in link.asked[before:] if action == "CoreShowChannels"]


async def test_a_call_that_stands_still_has_the_pbx_asked_for_its_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    link, heard = Link(), Heard()
    heard.progress = {"call_1": 3}
    async with hearing(link, heard):
        link.says(comes())
        await heard.until(f.StateRead)
        monkeypatch.setattr(module, "SWEEP_S", 0.05)
        link.says(born("1.3"))
        names = await heard.until(f.ChannelsListed)

    assert names[-2:] == ["StateAsked", "ChannelsListed"]
    assert "EndpointsLearnt" not in names[names.index("StateRead") + 1 :]


@pytest.mark.patient
async def test_calls_that_go_on_have_nobody_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEEP_S", 0.05)
    link, heard = Link(), Heard()
    looks = 0

    def moving(_: str) -> dict[str, int]:
        nonlocal looks
        looks += 1
        return {"call_1": looks}

    ear = Hearing("main", cast("AmiLink", link), None, heard.offer, CLOCK, progress=moving)
    task = asyncio.create_task(ear.run())
    link.says(comes())
    await heard.until(f.StateRead)
    asked = sweeps(link)
    async with asyncio.timeout(10):
        while looks < 5:  # noqa: ASYNC110 - nothing tells when it looked
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task], timeout=5)

    assert asked() == []
