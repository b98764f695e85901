"""An AMI server that says what tapes hold, as an Asterisk would: for where there is none, and for load.

It knows what the daemon asks of a PBX, and answers that nothing goes on. Each tape
played is a new set of calls: of now, with ids of its own.
"""

import asyncio
import contextlib
import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from callbridge.asterisk.tape import read
from callbridge.clock import SystemClock
from tests.lab.asterisk import AMI_PORT, SECRET
from tests.lab.folder import passing_folder
from tests.lab.network import Network

USER: Final = "callbridge"
BANNER: Final = b"Asterisk Call Manager/11.0.0\r\n"
CHALLENGE: Final = "20130722"
DRAIN_S: Final = 5.0
"""A client that does not read for so long is let go, as Asterisk does."""
LOGIN_S: Final = 30.0

LISTS: Final = {
    "CoreShowChannels": "CoreShowChannelsComplete",
    "QueueStatus": "QueueStatusComplete",
    "ExtensionStateList": "ExtensionStateListComplete",
    "DeviceStateList": "DeviceStateListComplete",
    "Status": "StatusComplete",
    "BridgeList": "BridgeListComplete",
}
"""Actions that are answered with an empty list, and the event that ends it."""

HOLES: Final = re.compile(
    rb"""
      (?<=^Timestamp:\ ) (?P<time> \d+\.\d+ )
    | (?<![\d.]) (?P<second> \d{9,10} ) \. (?P<counter> \d+ ) (?![\d.])
    | (?<=-) (?P<channel> [0-9a-f]{8} ) (?= [;,&\s<] | $ )
    | (?<![0-9a-f-]) (?P<bridge> [0-9a-f]{8} ) (?= -[0-9a-f]{4}- )
    """,
    re.VERBOSE | re.MULTILINE,
)
"""What is not the same when a call happens again: times, Uniqueids, the numbers of channels and bridges."""

CHANNELS_A_TAPE: Final = 4096
"""Above what any tape has: what keeps the ids of two plays apart, even in one second."""

Headers = dict[str, str]
SUCCESS: Final[Headers] = {"Response": "Success"}


Piece = bytes | re.Match[bytes]
"""What stays as it is, or a hole."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event; `after_s` counts from the tape's first."""

    after_s: float
    raw: bytes


class Tape:
    """A recording, read once and made anew each time it is played."""

    def __init__(self, path: Path) -> None:
        heard = [one for one in read(path, "main") if one.message.is_event and one.message.action_id is None]
        told = [one for one in heard if one.message.name != "FullyBooted"]
        if not told:
            raise ValueError(f"{path} holds no events")
        self.path = path
        self.began = told[0].at.timestamp()
        self.lasts_s = told[-1].at.timestamp() - self.began
        self._lines = [(one.at.timestamp() - self.began, _pieces(one.message.raw + b"\r\n\r\n")) for one in told]

    def __len__(self) -> int:
        return len(self._lines)

    def again(self, at: datetime, number: int, pace: float = 1.0) -> Iterator[Line]:
        """Yield the events as if they began `at`, ready for the wire; `number` tells this time from all others.

        At a `pace` of 2 everything takes half as long.
        """
        begins = at.timestamp()

        def fill(hole: re.Match[bytes]) -> bytes:
            if hole["time"]:
                return b"%.6f" % (begins + (float(hole["time"]) - self.began) / pace)
            if hole["second"]:
                second = int(begins) + int(hole["second"]) - int(self.began)
                return b"%d.%d" % (second, int(hole["counter"]) + number * CHANNELS_A_TAPE)
            return b"%08x" % (int(hole[0], 16) + number * CHANNELS_A_TAPE & 0xFFFFFFFF)

        for after_s, pieces in self._lines:
            raw = b"".join(piece if isinstance(piece, bytes) else fill(piece) for piece in pieces)
            yield Line(after_s / pace, raw)


def _pieces(raw: bytes) -> tuple[Piece, ...]:
    """Found once: searching costs 150 µs an event, filling in 5."""
    pieces: list[Piece] = []
    end = 0
    for hole in HOLES.finditer(raw):
        pieces += (raw[end : hole.start()], hole)
        end = hole.end()
    return (*pieces, raw[end:])


