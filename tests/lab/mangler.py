"""Ways between a daemon and its PBX on which what the PBX says is cut, said twice, or in another order it may have."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import cycle
from typing import Final

from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.ami.wire import AmiParser
from callbridge.asterisk.from_ami import facts_from
from tests.lab.asterisk import Asterisk
from tests.lab.cutter import Cutter
from tests.properties.swaps import may_swap

READ_BYTES: Final = 65536
MOMENT_S: Final = 0.05
"""How long a word waits for the next one, which may overtake it."""
SLICES: Final = (1, 2, 3, 5, 8, 13, 40)
"""How many bytes go at once, again and again: no two messages are cut at the same places."""
TWICE: Final = 3
"""Every so many events are said twice."""
STAMP: Final = re.compile(rb"(?<=\r\nTimestamp: )[^\r\n]+")
END: Final = b"\r\n\r\n"
UNTIMED: Final = datetime.fromtimestamp(0, UTC)


class CuttingWay(Cutter):
    """Each read of the daemon ends anywhere in a message, or in a letter."""

    done = 0

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sizes = cycle(SLICES)
        while data := await reader.read(READ_BYTES):
            while data:
                piece = next(sizes)
                writer.write(data[:piece])
                await writer.drain()
                await asyncio.sleep(0)  # the daemon may read what is there before the rest comes
                data = data[piece:]
                self.done += 1
        raise EOFError


class MessageWay(Cutter):
    """Carries what the PBX says message by message."""

    def __init__(self, pbx: Asterisk, host: int) -> None:
        super().__init__(pbx, host)
        self.done = 0

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())  # the banner has no blank line behind it
        await self._pass_on(_messages(reader), writer)
        raise EOFError

    async def _pass_on(self, messages: AsyncIterator[Message | None], writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


async def _messages(reader: asyncio.StreamReader) -> AsyncIterator[Message | None]:
    """Yield what the PBX says; None where it is silent for a moment."""
    parser = AmiParser()
    reading = asyncio.ensure_future(reader.read(READ_BYTES))
    try:
        while True:
            done, _ = await asyncio.wait({reading}, timeout=MOMENT_S)
            if not done:
                yield None
                continue
            if not (data := reading.result()):
                return
            for message in parser.receive(data):
                yield message
            reading = asyncio.ensure_future(reader.read(READ_BYTES))
    finally:
        reading.cancel()


class StutteringWay(MessageWay):
    """Says every third event twice."""

    async def _pass_on(self, messages: AsyncIterator[Message | None], writer: asyncio.StreamWriter) -> None:
        heard = 0
        async for message in messages:
            if message is None:
                continue
            writer.write(message.raw + END)
            heard += bool(told(message))
            if told(message) and heard % TWICE == 0:
                writer.write(message.raw + END)
                self.done += 1
            await writer.drain()


class OvertakingWay(MessageWay):
    """Swaps every two neighbours that Asterisk may swap."""

    async def _pass_on(self, messages: AsyncIterator[Message | None], writer: asyncio.StreamWriter) -> None:
        held: Message | None = None
        async for message in messages:
            if held is not None and message is not None and overtakes(message, held):
                first, second = with_times_swapped(held, message)
                writer.write(second + END + first + END)
                held = None
                self.done += 1
            else:
                for each in (held, message) if message is None or not told(message) else (held,):
                    if each is not None:
                        writer.write(each.raw + END)
                held = message if message is not None and told(message) else None
            await writer.drain()


def told(message: Message) -> bool:
    """Tell whether a message is one of those that may be mangled: a word of what happens, and no answer."""
    return message.action_id is None and bool(facts_from("main", message, UNTIMED))


def overtakes(later: Message, earlier: Message) -> bool:
    if not (told(later) and told(earlier)):
        return False
    (one,), (other,) = (facts_from("main", each, UNTIMED) for each in (earlier, later))
    return may_swap(one, other)


def with_times_swapped(one: Message, other: Message) -> tuple[bytes, bytes]:
    """Return both as they would be had they come the other way round: the times stay where they are."""
    early, late = (STAMP.findall(each.raw)[0] for each in (one, other))
    return STAMP.sub(late, one.raw), STAMP.sub(early, other.raw)
