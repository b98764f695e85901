"""What stands on the wire of a try, and which connections are used again."""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from callbridge.delivery import exchange
from callbridge.delivery.exchange import Answer, Exchange
from callbridge.delivery.guard import Guard

from .receivers import Talk, answering, talking

OURS = {"content-type": "application/json", "user-agent": "callbridge/1", "webhook-id": "evt_1"}
GONE_ON = b"HTTP/1.1 204 No Content\r\n\r\n"


def to(port: int, path: str = "/hook", *, user: str = "", headers: Mapping[str, str] | None = None) -> Exchange:
    url = URL(f"http://{user}127.0.0.1:{port}{path}")
    return Exchange(url, headers or {}, Guard(allow_private=True), timeout_s=5.0, limit=8)


class Listener:
    """Takes requests, and notes over which connections they came."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.heads: list[tuple[tuple[bytes, bytes], ...]] = []
        self.lines: list[str] = []

    async def take(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        self.ports.append(request.transport.get_extra_info("peername")[1])
        self.heads.append(request.raw_headers)
        self.lines.append(f"{request.method} {request.raw_path}")
        return web.Response(text=(await request.read()).decode())


async def posted(sender: Exchange, *bodies: bytes) -> list[Answer]:
    return [await sender.post(OURS, body) for body in bodies]


async def test_what_is_sent_is_what_the_session_of_aiohttp_would_send() -> None:
    listener = Listener()
    given = {"x-token": "abc", "X-Other": "d e"}
    async with answering(listener.take) as port:
        async with to(port, "/a%20b/ä?q=1&r=%2F", user="ann:pass%40word@", headers=given) as sender:
            await sender.post(OURS, b"{}")
        plain = {"accept": "*/*", "accept-encoding": "identity"}
        url = URL(f"http://ann:pass%40word@127.0.0.1:{port}/a%20b/ä?q=1&r=%2F")
        async with aiohttp.ClientSession(headers=plain) as session, session.post(url, data=b"{}", headers=given | OURS):
            pass
    ours, theirs = ({(name.lower(), value) for name, value in head} for head in listener.heads)
    assert ours == theirs
    assert len(listener.heads[0]) == len(listener.heads[1])
    assert listener.lines[0] == listener.lines[1]


async def test_a_connection_is_used_again() -> None:
    listener = Listener()
    async with answering(listener.take) as port, to(port) as sender:
        answers = await posted(sender, b"one", b"two", b"three")
    assert [answer.start for answer in answers] == [b"one", b"two", b"three"]
    assert len(set(listener.ports)) == 1


async def test_an_idle_connection_is_closed_before_the_receiver_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "KEEPALIVE_S", 0.05)
    closed = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(GONE_ON)
        assert await reader.read() == b""
        closed.set()

    async with talking(talk) as port, to(port) as sender:
        await posted(sender, b"one")
        async with asyncio.timeout(5):
            await closed.wait()


async def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "KEEPALIVE_S", -1.0)
    listener = Listener()
    async with answering(listener.take) as port, to(port) as sender:
        await posted(sender, b"one", b"two")
    assert len(set(listener.ports)) == 2


async def test_a_connection_the_receiver_closes_is_not_used_again() -> None:
    async def close(_: web.Request) -> web.Response:
        answer = web.Response(status=204)
        answer.force_close()
        return answer

    async with answering(close) as port, to(port) as sender:
        assert [answer.status for answer in await posted(sender, b"one", b"two", b"three")] == [204] * 3


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return await reader.readexactly(length)


def saying(*answers: bytes) -> tuple[Talk, list[bytes]]:
    """A receiver that answers each request of a connection with the next of some words."""
    came: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            came.append(await _request(reader))
            writer.write(answer)
        await reader.read()

    return talk, came


@pytest.mark.parametrize("early", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"])
async def test_what_is_said_before_the_answer_is_not_the_answer(early: bytes) -> None:
    talk, came = saying(early + GONE_ON, GONE_ON)
    async with talking(talk) as port, to(port) as sender:
        assert [answer.status for answer in await posted(sender, b"one", b"two")] == [204, 204]
    assert came == [b"one", b"two"]


async def test_an_answer_nobody_asked_for_is_not_that_of_the_next_request() -> None:
    talk, came = saying(GONE_ON + GONE_ON, b"never reached")
    async with talking(talk) as port, to(port) as sender:
        await posted(sender, b"one", b"two")
    assert came == [b"one", b"two"]


async def test_an_answer_that_comes_before_the_request_is_none() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GONE_ON)
        await reader.read()

    async def late(connector: aiohttp.TCPConnector, *given: Any) -> Any:
        connection = await connect(connector, *given)
        async with asyncio.timeout(5):
            while connection.protocol is None or not connection.protocol._tail:  # noqa: ASYNC110 - aiohttp tells nobody
                await asyncio.sleep(0)
        return connection

    connect = aiohttp.TCPConnector.connect
    async with talking(talk) as port, to(port) as sender:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(aiohttp.TCPConnector, "connect", late)
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await posted(sender, b"one")


@pytest.mark.parametrize("smuggled", ["evt_1\r\nx-other: 1", "evt_1\n", "evt_1\0"])
async def test_no_header_is_more_than_a_line(smuggled: str) -> None:
    listener = Listener()
    async with answering(listener.take) as port, to(port) as sender:
        with pytest.raises(ValueError, match="end of a line"):
            await sender.post({**OURS, "webhook-id": smuggled}, b"{}")
    assert not listener.lines


async def test_nothing_is_sent_to_what_is_no_web_address() -> None:
    async with Exchange(URL("ftp://127.0.0.1/"), {}, Guard(allow_private=True), timeout_s=5.0, limit=8) as sender:
        with pytest.raises(aiohttp.InvalidURL):
            await sender.post(OURS, b"{}")
