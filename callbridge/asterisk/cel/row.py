"""One line of Asterisk's channel event log (CEL), whatever it is kept in.

    columns = ("eventtype", "eventtime", ...)      # as the file or the table has them
    row = read_row(dict(zip(columns, fields)), zone)

CEL has names of its own for each backend (`cid_num`, `cidnum`, `num`): all are known here.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from callbridge.errors import ProtocolError

NEEDED: Final = ("eventtype", "eventtime", "cid_name", "cid_num", "exten", "channame", "appname", "appdata", "uniqueid")
NEEDED_TOO: Final = ("linkedid", "extra")
"""Without these nobody knows who dialled whom, nor how a call ended."""

ALIASES: Final[Mapping[str, str]] = {
    "eventenum": "eventtype",
    "name": "cid_name",
    "cidname": "cid_name",
    "num": "cid_num",
    "cidnum": "cid_num",
    "channel": "channame",
    "eventextra": "extra",
    "usereventname": "userdeftype",
}
"""Other names of the columns: cel_sqlite3_custom, the advanced mappings of Asterisk 22."""

NUMBERED: Final[Mapping[str, str]] = {
    "1": "CHAN_START",
    "2": "CHAN_END",
    "3": "HANGUP",
    "4": "ANSWER",
    "5": "APP_START",
    "6": "APP_END",
    "7": "BRIDGE_ENTER",
    "8": "BRIDGE_EXIT",
    "9": "PARK_START",
    "10": "PARK_END",
    "11": "BLINDTRANSFER",
    "12": "ATTENDEDTRANSFER",
    "13": "USER_DEFINED",
    "14": "LINKEDID_END",
    "15": "PICKUP",
    "16": "FORWARD",
    "17": "LOCAL_OPTIMIZE",
    "18": "LOCAL_OPTIMIZE_BEGIN",
    "19": "STREAM_BEGIN",
    "20": "STREAM_END",
}
"""Where cel_odbc finds a column of numbers for an event's type, it writes these: the enum of Asterisk's cel.h since 12.

The list in cel_odbc.conf.sample is that of 1.8, and was never brought up to date.
"""
FIRST_S: Final = 100_000_000.0
"""In 1973: a smaller number is no time. cel_odbc writes the year alone into a column of numbers."""

EXTRA_BYTES: Final = 16_384


@dataclass(frozen=True, slots=True)
class CelRow:
    """What CEL says of one channel at one moment; `extra` is empty where there is none, or none that can be read."""

    event: str
    at: datetime
    channel: str
    name: str
    linkedid: str
    number: str | None
    caller_name: str | None
    exten: str
    context: str
    app: str
    data: str
    user_event: str
    extra: Mapping[str, Any]


def canonical(columns: Iterable[str]) -> tuple[str, ...]:
    """Return columns by the names this module knows."""
    return tuple(ALIASES.get(each.lower(), each.lower()) for each in columns)


def missing(columns: Iterable[str]) -> tuple[str, ...]:
    """Return which columns are needed and not among these."""
    known = set(canonical(columns))
    return tuple(each for each in (*NEEDED, *NEEDED_TOO) if each not in known)


def read_row(fields: Mapping[str, object], zone: tzinfo) -> CelRow:
    """Return one row; `fields` by canonical names, `zone` is that of times which name none.

    Raises ProtocolError where it is no row of CEL at all.
    """
    event, channel = _text(fields, "eventtype"), _text(fields, "uniqueid")
    event = NUMBERED.get(event, event)
    at = time_of(fields.get("eventtime"), zone)
    if at is None or not event or not channel:
        raise ProtocolError("A row of CEL has no readable type, time and uniqueid. Is its mapping as configured?")
    return CelRow(
        event,
        at,
        channel,
        _text(fields, "channame"),
        _text(fields, "linkedid") or channel,
        _text(fields, "cid_num") or None,
        _text(fields, "cid_name") or None,
        _text(fields, "exten"),
        _text(fields, "context"),
        _text(fields, "appname"),
        _text(fields, "appdata"),
        _text(fields, "userdeftype"),
        _extra(_text(fields, "extra")),
    )


def _text(fields: Mapping[str, object], key: str) -> str:
    value = fields.get(key)
    return "" if value is None else str(value)


def time_of(value: object, zone: tzinfo) -> datetime | None:
    """Return a time as any backend writes it: seconds since 1970, `%F %T` with or without a zone, or a datetime."""
    if isinstance(value, datetime):
        return (value if value.tzinfo is not None else value.replace(tzinfo=zone)).astimezone(UTC)
    text = str(value if value is not None else "").strip()
    try:
        if text.replace(".", "", 1).isdecimal():
            return datetime.fromtimestamp(float(text), UTC) if float(text) > FIRST_S else None
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _extra(text: str) -> Mapping[str, Any]:
    """Return the JSON object CEL keeps beside some events."""
    if not text.startswith("{") or len(text) > EXTRA_BYTES:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def text(row: CelRow, key: str) -> str | None:
    """Return what CEL says beside an event, None where it does not."""
    said = row.extra.get(key)
    return said if isinstance(said, str) and said else None
