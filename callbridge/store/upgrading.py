"""The way up to our schema, by Alembic; imported when there is a step to take."""

from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from callbridge.store.schema import VERSIONS, SchemaState, read_state

_UPGRADE_LOCK: Final = 0x63616C6C  # "call": any number will do, so long as it is ours


def raise_to_newest(connection: Connection) -> SchemaState:
    """Take every missing step within the transaction `connection` is in, and return how things stand then.

    Two programs that upgrade the same database at once: on SQLite the write
    transaction keeps the second out, on PostgreSQL a lock held to its end.

    Raises:
        SchemaTooNew: nothing was touched.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
    read_state(connection).refuse_newer()
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return read_state(connection)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
