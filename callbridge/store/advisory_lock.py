"""One daemon a PostgreSQL database, or one a PBX: advisory locks, held by the very session that writes.

PostgreSQL lets go of them when that session ends, however it ends. So whoever writes holds
them, and who lost the connection takes them again before the next write, or is refused.
Rejected: a connection of its own for them. That can be lost while the one that writes lives on.

A daemon alone has the database to itself. Where several share it (`[stream]`) each shares that
lock with the others, and has each of its PBXs to itself; workers share the first and have no PBX.
So neither a daemon alone nor an upgrade of the schema begins while one of those is at work.
"""

import os
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, TextClause, text

from callbridge.errors import AlreadyRunning, StoreError, StoreUnavailable

CLASS: Final = int.from_bytes(b"call")
"""The first half of our locks' key; the second is of the schema, for a database may hold one callbridge a schema."""
HELD: Final = "callbridge locks"
"""In `Connection.info`, which is lost with the connection, as the locks are."""
TRIES: Final = 20
"""A tenth of a second apart: a daemon that was just killed, or upgraded its schema, is still letting go."""
MOST_NAME: Final = 63
"""Bytes PostgreSQL keeps of an application_name."""

_SCHEMA: Final = "coalesce(current_schema(), '')"
_OF_DATABASE: Final = f":kind, hashtext({_SCHEMA})"
_OF_PBX: Final = f"hashtextextended('callbridge pbx ' || {_SCHEMA} || '.' || :pbx, 0)"
"""64 bits of it: among a thousand PBXs two would share one of 32 in one of 10,000 installations."""

_HOLDERS: Final = (
    "SELECT a.pid, a.backend_start AS since, a.application_name AS name, host(a.client_addr) AS address, "
    "a.pid = pg_backend_pid() AS here, l.mode = 'ExclusiveLock' AS alone "
    "FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND "
)
_HOLD_DATABASE: Final = text(
    _HOLDERS + "l.objsubid = 2 AND CAST(l.classid AS bigint) = :kind "
    f"AND CAST(l.objid AS bigint) = CAST(hashtext({_SCHEMA}) AS bigint) & 4294967295 ORDER BY alone DESC, since"
).bindparams(kind=CLASS)
_HOLD_PBX: Final = text(
    _HOLDERS + f"l.objsubid = 1 AND (CAST(l.classid AS bigint) << 32) | CAST(l.objid AS bigint) = {_OF_PBX}"
)
_END: Final = text("SELECT pg_terminate_backend(:pid)")
_WAIT: Final = text("SELECT pg_sleep(0.1), pg_stat_clear_snapshot()")


def our_name() -> str:
    """Return what our sessions are called: whoever is refused reads in it who works there."""
    return f"callbridge {socket.gethostname()} {os.getpid()}".encode()[:MOST_NAME].decode("ascii", "ignore")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a process must have before it writes: the database, or one PBX in it; alone, or with others."""

    pbx: str | None = None
    shared: bool = False

    @property
    def taking(self) -> TextClause:
        what = f"pg_try_advisory_lock{'_shared' if self.shared else ''}"
        return self._given(text(f"SELECT {what}({_OF_DATABASE if self.pbx is None else _OF_PBX})"))

    @property
    def holders(self) -> TextClause:
        return _HOLD_DATABASE if self.pbx is None else self._given(_HOLD_PBX)

    def _given(self, clause: TextClause) -> TextClause:
        return clause.bindparams(kind=CLASS) if self.pbx is None else clause.bindparams(pbx=self.pbx)


ALONE: Final = (Claim(),)


def sharing(pbxs: Collection[str]) -> tuple[Claim, ...]:
    """Return the claims of one process of several: it has some PBXs, or none."""
    return (Claim(shared=True), *(Claim(pbx) for pbx in sorted(pbxs)))


@dataclass(frozen=True, slots=True)
class Holder:
    """A session that has a lock; `here` tells whether it is the one that asks, `alone` whether it shares with none."""

    pid: int
    since: datetime
    name: str
    address: str
    here: bool
    alone: bool

    def __str__(self) -> str:
        words = self.name.split(" ")
        if len(words) == 3 and words[0] == "callbridge":  # noqa: PLR2004 - as `our_name` has it
            return f"process {words[2]} on {words[1]}, from {self.address}"
        return f"PostgreSQL's process {self.pid}, from {self.address}"


class AdvisoryLock:
    """The locks of one process, over all its connections, one after the other."""

    def __init__(self, place: str, claims: Sequence[Claim] = ALONE) -> None:
        self._place = place
        self._claims = claims
        self._former: Holder | None = None

    def hold(self, connection: Connection) -> None:
        """Take the locks, where this connection does not have them yet.

        Raises:
            AlreadyRunning: somebody else has one.
            StoreUnavailable: a former connection of ours has it still.
        """
        if HELD in connection.info:
            return
        for claim in self._claims:
            tries = 0
            while not connection.scalar(claim.taking):
                tries += 1
                self._wait_for(claim, connection, tries)
        connection.info[HELD] = True
        self._former = next((one for one in holders(connection, self._claims[0]) if one.here), None)

    def confirm(self, connection: Connection) -> None:
        """See that this very session has them; raises as `hold` does, and StoreError where a pooler swaps sessions."""
        self.hold(connection)
        for claim in self._claims:
            if not any(one.here for one in holders(connection, claim)):
                raise StoreError(
                    f"The database {self._place} is reached through a pooler that shares sessions between "
                    "transactions. Connect to PostgreSQL itself, or set the pooler's pool_mode to session."
                )

    def _wait_for(self, claim: Claim, connection: Connection, tries: int) -> None:
        """Wait a moment for whoever has it. A session of our own that was cut off is ended: nobody hears it."""
        found = [one for one in holders(connection, claim) if not (claim.shared and not one.alone)]
        ours = [one for one in found if self._former is not None and same_session(one, self._former)]
        if ours and tries == 1:
            connection.execute(_END, {"pid": ours[0].pid})
        if tries < TRIES:
            connection.execute(_WAIT)
        elif ours:
            raise StoreUnavailable(f"Our former connection to the database {self._place} is still at work there.")
        else:
            raise AlreadyRunning(taken(self._place, next(iter(found), None), claim))


def holders(connection: Connection, claim: Claim) -> list[Holder]:
    """Return who has what is claimed; who has it alone first."""
    return [
        Holder(row.pid, row.since, row.name, row.address or "a socket there", row.here, row.alone)
        for row in connection.execute(claim.holders)
    ]


def hindrance(connection: Connection, claims: Sequence[Claim]) -> Holder | None:
    """Return one of those who would not let us have what is claimed; None where nobody hinders."""
    found = (one for claim in claims for one in holders(connection, claim) if one.alone or not claim.shared)
    return next(found, None)


def same_session(one: Holder, other: Holder) -> bool:
    """Tell whether two are one: a process id alone may be given again."""
    return (one.pid, one.since) == (other.pid, other.since)


def taken(place: str, found: Holder | None, claim: Claim) -> str:
    """Return in words who works there."""
    who = f" ({found})" if found is not None else ""
    if claim.pbx is not None:
        return f"Another callbridge{who} hears the PBX {claim.pbx} for the database {place}. Stop it first."
    return f"Another callbridge{who} works on the database {place}. Stop it first, or give this one another database."
