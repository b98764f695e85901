"""A real Asterisk of one's own, in a temporary folder, on a loopback network of its own."""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp

from tests.lab.ami_tap import AmiTap
from tests.lab.folder import passing_folder
from tests.lab.network import Network
from tests.lab.processes import start
from tests.lab.program import Program, find_program
from tests.lab.sounds import write_tone
from tests.lab.templates import furnish

SECRET: Final = "lab-secret-never-in-a-log"  # noqa: S105 - of the lab's own Asterisk, on loopback
AMI_PORT: Final = 5038
HTTP_PORT: Final = 8088
START_WITHIN_S: Final = 60
STOP_WITHIN_S: Final = 20
PARKING_S: Final = 3

_TEMPLATES = Path(__file__).parent / "asterisk"
_EMPTY = ("acl.conf", "udptl.conf", "geolocation.conf", "pjproject.conf", "websocket_client.conf")
"""Files it grumbles about when they are missing; the defaults do."""

_DIALLING = ("extensions.conf", "from-trunk.conf", "queues.conf")
"""Templates that name channels, all of them PJSIP's."""

_OTHER = {"PJSIP": "chan_sip", "SIP": "pjsip"}
"""What the modules of the driver that is not wanted have in their names."""

_SOUNDS = {"hello": 1.5, "beep": 0.2, "beeperr": 0.2, "pbx-transfer": 0.2, "pbx-invalid": 0.2}
"""All the lab plays, with its seconds: no package of sounds is needed. A transfer by code gives up without its own."""


class AsteriskDidNotStart(Exception):
    """The text ends with the tail of its log."""


class PbxHung(Exception):
    """A shared PBX stopped answering; the text is one line, for the list of what failed."""


class Asterisk:
    """`async with Asterisk() as pbx:` - up and fully booted inside, gone without a trace after."""

    def __init__(self, program: Program | None = None, technology: str = "PJSIP") -> None:
        """`technology` is what leads its channels' names: the driver of its phones and lines, PJSIP or SIP."""
        self.program = program or find_program()
        self.technology = technology

    async def __aenter__(self) -> Self:
        self.network = Network.claim()
        self._folder = ExitStack()
        self.home = self._folder.enter_context(passing_folder(f"callbridge-lab-{self.network.prefix}-"))
        self.ip = self.network.address(1)
        self._furnish()
        try:
            await self.start()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        self._folder.close()
        self.network.release()

    async def start(self) -> None:
        """Also after `stop` or `kill`: the same PBX comes back, with the same files."""
        command = (str(self.program.command), "-f", "-C", str(self.home / "etc/asterisk.conf"))
        self._child = start(*command, log=self.home / "log/console")
        try:
            await asyncio.wait_for(self._boots(), START_WITHIN_S)
        except (TimeoutError, OSError, EOFError) as error:
            await self._child.stop(within_s=STOP_WITHIN_S)
            raise AsteriskDidNotStart(f"{error!r}\n{self.log_tail()}") from error

    async def stop(self) -> None:
        await self._child.stop(within_s=STOP_WITHIN_S)

    async def kill(self) -> None:
        """As a power cut would: no hangups, no goodbye to anybody."""
        await self._child.kill()

    async def settle(self) -> None:
        """End what a test left up, so that the next one finds an empty PBX.

        Raises:
            PbxHung: it does not answer. It was killed and started again, so that this stays the one test it spoils.
        """
        try:
            await self._empty()
            await self._ari_answers()
        except (OSError, EOFError, aiohttp.ClientError) as error:
            await self.kill()
            await self.start()
            raise PbxHung(f"the lab's Asterisk hung after this test, and was started again: {error!r}") from None

    async def _empty(self) -> None:
        async with self.tap() as tap:
            for member in await tap.items("QueueStatus", last="QueueStatusComplete"):
                if member.get("Paused") == "1":
                    await tap.action("QueuePause", Interface=member["Location"], Paused="false")
            async with asyncio.timeout(STOP_WITHIN_S):
                while await tap.items("CoreShowChannels", last="CoreShowChannelsComplete"):
                    await tap.action("Command", Command="channel request hangup all")

    async def _ari_answers(self) -> None:
        """Of what may be asked of ARI, the list of applications is what hangs first (asterisk#2170)."""
        headers = {"Authorization": aiohttp.encode_basic_auth("callbridge", SECRET)}
        timeout = aiohttp.ClientTimeout(total=STOP_WITHIN_S)
        url = f"http://{self.ip}:{HTTP_PORT}/ari/applications"
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session, session.get(url) as answer:
            answer.raise_for_status()

    @property
    def pid(self) -> int:
        return self._child.pid

    def tap(self, capture: Path | None = None, user: str = "driver") -> AmiTap:
        """A listener, not yet connected; enter it with `async with`."""
        return AmiTap(self.ip, AMI_PORT, user, SECRET, capture)

    def log_tail(self, lines: int = 40) -> str:
        logs = [self.home / "log" / name for name in ("console", "full")]
        return "\n".join(
            f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
            for log in logs
            if log.exists()
        )

    async def _boots(self) -> None:
        while True:
            if self._child.ended:
                raise EOFError(f"Asterisk ended with {self._child.returncode}")
            try:
                async with self.tap() as tap:
                    await tap.hears("FullyBooted", within_s=START_WITHIN_S)
            except (ConnectionError, EOFError):
                await asyncio.sleep(0.05)  # nothing tells when its port opens: ask again
            else:
                return

    def _furnish(self) -> None:
        for name in ("var/keys", "spool/monitor", "run", "log/cel-custom", "data/sounds/en"):
            (self.home / name).mkdir(parents=True)
        for name in ("documentation", "rest-api", "static-http"):
            (self.home / "data" / name).symlink_to(self.program.data / name)
        for sound, seconds in _SOUNDS.items():
            write_tone(self.home / f"data/sounds/en/{sound}.wav", seconds)
        furnish(self.home / "etc", _TEMPLATES, self._values())
        for name in _EMPTY:
            (self.home / "etc" / name).touch()
        self._load_only(self.home / "etc/modules.conf")
        for name in _DIALLING:
            file = self.home / "etc" / name
            file.write_text(file.read_text().replace("PJSIP/", f"{self.technology}/"))

    def _load_only(self, modules: Path) -> None:
        """Leave out what this version lacks, an error in its log; and the other driver, on the same port."""
        lines = modules.read_text().splitlines(keepends=True)
        modules.write_text("".join(line for line in lines if not self._leaves_out(line)))

    def _leaves_out(self, line: str) -> bool:
        if not line.startswith("load"):
            return False
        return _OTHER[self.technology] in line or not (self.program.modules / line.rsplit(maxsplit=1)[-1]).exists()

    def _values(self) -> dict[str, object]:
        return {
            "home": self.home,
            "modules": self.program.modules,
            "ip": self.ip,
            "net": self.network.prefix,
            "ami_port": AMI_PORT,
            "http_port": HTTP_PORT,
            "secret": SECRET,
            "parking_s": PARKING_S,
        }
