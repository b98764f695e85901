"""From a commit to the stream: what was committed is published in that order, until it is acknowledged.

The key of a message is the event's own id, so what is published again after a lost connection is
thrown away by JetStream where it had come through. What cannot be published is in the
database: where too much waits it is dropped here, and workers are asked to look there.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Final

from callbridge.clock import secret_bits
from callbridge.logs import Action, logger
from callbridge.ports import SHARDS, Told
from callbridge.stream.link import Session
from callbridge.stream.message import LOOK, Posting, postings

AT_ONCE: Final = 500
"""Messages on their way to JetStream."""
WAIT_MOST: Final = 20_000
"""Messages that may wait to be published: some 60 MB."""
ACKNOWLEDGED_S: Final = 5.0
KEY: Final = "Nats-Msg-Id"

log = logger()


class Publisher:
    """Takes what was committed; `run` publishes it over one session after the other."""

    def __init__(self, strict: Callable[[], Collection[str]]) -> None:
        """`strict` tells the subscribers that get everything in one order."""
        self._strict = strict
        self._waiting: deque[Posting] = deque()
        self._some = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._look = False
        self.published = 0
        """Acknowledged, since the start."""
        self.missed = 0
        """Left to the database, since the start."""

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def publish(self, told: Sequence[Told]) -> None:
        """Take what has just been committed. Never blocks, never raises."""
        strict = self._strict()
        for one in told:
            self._waiting.extend(postings(one, strict))
        if len(self._waiting) > WAIT_MOST:
            self._drop()
        if self._waiting:
            self._empty.clear()
            self._some.set()

    def _drop(self) -> None:
        """They are in the database. The workers are told once somebody can be told anything."""
        if not self._look:
            log.warning("too many events wait for NATS", action=Action.STREAM_MISSED, dropped=len(self._waiting))
        self.missed += len(self._waiting)
        self._waiting.clear()
        self._look = True

    def look(self) -> None:
        """Ask the workers to look into the database."""
        self._look = True
        self._some.set()

    async def done(self) -> None:
        """Wait until all that was taken is acknowledged."""
        await self._empty.wait()

    async def run(self, session: Session) -> None:
        """Publish until cancelled. First of all workers look: nobody knows what the session before it lost."""
        self.look()
        while True:
            await self._some.wait()
            self._some.clear()
            if self._look:
                self._look = False
                await self._ask_to_look(session)
            while self._waiting:
                await self._publish_some(session)
            self._empty.set()

    async def _ask_to_look(self, session: Session) -> None:
        life = secret_bits(8).hex()
        try:
            await _acknowledged(session, [Posting(shard, f"{life}/{shard}", LOOK) for shard in range(SHARDS)])
        except BaseException:
            self._look = True
            raise

    async def _publish_some(self, session: Session) -> None:
        batch = [self._waiting[place] for place in range(min(AT_ONCE, len(self._waiting)))]
        await _acknowledged(session, [_fitting(one, session.max_payload) for one in batch])
        # Taken out only now. None is lost by a break in between; `publish` alone may drop them meanwhile.
        for one in batch:
            if self._waiting and self._waiting[0] is one:
                self._waiting.popleft()
        self.published += len(batch)


async def _acknowledged(session: Session, batch: Sequence[Posting]) -> None:
    """Publish, and wait until JetStream has all of it. Raises what nats-py does, and TimeoutError."""
    subject, stream = session.settings.subject, session.stream
    async with asyncio.timeout(ACKNOWLEDGED_S):
        sent = [await stream.publish_async(subject(one.shard), one.payload, headers={KEY: one.key}) for one in batch]
        await asyncio.gather(*sent)


def _fitting(posting: Posting, most: int) -> Posting:
    """Have workers look into the database for what is too long for a message."""
    headroom = 256  # for the headers
    return posting if len(posting.payload) + headroom <= most else Posting(posting.shard, posting.key, LOOK)
