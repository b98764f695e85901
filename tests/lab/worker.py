"""`callbridge dispatch` as a process of its own, as systemd would run it."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Final, Self

import aiohttp

from tests.lab.daemon import WEBHOOK, Subscriber, command
from tests.lab.folder import passing_folder
from tests.lab.processes import Child, start

READY_WITHIN_S: Final = 60
STOP_WITHIN_S: Final = 30


class Worker:
    """`async with Worker(database, nats, crm) as worker:` - delivering inside; `kill` and `start` at will."""

    def __init__(self, database: str, nats: str, crm: Subscriber, *, more: str = "") -> None:
        self._database, self._nats, self._crm, self._more = database, nats, crm, more
        self._child: Child | None = None

    async def __aenter__(self) -> Self:
        self._folder = ExitStack()
        self.home = self._folder.enter_context(passing_folder("callbridge-worker-"))
        self.config = self.home / "callbridge.toml"
        text = f'data_dir = "{self.home}"\n[database]\nurl = "{self._database}"\n'
        text += f'[stream]\nurl = "{self._nats}"\n[dispatch]\nlisten = "127.0.0.1:0"\n'
        self.config.write_text(text + WEBHOOK.format(name="crm", url=self._crm.url) + self._more)
        self.config.chmod(0o600)
        secret = self.home / "crm.secret"
        secret.write_text(self._crm.secret)
        secret.chmod(0o600)
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

    async def start(self) -> None:
        """Return when it delivers something."""
        (self.home / "log").write_text("")
        self._child = start(*command("dispatch", "--config", str(self.config)), log=self.home / "log")
        await self.until(lambda: self.shards > 0, "the worker to have shards")

    async def stop(self) -> int:
        """As `systemctl stop` does; return the exit status."""
        child = self._running()
        await child.stop(STOP_WITHIN_S)
        return child.returncode or 0

    async def kill(self) -> None:
        """As a power cut would."""
        await self._running().kill()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stand still, as in a virtual machine that is moved; then go on as if nothing had been."""
        pid = self._running().pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something holds."""
        deadline = asyncio.get_running_loop().time() + READY_WITHIN_S
        while asyncio.get_running_loop().time() < deadline and not self._running().ended:
            if condition():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"waited in vain for {what}; its log:\n{self.log}")

    @property
    def shards(self) -> int:
        """How many it delivers, by its log."""
        lines = [line for line in self.log.splitlines() if '"action":"worker.shards"' in line and '"shards":' in line]
        return int(lines[-1].partition('"shards":')[2].partition(",")[0].rstrip("}")) if lines else 0

    @property
    def log(self) -> str:
        return (self.home / "log").read_text()

    async def text(self, path: str) -> tuple[int, str]:
        """Ask its own HTTP side; return the status and what it said."""
        line = next(line for line in self.log.splitlines() if '"action":"http.listening"' in line)
        listen = line.partition('"listen":"')[2].partition('"')[0]
        timeout = aiohttp.ClientTimeout(total=STOP_WITHIN_S)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"http://{listen}{path}") as answer:
            return answer.status, await answer.text()

    def _running(self) -> Child:
        assert self._child is not None, "it was never started"
        return self._child
