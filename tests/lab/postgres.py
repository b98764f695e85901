"""A real PostgreSQL of one's own: made, started, and gone again with the test run."""

import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import pytest

OLDEST: Final = 15
USER: Final = "callbridge"
START_WITHIN_S: Final = 30
STOP_WITHIN_S: Final = 30
PORT_ATTEMPTS: Final = 5

# The parent of the server. It reads words from a pipe; when the pipe closes, because we closed
# it or because we were killed, it stops the server and takes the folder away. A death signal of
# the kernel's would stop the server too, but leave its folder behind.
_KEEPER: Final = """
folder=$1 child=
shift
down() { [ -z "$child" ] || { kill "-$1" "$child"; wait "$child"; child=; }; }
while read -r word argument log; do
    case $word in
    up) "$@" -D "$folder/data" -p "$argument" >"$log" 2>&1 & child=$! ;;
    down) down "$argument" ;;
    esac
done
down INT
rm -rf -- "$folder"
"""

# Everything that makes a commit durable stays as it comes: on. The store's promises rest on it.
_SETTINGS: Final = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 50
shared_buffers = 32MB
"""


class NoPostgres(Exception):
    """There is no PostgreSQL to run; the text says what would help."""


class PostgresDidNotStart(Exception):
    """The text ends with the tail of its log."""


class PostgresServer:
    """`with PostgresServer() as server:` - up inside, gone without a trace after.

    `stop`, `crash` and `start` are for tests that take the database away: the port and the
    data stay the same.

    Raises:
        NoPostgres: on construction, when no server of version 15 or newer is installed.
    """

    def __init__(self) -> None:
        self._programs = find_programs()
        self._starts = 0

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="callbridge-postgres-"))
        self._password = secrets.token_hex(12)
        try:
            self._make_cluster()
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        self._keeper = self._start_keeper()
        try:
            self._start_on_a_free_port()
        except BaseException:
            self._keeper.communicate(timeout=STOP_WITHIN_S)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keeper.communicate(timeout=STOP_WITHIN_S)

    def url(self, database: str) -> str:
        """For SQLAlchemy on asyncpg; the password is real, so it can be looked for in logs."""
        return f"postgresql+asyncpg://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """A new, empty database; returns its URL."""
        self._ask("createdb", "--template=template0", name)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Also while somebody is connected: they are thrown out."""
        self._ask("dropdb", "--force", name)

    def start(self) -> None:
        """Also after `stop` or `crash`.

        Raises:
            PostgresDidNotStart: it ended at once, or was not ready in time.
        """
        self._starts += 1
        self._log = self.folder / f"log.{self._starts}"
        self._tell(f"up {self.port} {self._log}")
        if not _comes_true(self._is_ready_or_over, START_WITHIN_S) or self._is_over():
            raise PostgresDidNotStart(self._log.read_text(errors="replace"))

    def stop(self) -> None:
        """As an admin would: clients are thrown out, transactions rolled back."""
        self._end("INT")

    def crash(self) -> None:
        """Connections break without a word, and the next start recovers from the write-ahead log."""
        self._end("QUIT")

    def _make_cluster(self) -> None:
        password = self.folder / "password"
        password.write_text(self._password)
        if owner := _unprivileged():
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            os.chown(password, owner.pw_uid, owner.pw_gid)
        _run(
            *_as_unprivileged(),
            *(str(self._programs / "initdb"), f"--pgdata={self.folder}/data"),
            *(f"--username={USER}", f"--pwfile={password}", "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"),
            cwd=self.folder,
        )
        with (self.folder / "data/postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)

    def _start_keeper(self) -> subprocess.Popen[bytes]:
        server = (*_as_unprivileged(), str(self._programs / "postgres"))
        return subprocess.Popen(
            ["/bin/sh", "-c", _KEEPER, "keeper", str(self.folder), *server],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            start_new_session=True,  # Ctrl-C in the terminal is for the tests to handle
        )

    def _start_on_a_free_port(self) -> None:
        """Somebody may take a free port before the server binds it, so several are tried."""
        for attempt in range(1, PORT_ATTEMPTS + 1):
            self.port = _free_port()
            try:
                self.start()
            except PostgresDidNotStart as failure:
                if attempt == PORT_ATTEMPTS or "Address already in use" not in str(failure):
                    raise
            else:
                return

    def _is_ready_or_over(self) -> bool:
        return self._status() == "ready" or self._is_over()

    def _is_over(self) -> bool:
        return self._log.exists() and "database system is shut down\n" in self._log.read_text(errors="replace")

    def _status(self) -> str | None:
        """Line 8 of the server's own pid file; None when it is not running."""
        try:
            lines = (self.folder / "data/postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        return lines[7].strip() if len(lines) > 7 else "starting"

    def _end(self, signal_name: Literal["INT", "QUIT"]) -> None:
        self._tell(f"down {signal_name}")
        assert _comes_true(lambda: self._status() is None, STOP_WITHIN_S), "PostgreSQL does not stop"

    def _tell(self, words: str) -> None:
        pipe = self._keeper.stdin
        assert pipe is not None
        pipe.write(f"{words}\n".encode())
        pipe.flush()

    def _ask(self, program: str, *arguments: str) -> None:
        address = ("--host=127.0.0.1", f"--port={self.port}", f"--username={USER}")
        _run(str(self._programs / program), *address, *arguments, env={**os.environ, "PGPASSWORD": self._password})


def find_programs() -> Path:
    """The folder of the newest installed server's programs.

    Raises:
        NoPostgres: there is none.
    """
    initdbs = [*Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        initdbs.append(Path(on_path).resolve())
    versions = {_version(initdb): initdb.parent for initdb in initdbs}
    newest = max(versions, default=0)
    if newest < OLDEST:
        raise NoPostgres(f"no PostgreSQL server >= {OLDEST}: `make setup` installs it, as root or with sudo")
    return versions[newest]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server a test run; every test makes its own database in it."""
    try:
        server = PostgresServer()
    except NoPostgres as missing:
        pytest.skip(str(missing))
    with server:
        yield server


def _version(initdb: Path) -> int:
    found = re.search(r"\(PostgreSQL\) (\d+)", _run(str(initdb), "--version"))
    return int(found[1]) if found else 0


def _unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root, so root hands it to somebody else; None when we are not root."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _as_unprivileged() -> tuple[str, ...]:
    owner = _unprivileged()
    return ("setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups") if owner else ()


def _run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stderr}"
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _comes_true(condition: Callable[[], bool], within_s: float, pause_s: float = 0.01) -> bool:
    for _ in range(int(within_s / pause_s)):
        if condition():
            return True
        time.sleep(pause_s)
    return False
