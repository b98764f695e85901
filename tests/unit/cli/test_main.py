import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from callbridge import __version__
from callbridge.cli import commands
from callbridge.cli._screen import exit_status
from callbridge.errors import AlreadyRunning, CallbridgeError, ConfigError, NotRunning, StoreUnavailable, TapeDamaged

from .conftest import Callbridge

EVERY_COMMAND = [
    ("run",), ("dispatch",), ("check",), ("status",), ("tail",), ("calls",), ("missed",),
    ("record",), ("replay",), ("audit",),
    ("db",), ("db", "upgrade"), ("db", "check"), ("db", "backup"),
    ("customers",), ("customers", "import"), ("customers", "list"), ("customers", "show"), ("customers", "remove"),
    ("customers", "whose"),
    ("notice",), ("notice", "test"),
    ("token",), ("token", "create"), ("token", "list"), ("token", "revoke"),
    ("webhook",), ("webhook", "add"), ("webhook", "list"), ("webhook", "show"), ("webhook", "pause"),
    ("webhook", "resume"), ("webhook", "rotate"), ("webhook", "replay"), ("webhook", "remove"),
    ("webhook", "listen"), ("webhook", "test"),
]  # fmt: skip


@pytest.mark.parametrize("command", [(), *EVERY_COMMAND])
def test_every_command_has_help_with_an_example(callbridge: Callbridge, command: tuple[str, ...]) -> None:
    answer = callbridge(*command, "--help")
    assert answer.status == 0
    assert "Example" in answer.out
    assert f"$ callbridge {' '.join(command)}".rstrip() in answer.out


def test_no_command_is_left_out_above() -> None:
    group = typer.main.get_command(commands)
    assert isinstance(group, TyperGroup)
    families = {name: each for name, each in group.commands.items() if isinstance(each, TyperGroup)}
    inner = {(family, name) for family, each in families.items() for name in each.commands}
    assert {(name,) for name in group.commands} | inner == set(EVERY_COMMAND)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (("stats",), "'status'"),
        (("reply", "x"), "'replay'"),
        (("db", "upgrad"), "'upgrade'"),
        (("run", "--confg", "x"), "--config"),
        (("check", "--ofline"), "--offline"),
        (("tail", "--type", "cal.*"), '"call.*"'),
        (("webhook", "test", "crm", "--type", "call.endet"), '"call.ended"'),
    ],
)
def test_a_wrong_word_is_answered_with_the_nearest_right_one(
    callbridge: Callbridge, wrong: tuple[str, ...], right: str
) -> None:
    answer = callbridge(*wrong)
    assert answer.status == 2
    assert right in answer.err


def test_the_version_is_told(callbridge: Callbridge) -> None:
    assert callbridge("--version").out == f"callbridge {__version__}\n"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigError(("x",)), 2),
        (NotRunning("x"), 3),
        (AlreadyRunning("x"), 1),
        (StoreUnavailable("x"), 1),
        (TapeDamaged("x"), 1),
        (CallbridgeError("x"), 1),
    ],
)
def test_each_error_has_its_exit_status(error: CallbridgeError, status: int) -> None:
    assert exit_status(error) == status


@pytest.mark.patient
def test_the_installed_program_ends_with_2_on_a_bad_config_and_shows_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('[[pbx]]\nid = "main"\n')
    ran = subprocess.run(
        [sys.executable, "-c", "from callbridge.cli import main; main()", "run", "--config", str(path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stderr.splitlines() == [
        f"callbridge: {path}:1: pbx.country: is missing; add it",
        f"callbridge: {path}:1: pbx.ami: is missing; add it under [pbx.ami]",
    ]
    assert ran.stdout == ""
