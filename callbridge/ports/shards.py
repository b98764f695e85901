"""Which shard a lane is in: where several workers deliver, each has some of the shards, and no two the same.

A call is in one shard with all its lanes, so that one message of the stream serves every
subscriber. The ids of calls, and of events about none, end in hexadecimal digits of a SHA-256.
A subscriber with one order for everything is in the shard of its name.

The number is fixed: were it in a configuration, two workers with two numbers would serve one lane.
"""

import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

SHARDS: Final = 64
"""So many workers at most have anything to do; each of them delivers some thousands of events a second."""
ENDINGS: Final = 256
DIGITS: Final = frozenset("0123456789abcdef")


def shard_of(lane: str) -> int:
    """Return the shard of a call's lane, or of an event's about no call."""
    ending = lane[-2:]
    return int(ending, 16) % SHARDS if len(ending) == 2 and DIGITS.issuperset(ending) else 0  # noqa: PLR2004 - digits


def shard_of_strict(subscriber: str) -> int:
    """Return the shard of a subscriber that gets everything in one order."""
    return zlib.crc32(subscriber.encode()) % SHARDS


def endings(shards: Collection[int]) -> tuple[str, ...]:
    """Return the last two digits of the lanes in some shards."""
    return tuple(f"{number:02x}" for number in range(ENDINGS) if number % SHARDS in shards)


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that delivers: `callbridge dispatch`."""

    id: str
    name: str
    """The host, and its process there."""
    seen_at: datetime
    shards: int


@dataclass(frozen=True, slots=True)
class Leases:
    """What a worker has after it said that it lives."""

    held: frozenset[int]
    workers: int
    """That live, this one included."""
    free: int
    """Shards nobody has."""


class Shards(Protocol):
    """Who delivers which shard. A lease ends by itself, by the database's clock. May raise errors.StoreUnavailable."""

    async def live(self, worker: str, name: str, lease_s: float) -> Leases:
        """Say that a worker lives, and have it keep what it has for so long from now."""

    async def take(self, worker: str, most: int, lease_s: float) -> frozenset[int]:
        """Take up to `most` shards that nobody has; return those taken."""

    async def give_back(self, worker: str, shards: Collection[int]) -> None:
        """Let others have shards at once."""

    async def leave(self, worker: str) -> None:
        """Give everything back, and be a worker no more."""

    async def workers(self, within_s: float) -> tuple[Worker, ...]:
        """Return the workers that were heard of within so long."""
