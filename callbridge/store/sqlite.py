"""SQLite: one writer for life, some readers, one daemon a file.

Each piece of work runs whole on a thread: one hop there and back. Rejected:
aiosqlite, where every statement is a hop of its own and a batch has eight: a
commit of one event took 2.2 times as long there.
"""

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from callbridge.errors import AlreadyRunning, StoreUnavailable
from callbridge.store.access import Work, translated

READERS: Final = 3
BUSY_S: Final = 5.0
"""How long another program's lock is waited for."""

_WRITER: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a commit is on the disk when it returns
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 1000",  # pages
    "PRAGMA journal_size_limit = 67108864",  # bytes the WAL may keep after a checkpoint
    "PRAGMA cache_size = -16000",  # KiB
)
_READER: Final = (
    "PRAGMA query_only = ON",
    # The writer alone checkpoints: two that do can spoil the WAL before SQLite 3.51.3.
    "PRAGMA wal_autocheckpoint = 0",
)

T = TypeVar("T")


class SqliteAccess:
    """The only writer of a file, kept so by a lock on `<file>.lock`.

    Raises, when built:
        AlreadyRunning: somebody else has the lock.
        StoreUnavailable: the file is not there, or may not be written.
    """

    def __init__(self, path: Path, deadline_s: float) -> None:
        self._place = str(path)
        self._deadline_s = deadline_s
        self._lock = _take_lock(path)
        self._writer = _Writer(path)
        self._readers = reading_engine(path)
        self._write_thread = _WriteThread()
        self._read_threads = ThreadPoolExecutor(READERS, "store-read")
        self._closed = False

    async def write(self, work: Work[T]) -> T:
        self._refuse_closed()
        with translated(self._place):
            return await self._write_thread.run(partial(self._writer.run, work), self._deadline_s)

    async def confirm(self) -> None:
        """Nobody can take the file's lock as long as this process lives."""

    async def read(self, work: Work[T]) -> T:
        self._refuse_closed()
        with translated(self._place):
            async with asyncio.timeout(self._deadline_s):
                reading = partial(read, self._readers, work)
                return await asyncio.get_running_loop().run_in_executor(self._read_threads, reading)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        with translated(self._place):
            await self._write_thread.run(self._give_back, self._deadline_s)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"The database {self._place} is closed already.")

    def _give_back(self) -> None:
        """Readers first: whoever closes last checkpoints, and that is the writer."""
        self._read_threads.shutdown(wait=True)
        self._readers.dispose()
        self._writer.close()
        os.close(self._lock)
        self._write_thread.end()


class _WriteThread:
    """Runs pieces of work one after the other, for whoever waits on an event loop.

    Rejected: a ThreadPoolExecutor of one thread. On a quiet machine, whose caches know other things by then, the
    way there and back takes 0.34 ms with it and 0.17 so, of some 2 from an event to its webhook.
    """

    def __init__(self) -> None:
        self._waiting: SimpleQueue[_Order | None] = SimpleQueue()
        # A daemon: a disk that is stuck must not keep the process from ending.
        threading.Thread(target=self._work, name="store-write", daemon=True).start()

    async def run(self, work: Callable[[], T], deadline_s: float) -> T:
        """Run it in its turn; TimeoutError when the deadline passes, and then it may or may not be done."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        alarm = loop.call_later(deadline_s, _fail, done, TimeoutError())
        self._waiting.put((loop, done, work))
        try:
            return await done
        finally:
            alarm.cancel()

    def end(self) -> None:
        """Let the thread end once all before is done."""
        self._waiting.put(None)

    def _work(self) -> None:
        while (order := self._waiting.get()) is not None:
            loop, done, work = order
            if done.done():  # given up before its turn
                continue
            try:
                saying = partial(_finish, done, work())
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                saying = partial(_fail, done, error)
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(saying)
            del order, done, work, saying  # nothing of it is kept until the next one comes


_Order = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


def _finish(done: "asyncio.Future[Any]", result: Any) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: "asyncio.Future[Any]", error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)


def read(engine: Engine, work: Work[T]) -> T:
    """Run `work` on one state of the database."""
    with engine.connect() as connection:
        return work(connection)


class _Writer:
    """One connection for life, made when it is first needed. For one thread.

    Transactions are begun and ended with SQLite's own driver: an engine's `begin`
    takes 0.2 ms for it, a third of a whole commit, for its pool and for resetting.
    """

    def __init__(self, path: Path) -> None:
        self._engine = _engine(path, 1, _WRITER)
        self._connection: Connection | None = None

    def run(self, work: Work[T]) -> T:
        """Run `work` in a transaction and commit it; raises as SQLAlchemy does."""
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            return _committed(self._connection, work)
        except sqlite3.Error as error:
            raise DBAPIError.instance(None, None, error, sqlite3.Error) from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


def _committed(connection: Connection, work: Work[T]) -> T:
    """IMMEDIATE: a deferred transaction that turns into a write fails at once when somebody wrote since it began."""
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    driver.execute("BEGIN IMMEDIATE")
    try:
        done = work(connection)
        driver.execute("COMMIT")
    finally:
        if driver.in_transaction:
            driver.execute("ROLLBACK")
    return done


def reading_engine(path: Path) -> Engine:
    """Return what reads the file beside whoever writes it; it cannot write, nor make the file."""
    engine = _engine(path, READERS, _READER)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # SQLAlchemy says it itself and sqlite3 nothing: its own transaction control begins too late.
        connection.exec_driver_sql("BEGIN")

    return engine


def make_file(path: Path) -> None:
    """Make an empty database file that only its owner may read, unless there is one.

    SQLite gives the WAL the same rights.
    """
    with suppress(FileExistsError):
        os.close(_create(path, os.O_EXCL))


def _engine(path: Path, connections: int, pragmas: Sequence[str]) -> Engine:
    uri = f"file:{quote(str(path))}?mode=rw"

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(uri, BUSY_S, isolation_level=None, check_same_thread=False, uri=True)
        for pragma in pragmas:
            raw.execute(pragma).close()
        return raw

    return create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
    )


def _take_lock(path: Path) -> int:
    """Return the descriptor that holds the lock; the kernel lets go of it however the process ends."""
    lock = _create(path.with_name(f"{path.name}.lock"), 0)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(lock, 20).decode("ascii", "replace").strip()
        os.close(lock)
        raise AlreadyRunning(
            f"Process {holder or '?'} works on the database {path} already. Stop it first, or give this one another.",
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _create(path: Path, flags: int) -> int:
    try:
        return os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | flags, 0o600)
    except FileExistsError:
        raise
    except OSError as error:
        raise StoreUnavailable(
            f"{path} cannot be made or written: {error.strerror}. "
            f"Make the folder {path.parent}, with room on its disk, and give it to the daemon's user.",
        ) from error
