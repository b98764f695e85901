"""What Prometheus reads, from a status that is made up."""

from datetime import UTC, datetime
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from callbridge.api.status import (
    AmiStatus,
    DatabaseStatus,
    NoticeStatus,
    PbxStatus,
    Status,
    StreamStatus,
    SubscriberStatus,
    WorkerStatus,
)
from callbridge.app.metrics import OF_DAEMON, OF_PBX, OF_SUBSCRIBER, Metrics
from callbridge.meters import Meters

AT: Final = datetime(2026, 11, 22, 10, tzinfo=UTC)
STATUS: Final = Status(
    version="1",
    started_at=AT,
    degraded=("Something is wrong.",),
    pbxs=(PbxStatus(id="main", ami=AmiStatus(connected=True, queue_depth=3), live_calls=2),),
    live_calls=2,
    oddities={"law broken": 4},
    subscribers=(SubscriberStatus(name='c"r\\m', backlog=7, oldest_s=1.5, paused=True),),
    database=DatabaseStatus(url="sqlite", ok=True),
)

Key = tuple[str, tuple[tuple[str, str], ...]]


def figures(metrics: Metrics) -> dict[Key, float]:
    families = text_string_to_metric_families(metrics.text().decode())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def test_what_is_so_now_is_read_off_when_somebody_asks() -> None:
    read = figures(Metrics(Meters(), lambda: STATUS))

    assert read["callbridge_live_calls", ()] == 2
    assert read["callbridge_troubles", ()] == 1
    assert read["callbridge_ami_queue_depth", (("pbx", "main"),)] == 3
    assert read["callbridge_oddities_total", (("what", "law broken"),)] == 4
    assert read["callbridge_backlog", (("subscriber", 'c"r\\m'),)] == 7
    assert read["callbridge_subscriber_paused", (("subscriber", 'c"r\\m'),)] == 1
    assert read["callbridge_subscriber_disabled", (("subscriber", 'c"r\\m'),)] == 0


def test_what_is_not_configured_has_no_figure() -> None:
    read = figures(Metrics(Meters(), lambda: STATUS))

    assert ("callbridge_pbx_ari_up", (("pbx", "main"),)) not in read


def test_what_was_counted_stands_beside_it() -> None:
    meters = Meters()
    meters.not_committed()

    assert figures(Metrics(meters, lambda: STATUS))["callbridge_commit_failures_total", ()] == 1


def test_every_name_begins_with_ours_and_none_is_there_twice() -> None:
    families = [one.name for one in text_string_to_metric_families(Metrics(Meters(), lambda: STATUS).text().decode())]

    assert len(families) == len(set(families))
    assert {name for name in families if not name.startswith("callbridge_")} == set()
    assert {*OF_DAEMON, *OF_PBX, *OF_SUBSCRIBER} <= set(families)


def test_the_stream_has_figures_where_there_is_one() -> None:
    stream = StreamStatus(connected=True, published=12, workers=(WorkerStatus(name="host 1", shards=64, seen_s=0.5),))
    read = figures(Metrics(Meters(), lambda: STATUS.model_copy(update={"stream": stream})))

    assert {read[name, ()] for name in ("callbridge_stream_up", "callbridge_workers")} == {1}
    assert read["callbridge_stream_published", ()] == 12
    assert ("callbridge_stream_up", ()) not in figures(Metrics(Meters(), lambda: STATUS))


def test_mails_have_figures_where_some_are_sent() -> None:
    notice = NoticeStatus(recipients=2, waiting=3, oldest_s=9.5, sent=4, given_up=1, unreachable="away")
    read = figures(Metrics(Meters(), lambda: STATUS.model_copy(update={"notice": notice})))

    assert read["callbridge_notices_waiting", ()] == 3
    assert read["callbridge_notices_oldest_seconds", ()] == 9.5
    assert read["callbridge_notice_mails_sent", ()] == 4
    assert read["callbridge_notices_given_up", ()] == 1
    assert read["callbridge_mail_server_up", ()] == 0
    assert ("callbridge_mail_server_up", ()) not in figures(Metrics(Meters(), lambda: STATUS))
