"""The missed list in the daemon: what is served of it, what people do with it, how long it is kept."""

from callbridge.api import missed
from callbridge.api.resources import Resource
from callbridge.app import build
from callbridge.app.expiring import Expiring
from callbridge.app.removing import Removing
from callbridge.calls.facts import Fact, MissedRulesSet
from callbridge.calls.tracker import Tracker
from callbridge.clock import Clock
from callbridge.config import Config
from callbridge.config import Missed as MissedTable
from callbridge.pipeline import Pipeline
from callbridge.store import SharedStore, SqlStore


class Missed:
    """`run` goes beside the pipeline; `go_by` when the configuration is another."""

    def __init__(self, config: Config, store: SqlStore, tracker: Tracker, pipeline: Pipeline, clock: Clock) -> None:
        self._pbx = config.pbx[0].id
        self._clock_of = pipeline.clock_of
        pbxs = [pbx.id for pbx in config.pbx] if isinstance(store, SharedStore) else None
        removing = Removing(tracker, pipeline.settled, store.missed, pipeline.clock_of, pbxs)
        kept = build.missed_kept(config.missed)
        self._expiring = Expiring(tracker, pipeline.settled, store.missed, clock, pipeline.clock_of, kept)
        self.resources: tuple[Resource, ...] = missed.changes(store.missed, removing)
        self.run = self._expiring.run

    def go_by(self, table: MissedTable) -> tuple[Fact, ...]:
        """Keep rows as it is said now; return what is to be told to the tracker."""
        self._expiring.go_by(build.missed_kept(table))
        return (MissedRulesSet(self._pbx, self._clock_of(self._pbx), build.missed_rules(table)),)
