"""What is counted and timed as it happens, for Prometheus.

One object a daemon and none global: two in one process do not count each other's calls. What
is so at the moment of asking (links, backlogs, live calls) `app.metrics` reads off instead.
"""

from collections import Counter as Counting
from collections.abc import Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from callbridge.calls.events import Event, EventType

MILLISECONDS: Final = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.03, 0.06, 0.125, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0)
"""Bounds for what takes a millisecond on a quiet machine."""
HOURS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 600.0, 3600.0, 86400.0)
"""Bounds for what takes as long as a subscriber is away."""


class Meters:
    """Every counter and histogram, by what it is of."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._events = self._counter("callbridge_events", "Events committed.", "type")
        self._gaps = self._counter("callbridge_gaps", "Gaps that are over: times in which a PBX was not heard.", "pbx")
        self._gap_seconds = self._counter("callbridge_gap_seconds", "How long they were, by the PBX's clock.", "pbx")
        self._commit = self._histogram("callbridge_commit_seconds", "One commit, tries that failed included.")
        self._commit_failures = self._counter("callbridge_commit_failures", "Tries to commit that failed.")
        self._tries = self._counter("callbridge_delivery_tries", "Tries, by what came of them.", "subscriber", "result")
        self._try = self._histogram("callbridge_delivery_try_seconds", "One try, whole.", "subscriber")
        self._tries_of: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._delay = Histogram(
            "callbridge_delivery_delay_seconds",
            "From the commit of an event until a subscriber has it; not of those that came late from the database.",
            ("subscriber",),
            registry=self.registry,
            buckets=HOURS,
        )

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=self.registry)

    def _histogram(self, name: str, what: str, *labels: str) -> Histogram:
        return Histogram(name, what, labels, registry=self.registry, buckets=MILLISECONDS)

    def committed(self, events: Sequence[Event], took_s: float) -> None:
        """Count a commit, and what it made known."""
        self._commit.observe(took_s)
        for kind, count in Counting(event.type for event in events).items():
            self._events.labels(kind.value).inc(count)
        for event in events:
            if event.type is EventType.PBX_CONNECTED:
                self._gap(event)

    def _gap(self, event: Event) -> None:
        gap = event.details["gap"]
        if isinstance(gap, Mapping):
            self._gaps.labels(event.pbx).inc()
            self._gap_seconds.labels(event.pbx).inc((gap["to"] - gap["from"]).total_seconds())

    def tried(self, subscriber: str, result: str, took_s: float) -> None:
        """Count a try; `result` is `delivered`, the status that was answered (`503`), or the sort of failure."""
        key = subscriber, result
        tries, durations = self._tries_of.get(key) or self._of(key)
        tries.inc()
        durations.observe(took_s)

    def _of(self, key: tuple[str, str]) -> tuple[Counter, Histogram]:
        """Return what counts and times such tries, and remember it: `labels` looks for it under a lock."""
        found = self._tries_of[key] = self._tries.labels(*key), self._try.labels(key[0])
        return found

    def delivered(self, subscriber: str, after_s: float) -> None:
        """Note how long it took from its commit until a subscriber had an event."""
        self._delay.labels(subscriber).observe(after_s)

    def not_committed(self) -> None:
        """Count a try to commit that failed."""
        self._commit_failures.inc()
