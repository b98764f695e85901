"""What an admin may get wrong about ARI."""

from pathlib import Path
from typing import Any

import pytest

from callbridge.asterisk.ari.settings import AriSettings
from callbridge.errors import ConfigError

GOOD: dict[str, Any] = {"url": "http://127.0.0.1:8088/ari", "username": "callbridge", "password": "s3cret"}


class Locked:
    def __repr__(self) -> str:
        return "***"

    def reveal(self) -> str:
        return "s3cret"


@pytest.mark.parametrize("password", ["s3cret", Locked()])
def test_the_password_is_shown_to_the_header_alone(password: str | Locked) -> None:
    settings = AriSettings(**{**GOOD, "password": password})

    assert settings.authorization() == "Basic Y2FsbGJyaWRnZTpzM2NyZXQ="
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "127.0.0.1:8088"},
        {"url": "ftp://pbx/ari"},
        {"url": "http:///ari"},
        {"url": "http://pbx:99999/ari"},
        {"url": "http://[::1/ari"},
        {"url": "http://me:s3cret@pbx/ari"},
        {"url": "http://pbx/ari?api_key=me:s3cret"},
        {"url": "http://pbx/ari#x"},
        {"url": "http://pbx/ari\r\nX: y"},
        {"username": ""},
        {"username": "a:b"},
        {"app": "one,two"},
        {"app": ""},
        {"heartbeat_s": 0},
        {"queue_size": -1},
    ],
)
def test_a_mistake_is_told_with_its_key_and_never_with_the_password(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        AriSettings(**{**GOOD, **wrong})

    (mistake,) = caught.value.mistakes
    assert mistake.startswith(f"ari.{next(iter(wrong))} ")
    assert "s3cret" not in mistake


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        AriSettings(url="x", username="", password="", app="")

    assert len(caught.value.mistakes) == 3


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_used_is_told_by_name(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)

    with pytest.raises(ConfigError, match=r"ca\.pem"):
        AriSettings(**GOOD, ca_file=file).tls()
