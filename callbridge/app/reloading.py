"""Reading the configuration again, when systemd or an admin asks for it."""

import asyncio
import os
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from callbridge import logs
from callbridge.api.status import ConfigStatus
from callbridge.app import build
from callbridge.app.missed import Missed
from callbridge.app.notices import Notices
from callbridge.app.notify import Notifier
from callbridge.app.outgoing import Outgoing
from callbridge.app.reception import Reception
from callbridge.calls.facts import Fact, LimitsSet
from callbridge.clock import Clock
from callbridge.config import LIMITS_OF_HTTP, OF_DIRECTORY, Config, Http, Limits, changes, load
from callbridge.errors import CallbridgeError, ConfigError
from callbridge.pipeline import Pipeline

OFFER_S: Final = 8.0
"""For the pipeline to take over other limits."""

log = logs.logger()


@dataclass(frozen=True, slots=True)
class Live:
    """What can change while it runs."""

    outgoing: Outgoing
    pipeline: Pipeline
    limit_requests: Callable[[Http], None]
    notices: Notices
    missed: Missed
    reception: Reception
    tls: ssl.SSLContext | None
    """What the HTTP side speaks, None where it speaks none."""


class Reloading:
    """Applies what can be without dropping a call, and keeps what waits for a restart."""

    def __init__(self, config: Config, live: Live, notifier: Notifier, clock: Clock) -> None:
        self._config, self._live = config, live
        self._notifier, self._clock = notifier, clock
        self.told = ConfigStatus()
        """What the last reload brought."""

    async def run(self, asked: asyncio.Event) -> None:
        """Reload whenever it is asked for."""
        while True:
            await asked.wait()
            asked.clear()
            self._notifier.reloading(int(self._clock.monotonic() * 1e6))
            try:
                await self._reload()
            finally:
                self._notifier.ready()

    async def _reload(self) -> None:
        try:
            config = await asyncio.to_thread(load, self._config.path, environ=os.environ)
        except ConfigError as error:
            self._refuse(error.mistakes)
            return
        live, restart = changes(self._config, config)
        log.info("read again", action=logs.Action.CONFIG_RELOADED, applied=live, needs_restart=restart)
        for warning in config.warnings:
            log.warning(warning, action=logs.Action.CONFIG_WARNING)
        self.told = ConfigStatus(needs_restart=restart)
        self._apply(config, live)
        self._renew_certificate()
        if any(key.startswith("limits") for key in live):
            await self._tell(self._limits(config.limits), "the limits are")
        if any(key.startswith("directory") for key in live):
            await self._ask(config)
        if any(key.startswith("missed") for key in live):
            await self._tell(self._live.missed.go_by(config.missed), "what counts as missed is")

    def _refuse(self, mistakes: tuple[str, ...]) -> None:
        self.told = ConfigStatus(refused=mistakes)
        for mistake in mistakes:
            log.error(mistake, action=logs.Action.CONFIG_REFUSED)

    def _renew_certificate(self) -> None:
        """Read the certificate again where there is one: what renews it asks for a reload."""
        try:
            if self._live.tls is not None:
                build.read_certificate(self._live.tls, self._config.http)
        except CallbridgeError as error:
            self._refuse((str(error),))

    def _apply(self, config: Config, live: Sequence[str]) -> None:
        """Take over what is live, and that alone: what waits for a restart is told again at the next reload."""
        log_table = self._config.log.model_copy(update={"level": config.log.level})
        http = self._config.http.model_copy(update={name: getattr(config.http, name) for name in LIMITS_OF_HTTP})
        taken = {name: getattr(config, name) for name in ("webhook", "limits", "missed", "delivery", "notice")}
        self._config = self._config.model_copy(update=taken | {"log": log_table, "http": http})
        logs.set_level(config.log.level)
        self._live.limit_requests(http)
        self._live.outgoing.go_by(config.delivery)
        if any(key.startswith("webhook") for key in live):
            self._live.outgoing.replace(self._config)
        if any(key.startswith("notice") for key in live):
            self._live.notices.replace(config.notice)

    async def _ask(self, config: Config) -> None:
        """Ask other sources whose number it is; those that cannot be opened are told of again at the next reload."""
        taken = {name: getattr(config.directory, name) for name in OF_DIRECTORY}
        changed = self._config.model_copy(update={"directory": self._config.directory.model_copy(update=taken)})
        try:
            await self._live.reception.go_by(changed)
        except ConfigError as error:
            self._refuse(error.mistakes)
        else:
            self._config = changed

    def _limits(self, limits: Limits) -> Sequence[Fact]:
        """Have calls go by other limits, those that go on too."""
        table, clock_of = build.limits(limits), self._live.pipeline.clock_of
        return [LimitsSet(pbx.id, clock_of(pbx.id), table) for pbx in self._config.pbx]

    async def _tell(self, facts: Sequence[Fact], what: str) -> None:
        """Say it in its turn, after what was heard so far."""
        try:
            async with asyncio.timeout(OFFER_S):
                await self._live.pipeline.offer(facts)
        except TimeoutError:
            self._refuse((f"{what} not taken over, for nothing can be committed; reload again when it can",))
