"""CEL as a file of comma separated values, as cel_custom writes it: read from a moment on, in pages.

Nothing here waits for the event loop: `pages` is for a thread. A file that is
being written is read as far as its last whole line; rotated files beside it
(`Master.csv.1`, `Master.csv-20261122`, also `.gz`) come first, the oldest in front.
"""

import csv
import gzip
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import BinaryIO, Final

from callbridge.asterisk.cel.row import CelRow, canonical, read_row
from callbridge.errors import CelUnreadable, ProtocolError

GZIP: Final = ".gz"
PAGE_ROWS: Final = 500
EVENT: Final = re.compile(r"[^\"\x00-\x1f]{1,80}")
"""What the name of an event may look like; a user may have chosen it."""
MOST_LINE_BYTES: Final = 65_536
MOST_LINES: Final = 16
"""Of one row: a caller's name may hold line breaks, but not that many."""
CLOSE_ENOUGH_BYTES: Final = 65_536
"""The search for where to begin ends this near: reading on from there costs a millisecond."""


class CsvFile:
    """One log with its rotated predecessors. `rubbish` counts lines that are no rows."""

    def __init__(self, path: Path, columns: Sequence[str], zone: tzinfo) -> None:
        self.path = path
        self._columns = canonical(columns)
        self._zone = zone
        self.rubbish = 0

    def pages(self, since: datetime) -> Iterator[Sequence[CelRow]]:
        """Yield the rows written from `since` on, in the order of writing. Raises CelUnreadable."""
        page: list[CelRow] = []
        for row in self._rows(since):
            page.append(row)
            if len(page) >= PAGE_ROWS:
                yield page
                page = []
        if page:
            yield page

    def newest(self) -> CelRow | None:
        """Return the last row of the file itself, None where it has none. Raises CelUnreadable."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - CLOSE_ENOUGH_BYTES))
                quiet = CsvFile(self.path, self._columns, self._zone)
                found = deque(quiet._parsed(whole_lines(file)), 1)
        except OSError as error:
            raise unreadable(self.path, error) from error
        if not found:
            self.rubbish += quiet.rubbish
        return found[0] if found else None

    def _rows(self, since: datetime) -> Iterator[CelRow]:
        for path in files(self.path, since):
            try:
                with _opened(path) as file:
                    if path.suffix != GZIP:  # which can only be read from its beginning
                        self._seek(file, since)
                    yield from (row for row in self._parsed(whole_lines(file)) if row.at >= since)
            except (OSError, EOFError) as error:
                raise unreadable(path, error) from error

    def _seek(self, file: BinaryIO, since: datetime) -> None:
        """Go near the first row of `since`, and not behind it: halving, for times grow down the file."""
        low, high = 0, file.seek(0, 2)
        while high - low > CLOSE_ENOUGH_BYTES:
            middle = (low + high) // 2
            file.seek(middle)
            at = self._first_time(file)
            low, high = (middle, high) if at is not None and at < since else (low, middle)
        file.seek(low)

    def _first_time(self, file: BinaryIO) -> datetime | None:
        """Return the time of the first whole row from here on."""
        file.readline(MOST_LINE_BYTES)
        quiet = CsvFile(self.path, self._columns, self._zone)  # what is cut here is no rubbish
        return next((row.at for row in quiet._parsed(whole_lines(file))), None)

    def _parsed(self, lines: Iterator[str]) -> Iterator[CelRow]:
        for fields in records(lines, self._is_row, self._count):
            try:
                yield read_row(dict(zip(self._columns, fields, strict=True)), self._zone)
            except ProtocolError:
                self._count()

    def _is_row(self, fields: Sequence[str]) -> bool:
        return (
            len(fields) == len(self._columns) and EVENT.fullmatch(fields[self._columns.index("eventtype")]) is not None
        )

    def _count(self) -> None:
        self.rubbish += 1


def files(path: Path, since: datetime) -> Sequence[Path]:
    """Return the log and those of its rotated predecessors that were written to since then, the oldest first."""
    try:
        old = [(each.stat().st_mtime, each) for each in path.parent.glob(f"{path.name}[.-]*")]
        path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    return [each for at, each in sorted(old) if at >= since.timestamp()] + [path]


def _opened(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.suffix == GZIP else path.open("rb")  # type: ignore[return-value]  # reads alike


def unreadable(path: Path, error: Exception) -> CelUnreadable:
    """Return in plain words why a log cannot be read."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    advice = "Is it the file cel_custom.conf names, and may our user read it (usermod -aG asterisk callbridge)?"
    return CelUnreadable(f"{path} cannot be read: {why}. {advice}")


def whole_lines(file: BinaryIO) -> Iterator[str]:
    """Yield lines that are written to their end; what is no UTF-8 is replaced letter by letter."""
    while line := file.readline(MOST_LINE_BYTES):
        if not line.endswith(b"\n") and len(line) < MOST_LINE_BYTES:
            return
        yield line.decode("utf-8", "replace")


def records(
    lines: Iterator[str], is_row: Callable[[Sequence[str]], bool], rubbish: Callable[[], None]
) -> Iterator[Sequence[str]]:
    """Yield rows as fields. A row may go over several lines, where a quoted field does.

    Reading may begin in the middle of a row, or meet a line that was cut: then
    the line it began with is dropped and the next one tried as a beginning.
    """
    waiting: deque[str] = deque()
    while taken := _one_record(waiting, lines):
        fields = _fields(taken)
        if is_row(fields):
            yield fields
        elif "".join(taken).strip():
            rubbish()
            waiting.extendleft(reversed(taken[1:]))


def _fields(lines: Sequence[str]) -> Sequence[str]:
    try:
        return next(csv.reader(lines), [])
    except csv.Error:  # a field beyond all bounds
        return []


def _one_record(waiting: deque[str], lines: Iterator[str]) -> Sequence[str]:
    """Return lines up to where every quote is closed; only one if that is not within bounds."""
    taken: list[str] = []
    quotes = 0
    for line in _drained(waiting, lines):
        taken.append(line)
        quotes += line.count('"')
        if quotes % 2 == 0 or len(taken) >= MOST_LINES:
            break
    return taken


def _drained(waiting: deque[str], lines: Iterable[str]) -> Iterator[str]:
    while waiting:
        yield waiting.popleft()
    for line in lines:  # noqa: UP028 - `yield from` would close `lines` together with this generator
        yield line