class AmiPlayer:
    """`async with AmiPlayer(tapes) as pbx:` - listens at `pbx.ip` inside, on AMI's own port.

    `play` says one tape to everyone who is logged in; several may be played at once.
    """

    def __init__(self, tapes: Iterable[Path], *, pace: float = 1.0) -> None:
        self.tapes = [Tape(path) for path in tapes]
        self.pace = pace
        self._numbers = itertools.count(1)
        self._clock = SystemClock()
        self._sessions: set[Session] = set()
        self._talking: set[asyncio.Task[None]] = set()
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.network = Network.claim()
        self._stack.callback(self.network.release)
        self.ip, self.port = self.network.address(1), AMI_PORT
        self.home = self._stack.enter_context(passing_folder("callbridge-player-"))
        server = await asyncio.start_server(self._meet, self.ip, self.port)
        self._stack.push_async_callback(self._close, server)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def play(self, tape: Tape) -> None:
        """Return when all of it was said."""
        loop = asyncio.get_running_loop()
        begins = loop.time()
        for line in tape.again(self._clock.now(), next(self._numbers), self.pace):
            wait_s = begins + line.after_s - loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            await self.say(line.raw)

    async def play_all(self) -> None:
        """One tape after the other."""
        for tape in self.tapes:
            await self.play(tape)

    async def say(self, event: bytes) -> None:
        """Say one event, ready for the wire, to everyone who is logged in."""
        for session in tuple(self._sessions):
            await session.hear(event)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = self._session(reader, writer)
        task = asyncio.current_task()
        assert task is not None
        self._talking.add(task)
        try:
            with contextlib.suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError):
                await session.talk()
        finally:
            self._sessions.discard(session)
            self._talking.discard(task)
            writer.close()

    def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> "Session":
        return Session(reader, writer, self._sessions, self._clock.now())

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        for task in self._talking:
            task.cancel()
        if self._talking:
            await asyncio.wait(self._talking, timeout=DRAIN_S)


class Session:
    """One client. It is among `listeners` from its log-in on."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        listeners: set["Session"],
        started: datetime,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._listeners = listeners
        self._started = started
        self._filters: list[re.Pattern[bytes]] = []

    async def talk(self) -> None:
        """Answer until the client goes."""
        self._writer.write(BANNER)
        async with asyncio.timeout(LOGIN_S):
            while self not in self._listeners:
                await self._answer(await self._action())
        while True:
            await self._answer(await self._action())

    async def hear(self, event: bytes) -> None:
        """Send an event, unless the client's filters keep it away: then it must match one of them."""
        if self._filters and not any(one.search(event) for one in self._filters):
            return
        self._writer.write(event)
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._writer.drain()
        except (TimeoutError, ConnectionError):
            self._listeners.discard(self)
            self._writer.close()

    async def _action(self) -> Headers:
        text = (await self._reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
        return {key: value for key, _, value in (line.partition(": ") for line in text.split("\r\n"))}

    async def _answer(self, asked: Headers) -> None:
        name = asked.get("Action", "")
        action_id = asked.get("ActionID", "")
        if name in LISTS:
            self._send({"Response": "Success", "EventList": "start"}, action_id)
            self._send({"Event": LISTS[name], "EventList": "Complete", "ListItems": "0"}, action_id)
        else:
            self._send(self._reply(name, asked), action_id)
        if name == "Logoff":
            raise ConnectionResetError
        if self in self._listeners or name != "Login" or not self._knows(asked):
            return
        self._listeners.add(self)
        self._send({"Event": "FullyBooted", "Privilege": "system,all", "Status": "Fully Booted"})

    def _reply(self, name: str, asked: Headers) -> Headers:
        match name:
            case "Challenge":
                return {"Response": "Success", "Challenge": CHALLENGE}
            case "Login" if self._knows(asked):
                return {"Response": "Success", "Message": "Authentication accepted"}
            case "Login":
                return {"Response": "Error", "Message": "Authentication failed"}
            case "Logoff":
                return {"Response": "Goodbye", "Message": "Thanks for all the fish."}
            case "Filter":
                self._filters.append(re.compile(asked["Filter"].encode()))
                return {"Response": "Success", "Message": "Filter added successfully"}
            case _:
                return self._facts(name)

    def _facts(self, name: str) -> Headers:
        now = f"{SystemClock().now().timestamp():.6f}"
        told = {
            "Ping": {"Ping": "Pong", "Timestamp": now},
            "CoreSettings": {"AMIversion": "11.0.0", "AsteriskVersion": "22.0.0 (a tape)"},
            "CoreStatus": {
                "CoreStartupDate": f"{self._started:%Y-%m-%d}",
                "CoreStartupTime": f"{self._started:%H:%M:%S}",
                "CoreCurrentCalls": "0",
            },
        }.get(name)
        return {"Response": "Error", "Message": "Invalid/unknown command"} if told is None else SUCCESS | told

    def _knows(self, asked: Headers) -> bool:
        key = hashlib.md5((CHALLENGE + SECRET).encode(), usedforsecurity=False).hexdigest()
        return asked.get("Username") == USER and (asked.get("Key") == key or asked.get("Secret") == SECRET)

    def _send(self, headers: Headers, action_id: str = "") -> None:
        first, *rest = headers.items()
        lines = [first, *([("ActionID", action_id)] if action_id else []), *rest]
        self._writer.write("".join(f"{key}: {value}\r\n" for key, value in lines).encode() + b"\r\n")
