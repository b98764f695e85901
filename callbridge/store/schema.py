"""Which version of the schema a database has. The way up to ours is `upgrading`."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from callbridge.errors import SchemaOutdated, SchemaTooNew

VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"
_STEP: Final = re.compile(r"(\d{4})_\w+\.py")


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
    newest = max(steps())
    if connection is None:
        return SchemaState(SchemaAge.EMPTY, None, newest)
    revision = _revision(connection)
    return SchemaState(_age(revision, newest), revision, newest)


def steps() -> frozenset[str]:
    """Return the revision of every step: the number its file's name begins with."""
    names = (file.name for file in VERSIONS.iterdir())
    return frozenset(found[1] for found in map(_STEP.fullmatch, names) if found)


def _revision(connection: Connection) -> str | None:
    """Read it where Alembic writes it; Alembic itself takes a quarter of the daemon's start to import."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _age(revision: str | None, newest: str) -> SchemaAge:
    if revision is None:
        return SchemaAge.EMPTY
    if revision == newest:
        return SchemaAge.CURRENT
    return SchemaAge.OUTDATED if revision in steps() else SchemaAge.TOO_NEW
