"""Writes that meet a row already there: the one place where the two databases' words differ."""

from sqlalchemy import Table, case, func
from sqlalchemy.dialects import postgresql, sqlite

from callbridge.store.people_tables import customers
from callbridge.store.tables import agents, events, kept_answers, protocols, webhook_states

Insert = sqlite.Insert | postgresql.Insert


def replacing(dialect: str, table: Table) -> Insert:
    """Every column but the key becomes what it is now."""
    new = _insert(dialect, table)
    columns = {column.name: new.excluded[column.name] for column in table.c if not column.primary_key}
    return new.on_conflict_do_update(index_elements=list(table.primary_key), set_=columns)


def keeping(dialect: str, table: Table) -> Insert:
    """What is there already stays as it is."""
    return _insert(dialect, table).on_conflict_do_nothing(index_elements=list(table.primary_key))


def adding_events(dialect: str) -> Insert:
    """An event already there stays as it is: the same id has always the same bytes.

    Only the id may meet itself: another event with the same call and sequence is
    a fault that must be seen, not an event to lose in silence.
    """
    return _insert(dialect, events).inline().on_conflict_do_nothing(index_elements=[events.c.id])


def putting_customers(dialect: str) -> Insert:
    """A customer becomes what it is now, and is there since it was first."""
    new = _insert(dialect, customers)
    columns = {column.name: new.excluded[column.name] for column in customers.c if column.name not in _FOR_EVER}
    return new.on_conflict_do_update(index_elements=[customers.c.id], set_=columns)


_FOR_EVER = frozenset({"id", "created_at"})


def raising_protocols(dialect: str) -> Insert:
    """A day's highest number never goes down."""
    new = _insert(dialect, protocols)
    last = case((new.excluded.last > protocols.c.last, new.excluded.last), else_=protocols.c.last)
    return new.on_conflict_do_update(index_elements=[protocols.c.day], set_={"last": last})


def seeing_agents(dialect: str) -> Insert:
    """An agent keeps the first time it was seen, and its name when the PBX tells none this time."""
    new = _insert(dialect, agents)
    columns = {"last_seen": new.excluded.last_seen, "name": func.coalesce(new.excluded.name, agents.c.name)}
    return new.on_conflict_do_update(index_elements=list(agents.primary_key), set_=columns)


def failing(dialect: str) -> Insert:
    """Who fails already has failed since the first time."""
    new = _insert(dialect, webhook_states)
    columns = {
        "failing_since": func.coalesce(webhook_states.c.failing_since, new.excluded.failing_since),
        "failures": webhook_states.c.failures + new.excluded.failures,
    }
    return new.on_conflict_do_update(index_elements=[webhook_states.c.name], set_=columns)


def beginning(dialect: str) -> Insert:
    """A key of whoever asks belongs to the request that came first, also where several daemons share the database."""
    return _insert(dialect, kept_answers).on_conflict_do_nothing(index_elements=list(kept_answers.primary_key))


def _insert(dialect: str, table: Table) -> Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
