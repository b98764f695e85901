"""What stands in a table, for tests that look behind the store's questions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from callbridge.store import SqlStore
from callbridge.store.tables import metadata


async def rows(store: SqlStore, table: str) -> Sequence[Any]:
    """In the order of the primary key."""
    wanted = metadata.tables[table]

    def read(connection: Connection) -> Sequence[Any]:
        return connection.execute(select(wanted).order_by(*wanted.primary_key)).all()

    return await store._access.read(read)
