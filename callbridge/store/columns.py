"""How times and foreign text lie in the database, the same on SQLite and PostgreSQL.

Times are whole microseconds since 1970 UTC in a BIGINT: exact, ordered, of one
meaning everywhere. SQLite has no type for time, and what text would be compared
as text; a TIMESTAMPTZ would be right on one of the two databases only.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, Dialect, Text, TypeDecorator

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_INT32: Final = 2**31

SOUGHT: Final = 200
"""So many letters of a name are ordered and looked for: an index of PostgreSQL takes 2,704 bytes in a row."""

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


def micros(at: datetime) -> int:
    """Return microseconds since the epoch; a naive time raises TypeError, for nobody can say when it was."""
    return (at - EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """Undo `micros`; the time is aware, in UTC."""
    return EPOCH + timedelta(microseconds=value)


def storable(text: str) -> str:
    """Return `text` without what a database cannot keep: U+FFFD stands for each such letter.

    PostgreSQL takes no NUL, and neither database takes half a surrogate pair; a
    caller's name may hold both, and may not stop the commit.
    """
    return text if text.isascii() and "\0" not in text else _UNSTORABLE.sub("\ufffd", text)


def sought(name: str | None) -> str:
    """Return a name as it is ordered and looked for: without case, accents and twice the same space."""
    apart = unicodedata.normalize("NFKD", storable(name or ""))
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(plain.casefold().split())[:SOUGHT]


def small(number: int | None) -> int | None:
    """Return `number`, or None when it fits no INTEGER: nonsense from the PBX may not stop the commit."""
    return number if number is not None and -_INT32 <= number < _INT32 else None


BytewiseText: Final = Text(collation="C").with_variant(Text(), "sqlite")
"""Text that is ordered by its code points, on both databases: all that begins alike is one stretch of an index."""


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as `micros`."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else moment(value)


class ForeignText(TypeDecorator[str]):
    """Text that came from outside, made `storable`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else storable(value)
