"""Asking the running daemon over its control socket."""

import http.client
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson
from pydantic import ValidationError

from callbridge.api.resources import ROOT
from callbridge.api.status import Status
from callbridge.config import CONTROL_SOCKET, data_dir_of
from callbridge.errors import CallbridgeError, NotRunning

ANSWER_WITHIN_S: Final = 10.0
MAX_BYTES: Final = 16 * 1024 * 1024  # of one answer, or of one event
CHUNK: Final = 64 * 1024
PAGE: Final = 200
OTHER_VERSION: Final = "The daemon's answer is not understood: it is of another version. Restart it."


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    what: str
    method: str = "GET"
    body: bytes | None = None
    within_s: float = ANSWER_WITHIN_S

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.body is None else {"Content-Type": "application/json"}


def status(config: Path) -> bytes:
    """Return the daemon's status as the JSON it sent. Raises NotRunning, or CallbridgeError."""
    with _answer(config, Asked("/status")) as response:
        _known(response, "/status")
        return response.read(MAX_BYTES)


def ask(
    config: Path,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    within_s: float = ANSWER_WITHIN_S,
) -> Any:
    """Ask for a resource of `/v1`, and return its answer; None where it has none.

    Raises NotRunning; or CallbridgeError, with what the daemon said against it.
    """
    content = None if body is None else orjson.dumps(body)
    with _answer(config, Asked(f"{ROOT}{path}", method, content, within_s)) as response:
        answer = response.read(MAX_BYTES)
        if response.status >= http.client.BAD_REQUEST:
            raise CallbridgeError(_refusal(answer, path))
        return _plain(answer) if answer else None


def download(config: Path, path: str) -> Iterator[bytes]:
    """Yield what a resource of `/v1` sends, as it comes. Raises as `ask` does, also in the middle."""
    with _answer(config, Asked(f"{ROOT}{path}")) as response:
        if response.status >= http.client.BAD_REQUEST:
            raise CallbridgeError(_refusal(response.read(MAX_BYTES), path))
        while part := response.read1(CHUNK):
            yield part


def items(config: Path, path: str, query: Sequence[tuple[str, Any]], most: int) -> list[Any]:
    """Return up to `most` items of a list of `/v1`, page by page. Raises as `ask` does."""
    found: list[Any] = []
    cursor: list[tuple[str, Any]] = []
    while len(found) < most:
        wanted = urlencode([*query, ("limit", min(most - len(found), PAGE)), *cursor])
        page = ask(config, "GET", f"{path}?{wanted}")
        found += page["items"]
        if page["next"] is None:
            break
        cursor = [("cursor", page["next"])]
    return found


def quoted(name: str) -> str:
    """Return a name as it stands in a path, whatever is in it."""
    return quote(name, safe="")


def _refusal(answer: bytes, path: str) -> str:
    """Return what a problem document says, in one line for each thing."""
    problem = _plain(answer)
    if not isinstance(problem, dict):
        return OTHER_VERSION
    errors = problem.get("errors") or ()
    lines = [f"{each.get('field') or path}: {each.get('message')}" for each in errors if isinstance(each, dict)]
    return "\n".join(lines) or str(problem.get("detail") or f"{problem.get('title')}: {path}")


def _plain(answer: bytes) -> Any:
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError:
        raise CallbridgeError(OTHER_VERSION) from None


def understood(answer: bytes) -> Status:
    try:
        return Status.model_validate_json(answer)
    except ValidationError:
        raise CallbridgeError(OTHER_VERSION) from None


def events(config: Path) -> Iterator[bytes]:
    """Yield each event as one JSON document, as it happens, until the daemon stops or cuts us off."""
    with _answer(config, Asked("/events")) as response:
        _known(response, "/events")
        while (line := response.readline(MAX_BYTES)).endswith(b"\n"):
            yield line[:-1]


def _known(response: http.client.HTTPResponse, what: str) -> None:
    if response.status != http.client.OK:
        raise CallbridgeError(f"The daemon knows no {what}: it is of another version. Restart it.")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, within_s: float) -> None:
        super().__init__("callbridge", timeout=within_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))

    def wait_for_ever(self) -> None:
        """Follow: nothing may happen for hours, and Ctrl-C ends it."""
        self.sock.settimeout(None)


@contextmanager
def _answer(config: Path, asked: Asked) -> Iterator[http.client.HTTPResponse]:
    path = data_dir_of(config) / CONTROL_SOCKET
    connection = _UnixConnection(path, asked.within_s)
    try:
        connection.request(asked.method, asked.what, asked.body, asked.headers)
        response = connection.getresponse()
        if asked.what == "/events":
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
