"""Readers of `/v1/events` that do not keep up, on sockets of the kernel: cut off, and nothing lost by it."""

import asyncio
import socket
import time
import tracemalloc
from dataclasses import replace
from typing import Self

import pytest

from callbridge.api.streams import Streams, Tempo
from tests.lab.stream import PATH, reading
from tests.unit.api.test_events import BRISK, Live, live, until  # noqa: F401 - a fixture
from tests.unit.store.conftest import (  # noqa: F401 - fixtures
    clock,
    sqlite_file,
    sqlite_template,
    sqlite_url,
    store,
)
from tests.unit.store.made import a_call, telling, told

LARGE = b'{"data":"' + b"x" * 20_000 + b'"}'
WITHIN_S = 60.0


@pytest.fixture
def url(sqlite_url: str) -> str:  # noqa: F811 - a fixture
    """What a slow reader does has nothing to do with the database."""
    return sqlite_url


@pytest.fixture
def tempo() -> Tempo:
    return replace(BRISK, heartbeat_s=60.0)


class Lazy:
    """A reader with a small window that reads when it is told to."""

    def __init__(self, live: Live, token: str, *, after: str = "evt_0") -> None:  # noqa: F811 - no fixture
        host, _, port = str(live.http.address).rpartition(":")
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self._socket.setblocking(False)
        self._where = (host, int(port))
        head = f"GET {PATH} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nLast-Event-ID: {after}\r\n\r\n"
        self._head = head.encode()
        self.data = b""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, self._where)
        await loop.sock_sendall(self._socket, self._head)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._socket.close()

    async def read(self, most: int = 65_536) -> bool:
        """Read some; False at the end, clean or not."""
        try:
            async with asyncio.timeout(WITHIN_S):
                part = await asyncio.get_running_loop().sock_recv(self._socket, most)
        except ConnectionError:
            return False
        self.data += part
        return bool(part)

    @property
    def whole(self) -> list[str]:
        """The ids of the events that came whole."""
        _, _, body = self.data.partition(b"\r\n\r\n")
        frames = body.split(b"\n\n")[:-1]
        return [
            frame.partition(b"\n")[0].removeprefix(b"id: ").decode() for frame in frames if frame.startswith(b"id: ")
        ]


async def some_large(live: Live, name: str, count: int) -> None:  # noqa: F811 - no fixture
    for number in range(1, count + 1):
        await live.store.commit(telling(told(a_call(name, number), body=LARGE)))


@pytest.mark.patient
@pytest.mark.parametrize("past", [True, False], ids=["from the database", "from memory"])
async def test_a_reader_that_takes_nothing_is_cut_off_and_comes_again_without_loss(live: Live, past: bool) -> None:  # noqa: F811, FBT001 - a fixture; pytest's
    token = await live.token()
    if past:
        await some_large(live, "a", 200)
    async with Lazy(live, token) as lazy:
        await until(lambda: len(live.streams) == 1)
        if not past:
            await some_large(live, "a", 200)
        await until(lambda: len(live.streams) == 0)

        while await lazy.read():
            pass
        assert 0 < len(lazy.whole) < 100, "it was sent what it did not take"

    async with reading(live.outside, token, after=lazy.whole[-1]) as reader:
        rest = await reader.ids(200 - len(lazy.whole))
    assert [*lazy.whole, *rest] == [f"evt_a_{number}" for number in range(1, 201)]


@pytest.mark.patient
async def test_a_reader_that_takes_a_little_now_and_then_is_cut_off_too(live: Live) -> None:  # noqa: F811 - a fixture
    await some_large(live, "a", 100)
    began = time.perf_counter()
    async with Lazy(live, await live.token()) as lazy:
        await until(lambda: len(live.streams) == 1)
        while len(live.streams):
            await lazy.read(16)
            await asyncio.sleep(0.01)

    assert time.perf_counter() - began < 10


@pytest.mark.patient
async def test_slow_readers_cost_little_memory_and_a_good_one_beside_them_gets_everything(live: Live) -> None:  # noqa: F811 - a fixture
    """Each may hold some hundred kilobytes, in the kernel most of it; 20 MB were told."""
    live.streams.tempo = replace(live.streams.tempo, write_s=WITHIN_S)
    token = await live.token()
    async with (
        Lazy(live, token) as one,
        Lazy(live, token) as other,
        reading(live.outside, token, after="evt_0") as good,
    ):
        await until(lambda: len(live.streams) == 3)
        tracemalloc.start()
        reading_on = asyncio.create_task(good.ids(1000))
        await some_large(live, "a", 1000)
        assert await reading_on == [f"evt_a_{number}" for number in range(1, 1001)]
        good.sent.clear()
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert held < recent_bytes(live.streams) + 4 * 2**20
        assert one.data == other.data == b""
        assert len(live.streams) == 3


def recent_bytes(streams: Streams) -> int:
    assert streams.recent._bytes <= 8 * 2**20
    return streams.recent._bytes


@pytest.mark.patient
async def test_a_slow_reader_holds_up_a_stop_for_a_moment_only(live: Live) -> None:  # noqa: F811 - a fixture
    live.streams.tempo = replace(live.streams.tempo, write_s=WITHIN_S)
    await some_large(live, "a", 100)
    async with Lazy(live, await live.token()):
        await until(lambda: any(each.position == 0 for each in live.streams._open))
        began = time.perf_counter()
        live.streams.stop()
        await live.http.stop()

        assert time.perf_counter() - began < 1.5
