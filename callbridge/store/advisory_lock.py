"""One daemon a PostgreSQL database: an advisory lock, held by the very session that writes.

PostgreSQL lets go of it when that session ends, however it ends. So whoever writes holds
it, and who lost the connection takes it again before the next write, or is refused.
Rejected: a connection of its own for it. That can be lost while the one that writes lives on.
"""

import os
import socket
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from callbridge.errors import AlreadyRunning, StoreError, StoreUnavailable

CLASS: Final = int.from_bytes(b"call")
"""The first half of our locks' key; the second is of the schema, for a database may hold one callbridge a schema."""
HELD: Final = "callbridge lock"
"""In `Connection.info`, which is lost with the connection, as the lock is."""
TRIES: Final = 20
"""A tenth of a second apart: a daemon that was just killed, or upgraded its schema, is still letting go."""
MOST_NAME: Final = 63
"""Bytes PostgreSQL keeps of an application_name."""

_TAKE: Final = text("SELECT pg_try_advisory_lock(:kind, hashtext(coalesce(current_schema(), '')))").bindparams(
    kind=CLASS
)
_HOLDER: Final = text(
    "SELECT a.pid, a.backend_start, a.application_name, host(a.client_addr) AS host, a.pid = pg_backend_pid() AS here "
    "FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND CAST(l.classid AS bigint) = :kind "
    "AND CAST(l.objid AS bigint) = CAST(hashtext(coalesce(current_schema(), '')) AS bigint) & 4294967295"
).bindparams(kind=CLASS)
_END: Final = text("SELECT pg_terminate_backend(:pid)")
_WAIT: Final = text("SELECT pg_sleep(0.1), pg_stat_clear_snapshot()")


def our_name() -> str:
    """Return what our sessions are called: whoever is refused reads in it who works there."""
    return f"callbridge {socket.gethostname()} {os.getpid()}".encode()[:MOST_NAME].decode("ascii", "ignore")


@dataclass(frozen=True, slots=True)
class Holder:
    """The session that has the lock; `here` tells whether it is the one that asks."""

    pid: int
    since: datetime
    name: str
    address: str
    here: bool

    def __str__(self) -> str:
        words = self.name.split(" ")
        if len(words) == 3 and words[0] == "callbridge":  # noqa: PLR2004 - as `our_name` has it
            return f"process {words[2]} on {words[1]}, from {self.address}"
        return f"PostgreSQL's process {self.pid}, from {self.address}"


class AdvisoryLock:
    """The lock of one daemon, over all its connections, one after the other."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._former: Holder | None = None

    def hold(self, connection: Connection) -> None:
        """Take the lock, where this connection does not have it yet.

        Raises:
            AlreadyRunning: somebody else has it.
            StoreUnavailable: a former connection of ours has it still.
        """
        if HELD in connection.info:
            return
        tries = 0
        while not connection.scalar(_TAKE):
            tries += 1
            self._wait_for(connection, tries)
        connection.info[HELD] = True
        self._former = holder(connection)

    def confirm(self, connection: Connection) -> None:
        """See that this very session has it; raises as `hold` does, and StoreError where a pooler swaps sessions."""
        self.hold(connection)
        found = holder(connection)
        if found is None or not found.here:
            raise StoreError(
                f"The database {self._place} is reached through a pooler that shares sessions between transactions. "
                "Connect to PostgreSQL itself, or set the pooler's pool_mode to session."
            )

    def _wait_for(self, connection: Connection, tries: int) -> None:
        """Wait a moment for whoever has it. A session of our own that was cut off is ended: nobody hears it."""
        found = holder(connection)
        ours = found is not None and self._former is not None and same_session(found, self._former)
        if found is not None and ours and tries == 1:
            connection.execute(_END, {"pid": found.pid})
        if tries < TRIES:
            connection.execute(_WAIT)
        elif ours:
            raise StoreUnavailable(f"Our former connection to the database {self._place} is still at work there.")
        else:
            raise AlreadyRunning(taken(self._place, found))


def holder(connection: Connection) -> Holder | None:
    """Return who has the lock; None where nobody does."""
    found: Any = connection.execute(_HOLDER).one_or_none()
    if found is None:
        return None
    return Holder(found.pid, found.backend_start, found.application_name, found.host or "a socket there", found.here)


def same_session(one: Holder, other: Holder) -> bool:
    """Tell whether two are one: a process id alone may be given again."""
    return (one.pid, one.since) == (other.pid, other.since)


def taken(place: str, found: Holder | None) -> str:
    """Return in words who works on the database."""
    who = f" ({found})" if found is not None else ""
    return f"Another callbridge{who} works on the database {place}. Stop it first, or give this one another database."
