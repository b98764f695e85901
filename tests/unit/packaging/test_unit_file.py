"""The units that are shipped: sound, and closed as far as a daemon with a network can be."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[3] / "systemd"
DAEMON = SYSTEMD / "callbridge.service"
WORKER = SYSTEMD / "callbridge-dispatch@.service"
PROGRAM = "/opt/callbridge/bin/callbridge"
MOST_EXPOSURE = 1.5

pytestmark = pytest.mark.parametrize("unit", [DAEMON, WORKER], ids=["daemon", "worker"])


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze: `make setup` installs systemd, as root or with sudo")
    command = ["systemd-analyze", "--no-pager", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def settings(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text(), re.MULTILINE)


def test_the_unit_is_hardened(unit: Path) -> None:
    told = analyze("security", "--offline=true", str(unit)).stdout

    exposure = re.search(r"Overall exposure level for callbridge\S*\.service: ([\d.]+)", told)

    assert exposure is not None, told
    assert float(exposure[1]) <= MOST_EXPOSURE, told


def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path, tmp_path: Path) -> None:
    """The program is not installed where tests run, so another stands in for it."""
    tried = tmp_path / unit.name.replace("@", "@8711")
    tried.write_text(unit.read_text().replace(PROGRAM, "/bin/true"))

    verdict = analyze("verify", "--man=no", "--recursive-errors=no", str(tried))

    assert (verdict.returncode, verdict.stderr) == (0, "")


def test_a_configuration_that_cannot_be_used_is_not_tried_again(unit: Path) -> None:
    assert settings(unit, "RestartPreventExitStatus") == ["2"]


def test_systemd_hears_readiness_and_life_from_the_daemon_alone(unit: Path) -> None:
    assert settings(unit, "Type") == ["notify"]
    assert settings(unit, "NotifyAccess") == ["main"]
    assert settings(unit, "WatchdogSec") == ["30s"]


def test_the_unit_runs_as_the_user_that_is_made_for_it(unit: Path) -> None:
    (user,) = re.findall(r"^u (\S+)", (SYSTEMD / "callbridge.sysusers").read_text(), re.MULTILINE)

    assert settings(unit, "User") == [user]
    assert settings(unit, "Group") == [user]
