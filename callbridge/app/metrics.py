"""`/metrics`: what was counted (`meters`), and what is so at the moment somebody asks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from callbridge import __version__
from callbridge.api.status import NoticeStatus, PbxStatus, SourceStatus, Status, StreamStatus, SubscriberStatus
from callbridge.meters import Meters

OF_DAEMON: Final[Mapping[str, tuple[str, Callable[[Status], float]]]] = {
    "callbridge_start_time_seconds": ("When the daemon was started, since 1970.", lambda s: s.started_at.timestamp()),
    "callbridge_live_calls": ("Calls that are not over.", lambda s: s.live_calls),
    "callbridge_missed_open": ("Callers on the missed list.", lambda s: s.missed),
    "callbridge_agents": ("Agents that were heard of.", lambda s: s.agents),
    "callbridge_streams_open": ("Readers of /v1/events.", lambda s: s.streams),
    "callbridge_database_up": ("1 while the database works.", lambda s: s.database.ok),
    "callbridge_troubles": ("What is not as it should be; `callbridge status` says it.", lambda s: len(s.degraded)),
}
OF_PBX: Final[Mapping[str, tuple[str, Callable[[PbxStatus], float | None]]]] = {
    "callbridge_pbx_up": ("1 while the PBX is heard.", lambda s: s.ami.connected),
    "callbridge_pbx_ari_up": ("1 while ARI is connected.", lambda s: None if s.ari is None else s.ari.connected),
    "callbridge_pbx_live_calls": ("Calls of that PBX that are not over.", lambda s: s.live_calls),
    "callbridge_ami_queue_depth": ("Messages heard and not looked at yet.", lambda s: s.ami.queue_depth),
    "callbridge_ami_queue_depth_max": ("The most there were since the start.", lambda s: s.ami.queue_max_seen),
    "callbridge_ami_oddities": ("What broke the law of the wire, since the start.", lambda s: s.ami.oddities),
}
OF_SUBSCRIBER: Final[Mapping[str, tuple[str, Callable[[SubscriberStatus], float | None]]]] = {
    "callbridge_backlog": ("Events committed and not delivered.", lambda s: s.backlog),
    "callbridge_backlog_oldest_seconds": ("The age of the oldest of them.", lambda s: s.oldest_s or 0.0),
    "callbridge_dead_letters": ("Events whose last try failed.", lambda s: s.given_up),
    "callbridge_subscriber_paused": ("1 while nothing is sent to it.", lambda s: s.paused),
    "callbridge_subscriber_disabled": ("1 where that is because it was given up.", lambda s: s.disabled),
}

OF_STREAM: Final[Mapping[str, tuple[str, Callable[[StreamStatus], float]]]] = {
    "callbridge_stream_up": ("1 while NATS is connected.", lambda s: s.connected),
    "callbridge_stream_published": ("Messages published, since the start.", lambda s: s.published),
    "callbridge_stream_waiting": ("Messages that wait to be published.", lambda s: s.waiting),
    "callbridge_stream_missed": ("Messages that were left to the database, since the start.", lambda s: s.missed),
    "callbridge_workers": ("Workers that were heard of in the last 30 s.", lambda s: len(s.workers)),
}
"""Where workers deliver."""


OF_SOURCE: Final[Mapping[str, tuple[str, Callable[[SourceStatus], float | None]]]] = {
    "callbridge_directory_asked": ("Questions whose number it is, since the start or a reload.", lambda s: s.asked),
    "callbridge_directory_failed": ("Those that were not answered.", lambda s: s.failed),
    "callbridge_directory_resting": ("1 while a source is left alone, for it failed too often.", lambda s: s.resting),
}
OF_NOTICE: Final[Mapping[str, tuple[str, Callable[[NoticeStatus], float]]]] = {
    "callbridge_notices_waiting": ("Notices of missed calls that are not sent by e-mail yet.", lambda s: s.waiting),
    "callbridge_notices_oldest_seconds": ("The age of the oldest of them.", lambda s: s.oldest_s or 0.0),
    "callbridge_notice_mails_sent": ("E-mails a mail server took, since the start.", lambda s: s.sent),
    "callbridge_notices_given_up": ("Notices that were given up, since the start.", lambda s: s.given_up),
    "callbridge_mail_server_up": ("0 while the mail server cannot be used.", lambda s: s.unreachable is None),
}
"""Where e-mails are sent."""


class Metrics:
    """Writes both out as Prometheus reads it."""

    def __init__(self, meters: Meters, status: Callable[[], Status]) -> None:
        self._meters = meters
        self._now = CollectorRegistry()
        self._now.register(_Now(status))

    def text(self) -> bytes:
        """Return every figure as it is now."""
        return generate_latest(self._meters.registry) + generate_latest(self._now)


class _Now(Collector):
    """Reads a status off each time somebody asks."""

    def __init__(self, status: Callable[[], Status]) -> None:
        self._status = status

    def describe(self) -> Iterable[Metric]:
        """Say nothing beforehand: whoever registers is asked for a status that is not there yet."""
        return ()

    def collect(self) -> Iterator[Metric]:
        status = self._status()
        yield _gauge("callbridge_info", "Always 1.", "version", {__version__: 1})
        for name, (what, read) in OF_DAEMON.items():
            yield GaugeMetricFamily(name, what, read(status))
        yield _oddities(status)
        for name, (what, of_pbx) in OF_PBX.items():
            yield _gauge(name, what, "pbx", {each.id: of_pbx(each) for each in status.pbxs})
        for name, (what, of) in OF_SUBSCRIBER.items():
            yield _gauge(name, what, "subscriber", {each.name: of(each) for each in status.subscribers})
        if status.stream is not None:
            yield from _of_stream(status.stream)
        for name, (what, of_source) in OF_SOURCE.items():
            yield _gauge(name, what, "source", {each.name: of_source(each) for each in status.sources})
        if status.notice is not None:
            for name, (what, of_notice) in OF_NOTICE.items():
                yield GaugeMetricFamily(name, what, of_notice(status.notice))


def _gauge(name: str, what: str, label: str, values: Mapping[str, float | None]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=(label,))
    for key, value in values.items():
        if value is not None:
            family.add_metric((key,), value)
    return family


def _of_stream(stream: StreamStatus) -> Iterator[Metric]:
    for name, (what, read) in OF_STREAM.items():
        yield GaugeMetricFamily(name, what, read(stream))


def _oddities(status: Status) -> Metric:
    family = CounterMetricFamily("callbridge_oddities", "What a PBX said that made no sense.", labels=("what",))
    for what, count in status.oddities.items():
        family.add_metric((what,), count)
    return family
