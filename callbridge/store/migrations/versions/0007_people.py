"""Customers with their numbers, missed calls with their history, e-mails about them; and whom each call is with."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0007"
down_revision: Final = "0006"


def upgrade() -> None:
    customers()
    missed()
    for name in ("customer_match", "customer_id", "customer_name"):
        op.add_column("calls", sa.Column(name, sa.Text))
    op.create_index("calls_customer", "calls", ["customer_id", "started_at"])


def customers() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text),
        sa.Column("type", sa.Text),
        sa.Column("tax_id", sa.Text),
        sa.Column("owner", sa.Text),
        sa.Column("url", sa.Text),
        sa.Column("country", sa.Text),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("registered", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("sought", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
    )
    op.create_index("customers_sought", "customers", ["sought", "id"])
    op.create_index("customers_type", "customers", ["type", "sought", "id"])
    op.create_table(
        "customer_numbers",
        sa.Column("customer_id", sa.Text, sa.ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.Text),
        sa.Column("written", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("tail", sa.Text),
    )
    op.create_index("customer_numbers_key", "customer_numbers", ["key", "customer_id", "place"])
    op.create_index("customer_numbers_tail", "customer_numbers", ["tail", "customer_id", "place"])
    op.create_table(
        "number_choices",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, sa.ForeignKey("customers.id", ondelete="CASCADE"), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("number_choices_customer", "number_choices", ["customer_id"])


def missed() -> None:
    op.create_table(
        "missed",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("pbx", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("number", sa.Text),
        sa.Column("raw", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("last_call", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("queue", sa.Text),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("queues", sa.JSON, nullable=False),
        sa.Column("rung", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("callbacks", sa.JSON, nullable=False),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("closed_by", sa.Text),
        sa.Column("recovered_by", sa.Text),
        sa.Column("recovered_call", sa.Text),
        sa.Column("recovery_s", sa.Float),
    )
    op.create_index("missed_last", "missed", ["last_at", "id"])
    op.create_index("missed_state", "missed", ["state", "last_at", "id"])
    op.create_index("missed_key", "missed", ["key", "last_at"])
    op.create_table(
        "missed_attempts",
        sa.Column("row", sa.Text, sa.ForeignKey("missed.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("call_id", sa.Text),
        sa.Column("by", sa.Text),
        sa.Column("by_name", sa.Text),
        sa.Column("answered", sa.Boolean),
        sa.Column("text", sa.Text),
    )
    op.create_table(
        "notices",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("row", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("pbx", sa.Text, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text),
    )
    op.create_index("notices_due", "notices", ["next_at"])
    op.create_index("notices_waiting", "notices", ["recipient", "next_at"])
    op.create_index("notices_sent", "notices", ["recipient", "sent_at"])
