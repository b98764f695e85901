import base64
import os
import pickle
from pathlib import Path

import pytest

from callbridge import logs
from callbridge.config import Secret

from .conftest import GOOD, WEBHOOK_SECRET, Mistakes, Read


def in_file(name: object) -> str:
    return GOOD.replace('secret_env = "AMI"', f'secret_file = "{name}"')


def secret_file(path: Path, text: str = "correct horse\n", mode: int = 0o400) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("hunter2")
    shown = f"{secret} {secret!r} {[secret]} {vars(type('Holder', (), {'held': secret}))['held']}"
    assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)


def test_a_configuration_shows_no_secret_in_any_form(read: Read) -> None:
    config = read(GOOD)
    assert "horse" not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"


def test_a_file_beside_the_configuration_is_found(read: Read, tmp_path: Path) -> None:
    secret_file(tmp_path / "ami.secret", "  correct horse \r\n")
    assert read(in_file("ami.secret")).pbx[0].ami.secret.reveal() == "correct horse"


def test_systemds_credential_goes_before_the_file_beside(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from callbridge.config import load  # noqa: PLC0415 - the fixture's environment is not enough here

    credentials = tmp_path / "credentials"
    credentials.mkdir()
    secret_file(tmp_path / "ami.secret", "beside")
    secret_file(credentials / "ami.secret", "from systemd")
    config = load(read(in_file("ami.secret")).path, environ={"CREDENTIALS_DIRECTORY": str(credentials)})
    assert config.pbx[0].ami.secret.reveal() == "from systemd"


def test_a_missing_file_is_told_with_every_folder_looked_in(mistakes: Mistakes, tmp_path: Path) -> None:
    (line,) = mistakes(in_file("ami.secret"))
    assert (
        line == f"6: pbx.ami.secret_file: there is no ami.secret in {tmp_path}; create it, readable by callbridge only"
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty; write the secret into it"),
        (b" \n", "is empty"),
        (b"one\ntwo\n", "holds more than one line"),
        (b"a\0b", "holds more than one line"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"x" * 70_000, "is longer than 65536 bytes"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused(mistakes: Mistakes, tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "ami.secret").write_bytes(content)
    (line,) = mistakes(in_file("ami.secret"))
    assert line.startswith("6: pbx.ami.secret_file: ")
    assert told in line


def test_what_is_no_plain_file_is_never_waited_for(mistakes: Mistakes, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (line,) = mistakes(in_file("pipe"))
    assert "is not a plain file" in line


def test_a_link_to_nowhere_is_a_mistake(mistakes: Mistakes, tmp_path: Path) -> None:
    (tmp_path / "ami.secret").symlink_to(tmp_path / "nowhere")
    (line,) = mistakes(in_file("ami.secret"))
    assert "cannot be read: No such file" in line


@pytest.mark.parametrize(("mode", "warned"), [(0o400, False), (0o640, False), (0o644, True), (0o604, True)])
def test_a_secret_file_others_can_read_is_warned_of(read: Read, tmp_path: Path, mode: int, warned: bool) -> None:  # noqa: FBT001 - a table
    path = secret_file(tmp_path / "ami.secret", mode=mode)
    told = f"{tmp_path}/callbridge.toml:6: pbx.ami.secret_file: everybody on this host can read {path}; chmod o-r it"
    assert read(in_file("ami.secret")).warnings == ((told,) if warned else ())


def test_a_secret_in_place_is_warned_of_only_when_others_can_read_it(read: Read) -> None:
    in_place = GOOD.replace('secret_env = "AMI"', 'secret = "correct horse"')
    config = read(in_place)
    assert config.warnings == ()
    config.path.chmod(0o644)
    (line,) = read(in_place).warnings
    assert f"pbx.ami.secret: everybody on this host can read {config.path}" in line


def test_a_short_secret_is_warned_of(read: Read) -> None:
    (line,) = read(GOOD.replace('secret_env = "AMI"', 'secret = "amp111"')).warnings
    assert "6: pbx.ami.secret: is shorter than 8 letters" in line


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", "5: pbx.ami.secret: is missing; give secret_file, or secret_env"),
        (
            'secret = "a"\nsecret_env = "AMI"',
            "7: pbx.ami.secret_env: secret and secret_env are given together; keep one",
        ),
        ('secret_env = "ABSENT"', "6: pbx.ami.secret_env: the environment variable ABSENT is not set"),
        ('secret = ""', "6: pbx.ami.secret: the value is empty"),
        ("secret = 12345", "6: pbx.ami.secret: must be text in quotes"),
        ("secret_file = 1", "6: pbx.ami.secret_file: must be text in quotes"),
    ],
)
def test_a_secret_is_given_once(mistakes: Mistakes, given: str, told: str) -> None:
    first, *others = mistakes(GOOD.replace('secret_env = "AMI"', given))
    assert first.startswith(told)
    assert not others


def webhook(secret: str) -> str:
    return f'{GOOD}[[webhook]]\nname = "crm"\nurl = "https://crm.example"\nsecret = "{secret}"\n'


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_webhook_key_of_24_to_64_bytes_is_taken(read: Read, size: int) -> None:
    assert read(webhook("whsec_" + base64.b64encode(b"k" * size).decode())).webhook


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("whsec_" + base64.b64encode(b"k" * 23).decode(), "holds 23 bytes, but 24 to 64"),
        ("whsec_" + base64.b64encode(b"k" * 65).decode(), "holds 65 bytes, but 24 to 64"),
        ("whsec_not base64!", "is not base64 after whsec_"),
        ("whsec_" + "ä" * 32, "is not base64 after whsec_"),
        (WEBHOOK_SECRET.removeprefix("whsec_"), "must begin with whsec_"),
    ],
)
def test_another_webhook_key_is_refused_with_a_way_to_make_one(mistakes: Mistakes, secret: str, told: str) -> None:
    (line,) = mistakes(webhook(secret))
    assert line.startswith(f"10: webhook.secret: {told}")
    assert "openssl rand -base64 32" in line


def test_what_was_loaded_is_hidden_from_the_logs(read: Read) -> None:
    read(GOOD + '[database]\nurl = "postgresql+asyncpg://u:p%40ss%20phrase@db/x"\n')
    assert logs.scrub("said correct horse, p%40ss%20phrase and p@ss phrase") == "said •••, ••• and •••"
