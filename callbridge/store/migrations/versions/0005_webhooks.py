"""Subscribers that are kept in no file, how it stands with each, and what came of each try."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"


def upgrade() -> None:
    _webhooks()
    _tries()
    dead = sa.text("state = 'dead'")
    op.create_index("outbox_dead", "outbox", ["subscriber", "position"], sqlite_where=dead, postgresql_where=dead)
    if op.get_bind().dialect.name == "postgresql":  # SQLite's INTEGER holds any position
        op.alter_column("outbox", "sequence", type_=sa.BigInteger)


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("name", sa.Text, primary_key=True),
        *(sa.Column(name, sa.JSON, nullable=False) for name in ("settings", "secrets")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("created_at", "changed_at")),
    )
    op.create_table(
        "webhook_states",
        sa.Column("name", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text) for name in ("halted", "why")),
        *(sa.Column(name, sa.BigInteger) for name in ("halted_at", "failing_since")),
        sa.Column("failures", sa.Integer, nullable=False),
    )


def _tries() -> None:
    op.create_table(
        "tries",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("subscriber", "event_id")),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("ms", sa.Integer, nullable=False),
        sa.Column("delivered", sa.Boolean, nullable=False),
        sa.Column("status", sa.Integer),
        *(sa.Column(name, sa.Text) for name in ("error", "answer")),
    )
    op.create_index("tries_subscriber", "tries", ["subscriber", "number"])
