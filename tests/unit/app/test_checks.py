"""What `check` says of the HTTP side."""

import shutil
import subprocess
from pathlib import Path

import pytest

from callbridge.app.checks import check_listen
from callbridge.config import Config, Level, load

CONFIG = """\
data_dir = "{folder}"
[http]
listen = "127.0.0.1:0"
tls_cert_file = "{folder}/{cert}"
tls_key_file = "{folder}/{key}"
[[pbx]]
id = "main"
country = "PT"
[pbx.ami]
secret_env = "AMI"
"""
MAKE = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=callbridge"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    for name in ("one", "other"):
        files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
        subprocess.run([*MAKE.split(), *files], check=True, capture_output=True, timeout=30, cwd=tmp_path)
    (tmp_path / "rubbish").write_text("rubbish")
    return tmp_path


def config(folder: Path, cert: str, key: str) -> Config:
    path = folder / "callbridge.toml"
    path.write_text(CONFIG.format(folder=folder, cert=cert, key=key))
    return load(path, environ={"AMI": "correct horse"})


async def test_a_certificate_and_its_key_are_fine(folder: Path) -> None:
    assert (await check_listen(config(folder, "one.pem", "one.key"), running=False)).level is Level.OK


@pytest.mark.parametrize(
    ("cert", "key", "why"),
    [
        ("one.pem", "other.key", "KEY_VALUES_MISMATCH"),
        ("absent.pem", "one.key", "No such file"),
        ("one.pem", "rubbish", "rubbish: "),
    ],
)
@pytest.mark.parametrize("running", [True, False])
async def test_files_that_are_no_good_are_told_with_what_to_do(
    folder: Path,
    cert: str,
    key: str,
    why: str,
    running: bool,  # noqa: FBT001 - a column of the table
) -> None:
    found = await check_listen(config(folder, cert, key), running=running)

    assert found.level is Level.PROBLEM
    assert why in found.text
    assert "belong together" in found.advice
    assert found.where.endswith("callbridge.toml:4")
