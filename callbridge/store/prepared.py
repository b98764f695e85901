"""Statements on the busy path: SQLAlchemy says them, once; it has no part in running them on SQLite.

Measured: SQLAlchemy's own way from a row to the driver takes 13 µs for a row of
`calls`, this one 3; the types' conversions are the same. And from a statement to
SQLite's driver another 20 to 40 µs, ten times for each commit.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, Final, cast

from sqlalchemy import ClauseElement, Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from callbridge.store.rows import Row

Values = tuple[Any, ...]


class Prepared:
    """A statement whose every parameter is named in the rows it is run with.

    `build` makes it for a dialect's name. An INSERT that leaves columns to the
    database says in `columns` which the rows have.
    """

    def __init__(self, build: Callable[[str], ClauseElement], columns: Sequence[str] | None = None) -> None:
        self._build: Final = build
        self._columns: Final = columns
        self._plans: Final[dict[str, _Plan]] = {}

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Run it once for each of `rows`; for none of them, not at all."""
        if not rows:
            return
        plan = self._plan(connection.dialect)
        values = [plan.values(row) for row in rows]
        if (driver := _sqlite(connection)) is not None:
            driver.executemany(plan.sql, values).close()
        else:
            connection.exec_driver_sql(plan.sql, values)

    def of_values(self, connection: Connection, values: Sequence[Values]) -> None:
        """Run it once for each of `values`: in the order of its parameters, and as the driver takes them."""
        if not values:
            return
        plan = self._plan(connection.dialect)
        if (driver := _sqlite(connection)) is not None:
            driver.executemany(plan.sql, values).close()
        else:
            connection.exec_driver_sql(plan.sql, list(values))

    def ask(self, connection: Connection, row: Row) -> Iterable[Values]:
        """Return the rows it finds; they come as the driver gives them, times as microseconds."""
        plan = self._plan(connection.dialect)
        values = plan.values(row)
        if (driver := _sqlite(connection)) is not None:
            return driver.execute(plan.sql, values).fetchall()
        return [tuple(found) for found in connection.exec_driver_sql(plan.sql, values)]

    def _plan(self, dialect: Dialect) -> "_Plan":
        known = self._plans.get(dialect.name)
        if known is None:
            known = self._plans[dialect.name] = _Plan(self._compile(dialect), dialect)
        return known

    def _compile(self, dialect: Dialect) -> SQLCompiler:
        compiled = self._build(dialect.name).compile(dialect=dialect, column_keys=self._columns)
        return cast("SQLCompiler", compiled)


def plain(statement: ClauseElement) -> Prepared:
    """Prepare what is said alike on every database."""
    return Prepared(lambda _: statement)


class _Plan:
    """The text for one dialect, and how a row becomes its positional parameters."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        self.sql = str(compiled)
        self._read = _reading(compiled.positiontup or ())
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        self._conversions = _conversions(compiled, dialect)

    def values(self, row: Row) -> Values:
        full = self._constants | row if self._constants else row
        values = self._read(full)
        for place, convert in self._conversions:
            if values[place] is not None:  # None is NULL, whatever the type
                values[place] = convert(values[place])
        return tuple(values)


def _reading(names: Sequence[str]) -> Callable[[Row], list[Any]]:
    """Return what reads the named columns of a row, in that order."""
    if len(names) < 2:  # noqa: PLR2004 - of one, itemgetter gives no tuple
        return lambda row: [row[name] for name in names]
    read = itemgetter(*names)
    return lambda row: list(read(row))


def _sqlite(connection: Connection) -> sqlite3.Connection | None:
    """Return SQLite's own connection, whose errors whoever runs the transaction translates; None on PostgreSQL."""
    driver = connection.connection.driver_connection if connection.dialect.name == "sqlite" else None
    return cast("sqlite3.Connection | None", driver)


def _conversions(compiled: SQLCompiler, dialect: Dialect) -> Sequence[tuple[int, Callable[[Any], Any]]]:
    """Return the places whose type has something to do, and what."""
    binds = ((place, compiled.binds[name]) for place, name in enumerate(compiled.positiontup or ()))
    found = ((place, bind.type.dialect_impl(dialect).bind_processor(dialect)) for place, bind in binds)
    return [(place, convert) for place, convert in found if convert is not None]
