"""What the database looks like to the queries; `migrations` is what made it so.

`calls`, `legs` and `timeline` are the call log. `live_calls` is the tracker's
memory. `events` is everything ever told, in the order of `position`, with the
exact bytes; `outbox` is what some subscriber has still to get of it, `tries` what
came of each try for some days. `webhooks` are the subscribers that are kept in no
file; `webhook_states` is how it stands with each, wherever it is kept.
"""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from callbridge.store.columns import ForeignText, Moment

WAITING: Final = "waiting"
DEAD: Final = "dead"
# For conditions, said in the statement: SQLite plans anew whenever a parameter is bound that might be what a
# partial index asks for, which was 22 of 27 µs for each row put into the outbox.
WAITS: Final[ColumnElement[str]] = literal_column(f"'{WAITING}'")

metadata: Final = MetaData()

calls: Final = Table(
    "calls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("pbx", Text, nullable=False),
    Column("protocol", Text, nullable=False, unique=True),
    Column("direction", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("ended_at", Moment),
    Column("from_number", ForeignText),
    Column("from_raw", ForeignText),
    Column("from_name", ForeignText),
    Column("from_extension", ForeignText),
    Column("to_number", ForeignText),
    Column("to_raw", ForeignText),
    Column("to_name", ForeignText),
    Column("to_extension", ForeignText),
    Column("queue", ForeignText),
    Column("agent_extension", ForeignText),
    Column("agent_name", ForeignText),
    Column("wait_s", Float),
    Column("ring_s", Float),
    Column("hold_s", Float, nullable=False),
    Column("talk_s", Float),
    Column("reason", Text),
    Column("ended_by", Text),
    Column("hangup_cause", Integer),
    Column("sequence", Integer, nullable=False),
    Column("merged_into", Text),
    Column("oddities", Integer, nullable=False),
    Column("missed", JSON(none_as_null=True)),  # {"reason", "queue", "rung": [{"number", "raw", "name", "extension"}]}
    Column("backfilled", Boolean),  # NULL in rows older than this column
    Column("too_long", JSON(none_as_null=True)),  # {"limit_s", "at"}; the time as text
    # NULL in rows older than these columns.
    Column("customer_match", Text),  # one, many, none, pending
    Column("customer_id", ForeignText),
    Column("customer_name", ForeignText),
    Index("calls_started", "started_at"),  # all others: `call_search`
)

legs: Final = Table(
    "legs",
    metadata,
    Column("call_id", Text, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("channel", ForeignText, nullable=False),
    Column("uniqueid", ForeignText, nullable=False),
    Column("side", Text, nullable=False),
    Column("number", ForeignText),
    Column("raw", ForeignText),
    Column("name", ForeignText),
    Column("extension", ForeignText),
    Column("state", Text, nullable=False),
    Column("trunk", Boolean, nullable=False),
    Column("started_at", Moment),
    Column("rang_at", Moment),
    Column("up_at", Moment),
    Column("ended_at", Moment),
    Column("dial_status", ForeignText),
    Column("cause", Integer),
)

timeline: Final = Table(
    "timeline",
    metadata,
    Column("call_id", Text, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

live_calls: Final = Table(
    "live_calls",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("pbx", Text, nullable=False),
    Column("snapshot", LargeBinary, nullable=False),
)

events: Final = Table(
    "events",
    metadata,
    # AUTOINCREMENT: a position is never given twice, even after the newest events were deleted.
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("call_id", Text),
    Column("sequence", Integer),
    Column("pbx", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("call_id", "sequence", name="events_sequence"),  # NULLs are distinct: events about no call
    implicit_returning=False,
    sqlite_autoincrement=True,
)

outbox: Final = Table(
    "outbox",
    metadata,
    Column("subscriber", Text, primary_key=True),
    Column("lane", Text, primary_key=True),
    # Of the call; in the one lane of a strict subscriber the event's position.
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False),
    Column("position", BigInteger, ForeignKey("events.position"), nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment),  # of the head of a lane alone: NULL behind it, and when dead
    Column("queued_at", Moment, nullable=False),
    Column("tried_at", Moment),
    Column("last_error", ForeignText),
)

# Only heads of lanes stand in it, so a hundred thousand rows behind dead heads cost a look-up nothing.
heads: Final = Index(
    "outbox_heads",
    outbox.c.subscriber,
    outbox.c.next_at,
    outbox.c.position,
    sqlite_where=outbox.c.next_at.is_not(None),
    postgresql_where=outbox.c.next_at.is_not(None),
)

outbox_positions: Final = Index("outbox_positions", outbox.c.position)

dead_letters: Final = Index(
    "outbox_dead",
    outbox.c.subscriber,
    outbox.c.position,
    sqlite_where=outbox.c.state == literal_column(f"'{DEAD}'"),
    postgresql_where=outbox.c.state == literal_column(f"'{DEAD}'"),
)

tries: Final = Table(
    "tries",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("subscriber", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ms", Integer, nullable=False),
    Column("delivered", Boolean, nullable=False),
    Column("status", Integer),
    Column("error", ForeignText),
    Column("answer", ForeignText),
    Index("tries_subscriber", "subscriber", "number"),
    implicit_returning=False,
)

webhooks: Final = Table(
    "webhooks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("settings", JSON, nullable=False),  # all but the secrets and custom headers, as /v1/webhooks takes them
    # {"secret", "old_secret", "old_until", "headers"}; the time as text
    Column("secrets", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

webhook_states: Final = Table(
    "webhook_states",
    metadata,
    Column("name", Text, primary_key=True),
    Column("halted", Text),  # paused or disabled; NULL while it is sent to
    Column("why", ForeignText),
    Column("halted_at", Moment),
    Column("failing_since", Moment),  # the first failure since the last success
    Column("failures", Integer, nullable=False),  # since then
)

agents: Final = Table(
    "agents",
    metadata,
    Column("pbx", Text, primary_key=True),
    Column("extension", ForeignText, primary_key=True),
    Column("name", ForeignText),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
)

protocols: Final = Table(
    "protocols",
    metadata,
    Column("day", Text, primary_key=True),
    Column("last", Integer, nullable=False),
)

pbx_heard: Final = Table(
    "pbx_heard",
    metadata,
    Column("pbx", Text, primary_key=True),
    Column("heard_at", Moment, nullable=False),
)

tokens: Final = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("digest", Text, nullable=False, unique=True),  # SHA-256 of the secret, in hexadecimal
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("used_at", Moment),
    Column("revoked_at", Moment),
)

# A name may be given again once its token is revoked.
token_names: Final = Index(
    "tokens_name",
    tokens.c.name,
    unique=True,
    sqlite_where=tokens.c.revoked_at.is_(None),
    postgresql_where=tokens.c.revoked_at.is_(None),
)

kept_answers: Final = Table(
    "kept_answers",
    metadata,
    Column("who", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("begun_at", Moment, nullable=False),
    Column("status", Integer),  # NULL until it is answered
    Column("content_type", Text),
    Column("body", LargeBinary),
    Index("kept_answers_begun", "begun_at"),
)

# Where several processes share the database. Times are by its clock.
workers: Final = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

shards: Final = Table(
    "shards",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("worker", Text),  # NULL while nobody has it
    Column("until", Moment),
)

# The first digits of a PBX's protocol numbers.
pbx_series: Final = Table(
    "pbx_series",
    metadata,
    Column("pbx", Text, primary_key=True),
    Column("series", Integer, nullable=False, unique=True),
)
