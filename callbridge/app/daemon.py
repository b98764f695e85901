"""The daemon's parts: built, supervised, and stopped here, in the order in which things flow."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Final

from callbridge import logs
from callbridge.api import events, health, metrics, webhook_trials, webhooks
from callbridge.api.local import LocalServer
from callbridge.api.server import HttpServer
from callbridge.api.status import DatabaseStatus, Status
from callbridge.api.streams import Streams
from callbridge.app import build, state, supervision
from callbridge.app.backfill import Backfill
from callbridge.app.followers import Followers
from callbridge.app.hearing import Hearing
from callbridge.app.measuring import Measuring
from callbridge.app.metrics import Metrics
from callbridge.app.missed import Missed
from callbridge.app.notices import Notices
from callbridge.app.notify import Notifier
from callbridge.app.outgoing import Outgoing
from callbridge.app.reception import Reception
from callbridge.app.reloading import Live, Reloading
from callbridge.app.served import rates, served
from callbridge.app.streaming import Streaming
from callbridge.app.survey import SHARED_S, SURVEY_S, Survey
from callbridge.app.trials import WebhookTrials
from callbridge.app.webhooks import WebhookKeeper
from callbridge.asterisk.ami.link import AmiLink
from callbridge.asterisk.ari.link import AriLink
from callbridge.calls.facts import Fact
from callbridge.calls.tracker import Tracker
from callbridge.clock import Clock
from callbridge.config import CONTROL_SOCKET, Config, Http, Pbx
from callbridge.delivery.payload import render
from callbridge.errors import AlreadyRunning, CallbridgeError, StoreUnavailable
from callbridge.meters import Meters
from callbridge.pipeline import Pipeline
from callbridge.ports import Told
from callbridge.ports.outlets import Outlets
from callbridge.store import SharedStore, SqlStore

COMMIT_S: Final = 8.0
"""At a stop, for what was heard to be committed."""
DELIVER_S: Final = 12.0
"""At a stop, for what is on its way to subscribers: more than Pace gives it."""
STREAMS_S: Final = 1.0
"""At a stop, for the last events to be committed before streams end: what comes later they read from the database."""
ALIVE_S: Final = 30.0
"""A pipeline that stands still for so long is dead."""
TELL_S: Final = 1.0
OURS_S: Final = 2.0
"""How often it is seen that the database is still ours: for so long two daemons may deliver the same."""

BROKEN: Final = "callbridge broke; its log says where. Start it again: it begins with what was committed last."

Opened = SqlStore | SharedStore

log = logs.logger()


class Daemon:
    """Everything that runs. `live` returns once `stop` is set, with all that was heard committed."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it is connected to
        self,
        config: Config,
        store: Opened,
        schema: str | None,
        clock: Clock,
        notifier: Notifier,
        series: Mapping[str, int],
    ) -> None:
        """`series` are the first digits of each PBX's protocol numbers, where other daemons give some too."""
        self._config = config
        self._store = store
        self._schema = schema
        self._clock = clock
        self._notifier = notifier
        self._started_at = clock.now()
        self._tracker = Tracker(
            build.live_profiles(config, series),
            limits=build.limits(config.limits),
            missed_rules=build.missed_rules(config.missed),
        )
        self._meters = Meters()
        self._outgoing = Outgoing(config, store, clock, self._meters)
        self._webhooks = WebhookKeeper(self._outgoing, store, clock)
        self._streaming: Streaming | None = None
        if config.stream is not None and isinstance(store, SharedStore):
            self._streaming = Streaming(config.stream, store, self._outgoing, self._webhooks, clock)
        self._way: Outgoing | Streaming = self._streaming or self._outgoing
        self._notices = Notices(config, store, clock)
        outlets = Outlets(
            *(render, self._outgoing.route, self._committed), informed=self._informed, notify=self._notices.notify
        )
        self._pipeline = Pipeline(self._tracker, store, outlets, clock, self._meters)
        self._reception = Reception(config, store, self._tracker, self._pipeline, clock)
        self._missed = Missed(config, store, self._tracker, self._pipeline, clock)
        self._followers = Followers()
        self._outgoing.publish_to(lambda told: self._followers.publish(one.body for one in told))
        folders = {pbx.id: pbx.recordings_dir for pbx in config.pbx}
        self._measuring = Measuring(self._tracker, folders, self._pipeline.offer, self._pipeline.clock_of)
        self._hearings = [self._hearing(pbx) for pbx in config.pbx]
        every_s = SURVEY_S if self._streaming is None else SHARED_S
        self._survey = Survey(store, self._outgoing, self._hearings, clock, every_s)
        self._tls = build.http_tls(config.http)
        self._streams = Streams(store.event_log, store.tokens, clock, most=config.http.max_streams)
        trials = webhook_trials.resources(self._trials(config))
        alive = (
            *events.resources(self._streams),
            *webhooks.resources(self._webhooks),
            *trials,
            *self._reception.resources,
            *self._missed.resources,
        )
        outside, inside, self._bearer = served(store, config.http, clock, alive, build.zones(config.pbx))
        socket = config.data_dir / CONTROL_SOCKET
        self._local = LocalServer(socket, self.status, self._followers.subscribe, routes=inside)
        figures = Metrics(self._meters, self.status)
        routes = (*health.routes(self._health), *metrics.routes(figures.text), *outside)
        self._http = HttpServer(config.http.host, config.http.port, routes, self._tls)
        live = Live(
            self._outgoing,
            self._pipeline,
            self._limit_requests,
            self._notices,
            self._missed,
            self._reception,
            self._tls,
        )
        self._reloading = Reloading(config, live, notifier, clock)

    def _trials(self, config: Config) -> WebhookTrials:
        return WebhookTrials(self._outgoing.dispatcher, self._store, self._clock, build.own_addresses(config))

    async def live(self, stop: asyncio.Event, reload: asyncio.Event) -> None:
        """Run until stopped. Raises CallbridgeError when it broke, with the fault in the log."""
        memory = await self._store.remember()
        await (self._webhooks if self._streaming is None else self._streaming).load()
        self._pipeline.restore(memory)
        for hearing in self._hearings:
            hearing.heard_until = memory.heard_until.get(hearing.pbx)
        async with AsyncExitStack() as stack:
            for server in (self._local, self._http):
                stack.push_async_callback(server.stop)
                await server.start()
            await stack.enter_async_context(self._reception.open())
            stack.callback(self._streams.stop)  # first of all: a server waits for what it serves
            try:
                await self._work(stop, reload)
            except* Exception as broken:  # the pipeline's: calls told and calls remembered would part: all begins anew
                if taken := broken.subgroup(AlreadyRunning):
                    log.error("the daemon ends", action=logs.Action.STORE_TAKEN)  # noqa: TRY400 - its text is told
                    raise supervision.first(taken) from None
                log.exception("the daemon ends", action=logs.Action.TASK_FAILED, part="pipeline")
                raise CallbridgeError(BROKEN) from None

    async def _work(self, stop: asyncio.Event, reload: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:

            def keep(name: str, run: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
                return group.create_task(supervision.kept_up(name, run), name=name)

            async def reloads() -> None:
                await self._reloading.run(reload)

            rest = [keep("survey", self._survey.run), keep("systemd", self._tell), keep("reload", reloads)]
            rest.append(keep("recordings", self._measuring.run))
            rest.append(keep("directory", self._reception.run))
            rest.append(keep("missed", self._missed.run))
            rest.append(keep("streams", self._streams.run))
            rest.append(keep("notices", self._notices.run))
            rest.append(group.create_task(self._stays_ours(), name="database"))
            delivering = keep("delivery", self._way.run)
            committing = group.create_task(self._pipeline.run(), name="pipeline")
            hearing = [keep(f"pbx {each.pbx}", each.run) for each in self._hearings]
            log.info("ready", action=logs.Action.DAEMON_READY)
            self._notifier.ready()
            await stop.wait()
            await self._wind_down(hearing, committing, delivering)
            await supervision.cancelled(rest)

    async def _stays_ours(self) -> None:
        """End everything, with AlreadyRunning, once another daemon has the database: what is due there it delivers."""
        while True:
            await asyncio.sleep(OURS_S)
            with suppress(StoreUnavailable):  # whoever writes says so
                await self._store.confirm()

    async def _wind_down(
        self, hearing: Sequence[asyncio.Task[None]], committing: asyncio.Task[None], delivering: asyncio.Task[None]
    ) -> None:
        """Stop in the order in which things flow: hear no more, commit what was heard, deliver what is on its way."""
        log.info("stopping", action=logs.Action.DAEMON_STOPPING)
        self._notifier.stopping()
        asyncio.get_running_loop().call_later(STREAMS_S, self._streams.stop)  # however long the database takes
        await supervision.cancelled(hearing)
        if not await self._committed_all(committing):
            what = "what was heard last is not committed; the next start asks the PBX for it"
            log.error(what, action=logs.Action.DAEMON_UNCOMMITTED, error=self._pipeline.store_error)
        self._streams.stop()
        self._way.stop()
        await supervision.ended([delivering], DELIVER_S)

    async def _committed_all(self, committing: asyncio.Task[None]) -> bool:
        """Have the pipeline end; where the database does not let it, break it off."""
        try:
            async with asyncio.timeout(COMMIT_S):
                await self._pipeline.stop()
                await asyncio.wait([committing])
        except TimeoutError:
            await supervision.cancelled([committing])
            return False
        return True

    def _hearing(self, pbx: Pbx) -> Hearing:
        ari = AriLink(build.ari_settings(pbx.ari), self._clock) if pbx.ari is not None else None
        ami = AmiLink(build.ami_settings(pbx.ami), self._clock)
        offer, backfill = self._pipeline.offer, None
        if pbx.cel is not None:
            backfill = Backfill(pbx, pbx.cel, self._store.known_calls, offer)
        return Hearing(pbx.id, ami, ari, offer, self._clock, progress=self._tracker.progress, backfill=backfill)

    def _limit_requests(self, http: Http) -> None:
        self._bearer.limit(**rates(http))
        self._streams.limit(http.max_streams)

    async def _informed(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        return await self._reception.informed(facts)

    def _committed(self, told: Sequence[Told]) -> None:
        self._measuring.wake()
        self._reception.wake()
        self._notices.committed(told)
        self._way.committed(told)
        self._followers.publish(one.body for one in told)

    # --- how it is

    def status(self) -> Status:
        """Return how everything is."""
        return state.whole(self._parts())

    def _health(self) -> health.Health:
        return state.health(self._parts(), alive=self._pipeline.healthy(ALIVE_S))

    def _parts(self) -> state.Parts:
        error = self._pipeline.store_error or self._survey.store_error
        url = self._config.database.masked_url
        return state.Parts(
            self._started_at,
            self._tracker,
            self._hearings,
            self._survey.subscribers,
            DatabaseStatus(url=url, ok=error is None, schema_=self._schema, last_error=error),
            self._http.address,
            self._reloading.told,
            len(self._streams),
            None if self._streaming is None else self._streaming.status,
            self._notices.status,
            self._reception.directory.health(),
        )

    async def _tell(self) -> None:
        """Tell systemd how things are; feed its watchdog while the event loop goes round, and the pipeline with it."""
        period = self._notifier.watchdog_s
        fed_at = float("-inf")
        while True:
            self._notifier.status(state.one_line(self._parts()))
            if period is not None and self._clock.monotonic() - fed_at > period / 4:
                fed_at = self._clock.monotonic()
                self._feed(period)
            await asyncio.sleep(TELL_S if period is None else min(TELL_S, period / 4))

    def _feed(self, period: float) -> None:
        if self._pipeline.healthy(period):
            self._notifier.alive()
        else:
            log.error("the pipeline stands still", action=logs.Action.DAEMON_WATCHDOG)
