"""Ten receivers, each of which misbehaves in its own way; a process: `python -m tests.faults.bad_receivers`.

It prints one line of JSON, {name: port}. Each line it is sent is answered with one: `good` has all of them
behave from then on, `taken` tells the ids each has taken, in order, without repeats. It ends with its input.
"""

import asyncio
import json
import socket
import struct
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

MEGABYTE: Final = bytes(1 << 20)
HUGE: Final = 100
"""Megabytes of an answer nobody asked for."""
SLOWLY_S: Final = 1.0
"""Between two bytes."""
CLOSE: Final = b"connection: close\r\n\r\n"

Writer = asyncio.StreamWriter


async def answers(writer: Writer, status: str, headers: bytes = b"content-length: 0\r\n\r\n") -> None:
    writer.write(b"HTTP/1.1 " + status.encode() + b"\r\n" + headers)
    await writer.drain()


async def refuses(writer: Writer) -> None:
    await answers(writer, "500 Internal Server Error")


async def is_busy(writer: Writer) -> None:
    await answers(writer, "429 Too Many Requests", b"retry-after: 1\r\ncontent-length: 0\r\n\r\n")


async def is_away(writer: Writer) -> None:
    await answers(writer, "503 Service Unavailable")


async def redirects(writer: Writer) -> None:
    await answers(writer, "307 Temporary Redirect", b"location: /elsewhere\r\ncontent-length: 0\r\n\r\n")


async def resets(writer: Writer) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


async def is_silent(_writer: Writer) -> None:
    await asyncio.sleep(3600)


async def dribbles(writer: Writer) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"x" * 3600:
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(SLOWLY_S)


async def dribbles_after(writer: Writer) -> None:
    await answers(writer, "200 OK", b"content-length: 3600\r\n\r\n")
    for _ in range(3600):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(SLOWLY_S)


async def pours(writer: Writer, status: str = "500 Internal Server Error") -> None:
    await answers(writer, status, b"content-length: %d\r\n" % (HUGE * len(MEGABYTE)) + CLOSE)
    for _ in range(HUGE):
        writer.write(MEGABYTE)
        await writer.drain()
    writer.close()


async def pours_after(writer: Writer) -> None:
    await pours(writer, "200 OK")


KINDS: Final[Mapping[str, Callable[[Writer], Awaitable[None]]]] = {
    "answers-500": refuses,
    "answers-429": is_busy,
    "answers-503": is_away,
    "redirects": redirects,
    "resets": resets,
    "is-silent": is_silent,
    "dribbles": dribbles,
    "dribbles-after-200": dribbles_after,
    "pours-100-mb": pours,
    "pours-100-mb-after-200": pours_after,
}
TAKES: Final = ("dribbles-after-200", "pours-100-mb-after-200")
"""These say 2xx before they misbehave: the event is theirs."""


class Receivers:
    """All of them."""

    def __init__(self) -> None:
        self.good = False
        self.taken: dict[str, dict[str, None]] = {name: {} for name in KINDS}

    async def listen(self) -> dict[str, int]:
        """Return the port of each."""
        ports = {}
        for name in KINDS:
            server = await asyncio.start_server(self._serving(name), "127.0.0.1", 0)
            ports[name] = int(server.sockets[0].getsockname()[1])
        return ports

    def _serving(self, name: str) -> Callable[[asyncio.StreamReader, Writer], Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: Writer) -> None:
            with suppress(OSError, asyncio.IncompleteReadError):
                while not writer.is_closing():
                    event_id = await request(reader)
                    if self.good or name in TAKES:
                        self.taken[name][event_id] = None
                    await (answers(writer, "204 No Content", b"\r\n") if self.good else KINDS[name](writer))
            writer.close()

        return serve


async def request(reader: asyncio.StreamReader) -> str:
    """Read one POST to its end; return its webhook-id."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
    await reader.readexactly(int(headers["content-length"]))
    return headers["webhook-id"]


async def main() -> None:
    receivers = Receivers()
    tell(await receivers.listen())
    while line := await asyncio.to_thread(sys.stdin.readline):
        receivers.good |= line.strip() == "good"
        tell({name: list(taken) for name, taken in receivers.taken.items()} if line.strip() == "taken" else None)


def tell(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
