"""`[stream]`: a database that can be shared, one way to log in, and no secret in the URL."""

from pathlib import Path

import pytest

from callbridge.config import load, load_either, load_worker
from callbridge.errors import ConfigError

from .conftest import GOOD, Mistakes, Read

SHARED = '[database]\nurl = "postgresql+asyncpg://callbridge@db.example/callbridge"\n'
STREAM = '[stream]\nurl = "nats://127.0.0.1:4222"\n'
INSTEAD = "set [database] url to postgresql+asyncpg://…, or take [stream] out"


def test_a_stream_beside_sqlite_is_a_mistake_with_its_line_and_a_way_out(mistakes: Mistakes) -> None:
    assert mistakes(f"{GOOD}{STREAM}") == [
        f"8: stream.url: needs a database that several processes can share, not SQLite; {INSTEAD}"
    ]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://nats.example:4222", "must be nats://host:port"),
        ("nats://nats.example:x", "must be nats://host:port"),
        ("nats://", "must be nats://host:port"),
        ("nats://me:secret@nats.example", "holds a user name or password"),
    ],
)
def test_a_url_that_nobody_could_connect_to_or_that_holds_a_secret_is_refused(
    mistakes: Mistakes, url: str, why: str
) -> None:
    (said,) = mistakes(f'{GOOD}{SHARED}[stream]\nurl = "{url}"\n')

    assert why in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ('user = "me"\n', "stream.user: goes with a password; give both, or neither"),
        ('token = "a token of length"\nuser = "me"\npassword = "long enough"\n', "stream.token: stands beside user"),
    ],
)
def test_there_is_one_whole_way_to_log_in(mistakes: Mistakes, more: str, why: str) -> None:
    (said,) = mistakes(f"{GOOD}{SHARED}{STREAM}{more}")

    assert why in said


def test_events_that_leave_this_host_unencrypted_are_warned_of(read: Read) -> None:
    far = STREAM.replace("127.0.0.1", "nats.example")

    assert any("events leave this host unencrypted" in one for one in read(f"{GOOD}{SHARED}{far}").warnings)
    assert not read(f"{GOOD}{SHARED}{STREAM}").warnings


def test_a_worker_needs_a_stream_and_no_pbx(tmp_path: Path) -> None:
    path = tmp_path / "worker.toml"
    path.write_text(f"{SHARED}{STREAM}")
    path.chmod(0o600)

    assert load_worker(path, environ={}).pbx == ()
    assert load_either(path, environ={}).pbx == ()
    with pytest.raises(ConfigError, match="pbx: is missing"):
        load(path, environ={})
    path.write_text(SHARED)
    with pytest.raises(ConfigError, match=r"worker\.toml:1: stream: is missing"):
        load_worker(path, environ={})
