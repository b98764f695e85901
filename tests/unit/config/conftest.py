from collections.abc import Callable
from pathlib import Path

import pytest

from callbridge.config import Config, load
from callbridge.errors import ConfigError

WEBHOOK_SECRET = "whsec_" + "QUFB" * 8  # 24 bytes

GOOD = """\
data_dir = "/var/lib/callbridge"
[[pbx]]
id = "main"
country = "PT"
[pbx.ami]
secret_env = "AMI"
"""

Write = Callable[[str], Path]
Mistakes = Callable[[str], list[str]]
Read = Callable[[str], Config]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a config file that only its owner reads."""

    def writing(text: str) -> Path:
        path = tmp_path / "callbridge.toml"
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path

    return writing


@pytest.fixture
def read(write: Write) -> Read:
    return lambda text: load(write(text), environ={"AMI": "correct horse", "HOOK": WEBHOOK_SECRET})


@pytest.fixture
def mistakes(read: Read) -> Mistakes:
    """Return the mistakes as `line: key: text`, without the folder."""

    def reading(text: str) -> list[str]:
        with pytest.raises(ConfigError) as refused:
            read(text)
        return [line.rpartition("callbridge.toml:")[2] for line in refused.value.mistakes]

    return reading
