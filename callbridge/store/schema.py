"""Which version of the schema a database has, and the way up to ours."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from callbridge.errors import SchemaOutdated, SchemaTooNew

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_UPGRADE_LOCK: Final = 0x63616C6C  # "call": any number will do, so long as it is ours


class SchemaAge(StrEnum):
    """How a database's schema stands to this program."""

    EMPTY = "empty"
    OUTDATED = "outdated"
    CURRENT = "current"
    TOO_NEW = "too new"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """`revision` is what the database has, None when it has nothing; `newest` is what this program wants."""

    age: SchemaAge
    revision: str | None
    newest: str

    def refuse_newer(self) -> None:
        """Raise SchemaTooNew when a newer callbridge was here."""
        if self.age is SchemaAge.TOO_NEW:
            raise SchemaTooNew(
                f"The database was made by a newer callbridge (schema {self.revision}, this one knows {self.newest}). "
                "Install that version again, or go back to the backup made before.",
            )

    def require_current(self) -> None:
        """Raise SchemaTooNew or SchemaOutdated unless this program may work on the database."""
        self.refuse_newer()
        if self.age is not SchemaAge.CURRENT:
            has = f"has schema {self.revision}" if self.revision else "is empty"
            raise SchemaOutdated(
                f"The database {has}, this callbridge needs {self.newest}. Run `callbridge db upgrade`."
            )


def read_state(connection: Connection | None) -> SchemaState:
    """Return how the schema stands; None stands for a database that does not exist yet."""
    script = ScriptDirectory.from_config(_config())
    newest = script.get_current_head() or ""
    if connection is None:
        return SchemaState(SchemaAge.EMPTY, None, newest)
    revision = MigrationContext.configure(connection).get_current_revision()
    return SchemaState(_age(revision, newest, script), revision, newest)


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


def _age(revision: str | None, newest: str, script: ScriptDirectory) -> SchemaAge:
    if revision is None:
        return SchemaAge.EMPTY
    if revision == newest:
        return SchemaAge.CURRENT
    known = {step.revision for step in script.walk_revisions()}
    return SchemaAge.OUTDATED if revision in known else SchemaAge.TOO_NEW


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
