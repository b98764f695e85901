"""The way between a daemon and its PBX, which a test can cut and mend."""

import asyncio
import contextlib
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.lab.asterisk import AMI_PORT, Asterisk

HOST: Final = 200
"""The last part of its address, beside the PBX's."""
WITHIN_S: Final = 30


class Cutter:
    """`async with Cutter(pbx) as way:` - AMI is at `way.ip` inside, as long as nobody cuts it."""

    def __init__(self, pbx: Asterisk, host: int = HOST) -> None:
        """Several stand side by side at several hosts."""
        self._pbx, self._host = pbx, host
        self.home: Path = pbx.home
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.ip = self._pbx.network.address(self._host)
        await self.mend()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.cut()

    async def mend(self) -> None:
        self._open.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._meet, self.ip, AMI_PORT)

    async def cut(self) -> None:
        """As a switch that loses power: both ends are gone, and nothing answers any more."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for task in self._talking:
            task.cancel()
        if self._talking:
            await asyncio.wait(self._talking, timeout=WITHIN_S)

    def silence(self) -> None:
        """As a firewall that forgets a connection: it stays, and nothing gets through."""
        self._open.clear()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talking.add(task)
        try:
            there, to_pbx = await asyncio.open_connection(self._pbx.ip, AMI_PORT)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._carry(reader, to_pbx))
                    group.create_task(self._tell(there, writer))
            finally:
                to_pbx.close()
        except* (ConnectionError, EOFError):
            pass
        finally:
            self._talking.discard(task)
            writer.close()

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry what the PBX says."""
        await self._carry(reader, writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            writer.write(data)
            with contextlib.suppress(ConnectionError):
                await writer.drain()
        raise EOFError
