"""The database: SQLAlchemy lives only here."""

from callbridge.store.advisory_lock import ALONE, Claim, sharing
from callbridge.store.cel import SqlCelTable
from callbridge.store.opening import open_shared_store, open_store, schema_state, sqlite_path, upgrade, who_works
from callbridge.store.queries import Counts, Kept
from callbridge.store.schema import SchemaAge, SchemaState
from callbridge.store.shared import SharedStore
from callbridge.store.sql import SqlStore
from callbridge.store.told import ToldCall, told_calls
from callbridge.store.upkeep import backup, check, halted_webhooks

__all__ = [
    "ALONE",
    "Claim",
    "Counts",
    "Kept",
    "SchemaAge",
    "SchemaState",
    "SharedStore",
    "SqlCelTable",
    "SqlStore",
    "ToldCall",
    "backup",
    "check",
    "halted_webhooks",
    "open_shared_store",
    "open_store",
    "schema_state",
    "sharing",
    "sqlite_path",
    "told_calls",
    "upgrade",
    "who_works",
]
