"""Asterisk's own log, where it is kept in a table."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol


class CelTable(Protocol):
    """A table Asterisk writes its channel events to, in a database of its own. Raises errors.CelUnreadable."""

    async def columns(self) -> Sequence[str]:
        """Return the names of its columns, in small letters."""

    def pages(self, since: datetime) -> AsyncIterator[Sequence[Mapping[str, object]]]:
        """Yield the rows written from `since` on, in their order, each as column → value."""

    async def newest(self) -> Mapping[str, object] | None:
        """Return the row written last; None where there is none."""

    async def has_key(self) -> bool:
        """Tell whether the order of writing can be known: within one second only a key tells it."""

    async def close(self) -> None:
        """Give back every connection. Safe to call twice."""
