"""The dashboard of docs/grafana.json: one line a panel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTH: Final = 12
HEIGHT: Final = 8
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture: what it is called, what a number on its axis is, and PromQL → legend."""

    title: str
    unit: str
    lines: Mapping[str, str]


def part_of(what: str, share: float, *by: str) -> str:
    """Return the PromQL of what so large a share of a histogram lies below."""
    return f"histogram_quantile({share}, sum by ({', '.join(('le', *by))}) (rate({what}_bucket[5m])))"


def rate_of(what: str, *by: str) -> str:
    return f"sum by ({', '.join(by)}) (rate({what}_total[5m]))"


DELAY: Final = "callbridge_delivery_delay_seconds"
TRIES: Final = "callbridge_delivery_tries"
COMMIT: Final = "callbridge_commit_seconds"
PANELS: Final = (
    Panel("PBXs heard", "bool_on_off", {"callbridge_pbx_up": "{{pbx}}", "callbridge_pbx_ari_up": "{{pbx}} ARI"}),
    Panel("What is not as it should be", "short", {"callbridge_troubles": "troubles"}),
    Panel("Live calls", "short", {"callbridge_pbx_live_calls": "{{pbx}}"}),
    Panel("Events a second", "cps", {rate_of("callbridge_events", "type"): "{{type}}"}),
    Panel("Waiting for a subscriber", "short", {"callbridge_backlog": "{{subscriber}}"}),
    Panel("Given up", "short", {"callbridge_dead_letters": "{{subscriber}}"}),
    Panel("Age of the oldest that waits", "s", {"callbridge_backlog_oldest_seconds": "{{subscriber}}"}),
    Panel(
        "Tries a second",
        "cps",
        {rate_of("callbridge_delivery_tries", "subscriber", "result"): "{{subscriber}} {{result}}"},
    ),
    Panel(
        "From commit to subscriber",
        "s",
        {
            part_of(DELAY, 0.5, "subscriber"): "{{subscriber}} p50",
            part_of(DELAY, 0.99, "subscriber"): "{{subscriber}} p99",
        },
    ),
    Panel(
        "A commit",
        "s",
        {
            part_of(COMMIT, 0.5): "p50",
            part_of(COMMIT, 0.99): "p99",
        },
    ),
    Panel("AMI messages not looked at yet", "short", {"callbridge_ami_queue_depth": "{{pbx}}"}),
    Panel("Seconds a PBX was not heard", "s", {"increase(callbridge_gap_seconds_total[1h])": "{{pbx}}"}),
    Panel("Readers of /v1/events", "short", {"callbridge_streams_open": "readers"}),
    Panel("Oddities", "short", {"increase(callbridge_oddities_total[1h])": "{{what}}"}),
)


def dashboard(panels: Sequence[Panel] = PANELS) -> dict[str, Any]:
    """Return the dashboard as Grafana 10 and later import it; it asks which Prometheus."""
    source = {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    return {
        "title": "callbridge",
        "uid": "callbridge",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [source]},
        "panels": [_panel(place, panel) for place, panel in enumerate(panels)],
    }


def _panel(place: int, panel: Panel) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + number), "datasource": SOURCE, "expr": expr, "legendFormat": legend}
        for number, (expr, legend) in enumerate(panel.lines.items())
    ]
    return {
        "id": place + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": {"x": WIDTH * (place % 2), "y": HEIGHT * (place // 2), "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": targets,
    }
