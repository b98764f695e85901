"""The dashboard asks for figures there are."""

import re

from prometheus_client.parser import text_string_to_metric_families

from callbridge.app.metrics import Metrics
from callbridge.meters import Meters
from tests.docs.grafana import PANELS
from tests.unit.app.test_metrics import STATUS

SUFFIX = re.compile(r"_(?:total|bucket|sum|count)$")


def test_every_figure_of_the_dashboard_is_one_we_have() -> None:
    text = Metrics(Meters(), lambda: STATUS).text().decode()
    known = {SUFFIX.sub("", family.name) for family in text_string_to_metric_families(text)}
    asked = {
        SUFFIX.sub("", name) for panel in PANELS for line in panel.lines for name in re.findall(r"callbridge_\w+", line)
    }

    assert asked
    assert asked - known == set()


def test_no_two_panels_have_the_same_name() -> None:
    assert len({panel.title for panel in PANELS}) == len(PANELS)
