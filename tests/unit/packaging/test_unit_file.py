"""The unit that is shipped: sound, and closed as far as a daemon with a network can be."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[3] / "systemd"
UNIT = SYSTEMD / "callbridge.service"
PROGRAM = "/opt/callbridge/bin/callbridge"
MOST_EXPOSURE = 1.5


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze: `make setup` installs systemd, as root or with sudo")
    command = ["systemd-analyze", "--no-pager", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def settings(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def test_the_unit_is_hardened() -> None:
    told = analyze("security", "--offline=true", str(UNIT)).stdout

    exposure = re.search(r"Overall exposure level for callbridge\.service: ([\d.]+)", told)

    assert exposure is not None, told
    assert float(exposure[1]) <= MOST_EXPOSURE, told


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    """The program is not installed where tests run, so another stands in for it."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(PROGRAM, "/bin/true"))

    verdict = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))

    assert (verdict.returncode, verdict.stderr) == (0, "")


def test_a_configuration_that_cannot_be_used_is_not_tried_again() -> None:
    assert settings("RestartPreventExitStatus") == ["2"]


def test_systemd_hears_readiness_and_life_from_the_daemon_alone() -> None:
    assert settings("Type") == ["notify"]
    assert settings("NotifyAccess") == ["main"]
    assert settings("WatchdogSec") == ["30s"]


def test_the_unit_runs_as_the_user_that_is_made_for_it() -> None:
    (user,) = re.findall(r"^u (\S+)", (SYSTEMD / "callbridge.sysusers").read_text(), re.MULTILINE)

    assert settings("User") == [user]
    assert settings("Group") == [user]
