"""A reader of `/v1/events`, by the letter of the HTML standard as far as callbridge uses it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

WITHIN_S: Final = 20.0
PATH: Final = "/v1/events"


@dataclass(frozen=True, slots=True)
class Sent:
    """An event as it came."""

    id: str
    type: str
    body: bytes


@dataclass
class Reader:
    """`last_id` and `retry_ms` are what a browser would come again with."""

    answer: aiohttp.ClientResponse
    last_id: str = ""
    retry_ms: int = 0
    beats: int = 0
    sent: list[Sent] = field(default_factory=list)

    async def next(self) -> Sent | None:
        """Return the next event; None at a clean end. Raises aiohttp.ClientError where it is cut off."""
        last_id, kind, data = self.last_id, "", b""
        async with asyncio.timeout(WITHIN_S):
            async for raw in self.answer.content:
                name, _, value = raw.rstrip(b"\n").partition(b": ")
                if not name:
                    self.last_id = last_id  # not before: an event cut off in its middle did not come
                if not name and data:
                    self.sent.append(Sent(self.last_id, kind, data))
                    return self.sent[-1]
                if name == b"id":
                    last_id = value.decode()
                elif name == b"event":
                    kind = value.decode()
                elif name == b"data":
                    data = value
                elif name == b"retry":
                    self.retry_ms = int(value)
                elif name == b":":
                    self.beats += 1
        return None

    async def ids(self, count: int) -> list[str]:
        """Return the ids of the next `count` events."""
        found = [await self.next() for _ in range(count)]
        return [one.id for one in found if one is not None]

    async def rest(self) -> list[str]:
        """Read to the clean end; return the ids."""
        found = []
        while (one := await self.next()) is not None:
            found.append(one.id)
        return found


@asynccontextmanager
async def reading(
    session: aiohttp.ClientSession, token: str | None = None, *, after: str | None = None, **query: Any
) -> AsyncIterator[Reader]:
    """Follow; `after` is sent as Last-Event-ID. Returns when callbridge has said from where on it tells."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Last-Event-ID": after} if after else {}
    timeout = aiohttp.ClientTimeout(total=None)
    async with session.get(PATH, headers=headers, params=query, timeout=timeout, read_bufsize=2**20) as answer:
        assert answer.status == 200, await answer.text()
        reader = Reader(answer)
        async with asyncio.timeout(WITHIN_S):
            async for raw in answer.content:
                name, _, value = raw.rstrip(b"\n").partition(b": ")
                if name == b"retry":
                    reader.retry_ms = int(value)
                elif name == b"id":
                    reader.last_id = value.decode()
                elif not name:
                    break
        yield reader
