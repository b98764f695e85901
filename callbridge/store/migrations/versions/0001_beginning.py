"""The beginning: the call log, the events, the outbox."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None


def upgrade() -> None:
    _call_log()
    _events()
    _outbox()
    _memory()


def _call_log() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("pbx", sa.Text, nullable=False),
        sa.Column("protocol", sa.Text, nullable=False, unique=True),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in ("answered_at", "ended_at")),
        *(sa.Column(f"from_{part}", sa.Text) for part in ("number", "raw", "name", "extension")),
        *(sa.Column(f"to_{part}", sa.Text) for part in ("number", "raw", "name", "extension")),
        *(sa.Column(name, sa.Text) for name in ("queue", "agent_extension", "agent_name")),
        *(sa.Column(name, sa.Float) for name in ("wait_s", "ring_s")),
        sa.Column("hold_s", sa.Float, nullable=False),
        sa.Column("talk_s", sa.Float),
        *(sa.Column(name, sa.Text) for name in ("reason", "ended_by")),
        sa.Column("hangup_cause", sa.Integer),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("merged_into", sa.Text),
        sa.Column("oddities", sa.Integer, nullable=False),
        sa.Column("missed", sa.JSON),
    )
    op.create_index("calls_started", "calls", ["started_at"])
    op.create_index("calls_from", "calls", ["from_number", "started_at"])
    op.create_index("calls_to", "calls", ["to_number", "started_at"])
    op.create_index("calls_agent", "calls", ["agent_extension", "started_at"])
    _parts_of_calls()


def _parts_of_calls() -> None:
    op.create_table(
        "legs",
        sa.Column("call_id", sa.Text, sa.ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("channel", "uniqueid", "side")),
        *(sa.Column(name, sa.Text) for name in ("number", "raw", "name", "extension")),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("trunk", sa.Boolean, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in ("started_at", "rang_at", "up_at", "ended_at")),
        sa.Column("dial_status", sa.Text),
        sa.Column("cause", sa.Integer),
    )
    op.create_table(
        "timeline",
        sa.Column("call_id", sa.Text, sa.ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )


def _events() -> None:
    position = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "events",
        sa.Column("position", position, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("call_id", sa.Text),
        sa.Column("sequence", sa.Integer),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("pbx", "type")),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("call_id", "sequence", name="events_sequence"),
        sqlite_autoincrement=True,
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("subscriber", "lane")),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, sa.ForeignKey("events.position"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("queued_at", sa.BigInteger, nullable=False),
        sa.Column("tried_at", sa.BigInteger),
        sa.Column("last_error", sa.Text),
    )
    waiting = sa.text("next_at IS NOT NULL")
    op.create_index(
        "outbox_heads",
        "outbox",
        ["subscriber", "next_at", "position"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("outbox_positions", "outbox", ["position"])


def _memory() -> None:
    op.create_table(
        "live_calls",
        sa.Column("call_id", sa.Text, primary_key=True),
        sa.Column("pbx", sa.Text, nullable=False),
        sa.Column("snapshot", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "agents",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("pbx", "extension")),
        sa.Column("name", sa.Text),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("first_seen", "last_seen")),
    )
    op.create_table(
        "protocols",
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "pbx_heard",
        sa.Column("pbx", sa.Text, primary_key=True),
        sa.Column("heard_at", sa.BigInteger, nullable=False),
    )
