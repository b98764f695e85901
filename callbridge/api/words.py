"""The types fields of several nouns share."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, PlainSerializer, WithJsonSchema

TIME = {"type": "string", "format": "date-time"}


def stamp(at: datetime) -> str:
    """Return an aware time as every event has it: `2026-11-22T10:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


Stamp = Annotated[datetime, PlainSerializer(stamp), WithJsonSchema(TIME)]
"""A time in an answer."""


RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+ -]\d\d:\d\d)", re.IGNORECASE)


def _written_out(text: object) -> object:
    """Refuse what pydantic would take for seconds since 1970; a + that was sent as it is in a query is a space."""
    found = RFC3339.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("must be a time with its zone, such as 2026-11-22T10:00:00Z")
    return f"{found[1]}{found[2].replace(' ', '+')}"


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


When = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc), WithJsonSchema(TIME)]
"""A time in what is asked: RFC 3339, with its zone."""

Limit = Annotated[int, Field(ge=1, le=200, description="How many items at most.")]
Cursor = Annotated[str, Field(max_length=500, description="`next` of the page before.")]
