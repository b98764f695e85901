import io
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from callbridge import logs
from callbridge.cli import main
from callbridge.clock import SystemClock
from callbridge.config import Config, Finding, Limits, PbxNumbers

CONFIG = """\
data_dir = "{data_dir}"
[[pbx]]
id = "main"
country = "PT"
[pbx.ami]
secret = "correct horse"
"""


@dataclass(frozen=True)
class Answer:
    status: int
    out: str
    err: str


Callbridge = Callable[..., Answer]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "callbridge.toml"
    path.touch(mode=0o600)
    path.write_text(CONFIG.format(data_dir=tmp_path))
    return path


@pytest.fixture
def callbridge(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callbridge:
    """Run one command as the shell does; return its exit status and what it printed."""
    monkeypatch.delenv("CALLBRIDGE_CONFIG", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def running(*arguments: object) -> Answer:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Answer(int(ended.value.code or 0), captured.out, captured.err)

    return running


@dataclass
class FakeApp:
    """The composition root, as far as the command line knows it."""

    findings: list[Finding] = field(default_factory=list)
    replayed: list[bytes] = field(default_factory=list)
    error: Exception | None = None
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def _note(self, *call: object) -> None:
        self.calls.append(call)
        if self.error:
            raise self.error

    async def run(self, config: Config) -> None:
        self._note("run", config.path)

    async def check(self, config: Config) -> AsyncIterator[Finding]:
        self._note("check", config.path)
        for finding in self.findings:
            yield finding

    async def record(self, config: Config, tape: Path, pbx: str) -> None:
        self._note("record", config.path, tape, pbx)

    def replay(self, tape: Path, profiles: tuple[PbxNumbers, ...], limits: Limits) -> Iterator[bytes]:
        yield from self.replayed
        self._note("replay", tape, [profile.id for profile in profiles], *limits.model_fields_set)

    async def send_trial(self, config: Config, address: str) -> Finding:
        self._note("send_trial", config.path, address)
        return self.findings[0]

    async def upgrade(self, config: Config) -> str:
        self._note("upgrade", config.path)
        return "0003"

    async def check_database(self, config: Config) -> AsyncIterator[Finding]:
        self._note("check_database", config.path)
        for finding in self.findings:
            yield finding

    async def backup(self, config: Config, file: Path) -> None:
        self._note("backup", config.path, file)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FakeApp:
    fake = FakeApp()
    words = ("run", "check", "record", "replay", "upgrade", "check_database", "backup", "send_trial")
    monkeypatch.setitem(sys.modules, "callbridge.app", SimpleNamespace(**{word: getattr(fake, word) for word in words}))
    return fake


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """What the daemon logs is not part of what a command prints."""
    handlers, level = logging.root.handlers[:], logging.root.level
    logs.set_up("error", now=SystemClock().now, environ={}, stream=io.StringIO())
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()
