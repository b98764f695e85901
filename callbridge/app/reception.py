"""Who is calling: the directory, whoever asks it, and what people say of it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from callbridge.api import call_changes, customer_batches, customers, lookup
from callbridge.api.customers import CustomerDesk
from callbridge.api.lookup import Lookup
from callbridge.api.resources import Resource
from callbridge.app import build
from callbridge.app.choosing import Choosing
from callbridge.app.enquiring import Enquiring
from callbridge.calls.facts import Fact
from callbridge.calls.tracker import Tracker
from callbridge.clock import Clock
from callbridge.config import Config
from callbridge.directory.directory import Directory
from callbridge.pipeline import Pipeline
from callbridge.store import SqlStore


class Reception:
    """`informed` is asked before the pipeline, `run` goes beside it, within `open`; `wake` after each commit."""

    def __init__(self, config: Config, store: SqlStore, tracker: Tracker, pipeline: Pipeline, clock: Clock) -> None:
        self.directory = build.directory(config, store.customers, clock)
        self._customers, self._clock = store.customers, clock
        self._asked = bool(config.directory.sources)
        self._enquiring = Enquiring(tracker, self.directory, pipeline.offer, pipeline.clock_of)
        pbxs = [pbx.id for pbx in config.pbx]
        choosing = Choosing(
            tracker,
            pipeline.settled,
            store.call_log,
            store.customers,
            self.directory,
            clock,
            pipeline.clock_of,
            pbxs,
        )
        desk = CustomerDesk(store.customers, clock, build.directory_country(config), self.directory.forget)
        self.resources: tuple[Resource, ...] = (
            *call_changes.resources(choosing.choose),
            *customers.resources(desk),
            *customer_batches.resources(desk),
            *lookup.resources(Lookup(self.directory, store.call_log, store.missed)),
        )
        self.wake = self._enquiring.wake
        self.run = self._enquiring.run

    def open(self) -> AbstractAsyncContextManager[Directory]:
        """Hold connections to CRMs."""
        return self.directory

    async def go_by(self, config: Config) -> None:
        """Ask the sources of another configuration from now on. Raises ConfigError, and changes nothing then."""
        await self.directory.go_by(*build.directory_parts(config, self._customers, self._clock))
        self._asked = bool(config.directory.sources)

    async def informed(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        """Put before facts what is known at once of those who call."""
        return await self._enquiring.informed(facts) if self._asked else facts
