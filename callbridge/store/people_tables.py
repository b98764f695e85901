"""The tables of customers and of missed calls; `migrations` is what made them so."""

from typing import Final

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text

from callbridge.store.columns import BytewiseText, ForeignText, Moment
from callbridge.store.tables import metadata

customers: Final = Table(
    "customers",
    metadata,
    Column("id", ForeignText, primary_key=True),  # the CRM's own
    Column("name", ForeignText),
    Column("type", ForeignText),
    Column("tax_id", ForeignText),
    Column("owner", ForeignText),
    Column("url", ForeignText),
    Column("country", Text),  # of numbers written without one; NULL: as [directory] has it
    Column("fields", JSON, nullable=False),  # whatever else the CRM keeps: {"name": value}
    Column("registered", Boolean, nullable=False),  # made by the daemon itself, of a call
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("sought", BytewiseText, nullable=False),  # the name as columns.sought has it
    Index("customers_sought", "sought", "id"),
    Index("customers_type", "type", "sought", "id"),
)

customer_numbers: Final = Table(
    "customer_numbers",
    metadata,
    Column("customer_id", ForeignText, ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),  # phone, mobile, branch, contact
    Column("at", ForeignText),  # the name of the branch or contact
    Column("written", ForeignText, nullable=False),
    Column("key", ForeignText, nullable=False),  # E.164, or what else it is found by (directory/numbers.py)
    Column("tail", Text),  # its last digits; NULL where it is too short for them to say anything
    Index("customer_numbers_key", "key", "customer_id", "place"),
    Index("customer_numbers_tail", "tail", "customer_id", "place"),
)

number_choices: Final = Table(
    "number_choices",
    metadata,
    Column("key", ForeignText, primary_key=True),
    Column("customer_id", ForeignText, ForeignKey("customers.id", ondelete="CASCADE"), nullable=False),
    Column("by", ForeignText, nullable=False),
    Column("at", Moment, nullable=False),
    Index("number_choices_customer", "customer_id"),
)

missed: Final = Table(
    "missed",
    metadata,
    Column("id", Text, primary_key=True),
    Column("pbx", Text, nullable=False),
    Column("key", ForeignText, nullable=False),
    Column("number", ForeignText),
    Column("raw", ForeignText),
    Column("name", ForeignText),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("last_call", Text, nullable=False),
    Column("reason", Text),
    Column("queue", ForeignText),
    Column("count", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("queues", JSON, nullable=False),  # ["sales"]
    Column("rung", JSON, nullable=False),  # [{"number", "raw", "name", "extension"}]
    Column("attempts", Integer, nullable=False),
    Column(
        "callbacks", JSON, nullable=False
    ),  # [{"call_id", "since", "extension", "name", "attempt"}]; the time as text
    Column("closed_at", Moment),
    Column("closed_by", ForeignText),
    Column("recovered_by", Text),
    Column("recovered_call", Text),
    Column("recovery_s", Float),
    Index("missed_last", "last_at", "id"),
    Index("missed_state", "state", "last_at", "id"),
    Index("missed_key", "key", "last_at"),
)

missed_attempts: Final = Table(
    "missed_attempts",
    metadata,
    Column("row", Text, ForeignKey("missed.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("call_id", Text),
    Column("by", ForeignText),
    Column("by_name", ForeignText),
    Column("answered", Boolean),
    Column("text", ForeignText),
)

notices: Final = Table(
    "notices",
    metadata,
    # E-mails that are to be sent, or were lately.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("recipient", ForeignText, nullable=False),
    Column("event", Text, nullable=False),
    Column("row", Text, nullable=False),
    Column("caller", ForeignText, nullable=False),
    Column("pbx", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("next_at", Moment),  # when it is looked at again; NULL once it is sent, moot, or given up
    Column("sent_at", Moment),
    Column("tries", Integer, nullable=False),
    Column("last_error", ForeignText),
    Index("notices_due", "next_at"),
    Index("notices_waiting", "recipient", "next_at"),
    Index("notices_sent", "recipient", "sent_at"),
)
