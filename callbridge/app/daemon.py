"""The daemon's life: built, started, supervised, reloaded and stopped here."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from callbridge import logs
from callbridge.api.local import LocalServer
from callbridge.api.status import DatabaseStatus, Status, SubscriberStatus
from callbridge.app import build, state
from callbridge.app.database import open_ready
from callbridge.app.followers import Followers
from callbridge.app.hearing import Hearing
from callbridge.app.notify import Notifier
from callbridge.asterisk.ami.link import AmiLink
from callbridge.asterisk.ari.link import AriLink
from callbridge.calls.events import Event
from callbridge.calls.tracker import Tracker
from callbridge.clock import Clock, SystemClock
from callbridge.config import CONTROL_SOCKET, Config, Pbx, changes, load
from callbridge.delivery.payload import render
from callbridge.delivery.worker import Dispatcher
from callbridge.errors import ConfigError, StoreError
from callbridge.pipeline import Outlets, Pipeline
from callbridge.ports import Told
from callbridge.store import SqlStore

STOP_S: Final = 15.0
"""For what was heard to be committed, and for deliveries on their way."""
SURVEY_S: Final = 2.0
"""How often the database is asked how far behind subscribers are, and told that PBXs are heard."""
RESTART_S: Final = 1.0

log = logs.logger()


async def run(config: Config) -> None:
    """Be the daemon until SIGTERM or SIGINT. Raises CallbridgeError where it cannot begin."""
    clock = SystemClock()
    log.info("starting", action=logs.Action.DAEMON_STARTING, config=str(config.path))
    store = await open_ready(config, clock)
    try:
        daemon = Daemon(config, store, clock)
        await daemon.live()
    finally:
        await store.close()
    log.info("stopped", action=logs.Action.DAEMON_STOPPED)


class Daemon:
    """Everything that runs. `live` returns after `stop`, with all that was heard committed."""

    def __init__(self, config: Config, store: SqlStore, clock: Clock) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._started_at = clock.now()
        self._notifier = Notifier()
        self._stop = asyncio.Event()
        self._tracker = Tracker(build.profiles(config.pbx))
        self._dispatcher = self._new_dispatcher(config)
        self._outlets = Outlets(render, self._route, self._committed)
        self._pipeline = Pipeline(self._tracker, store, self._outlets, clock)
        self._followers = Followers()
        self._hearings = [self._hearing(pbx) for pbx in config.pbx]
        self._subscribers: Sequence[SubscriberStatus] = ()
        self._store_error: str | None = None
        self._local = LocalServer(config.data_dir / CONTROL_SOCKET, self.status, self._followers.subscribe)

    async def live(self) -> None:
        """Run until stopped."""
        self._pipeline.restore(await self._store.remember())
        await self._local.start()
        try:
            async with asyncio.TaskGroup() as group:
                self._listen_to_signals(group)
                outgoing = [self._keep(group, "delivery", self._deliver), self._keep(group, "survey", self._survey)]
                outgoing.append(self._keep(group, "watchdog", self._watch))
                committing = group.create_task(self._commit(), name="pipeline")
                hearing = [self._keep(group, f"pbx {each.pbx}", each.run) for each in self._hearings]
                self._ready()
                await self._stop.wait()
                await self._wind_down(hearing, committing, outgoing)
        finally:
            await self._local.stop()

    def status(self) -> Status:
        """Return how everything is."""
        error = self._pipeline.store_error or self._store_error
        database = DatabaseStatus(url=self._config.database.masked_url, ok=error is None, last_error=error)
        return state.whole(self._started_at, self._tracker, self._hearings, self._subscribers, database)

    def _new_dispatcher(self, config: Config) -> Dispatcher:
        subscribers = build.subscribers(config.webhook)
        return Dispatcher(self._store, subscribers, self._clock, own=build.own_addresses(config))

    def _hearing(self, pbx: Pbx) -> Hearing:
        ari = AriLink(build.ari_settings(pbx.ari), self._clock) if pbx.ari is not None else None
        ami = AmiLink(build.ami_settings(pbx.ami), self._clock)
        return Hearing(pbx.id, ami, ari, self._pipeline.offer, self._clock)

    def _route(self, event: Event) -> tuple[str, ...]:
        return self._dispatcher.route(event)  # asked anew each time: a reload puts another one in place

    def _committed(self, told: Sequence[Told]) -> None:
        self._dispatcher.committed(told)
        self._followers.publish(one.body for one in told)

    def _keep(self, group: asyncio.TaskGroup, name: str, run: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        return group.create_task(self._supervised(name, run), name=name)

    async def _supervised(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run a part until it ends, and again when it breaks of what nobody foresaw."""
        while True:
            try:
                return await run()
            except Exception:  # the supervisor: a fault in one part is logged whole, and the part starts anew
                log.exception("started again", action=logs.Action.TASK_FAILED, part=name)
            await asyncio.sleep(RESTART_S)

    async def _commit(self) -> None:
        """Run the pipeline. Where it breaks, the daemon ends: calls told and calls remembered would part.

        The next life begins with what was committed last, and asks the PBX for the rest.
        """
        try:
            await self._pipeline.run()
        except Exception:
            log.exception("the daemon ends, to begin anew", action=logs.Action.TASK_FAILED, part="pipeline")
            raise

    async def _deliver(self) -> None:
        """Deliver; a reload puts another dispatcher in place, which finds its work in the database."""
        while not self._stop.is_set():
            await self._dispatcher.run()

    async def _wind_down(
        self, hearing: Sequence[asyncio.Task[None]], committing: asyncio.Task[None], rest: Sequence[asyncio.Task[None]]
    ) -> None:
        """Stop in the order in which things flow: hear no more, commit what was heard, deliver what is on its way."""
        log.info("stopping", action=logs.Action.DAEMON_STOPPING)
        self._notifier.stopping()
        await _ended(hearing, at_once=True)
        await self._pipeline.stop()
        await _ended([committing])
        self._dispatcher.stop()
        await _ended(rest[:1])
        await _ended(rest, at_once=True)

    def _listen_to_signals(self, group: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: group.create_task(self._reload(), name="reload"))

    def _ready(self) -> None:
        log.info("ready", action=logs.Action.DAEMON_READY)
        self._notifier.ready(f"hearing {', '.join(each.pbx for each in self._hearings)}")

    async def _reload(self) -> None:
        """Read the configuration again; apply what can be without dropping a call, and say what waits."""
        self._notifier.reloading(int(self._clock.monotonic() * 1e6))
        try:
            config = await asyncio.to_thread(load, self._config.path, environ=os.environ)
        except ConfigError as error:
            refused = error.mistakes
        else:
            refused = ()
            self._apply(config)
        for mistake in refused:
            log.error(mistake, action=logs.Action.CONFIG_REFUSED)
        self._ready()

    def _apply(self, config: Config) -> None:
        live, restart = changes(self._config, config)
        log.info("read again", action=logs.Action.CONFIG_RELOADED, applied=live, needs_restart=restart)
        self._config = config
        logs.set_level(config.log.level)
        if any(key.startswith("webhook") for key in live):
            former, self._dispatcher = self._dispatcher, self._new_dispatcher(config)
            former.stop()

    async def _survey(self) -> None:
        """Keep the figures for `status` fresh, and tell the database until when each PBX was heard."""
        while True:
            try:
                now = self._clock.now()
                found = await self._dispatcher.statuses()
                self._subscribers = [state.subscriber_status(each, now) for each in found]
                for each in self._hearings:
                    if each.connected:
                        await self._store.heard(each.pbx, now)
                self._store_error = None
            except (StoreError, TimeoutError) as error:
                self._store_error = str(error) or "no answer in time"
            await asyncio.sleep(SURVEY_S)

    async def _watch(self) -> None:
        """Feed systemd's watchdog while the event loop goes round and the pipeline with it."""
        period = self._notifier.watchdog_s
        if period is None:
            return
        while True:
            if self._pipeline.healthy(period):
                self._notifier.alive()
            else:
                log.error("the pipeline stands still", action=logs.Action.DAEMON_WATCHDOG)
            await asyncio.sleep(period / 3)


async def _ended(tasks: Sequence[asyncio.Task[None]], *, at_once: bool = False) -> None:
    """Wait until tasks are over; those that take longer than STOP_S, or all of them `at_once`, are cancelled."""
    if at_once:
        for task in tasks:
            task.cancel()
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=STOP_S)
        for task in late:
            task.cancel()
