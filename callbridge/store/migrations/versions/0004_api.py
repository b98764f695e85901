"""API tokens, answers kept for idempotency keys, and calls by their queue."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    op.create_index("calls_queue", "calls", ["queue", "started_at"])
    _tokens()
    _kept_answers()


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in ("expires_at", "used_at", "revoked_at")),
    )
    living = sa.text("revoked_at IS NULL")
    op.create_index("tokens_name", "tokens", ["name"], unique=True, sqlite_where=living, postgresql_where=living)


def _kept_answers() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("who", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("content_type", sa.Text),
        sa.Column("body", sa.LargeBinary),
    )
    op.create_index("kept_answers_begun", "kept_answers", ["begun_at"])
