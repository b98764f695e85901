"""An AMI client of the lab's own, which keeps every byte it receives.

It knows nothing of callbridge: what it says about the wire can be held against it.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

WITHIN_S: Final = 30
"""Of a machine that is loaded beyond measure: what goes well takes a tenth of it."""

Message = dict[str, str]
"""Keys as Asterisk writes them. A repeated key keeps its last value: enough to wait by."""


class AmiTap:
    """`async with pbx.tap(Path("call.ami")) as tap:` - logged in inside."""

    def __init__(self, host: str, port: int, user: str, secret: str, capture: Path | None) -> None:
        self._peer = (host, port)
        self._user, self._secret = user, secret
        self._capture = capture.open("wb") if capture else None
        self._ids = itertools.count(1)
        self.messages: list[Message] = []
        self._news = asyncio.Condition()
        self._gone = False

    async def __aenter__(self) -> Self:
        try:
            self._reader, self._writer = await asyncio.wait_for(asyncio.open_connection(*self._peer), WITHIN_S)
        except BaseException:
            self._close_capture()
            raise
        self._listening = asyncio.create_task(self._listen())
        try:
            await self.action("Login", Username=self._user, Secret=self._secret)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.cancel()
        await asyncio.wait([self._listening], timeout=WITHIN_S)
        self._writer.close()
        with contextlib.suppress(ConnectionError):  # the PBX may have been killed
            await asyncio.wait_for(self._writer.wait_closed(), WITHIN_S)
        self._close_capture()

    async def action(self, name: str, **headers: str) -> Message:
        """Send, and return the response once it is here.

        Raises:
            AssertionError: the PBX said `Response: Error`.
        """
        action_id = f"lab-{next(self._ids)}"
        lines = {"Action": name, "ActionID": action_id, **headers}
        self._writer.write("".join(f"{key}: {value}\r\n" for key, value in lines.items()).encode() + b"\r\n")
        reply = await self.until(lambda message: "Response" in message and message.get("ActionID") == action_id)
        assert reply["Response"] != "Error", f"{name}: {reply}"
        return reply

    async def hears(self, event: str, *, within_s: float = WITHIN_S, **headers: str) -> Message:
        """The first event of that name with those headers, heard already or yet to come."""
        wanted = {"Event": event, **headers}
        return await self.until(lambda message: wanted.items() <= message.items(), within_s)

    async def until(self, matches: Callable[[Message], bool], within_s: float = WITHIN_S) -> Message:
        start = 0
        async with asyncio.timeout(within_s), self._news:
            while True:
                for message in self.messages[start:]:
                    if matches(message):
                        return message
                start = len(self.messages)
                if self._gone:
                    raise EOFError("the PBX closed the link")
                await self._news.wait()

    async def items(self, action: str, last: str) -> list[Message]:
        """The events of a list action; `last` is the name of the one that ends it."""
        reply = await self.action(action)
        await self.hears(last, ActionID=reply["ActionID"])
        told = [message for message in self.messages if message.get("ActionID") == reply["ActionID"]]
        return [message for message in told if message.get("Event") not in {None, last}]

    async def quiet(self, within_s: float = WITHIN_S) -> None:
        """Wait until no channel heard of is left, and everything said about them is here."""
        async with asyncio.timeout(within_s), self._news:
            while self._live_channels():
                await self._news.wait()
        await self.action("Ping")

    def _live_channels(self) -> set[str]:
        live: set[str] = set()
        for message in self.messages:
            if message.get("Event") == "Newchannel":
                live.add(message["Uniqueid"])
            elif message.get("Event") == "Hangup":
                live.discard(message["Uniqueid"])
        return live

    async def _listen(self) -> None:
        with contextlib.suppress(ConnectionError):  # one that is killed resets it
            await self._read()
        async with self._news:
            self._gone = True
            self._news.notify_all()

    async def _read(self) -> None:
        pending = b""
        while data := await self._reader.read(65536):
            if self._capture:
                self._capture.write(data)
            *whole, pending = (pending + data).split(b"\r\n\r\n")
            async with self._news:
                self.messages.extend(_message(text) for text in whole)
                self._news.notify_all()

    def _close_capture(self) -> None:
        if self._capture:
            self._capture.close()


def _message(text: bytes) -> Message:
    lines = text.decode(errors="replace").split("\r\n")
    return {key: value for key, _, value in (line.partition(": ") for line in lines)}
