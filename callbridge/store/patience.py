"""How long one question may take: one that takes longer is broken off in the database, and its reader is free again."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from callbridge.clock import Clock
from callbridge.errors import TooMuch

QUESTION_S: Final = 5.0
STEPS: Final = 20_000
"""Of SQLite's machine between two looks at the clock: a millisecond or two."""
CANCELLED: Final = "57014"
"""PostgreSQL's query_canceled, which a statement_timeout is."""
TOLD: Final = (
    "This would take more than {seconds:g} seconds to find. "
    "Ask for a shorter period (since, until), or by fewer filters."
)


@contextmanager
def bounded(connection: Connection, clock: Clock, within_s: float | None = None) -> Iterator[None]:
    """Break off what is asked of a reading connection after so long, or `QUESTION_S`. Raises TooMuch."""
    within_s = QUESTION_S if within_s is None else within_s
    asked = _in_sqlite if connection.dialect.name == "sqlite" else _in_postgres
    try:
        with asked(connection, clock, within_s):
            yield
    except DBAPIError as error:
        if not _broken_off(error):
            raise
        raise TooMuch(TOLD.format(seconds=within_s)) from error


@contextmanager
def _in_sqlite(connection: Connection, clock: Clock, within_s: float) -> Iterator[None]:
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    until = clock.monotonic() + within_s
    driver.set_progress_handler(lambda: clock.monotonic() > until, STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, STEPS)


@contextmanager
def _in_postgres(connection: Connection, _: Clock, within_s: float) -> Iterator[None]:
    """For the rest of the transaction, which is what a piece of work has to itself; for each statement anew."""
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(within_s * 1000)}")
    yield


def _broken_off(error: DBAPIError) -> bool:
    return "interrupted" in str(error.orig) or getattr(error.orig, "sqlstate", None) == CANCELLED
