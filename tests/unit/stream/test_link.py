"""The way to a real NATS: what is said when it is not there, refuses us or has no JetStream; and what comes through."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from callbridge.clock import SystemClock
from callbridge.errors import StreamUnavailable
from callbridge.ports import SHARDS, Told, shard_of
from callbridge.stream.link import StreamLink, connected, end
from callbridge.stream.message import Message
from callbridge.stream.publisher import Publisher
from callbridge.stream.reader import StreamReader, _Consumer
from callbridge.stream.settings import StreamSettings
from tests.lab.nats import NatsServer, NoNats
from tests.unit.delivery.calls import an_event

SOON_S = 20.0
PASSWORD = "correct horse battery"  # noqa: S105 - of this test's server
USERS = f'authorization {{ user: callbridge, password: "{PASSWORD}" }}'


@asynccontextmanager
async def a_server(more: str = "", *, jetstream: bool = True) -> AsyncIterator[NatsServer]:
    try:
        server = NatsServer(more, jetstream=jetstream)
    except NoNats as missing:
        pytest.skip(str(missing))
    async with server:
        yield server


async def refused(settings: StreamSettings) -> str:
    with pytest.raises(StreamUnavailable) as said:
        async with connected(settings):
            pass
    return str(said.value)


async def test_what_is_wrong_is_said_in_words_that_help() -> None:
    async with a_server(USERS) as nats:
        wrong = StreamSettings(nats.url, user="callbridge", password=SecretStr("wrong horse"))
        assert "refuses us" in await refused(wrong)
        assert "refuses us" in await refused(StreamSettings(nats.url))
        await nats.kill()
        assert "Does nats-server run" in await refused(StreamSettings(nats.url))
    async with a_server(jetstream=False) as bare:
        assert "has no JetStream. Start it with -js" in await refused(StreamSettings(bare.url))


async def test_a_user_with_a_password_is_let_in_and_the_stream_is_made_once() -> None:
    async with a_server(USERS) as nats:
        ours = StreamSettings(nats.url, "calls", user="callbridge", password=SecretStr(PASSWORD), max_bytes=1 << 24)
        for _ in range(2):
            async with connected(ours) as (session, over):
                info = await session.stream.stream_info("calls")
                assert (info.config.subjects, info.config.max_bytes) == (["calls.events.*"], 1 << 24)
                assert info.config.duplicate_window == 600
                assert not over.is_set()


class Ends:
    """A publisher and a reader of everything, over one connection each."""

    def __init__(self, nats: NatsServer) -> None:
        clock = SystemClock()
        self.publisher = Publisher(frozenset)
        self.came: list[Message] = []
        self.looks = 0
        self.reader = StreamReader(self._heard)
        self.reader.follow(range(SHARDS))
        self._links = [StreamLink(StreamSettings(nats.url), clock) for _ in range(2)]

    def _heard(self, shard: int, message: Message | None) -> None:
        if message is None:
            self.looks += 1
        else:
            assert shard == shard_of(message.lane)
            self.came.append(message)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        out, back = self._links
        tasks = [
            asyncio.create_task(out.run([self.publisher.run])),
            asyncio.create_task(back.run([self.reader.run])),
        ]
        try:
            await self.until(lambda: self.looks >= SHARDS)
            yield
        finally:
            await end(tasks)

    async def done(self) -> None:
        async with asyncio.timeout(SOON_S):
            await self.publisher.done()

    async def until(self, condition: object) -> None:
        assert callable(condition)
        async with asyncio.timeout(SOON_S):
            while not condition():  # noqa: ASYNC110 - callbacks tell
                await asyncio.sleep(0.01)

    def tell(self, *sequences: int) -> None:
        self.publisher.publish([Told(an_event("a", number), b"{}", ("crm",)) for number in sequences])


@pytest.mark.patient
async def test_events_come_in_the_order_in_which_they_were_published_and_each_once() -> None:
    async with a_server() as nats:
        ends = Ends(nats)
        async with ends.at_work():
            ends.tell(*range(1, 1501))
            await ends.done()
            ends.tell(*range(1, 1501))  # as after a lost connection
            ends.tell(1501)
            await ends.until(lambda: len(ends.came) >= 1501)

    assert [message.sequence for message in ends.came] == list(range(1, 1502))


@pytest.mark.patient
async def test_what_is_published_while_nats_is_away_comes_once_it_is_back() -> None:
    async with a_server() as nats:
        ends = Ends(nats)
        async with ends.at_work():
            ends.tell(1)
            await ends.until(lambda: len(ends.came) == 1)
            await nats.kill()
            ends.tell(2, 3)
            looks = ends.looks
            await nats.start()
            await ends.done()
            await ends.until(lambda: ends.looks >= looks + SHARDS)  # whoever reads looks into the database

    assert ends.publisher.waiting == 0
    assert ends.publisher.published >= 3


async def test_more_than_may_wait_is_left_to_the_database_and_the_readers_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("callbridge.stream.publisher.WAIT_MOST", 10)
    async with a_server() as nats:
        ends = Ends(nats)
        ends.tell(*range(1, 20))
        assert (ends.publisher.waiting, ends.publisher.missed) == (0, 19)
        async with ends.at_work():
            looks = ends.looks
            ends.publisher.look()
            await ends.until(lambda: ends.looks >= looks + SHARDS)


@pytest.mark.patient
async def test_a_consumer_that_keeps_back_what_it_has_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As pull consumers have done after reconnects (nats-server#4736, #5839): much is pending, and nothing comes."""
    ask, silent = _Consumer._ask, {"left": SHARDS}

    async def ask_later(consumer: _Consumer) -> None:
        if silent["left"]:
            silent["left"] -= 1
        else:
            await ask(consumer)

    monkeypatch.setattr("callbridge.stream.reader.SILENT_S", 0.5)
    monkeypatch.setattr("callbridge.stream.reader.REST_S", 0.05)
    monkeypatch.setattr(_Consumer, "_ask", ask_later)
    async with a_server() as nats:
        ends = Ends(nats)
        async with ends.at_work():
            silent["left"] = 10**6
            looks = ends.looks
            ends.tell(1)
            await ends.until(lambda: ends.reader.stalls >= 1)
            silent["left"] = 0
            await ends.until(lambda: ends.looks > looks)  # what it kept back is in the database
            for number in range(2, 50):
                ends.tell(number)
                await ends.done()
                await asyncio.sleep(0.02)
            await ends.until(lambda: any(message.sequence == 49 for message in ends.came))


async def test_what_swallows_that_it_is_cancelled_is_cancelled_again() -> None:
    """As nats-py does where it waits for its own buffer."""

    async def swallows() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(SOON_S)
        await asyncio.sleep(SOON_S)

    task = asyncio.create_task(swallows())
    await asyncio.sleep(0)
    async with asyncio.timeout(SOON_S / 2):
        await end((task,))
    assert task.cancelled()
