"""What the command line asks of the composition root, and how it is reached.

`callbridge.app` brings in everything there is; it is imported by the commands
that need it, so that `--help` and `status` answer at once.
"""

import importlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol, cast

from callbridge.config import Audited, Config, Difference, Finding, Limits, PbxNumbers, Span


class App(Protocol):
    """The module `callbridge.app`, as it is seen from here. Everything may raise a CallbridgeError."""

    async def run(self, config: Config) -> None:
        """Be the daemon until SIGTERM or SIGINT; `config.path` is where a reload reads again."""

    async def dispatch(self, config: Config, listen: tuple[str, int]) -> None:
        """Be a worker until SIGTERM or SIGINT; `listen` is where its health and figures are asked for."""

    def check(self, config: Config) -> AsyncIterator[Finding]:
        """Try each PBX, the database and each subscriber; yield what is found, each within a deadline."""

    def audit(self, config: Config, span: Span, audited: Audited) -> AsyncIterator[Difference]:
        """Compare the call log with each PBX's own; yield what differs, and count into `audited`."""

    async def record(self, config: Config, tape: Path, pbx: str) -> None:
        """Write what `pbx` says to a new file until cancelled."""

    def replay(self, tape: Path, profiles: tuple[PbxNumbers, ...], limits: Limits) -> Iterator[bytes]:
        """Yield each event as one JSON document; raise TapeDamaged where the tape ends too early."""

    async def upgrade(self, config: Config) -> str:
        """Bring the schema up to date; return the version it is at now."""

    def check_database(self, config: Config) -> AsyncIterator[Finding]:
        """Try the database and its schema alone."""

    async def send_trial(self, config: Config, address: str) -> Finding:
        """Send somebody a mail that says that it is a test; say what came of it."""

    async def backup(self, config: Config, file: Path) -> None:
        """Copy the database into a new file while the daemon goes on."""


def app() -> App:
    return cast("App", importlib.import_module("callbridge.app"))
