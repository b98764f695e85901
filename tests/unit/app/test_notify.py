"""Against a socket as systemd makes one."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from callbridge.app.notify import MAX_TEXT, Notifier


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


@pytest.fixture
def notifier(systemd: socket.socket) -> Notifier:
    return Notifier({"NOTIFY_SOCKET": systemd.getsockname()})


def told(systemd: socket.socket) -> str:
    return systemd.recv(4096).decode()


def test_readiness_life_and_the_end_are_told(systemd: socket.socket, notifier: Notifier) -> None:
    notifier.ready()
    notifier.alive()
    notifier.stopping()

    assert [told(systemd) for _ in range(3)] == ["READY=1", "WATCHDOG=1", "STOPPING=1"]


def test_a_status_is_one_line_and_told_once(systemd: socket.socket, notifier: Notifier) -> None:
    for text in ("hearing main", "hearing main", "not\nhearing", "x" * 2000):
        notifier.status(text)

    expected = ["STATUS=hearing main", "STATUS=not hearing", f"STATUS={'x' * MAX_TEXT}"]
    assert [told(systemd) for _ in range(3)] == expected


def test_systemd_is_asked_for_patience_in_microseconds(systemd: socket.socket, notifier: Notifier) -> None:
    notifier.patience(60)

    assert told(systemd) == "EXTEND_TIMEOUT_USEC=60000000"


def test_an_abstract_socket_is_found() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0callbridge-test-notify")
        listening.settimeout(5)
        Notifier({"NOTIFY_SOCKET": "@callbridge-test-notify"}).ready()

        assert told(listening) == "READY=1"


def test_a_systemd_that_does_not_listen_stops_nothing(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()
    Notifier({}).ready()


@pytest.mark.parametrize(
    ("environ", "period"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_when_it_is_ours(environ: dict[str, str], period: float | None) -> None:
    assert Notifier(environ).watchdog_s == period
