"""Asking the running daemon over its control socket."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from callbridge.api.status import Status
from callbridge.config import CONTROL_SOCKET, data_dir_of
from callbridge.errors import CallbridgeError, NotRunning

ANSWER_WITHIN_S: Final = 10.0
MAX_BYTES: Final = 16 * 1024 * 1024  # of one answer, or of one event


def status(config: Path) -> bytes:
    """Return the daemon's status as the JSON it sent. Raises NotRunning, or CallbridgeError."""
    with _answer(config, "/status") as response:
        return response.read(MAX_BYTES)


def understood(answer: bytes) -> Status:
    try:
        return Status.model_validate_json(answer)
    except ValidationError:
        raise CallbridgeError("The daemon's answer is not understood: it is of another version. Restart it.") from None


def events(config: Path) -> Iterator[bytes]:
    """Yield each event as one JSON document, as it happens, until the daemon stops or cuts us off."""
    with _answer(config, "/events") as response:
        while (line := response.readline(MAX_BYTES)).endswith(b"\n"):
            yield line[:-1]


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("callbridge", timeout=ANSWER_WITHIN_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))

    def wait_for_ever(self) -> None:
        """Follow: nothing may happen for hours, and Ctrl-C ends it."""
        self.sock.settimeout(None)


@contextmanager
def _answer(config: Path, what: str) -> Iterator[http.client.HTTPResponse]:
    path = data_dir_of(config) / CONTROL_SOCKET
    connection = _UnixConnection(path)
    try:
        connection.request("GET", what)
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise CallbridgeError(f"The daemon knows no {what}: it is of another version. Restart it.")
        if what == "/events":
            connection.wait_for_ever()
        yield response
    except PermissionError:
        advice = "Run this as its user: sudo -u callbridge callbridge …"
        raise CallbridgeError(f"{path} is callbridge's own. {advice}") from None
    except (FileNotFoundError, ConnectionRefusedError):
        advice = "Start it: systemctl start callbridge"
        raise NotRunning(f"callbridge is not running: nobody answers on {path}. {advice}") from None
    except (OSError, http.client.HTTPException) as error:
        why = str(error) or type(error).__name__
        raise NotRunning(f"callbridge went away, or cut us off: {why}. See: journalctl -u callbridge") from None
    finally:
        connection.close()
