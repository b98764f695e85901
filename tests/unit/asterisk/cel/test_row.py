"""One row of CEL, in the shapes in which Asterisk's modules write it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from callbridge.asterisk.cel.row import read_row
from callbridge.errors import ProtocolError

LISBON = ZoneInfo("Europe/Lisbon")
AT = datetime(2026, 7, 1, 12, 0, 0, 479712, tzinfo=UTC)


def row(**fields: object) -> dict[str, object]:
    return {"eventtype": "CHAN_START", "eventtime": AT, "uniqueid": "1.1"} | fields


@pytest.mark.parametrize(
    "written",
    [
        AT,
        AT.astimezone(LISBON).replace(tzinfo=None),
        "2026-07-01 13:00:00.479712",
        "2026-07-01 12:00:00.479712+00",
        f"{AT.timestamp():.6f}",
    ],
)
def test_a_time_is_read_however_it_is_written(written: object) -> None:
    assert read_row(row(eventtime=written), LISBON).at == AT


@pytest.mark.parametrize("written", [2026.0, "2026", "", None, "yesterday"])
def test_what_is_no_time_is_no_row(written: object) -> None:
    """A column of numbers has the year alone, from cel_odbc."""
    with pytest.raises(ProtocolError, match="no readable type, time and uniqueid"):
        read_row(row(eventtime=written), LISBON)


@pytest.mark.parametrize(("number", "name"), [(1, "CHAN_START"), (7, "BRIDGE_ENTER"), ("14", "LINKEDID_END")])
def test_an_event_may_be_written_as_its_number(number: object, name: str) -> None:
    assert read_row(row(eventtype=number), UTC).event == name
