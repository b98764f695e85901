"""A real nats-server of one's own, with JetStream: on loopback, at a free port, its store in a folder that passes."""

import asyncio
import shutil
import socket
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.lab.folder import passing_folder
from tests.lab.processes import Child, start

READY_WITHIN_S: Final = 15
STOP_WITHIN_S: Final = 15
SBIN: Final = "/usr/sbin"
"""Where Debian puts it, out of a user's PATH."""

CONFIG: Final = """
listen: "127.0.0.1:{port}"
{jetstream}
{more}
"""


class NoNats(Exception):
    """There is no nats-server to run; the text says what would help."""


class NatsServer:
    """`async with NatsServer() as nats:` - up inside; `kill` and `start` at will, the port stays the same.

    Raises:
        NoNats: on construction, where none is installed.
    """

    def __init__(self, more: str = "", *, jetstream: bool = True) -> None:
        """`more` is further configuration, such as users."""
        self._program = find_nats()
        self._more, self._jetstream = more, jetstream
        self._child: Child | None = None

    async def __aenter__(self) -> Self:
        self._folder = ExitStack()
        self.home = self._folder.enter_context(passing_folder("callbridge-nats-"))
        self.port = _free_port()
        jetstream = f'jetstream {{ store_dir: "{self.home}/store" }}' if self._jetstream else ""
        text = CONFIG.format(port=self.port, jetstream=jetstream, more=self._more)
        (self.home / "nats.conf").write_text(text)
        try:
            await self.start()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            await self._child.stop(STOP_WITHIN_S)
        self._folder.close()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Return when it answers; also after `kill`."""
        self._child = start(self._program, "-c", str(self.home / "nats.conf"), log=self.home / "log")
        async with asyncio.timeout(READY_WITHIN_S):
            while not await self._answers():
                assert not self._child.ended, (self.home / "log").read_text()
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """As a power cut would."""
        assert self._child is not None
        await self._child.kill()

    def forget(self) -> None:
        """Lose everything it had; while it does not run."""
        shutil.rmtree(self.home / "store", ignore_errors=True)

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            line = await asyncio.wait_for(reader.readline(), 1)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return line.startswith(b"INFO")


def find_nats() -> str:
    """Return the server's path. Raises NoNats."""
    found = shutil.which("nats-server") or shutil.which("nats-server", path=SBIN)
    if found is None:
        raise NoNats("no nats-server: `make setup` installs it, as root or with sudo")
    return str(Path(found))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
