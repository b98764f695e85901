"""CSV for spreadsheets: RFC 4180, in UTF-8, and no cell of it is a formula.

A spreadsheet takes a cell for a formula that begins with = + - @, a tab or a line's end, and a formula may send what
else is in the sheet to whoever wrote it: a caller's name is written by the caller. Such a cell gets a quote (') in
front. A + and digits alone stay as they are: +351912345678 is a number whatever it is opened with.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from callbridge.api.resources import Input
from callbridge.api.words import stamp

MEDIA_TYPE: Final = "text/csv"
BOM: Final = b"\xef\xbb\xbf"
SEPARATORS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}

_FORMULA: Final = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")  # the wide ones count in Japanese and Chinese
_NUMBER: Final = re.compile(r"\+[0-9]+")


class SheetQuery(Input):
    """How the sheet is written."""

    separator: Literal["comma", "semicolon", "tab"] = Field(
        "comma", description="`semicolon` is what Excel reads where the comma stands in decimals."
    )
    limit: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        None, description="How many lines at most; left out: all."
    )
    bom: bool = Field(default=False, description="Begin with a byte order mark, by which Excel knows UTF-8.")


def begun(how: SheetQuery, columns: Iterable[str]) -> bytes:
    """Return the beginning of a sheet: the names of its columns."""
    return (BOM if how.bom else b"") + rows(how, [tuple(columns)])


def rows(how: SheetQuery, values: Iterable[Sequence[Any]]) -> bytes:
    """Return rows; None is an empty cell, a time is in UTC, and a list stands in one cell."""
    text = io.StringIO()
    writing = csv.writer(text, delimiter=SEPARATORS[how.separator])
    writing.writerows([cell(value) for value in row] for row in values)
    return text.getvalue().encode("utf-8", "replace")


def cell(value: Any) -> str:
    """Return what stands in a cell."""
    if isinstance(value, str):
        return _harmless(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, int | float):
        return str(value)
    return _harmless("; ".join(map(str, value)))


def local(at: datetime | None, zone: tzinfo) -> str | None:
    """Return a time by the clock on the wall, as every spreadsheet reads it: `2026-11-22 10:00:00`."""
    return None if at is None else at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _harmless(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
