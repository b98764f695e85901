"""`make install`, staged and run twice: what an admin gets, and keeps."""

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = Path("/usr/bin/python3")
EDITED = "# edited by the admin\n"


def install(stage: Path) -> None:
    environment = {**os.environ, "DESTDIR": str(stage), "PREFIX": "/usr", "PYTHON": str(PYTHON)}
    command = [str(ROOT / "systemd/install.sh")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Installed, then edited by an admin, then installed again."""
    if subprocess.run([PYTHON, "-c", "import ensurepip"], capture_output=True, check=False).returncode != 0:
        pytest.skip("the system's Python makes no virtual environments: apt-get install python3-venv")
    folder = tmp_path_factory.mktemp("stage")
    install(folder)
    (folder / "etc/callbridge/callbridge.toml").write_text(EDITED)
    (folder / "etc/callbridge/ami.secret").write_text("secret")
    install(folder)
    return folder


def test_the_installed_program_runs_from_where_it_lives(stage: Path, tmp_path: Path) -> None:
    python = stage / "opt/callbridge/bin/python"
    script = "import callbridge, sqlalchemy; print(callbridge.__file__)"

    told = subprocess.run([python, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert told.startswith(str(stage / "opt/callbridge/lib"))


def test_no_file_names_the_staging_folder(stage: Path) -> None:
    """Compiled files, scripts and records alike: they would name a folder that is gone."""
    needle = str(stage).encode()

    assert [path for path in stage.rglob("*") if path.is_file() and needle in path.read_bytes()] == []


def test_the_command_leads_to_the_program(stage: Path) -> None:
    link = stage / "usr/bin/callbridge"

    assert str(link.readlink()) == "/opt/callbridge/bin/callbridge"
    assert (stage / "opt/callbridge/bin/callbridge").read_text().startswith("#!/opt/callbridge/bin/python")


def test_everything_the_unit_names_is_there(stage: Path) -> None:
    unit = (stage / "usr/lib/systemd/system/callbridge.service").read_text()
    named = re.findall(r"^(?:LoadCredential=[^:\n]+:|ExecStart=)(/\S+)", unit, re.MULTILINE)

    assert len(named) == 3
    assert [path for path in named if not (stage / path.removeprefix("/")).is_file()] == []


def test_a_second_install_leaves_configuration_and_secrets_alone(stage: Path) -> None:
    assert (stage / "etc/callbridge/callbridge.toml").read_text() == EDITED
    assert (stage / "etc/callbridge/ami.secret").read_text() == "secret"


def test_nobody_else_can_read_configuration_and_secrets(stage: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (stage / "etc/callbridge").iterdir()}

    assert modes == {"callbridge.toml": 0o640, "ami.secret": 0o600, "ari.secret": 0o600}


def test_nothing_but_the_new_program_stays(stage: Path) -> None:
    assert [path.name for path in (stage / "opt").iterdir()] == ["callbridge"]


def test_a_python_below_a_home_is_refused(tmp_path: Path) -> None:
    environment = {**os.environ, "DESTDIR": str(tmp_path), "PYTHON": "/home/somebody/bin/python3"}

    done = subprocess.run(
        [ROOT / "systemd/install.sh"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 1
    assert "below a home" in done.stderr
    assert list(tmp_path.iterdir()) == []
