"""The worker, `callbridge dispatch`: it delivers its part of what all daemons on a database commit."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from signal import SIGINT, SIGTERM
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from callbridge import logs
from callbridge.api import health, metrics
from callbridge.api.server import HttpServer
from callbridge.app import build, supervision
from callbridge.app.database import open_shared
from callbridge.app.neighbours import Neighbours
from callbridge.app.notify import Notifier
from callbridge.app.outgoing import Outgoing
from callbridge.app.sharing import Sharing, shards_of
from callbridge.app.webhooks import WebhookKeeper
from callbridge.clock import Clock, SystemClock, secret_bits
from callbridge.config import Config, Stream
from callbridge.delivery.turns import Turn
from callbridge.errors import AlreadyRunning, CallbridgeError, StoreError
from callbridge.meters import Meters
from callbridge.ports import SHARDS, STRICT, shard_of, shard_of_strict
from callbridge.store import SharedStore
from callbridge.stream.continuity import Continuity, Follows
from callbridge.stream.link import StreamLink
from callbridge.stream.message import Message
from callbridge.stream.publisher import Publisher
from callbridge.stream.reader import StreamReader

DELIVER_S: Final = 12.0
"""At a stop, for what is on its way to subscribers: more than Pace gives it."""
CLOSE_S: Final = 3.0
TELL_S: Final = 1.0
SURVEY_S: Final = 10.0
"""How often the database is asked for what the stream did not bring: a daemon may be cut off from NATS and we not."""
WITHOUT_S: Final = 1.0
"""The same while NATS is away."""

BROKEN: Final = "callbridge dispatch broke; its log says where. Another worker has its part by now."

log = logs.logger()


async def dispatch(config: Config, listen: tuple[str, int]) -> None:
    """Be a worker until SIGTERM or SIGINT. Raises CallbridgeError where it cannot begin, or breaks."""
    if config.stream is None:
        raise CallbridgeError("A worker takes events from a stream: configure [stream].")
    clock, notifier = SystemClock(), Notifier()
    stop = asyncio.Event()
    with supervision.signals({SIGTERM: stop, SIGINT: stop}):
        log.info("starting", action=logs.Action.DAEMON_STARTING, config=str(config.path), worker=True)
        opened = await supervision.unless(stop, open_shared(config.model_copy(update={"pbx": ()}), clock))
        if opened is not None:
            store, _ = opened
            try:
                await Dispatch(config, config.stream, store, listen, clock, notifier).live(stop)
            finally:
                with suppress(StoreError, TimeoutError):
                    async with asyncio.timeout(CLOSE_S):
                        await store.close()
    log.info("stopped", action=logs.Action.DAEMON_STOPPED)


class Dispatch:
    """Everything that runs in a worker. `live` returns once `stop` is set, with what was on its way delivered."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it is connected to
        self,
        config: Config,
        stream: Stream,
        store: SharedStore,
        listen: tuple[str, int],
        clock: Clock,
        notifier: Notifier,
    ) -> None:
        self._store, self._clock, self._notifier = store, clock, notifier
        self._meters = Meters()
        self._outgoing = Outgoing(config, store, clock, self._meters, survey_s=SURVEY_S)
        self._dispatcher = self._outgoing.dispatcher
        self._neighbours = Neighbours(store, self._outgoing, WebhookKeeper(self._outgoing, store, clock))
        self._publisher = Publisher(lambda: {each.name for each in self._dispatcher.subscribers if each.strict})
        self._outgoing.publish_to(self._publisher.publish)
        store.look = self._publisher.look
        self._link = StreamLink(build.stream_settings(stream), clock)
        self._reader = StreamReader(self._heard)
        self._continuity = Continuity()
        who = f"wrk_{secret_bits(8).hex()}", f"{socket.gethostname()} {os.getpid()}"
        self._sharing = Sharing(store.shards, who, clock, self._serve, self._busy)
        self._figures = _Figures(self._sharing, self._link, self._reader)
        routes = (*health.routes(self._health), *metrics.routes(self._text))
        self._http = HttpServer(*listen, routes)

    async def live(self, stop: asyncio.Event) -> None:
        """Deliver until stopped. Raises CallbridgeError when it broke, with the fault in the log."""
        await self._neighbours.load()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._http.stop)
            await self._http.start()
            try:
                await self._work(stop)
            except* Exception as broken:
                if taken := broken.subgroup(AlreadyRunning):
                    log.error("the worker ends", action=logs.Action.STORE_TAKEN)  # noqa: TRY400 - its text is told
                    raise supervision.first(taken) from None
                log.exception("the worker ends", action=logs.Action.TASK_FAILED, part="sharing")
                raise CallbridgeError(BROKEN) from None

    async def _work(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            sharing = group.create_task(self._sharing.run(), name="sharing")
            delivering = group.create_task(supervision.kept_up("delivery", self._outgoing.run), name="delivery")
            rest = [
                group.create_task(supervision.kept_up("stream", self._connect), name="stream"),
                group.create_task(supervision.kept_up("without", self._without_stream), name="without"),
                group.create_task(supervision.kept_up("neighbours", self._neighbours.run), name="neighbours"),
                group.create_task(supervision.kept_up("systemd", self._tell), name="systemd"),
                sharing,
            ]
            log.info("ready", action=logs.Action.DAEMON_READY)
            self._notifier.ready()
            await stop.wait()
            await self._wind_down(delivering)
            await supervision.cancelled(rest)

    async def _wind_down(self, delivering: asyncio.Task[None]) -> None:
        """Begin nothing more, finish what is on the way, and let others have the shards."""
        log.info("stopping", action=logs.Action.DAEMON_STOPPING)
        self._notifier.stopping()
        self._sharing.stop()
        self._outgoing.stop()
        await supervision.ended([delivering], DELIVER_S)
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._sharing.leave()

    async def _connect(self) -> None:
        await self._link.run([self._publisher.run, self._reader.run])

    async def _without_stream(self) -> None:
        """Look into the database every second for as long as nobody brings anything."""
        while True:
            await asyncio.sleep(WITHOUT_S)
            if not self._link.state.connected:
                self._dispatcher.survey()

    # --- what comes

    def _serve(self, shards: frozenset[int]) -> None:
        """Deliver these shards from now on: everything of them is read from the database first."""
        self._store.delivers = shards
        self._continuity.keep_only(shards)
        self._reader.follow(shards)
        self._dispatcher.serve(len(shards) / SHARDS)

    def _heard(self, shard: int, message: Message | None) -> None:
        if shard not in self._sharing.serving:
            return
        if message is None:
            self._dispatcher.survey()
        elif not message.lane:
            self._dispatcher.news(message.to)
        else:
            self._offer(message)

    def _offer(self, message: Message) -> None:
        match self._continuity.heard(message.lane, message.sequence):
            case Follows.ON:
                turn = Turn(message.lane, message.id, message.body, told_at=self._clock.monotonic())
                self._dispatcher.offer(turn, message.to)
            case Follows.NOT:
                self._dispatcher.unsure(message.lane)
            case Follows.AGAIN:
                return

    def _busy(self, shards: frozenset[int]) -> bool:
        def ours(subscriber: str, lane: str) -> bool:
            return (shard_of_strict(subscriber) if lane == STRICT else shard_of(lane)) in shards

        return self._dispatcher.busy_with(ours)

    # --- how it is

    def _health(self) -> health.Health:
        database = ["database"] if self._sharing.error else []
        return health.Health(alive=True, not_ready=(*database, *([] if self._link.state.connected else ["stream"])))

    def _text(self) -> bytes:
        return generate_latest(self._meters.registry) + generate_latest(self._figures)

    async def _tell(self) -> None:
        """Tell systemd how things are, and feed its watchdog while the event loop goes round."""
        period = self._notifier.watchdog_s
        while True:
            self._notifier.status(self._line())
            self._notifier.alive()
            await asyncio.sleep(TELL_S if period is None else min(TELL_S, period / 4))

    def _line(self) -> str:
        troubles = [text for text in (self._sharing.error, self._link.state.last_error) if text]
        return "; ".join([f"delivers {shards_of(self._sharing.serving)}", *troubles])


class _Figures(Collector):
    """What is so at the moment somebody asks."""

    def __init__(self, sharing: Sharing, link: StreamLink, reader: StreamReader) -> None:
        self._sharing, self._link, self._reader = sharing, link, reader

    def collect(self) -> Iterator[Metric]:
        told = (
            ("callbridge_worker_shards", "Shards this worker delivers.", len(self._sharing.serving)),
            ("callbridge_workers", "Workers that live, as far as this one knows.", self._sharing.workers),
            ("callbridge_stream_up", "1 while NATS is connected.", self._link.state.connected),
            ("callbridge_stream_read", "Messages that came, since the start.", self._reader.read),
            ("callbridge_stream_stalls", "Consumers that were made again, since the start.", self._reader.stalls),
        )
        for name, what, value in told:
            yield GaugeMetricFamily(name, what, float(value))
