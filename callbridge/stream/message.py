"""What stands in a message of the stream: an event, its lane, and who of its shard is to get it.

The first line is JSON, `{"lane", "sequence", "id", "to"}`; what is behind it are the very bytes a
subscriber gets. Every event of a call is published, also one that nobody wants: without
a body, so that the next one's sequence follows on. An empty message asks to look into the database.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from callbridge.ports import Told, shard_of, shard_of_strict


@dataclass(frozen=True, slots=True)
class Message:
    """An event on its way to a shard. `sequence` is 0 where it is about no call, or `to` are strict subscribers."""

    lane: str
    sequence: int
    id: str
    to: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Posting:
    """What is published: the same `key` again is thrown away by JetStream, for as long as it remembers."""

    shard: int
    key: str
    payload: bytes


LOOK = b""


def postings(told: Told, strict: Collection[str]) -> Iterator[Posting]:
    """Yield what is published of an event: to the shard of its lane, and to those of strict subscribers."""
    event = told.event
    lane = event.id if event.call is None else event.call.id
    freely = tuple(name for name in told.subscribers if name not in strict)
    if freely or event.call is not None:
        message = Message(lane, event.sequence or 0, event.id, freely, told.body if freely else b"")
        yield Posting(shard_of(lane), event.id, encode(message))
    for shard in sorted({shard_of_strict(name) for name in told.subscribers if name in strict}):
        names = tuple(name for name in told.subscribers if name in strict and shard_of_strict(name) == shard)
        # They read the database: only it knows the one order of several daemons' events.
        yield Posting(shard, f"{event.id}/{shard}", encode(Message("", 0, event.id, names, b"")))


def encode(message: Message) -> bytes:
    head = {"lane": message.lane, "sequence": message.sequence, "id": message.id, "to": message.to}
    return orjson.dumps(head) + b"\n" + message.body


def decode(payload: bytes) -> Message | None:
    """Return the message; None where it asks to look into the database, as what is not understood does."""
    head, _, body = payload.partition(b"\n")
    try:
        told: dict[str, Any] = orjson.loads(head)
        return Message(told["lane"], told["sequence"], told["id"], tuple(told["to"]), body)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
