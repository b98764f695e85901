"""What one would write in an afternoon: read AMI, POST at once, store nothing, sign nothing, try once.

`python -m tests.bench.bare_loop HOST PORT URL` - runs until it is ended or the PBX closes. It
asks for the events the daemon asks for, and posts on exactly those that bring about a webhook of ours.
"""

import asyncio
import sys
from typing import Final

import aiohttp
import orjson

from callbridge.asterisk.from_ami import FILTERS
from callbridge.cli.run import loop_factory
from tests.bench.long_tape import webhook_of
from tests.lab.ami_player import USER
from tests.lab.asterisk import SECRET

LOGIN: Final = f"Action: Login\r\nUsername: {USER}\r\nSecret: {SECRET}\r\n\r\n"
FILTER: Final = "Action: Filter\r\nOperation: Add\r\nFilter: {}\r\n\r\n"


async def forward(host: str, port: int, url: str) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write("".join((LOGIN, *map(FILTER.format, FILTERS))).encode())
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as posts:
        while True:
            text = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
            if webhook_of(headers):
                posts.create_task(post(session, url, headers))


async def post(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> None:
    body = orjson.dumps(headers)
    async with session.post(url, data=body, headers={"content-type": "application/json"}) as answer:
        await answer.read()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as loop:  # the daemon's own kind of loop
        loop.run(forward(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
