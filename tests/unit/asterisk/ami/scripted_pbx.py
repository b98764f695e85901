"""A PBX on loopback that misbehaves as told, where a real Asterisk cannot be asked to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.ami.wire import AmiParser

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
EVENT = b"Event: Newstate\r\nChannel: PJSIP/201-1\r\n\r\n"


class ScriptedPbx:
    """Lets everybody in and answers everything, but for what `mute`, `refuses` and `banner` say."""

    def __init__(self) -> None:
        self.port = 0
        self.banner = BANNER
        self.refuses: set[str] = set()  # actions answered with an error
        self.mute: set[str] = set()  # actions not answered
        self.after_login = b""
        self.heard: list[Message] = []
        self.connections: list[asyncio.StreamWriter] = []
        self._changed = asyncio.Condition()

    async def until(self, count: int, action: str) -> list[Message]:
        """Wait until `action` has been asked `count` times."""
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(lambda: len(self.asked(action)) >= count)
        return self.asked(action)

    async def until_connected(self, count: int) -> None:
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(lambda: len(self.connections) >= count)

    def asked(self, action: str) -> list[Message]:
        return [message for message in self.heard if message.name == action]

    def says(self, data: bytes) -> None:
        self.connections[-1].write(data)

    def hangs_up(self) -> None:
        self.connections[-1].transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = AmiParser()
        async with self._changed:
            self.connections.append(writer)
            self._changed.notify_all()
        writer.write(self.banner)
        try:
            while data := await reader.read(65536):
                for message in parser.receive(data):
                    self._answer(message, writer)
                async with self._changed:
                    self._changed.notify_all()
        except ConnectionError:
            self.heard.append(Message.of(("Action", "Reset")))
        finally:
            writer.transport.abort()

    def _answer(self, message: Message, writer: asyncio.StreamWriter) -> None:
        self.heard.append(message)
        if message.name in self.mute:
            return
        word = "Error" if message.name in self.refuses else "Success"
        writer.write(f"Response: {word}\r\nActionID: {message.action_id}\r\nChallenge: 1\r\n\r\n".encode())
        if message.name == "Login" and word == "Success":
            writer.write(self.after_login)
        if message.name == "Logoff":
            writer.close()


@asynccontextmanager
async def scripted_pbx(tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedPbx]:
    pbx = ScriptedPbx()
    server = await asyncio.start_server(pbx.serve, "127.0.0.1", 0, ssl=tls)
    pbx.port = server.sockets[0].getsockname()[1]
    try:
        yield pbx
    finally:
        server.close()
        for writer in pbx.connections:
            writer.transport.abort()
        await server.wait_closed()
