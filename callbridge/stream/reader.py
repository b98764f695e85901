"""From the stream to a worker: one consumer for each of its shards, of what comes from now on.

What came before is read from the database, which a worker that gets a shard does anyway.
So a consumer needs no memory: it is made when a shard is taken or a connection made, acknowledges
nothing, and NATS forgets it a while after it is read no more.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final, Self

import orjson

from callbridge.logs import Action, logger
from callbridge.stream.link import ASK_S, Session, end
from callbridge.stream.message import Message, decode

if TYPE_CHECKING:
    from nats.aio.msg import Msg

AT_ONCE: Final = 500
"""Messages asked for; asked again when half of them have come."""
ASKED_S: Final = 30.0
"""How long JetStream keeps a question."""
SILENT_S: Final = 30.0
"""After so long without a message it is asked whether there is none."""
FORGOTTEN_S: Final = 60.0
"""NATS forgets a consumer that nobody asks for so long."""
NANO: Final = 1_000_000_000
REST_S: Final = 1.0

log = logger()

Heard = Callable[[int, Message | None], None]
"""Takes the shard, and what came; None means that the database is to be looked into."""


class StreamReader:
    """Reads some shards, which may change at any time."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._wanted: frozenset[int] = frozenset()
        self._changed = asyncio.Event()
        self.read = 0
        """Messages, since the start."""
        self.stalls = 0

    def follow(self, shards: Collection[int]) -> None:
        """Read these shards from now on, and no others."""
        self._wanted = frozenset(shards)
        self._changed.set()

    async def run(self, session: Session) -> None:
        """Read until cancelled. Raises what nats-py does once a consumer cannot be had."""
        following: dict[int, asyncio.Task[None]] = {}
        try:
            while True:
                self._changed.clear()
                await end([following.pop(shard) for shard in following.keys() - self._wanted])
                for shard in self._wanted - following.keys():
                    following[shard] = asyncio.create_task(self._follow(session, shard), name=f"shard {shard}")
                await self._until_changed(following.values())
        finally:
            await end(following.values())

    async def _until_changed(self, following: Collection["asyncio.Task[None]"]) -> None:
        """Wait until other shards are wanted. Raises what ended one of those that are followed."""
        changed = asyncio.create_task(self._changed.wait())
        try:
            done, _ = await asyncio.wait({*following, changed}, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            await end((changed,))

    async def _follow(self, session: Session, shard: int) -> None:
        while True:
            async with _Consumer(session, shard, self._took) as consumer:
                self._heard(shard, None)  # what was committed before it was there
                while await consumer.goes_on():
                    pass
            self.stalls += 1
            log.warning("a consumer is made again", action=Action.STREAM_STALLED, shard=shard)
            await asyncio.sleep(REST_S)

    def _took(self, shard: int, payload: bytes) -> None:
        self.read += 1
        self._heard(shard, decode(payload))


class _Consumer:
    """One consumer of JetStream, and the questions that are open there."""

    def __init__(self, session: Session, shard: int, took: Callable[[int, bytes], None]) -> None:
        self._session, self._shard, self._took = session, shard, took
        self._open = 0
        """Messages that were asked for and did not come yet."""
        self._news = asyncio.Event()
        self._inbox = session.client.new_inbox()
        self._last = 0
        self._count = 0

    async def __aenter__(self) -> Self:
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy  # noqa: PLC0415 - an extra

        self._subscription = await self._session.client.subscribe(self._inbox, cb=self._came)
        wanted = ConsumerConfig(
            filter_subject=self._session.settings.subject(self._shard),
            deliver_policy=DeliverPolicy.NEW,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=FORGOTTEN_S,
        )
        made = await self._session.stream.add_consumer(self._session.settings.name, wanted, timeout=ASK_S)
        self._name = made.name
        await self._ask()
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self._session.client.is_closed:
            async with asyncio.timeout(ASK_S):
                await self._subscription.unsubscribe()

    async def _came(self, message: "Msg") -> None:
        status = (message.headers or {}).get("Status")
        if status is None:
            self._count += 1
            self._open -= 1
            self._took(self._shard, message.data)
        elif status != "100":  # which is a heartbeat
            self._open = 0
        if self._open <= AT_ONCE // 2:
            self._news.set()

    async def _ask(self) -> None:
        if self._open > AT_ONCE // 2:
            return
        self._open += AT_ONCE
        question = {"batch": AT_ONCE, "expires": int(ASKED_S * NANO)}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._session.settings.name}.{self._name}"
        await self._session.client.publish(subject, orjson.dumps(question), reply=self._inbox)

    async def goes_on(self) -> bool:
        """Ask for more where it is time; return False where messages wait there and none came for long."""
        self._news.clear()
        try:
            async with asyncio.timeout(SILENT_S):
                await self._news.wait()
        except TimeoutError:
            if self._count == self._last and await self._keeps_back():
                return False
            self._open = 0
        self._last = self._count
        await self._ask()
        return True

    async def _keeps_back(self) -> bool:
        """Tell whether JetStream has something for us, or does not know us."""
        from nats.js.errors import NotFoundError  # noqa: PLC0415 - an extra

        try:
            info: Any = await self._session.stream.consumer_info(self._session.settings.name, self._name, timeout=ASK_S)
        except NotFoundError:
            return True
        return bool(info.num_pending)
