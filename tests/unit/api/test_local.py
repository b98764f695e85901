import asyncio
import socket
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import uvloop

from callbridge.api.local import LocalServer
from callbridge.api.status import DatabaseStatus, Status
from callbridge.errors import AlreadyRunning, CallbridgeError

STATUS = Status(version="1.2.3", started_at=datetime(2026, 1, 1, tzinfo=UTC), database=DatabaseStatus(url="x", ok=True))
DEADLINE_S = 10.0


class Told:
    """Events to follow, and how many follow them."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[bytes] = asyncio.Queue(maxsize=10)
        self.followers = 0

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[bytes]]:
        self.followers += 1
        try:
            yield self._each()
        finally:
            self.followers -= 1

    async def _each(self) -> AsyncIterator[bytes]:
        while True:
            yield await self.events.get()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def server(path: Path, told: Told) -> AsyncIterator[LocalServer]:
    server = LocalServer(path, lambda: STATUS, told.subscribe, slow_after_s=0.2)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
    async with aiohttp.ClientSession(
        "http://local", connector=aiohttp.UnixConnector(str(path)), timeout=timeout
    ) as session:
        yield session


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)


@pytest.mark.usefixtures("server")
async def test_the_status_is_told_as_json(client: aiohttp.ClientSession) -> None:
    async with client.get("/status") as response:
        assert response.content_type == "application/json"
        assert Status.model_validate_json(await response.read()) == STATUS


@pytest.mark.usefixtures("server")
async def test_the_socket_is_its_owners_alone(path: Path) -> None:
    assert _mode(path) == 0o600


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("server")
async def test_a_follower_hears_each_event_as_one_line_as_it_happens(client: aiohttp.ClientSession, told: Told) -> None:
    async with client.get("/events") as response:
        for event in (b'{"type":"call.started"}', b'{"type":"call.ended"}'):
            told.events.put_nowait(event)
            assert await response.content.readline() == event + b"\n"


@pytest.mark.usefixtures("server")
async def test_a_follower_who_leaves_is_forgotten_even_while_nothing_happens(
    client: aiohttp.ClientSession, told: Told
) -> None:
    response = await client.get("/events")
    await until(lambda: told.followers == 1)
    response.close()
    await until(lambda: told.followers == 0)


@pytest.mark.usefixtures("server")
async def test_a_follower_who_does_not_read_is_cut_off(path: Path, told: Told) -> None:
    with socket.socket(socket.AF_UNIX) as lazy:
        lazy.connect(str(path))
        lazy.sendall(b"GET /events HTTP/1.1\r\nHost: local\r\n\r\n")
        await until(lambda: told.followers == 1)
        line = b"x" * 100_000
        async with asyncio.timeout(DEADLINE_S):
            while told.followers:
                with suppress(asyncio.QueueFull):
                    told.events.put_nowait(line)
                await asyncio.sleep(0.005)
        lazy.settimeout(DEADLINE_S)
        assert len(await asyncio.to_thread(_all, lazy)) < 20 * len(line)


def _all(connection: socket.socket) -> bytes:
    """Read until the other side is gone, one way or the other."""
    data = bytearray()
    with suppress(ConnectionError):
        while part := connection.recv(65536):
            data += part
    return bytes(data)


async def test_stopping_lets_every_follower_go_at_once(
    server: LocalServer, client: aiohttp.ClientSession, told: Told, path: Path
) -> None:
    async with client.get("/events") as response:
        await until(lambda: told.followers == 1)
        async with asyncio.timeout(1.5):  # less than the two seconds given to what does not end by itself
            await server.stop()
        with suppress(aiohttp.ClientError):
            assert await response.content.read() == b""
    assert told.followers == 0
    assert not _names(path.parent)
    await server.stop()


async def test_a_socket_left_by_a_dead_daemon_is_replaced(path: Path, told: Told) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    server = LocalServer(path, lambda: STATUS, told.subscribe)
    await server.start()
    await server.stop()


@pytest.mark.usefixtures("server")
async def test_a_second_daemon_is_told_so_and_the_first_goes_on(
    client: aiohttp.ClientSession, path: Path, told: Told
) -> None:
    second = LocalServer(path, lambda: STATUS, told.subscribe)
    with pytest.raises(AlreadyRunning, match="Another callbridge answers"):
        await second.start()
    await second.stop()
    async with client.get("/status") as response:
        assert response.status == 200


@pytest.mark.parametrize("name", ["absent/control.sock", "x" * 200])
async def test_a_socket_that_cannot_be_made_says_what_to_do(tmp_path: Path, told: Told, name: str) -> None:
    server = LocalServer(tmp_path / name, lambda: STATUS, told.subscribe)
    with pytest.raises(CallbridgeError, match=r"cannot be made: .* Let callbridge's user write to"):
        await server.start()
    await server.stop()


@pytest.fixture
def precious(path: Path) -> Iterator[None]:
    path.write_text("precious")
    yield
    assert path.read_text() == "precious"


@pytest.mark.usefixtures("precious")
async def test_a_file_that_is_no_socket_is_never_taken_away(path: Path, told: Told) -> None:
    server = LocalServer(path, lambda: STATUS, told.subscribe)
    with pytest.raises(CallbridgeError, match="cannot be made"):
        await server.start()
    await server.stop()


def test_the_socket_is_served_on_uvloop_too(path: Path, told: Told) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(_asked(LocalServer(path, lambda: STATUS, told.subscribe), path)) == STATUS.as_json()


async def _asked(server: LocalServer, path: Path) -> bytes:
    await server.start()
    connector = aiohttp.UnixConnector(str(path))
    async with asyncio.timeout(DEADLINE_S), aiohttp.ClientSession("http://local", connector=connector) as session:
        response = await session.get("/status")
        body = await response.read()
    await server.stop()
    return body
