"""What a daemon does with events where workers deliver: it publishes them, and sees that somebody is there."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from callbridge import logs
from callbridge.api.status import StreamStatus, WorkerStatus
from callbridge.app import build, supervision
from callbridge.app.neighbours import ABSENT_S, Neighbours
from callbridge.app.outgoing import Outgoing
from callbridge.app.webhooks import WebhookKeeper
from callbridge.clock import Clock
from callbridge.config import Stream
from callbridge.ports import Told
from callbridge.store import SharedStore
from callbridge.stream.link import StreamLink
from callbridge.stream.publisher import Publisher

LAST_S: Final = 2.0
"""At a stop, for the last events to be published; a worker finds in the database what was not."""
WATCH_S: Final = 5.0

log = logs.logger()


class Streaming:
    """Stands where `Outgoing` stands in a daemon alone: takes what was committed, from `run` to `stop`."""

    def __init__(
        self, stream: Stream, store: SharedStore, outgoing: Outgoing, webhooks: WebhookKeeper, clock: Clock
    ) -> None:
        self._clock = clock
        self._link = StreamLink(build.stream_settings(stream), clock)
        self._publisher = Publisher(lambda: {each.name for each in outgoing.dispatcher.subscribers if each.strict})
        self._neighbours = Neighbours(store, outgoing, webhooks)
        self._stopping = asyncio.Event()
        self._began = clock.monotonic()
        self._alone_since: float | None = None
        store.look = self._publisher.look

    async def load(self) -> None:
        """Know what the database says of subscribers. Before anything is committed. Raises StoreError."""
        await self._neighbours.load()

    def committed(self, told: Sequence[Told]) -> None:
        """Publish what has just been committed."""
        self._publisher.publish(told)

    async def run(self) -> None:
        """Publish until `stop`."""
        tasks = [
            asyncio.create_task(supervision.kept_up("stream", self._connect)),
            asyncio.create_task(supervision.kept_up("neighbours", self._neighbours.run)),
            asyncio.create_task(supervision.kept_up("workers", self._watch)),
        ]
        try:
            await self._stopping.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_S):
                    await self._publisher.done()
        finally:
            await supervision.cancelled(tasks)

    async def _connect(self) -> None:
        await self._link.run([self._publisher.run])

    async def _watch(self) -> None:
        """Say once when nobody delivers."""
        told = False
        while True:
            await asyncio.sleep(WATCH_S)
            if self._absent() and not told:
                log.error("nothing is delivered: start `callbridge dispatch`", action=logs.Action.WORKER_ABSENT)
            told = self._absent()

    def _absent(self) -> bool:
        return not self._neighbours.workers and self._clock.monotonic() - self._began >= ABSENT_S

    def stop(self) -> None:
        """Let `run` publish what there is, and return."""
        self._stopping.set()

    @property
    def status(self) -> StreamStatus:
        state, now = self._link.state, self._clock.now()
        return StreamStatus(
            connected=state.connected,
            since=state.since,
            server=state.server,
            last_error=state.last_error,
            published=self._publisher.published,
            waiting=self._publisher.waiting,
            missed=self._publisher.missed,
            workers=tuple(
                WorkerStatus(name=each.name, shards=each.shards, seen_s=max(0.0, (now - each.seen_at).total_seconds()))
                for each in self._neighbours.workers
            ),
            undelivered=self._absent(),
        )
