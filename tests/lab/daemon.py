"""The real daemon as a process of its own, as systemd would run it, beside a PBX of the lab."""

import asyncio
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import aiohttp

from callbridge.config import CONTROL_SOCKET
from tests.lab.asterisk import AMI_PORT, HTTP_PORT, SECRET
from tests.lab.folder import passing_folder
from tests.lab.processes import Child, start

READY_WITHIN_S: Final = 60
STOP_WITHIN_S: Final = 25

PBX: Final = """
[[pbx]]
id = "{id}"
country = "PT"
timezone = "Europe/Lisbon"
outside_prefix = "0"
extensions = ["1XXX", "2XX"]
trunks = ["PJSIP/trunk*", "SIP/trunk*"]
recordings_dir = "{recordings}"
[pbx.ami]
host = "{host}"
port = {ami_port}
username = "callbridge"
secret_file = "pbx.secret"
"""

ARI: Final = """[pbx.ari]
url = "http://{host}:{http_port}/ari"
username = "callbridge"
password_file = "pbx.secret"
"""

HTTP: Final = '[http]\nlisten = "127.0.0.1:0"\n'

NO_DIRECTORY: Final = "[directory]\nsources = []\n"
"""On a machine that is overloaded it would answer late, and a `call.updated` come between what a test waits for."""

WEBHOOK: Final = """
[[webhook]]
name = "{name}"
url = "{url}"
secret_file = "{name}.secret"
allow_private = true
"""


class Pbx(Protocol):
    """An Asterisk of the lab, or what plays tapes in its place."""

    ip: str
    home: Path


class Subscriber(Protocol):
    """Where a CRM of the lab takes webhooks."""

    secret: str

    @property
    def url(self) -> str: ...


class Daemon:
    """`async with Daemon(pbx, crm) as daemon:` - hearing the PBX inside; `kill` and `start` at will."""

    def __init__(  # noqa: PLR0913 - what a test may set
        self,
        pbx: Pbx,
        crm: Subscriber,
        *,
        database: str | None = None,
        ami: str = "",
        more: str = "",
        ari: bool = True,
        name: str = "main",
    ) -> None:
        """`ami` is further TOML of `[pbx.ami]`, `more` of all the rest; without `ari` it hears AMI alone.

        `name` is the PBX's id.
        """
        self._name = name
        self._pbx, self._crm, self._database = pbx, crm, database
        self._ami, self._more, self._ari = ami, more, ari
        self._child: Child | None = None

    async def __aenter__(self) -> Self:
        self._folder = ExitStack()
        self.home = self._folder.enter_context(passing_folder("callbridge-daemon-"))
        self.config = self.home / "callbridge.toml"
        self._write()
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

    async def start(self, *, hearing: bool = True) -> None:
        """Start it, also again after `kill` or `stop`; return when it hears the PBX."""
        self._child = start(*command("run", "--config", str(self.config)), log=self.home / "log")
        await self.until(lambda status: not hearing or _hears(status), "the daemon to be ready")

    async def stop(self) -> int:
        """As `systemctl stop` does; return the exit status."""
        child = self._running()
        await child.stop(STOP_WITHIN_S)
        return child.returncode or 0

    async def kill(self) -> None:
        """As a power cut would."""
        await self._running().kill()

    async def exits(self) -> int:
        """Wait for it to end by itself; return the exit status."""
        return await self._running().exits(STOP_WITHIN_S)

    async def status(self) -> dict[str, Any] | None:
        """What the control socket says, as `callbridge status --json` would; None while it does not run."""
        try:
            async with self._knock() as session, session.get("/status") as answer:
                return dict(await answer.json())
        except aiohttp.ClientConnectionError:
            return None

    async def asks(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """What `/v1` answers on the control socket, which is to be with `status`; None where it has no body."""
        async with self._knock() as session, session.request(method, f"/v1{path}", json=body) as answer:
            said = await answer.read()
            assert answer.status == status, said.decode()
            return json.loads(said) if said else None

    def _knock(self) -> aiohttp.ClientSession:
        connector = aiohttp.UnixConnector(str(self.home / CONTROL_SOCKET))
        timeout = aiohttp.ClientTimeout(total=STOP_WITHIN_S)
        return aiohttp.ClientSession("http://callbridge", connector=connector, timeout=timeout)

    async def until(self, condition: Any, what: str) -> None:
        """Wait until `condition(status)` holds."""
        deadline = asyncio.get_running_loop().time() + READY_WITHIN_S
        while asyncio.get_running_loop().time() < deadline:
            status = await self.status()
            if status is not None and condition(status):
                return
            if self._running().ended:
                break
            await asyncio.sleep(0.05)
        raise AssertionError(f"waited in vain for {what}; its log:\n{self.log}")

    async def logs(self, action: str) -> None:
        """Wait until the daemon has logged an action."""
        async with asyncio.timeout(STOP_WITHIN_S):
            while f'"action":"{action}"' not in self.log:  # noqa: ASYNC110 - a file tells nobody when it grows
                await asyncio.sleep(0.01)

    @property
    def log(self) -> str:
        return (self.home / "log").read_text()

    @property
    def pid(self) -> int:
        return self._running().pid

    def _running(self) -> Child:
        assert self._child is not None, "it was never started"
        return self._child

    def _write(self) -> None:
        database = self._database or f"sqlite+aiosqlite:///{self.home}/callbridge.db"
        text = f'data_dir = "{self.home}"\n[database]\nurl = "{database}"\n'
        if "[http]" not in self._more:
            text += HTTP
        if "[directory]" not in self._more:
            text += NO_DIRECTORY
        recordings = self._pbx.home / "spool/monitor"
        text += (PBX + self._ami + (ARI if self._ari else "")).format(
            id=self._name, host=self._pbx.ip, ami_port=AMI_PORT, http_port=HTTP_PORT, recordings=recordings
        )
        text += WEBHOOK.format(name="crm", url=self._crm.url)
        self.config.write_text(text + self._more)
        for name, secret in (("pbx.secret", SECRET), ("crm.secret", self._crm.secret)):
            file = self.home / name
            file.write_text(secret)
            file.chmod(0o600)


def command(*words: str) -> tuple[str, ...]:
    """The installed program of the environment that runs the tests."""
    return (str(Path(sys.executable).with_name("callbridge")), *words)


def _hears(status: dict[str, Any]) -> bool:
    return all(pbx[link] is None or pbx[link]["connected"] for pbx in status["pbxs"] for link in ("ami", "ari"))
