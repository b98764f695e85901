"""Writes that meet a row already there: the one place where the two databases' words differ.

Each is built once for a dialect and kept, so SQLAlchemy compiles it once.
"""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, Executable, Table, case, func
from sqlalchemy.dialects import postgresql, sqlite

from callbridge.store.rows import Row
from callbridge.store.tables import agents, events, protocols


def run(connection: Connection, statement: Executable, rows: Sequence[Row]) -> None:
    """Run `statement` once for each of `rows`; for none of them, not at all."""
    if rows:
        connection.execute(statement, rows)


@cache
def replacing(dialect: str, table: Table) -> Executable:
    """Every column but the key becomes what it is now."""
    new = _insert(dialect, table)
    columns = {column.name: new.excluded[column.name] for column in table.c if not column.primary_key}
    return new.on_conflict_do_update(index_elements=list(table.primary_key), set_=columns)


@cache
def adding_events(dialect: str) -> Executable:
    """An event already there stays as it is: the same id has always the same bytes.

    Only the id may meet itself: another event with the same call and sequence is
    a fault that must be seen, not an event to lose in silence.
    """
    return _insert(dialect, events).on_conflict_do_nothing(index_elements=[events.c.id])


@cache
def raising_protocols(dialect: str) -> Executable:
    """A day's highest number never goes down."""
    new = _insert(dialect, protocols)
    last = case((new.excluded.last > protocols.c.last, new.excluded.last), else_=protocols.c.last)
    return new.on_conflict_do_update(index_elements=[protocols.c.day], set_={"last": last})


@cache
def seeing_agents(dialect: str) -> Executable:
    """An agent keeps the first time it was seen, and its name when the PBX tells none this time."""
    new = _insert(dialect, agents)
    columns = {"last_seen": new.excluded.last_seen, "name": func.coalesce(new.excluded.name, agents.c.name)}
    return new.on_conflict_do_update(index_elements=list(agents.primary_key), set_=columns)


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
