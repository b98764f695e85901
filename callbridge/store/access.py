"""The way to a database: pieces of work that get a connection, run, and are over.

A piece of work is a plain function of a SQLAlchemy `Connection`. SQLite runs it
whole on a thread, PostgreSQL under the event loop; the work does not know.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError, StatementError

from callbridge.errors import StoreError, StoreUnavailable

DEADLINE_S: Final = 15.0
"""For any piece of work, waiting for its turn included. A write that passes it may or may not have been done."""

T = TypeVar("T")
Work = Callable[[Connection], T]


class Access(Protocol):
    """An open database."""

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction of its own, one at a time in the order of the calls, and commit it."""

    async def confirm(self) -> None:
        """See that the database is still ours alone to write; raises AlreadyRunning where it is not."""

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one state of the database; it cannot write."""

    async def close(self) -> None:
        """Give everything back. Safe to call twice."""


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn what the libraries raise into our errors; `place` names the database, without its password.

    Raises:
        StoreUnavailable: it cannot be reached, opened, read or written now.
        StoreError: it will not take this, now or later.
    """
    try:
        yield
    except TimeoutError as error:
        raise StoreUnavailable(
            f"The database {place} did not answer in time. Is its disk or its server stuck?"
        ) from error
    except (IntegrityError, DataError, ProgrammingError) as error:
        raise StoreError(f"The database {place} refused: {_said(error)}. Please report this.") from error
    except DBAPIError as error:
        raise StoreUnavailable(f"The database {place} cannot be used now: {_said(error)}. {_advice(error)}") from error
    except StatementError as error:
        raise StoreError(f"The database {place} cannot keep this: {_said(error)}. Please report this.") from error
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnavailable(f"The database {place} cannot be reached: {error}. Is it there, and running?") from error


def _said(error: StatementError) -> str:
    """The driver's own words without the statement and its values, which hold phone numbers."""
    return str(error.orig).partition("\n")[0].strip().rstrip(".")


def _advice(error: DBAPIError) -> str:
    words = str(error.orig)
    return next((advice for sign, advice in _ADVICE if sign in words), "Look at its disk, its server and its log.")


_ADVICE: Final = (
    ("disk is full", "Make room on its disk."),
    ("disk I/O error", "Look at its disk: is it full or broken?"),
    ("readonly database", "Give the daemon's user the right to write the file and its folder."),
    ("unable to open", "Give the daemon's user the right to write the folder."),
    ("not a database", "Is this the right file? If it is, go back to a backup."),
    ("malformed", "It is damaged: go back to a backup."),
    ("locked", "Another program writes to it: end that program."),
    ("password authentication failed", "Set the right password."),
    ("does not exist", "Create the database and its user first."),
)
