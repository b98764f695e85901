"""Indexes for whatever calls are searched by, of calls that are over; one of those that go on."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0008"
down_revision: Final = "0007"

REPLACED: Final = ("calls_from", "calls_to", "calls_agent", "calls_queue", "calls_customer")
ALWAYS_KNOWN: Final = ("pbx", "state", "direction", "customer_match")
KNOWN_OF_SOME: Final = (
    *("from_number", "to_number", "to_raw", "from_extension", "to_extension"),
    *("agent_extension", "queue", "customer_id", "reason", "talk_s", "wait_s"),
)


def upgrade() -> None:
    for name in REPLACED:
        op.drop_index(name, "calls")
    index("live", "started_at", where="ended_at IS NULL")
    for column in ALWAYS_KNOWN:
        index(column, column, "started_at", where="ended_at IS NOT NULL")
    for column in KNOWN_OF_SOME:
        index(column, column, "started_at", where=f"ended_at IS NOT NULL AND {column} IS NOT NULL")
    index("missed", "started_at", where="ended_at IS NOT NULL AND missed IS NOT NULL")


def index(name: str, *columns: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(f"calls_{name}", "calls", list(columns), sqlite_where=condition, postgresql_where=condition)
