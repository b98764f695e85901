"""Bringing a table of customers to the daemon, batch by batch, and writing down what was refused."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self, TextIO

import orjson

from callbridge.cli._customer_table import CustomerTable, TableRow
from callbridge.errors import CallbridgeError

BATCH: Final = 200
"""Rows that go to the daemon at once: it reads them in some 10 ms, and hears calls in between."""
MOST_BATCH_BYTES: Final = 2**20 - 2**12
MOST_ROW_BYTES: Final = 2**16

Take = Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any]]
"""Has the daemon take customers; returns its answer."""


@dataclass
class Tally:
    """What became of the rows so far."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    refused: int = 0

    @property
    def taken(self) -> int:
        return self.rows - self.refused


class Refusals:
    """The report of refused rows, made with the first of them: the line, the reason, and the row as it was."""

    def __init__(self, table: CustomerTable) -> None:
        self.path = table.path.with_suffix(".refused.csv")
        self._table = table
        self._opened = ExitStack()
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def write(self, row: TableRow, reason: str) -> None:
        """Raises CallbridgeError where the report cannot be written."""
        try:
            if self._file is None:
                self._file = self._open()
                self._line(self._file, ("refused_line", "refused_reason", *self._table.header))
            self._line(self._file, (str(row.line), reason, *row.cells))
        except OSError as error:
            raise CallbridgeError(f"{self.path} cannot be written: {error.strerror}.") from None

    def _open(self) -> TextIO:
        """It holds customers: nobody else may read it."""
        opened = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        return self._opened.enter_context(os.fdopen(opened, "w", encoding="utf-8-sig", newline=""))

    def _line(self, file: TextIO, cells: Iterable[str]) -> None:
        csv.writer(file, delimiter=self._table.delimiter).writerow(cells)


def bring(table: CustomerTable, take: Take, refusals: Refusals, tally: Tally, seen: Callable[[int], None]) -> None:
    """Bring every row to `take`; `seen` is told how many lines are behind us.

    Raises CallbridgeError where `take` does: `tally` says what was done until then.
    """
    for batch in _batches(table.rows()):
        answer = take([row.customer for row in batch if not row.wrong])
        _count(batch, answer, refusals, tally)
        seen(batch[-1].line)


def tried(customers: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Take nothing, and answer as the daemon would where all were new."""
    from callbridge.api.customers import checked  # noqa: PLC0415 - slow to import, and seldom used

    found = [(place, checked(dict(customer))) for place, customer in enumerate(customers)]
    wrong = [
        {"place": place, "errors": [each.model_dump() for each in errors]}
        for place, errors in found
        if isinstance(errors, Sequence)
    ]
    return {"new": [None] * (len(found) - len(wrong)), "changed": [], "refused": wrong}


def _batches(rows: Iterator[TableRow]) -> Iterator[Sequence[TableRow]]:
    """Yield rows by so many as fit into one request."""
    while batch := list(islice(rows, BATCH)):
        room, part = MOST_BATCH_BYTES, list[TableRow]()
        for row in batch:
            size = len(orjson.dumps(row.customer)) + 1
            sized = row if size <= MOST_ROW_BYTES else TableRow(row.line, row.cells, {}, "is longer than 64 KiB")
            if size > room:
                yield part
                room, part = MOST_BATCH_BYTES, []
            part.append(sized)
            room -= 0 if sized.wrong else size
        yield part


def _count(batch: Sequence[TableRow], answer: Mapping[str, Any], refusals: Refusals, tally: Tally) -> None:
    sent = [row for row in batch if not row.wrong]
    reasons = {sent[each["place"]].line: _reason(each["errors"]) for each in answer["refused"]}
    for row in batch:
        if reason := row.wrong or reasons.get(row.line):
            refusals.write(row, reason)
            tally.refused += 1
    tally.rows += len(batch)
    tally.new += len(answer["new"])
    tally.changed += len(answer["changed"])


def _reason(errors: Iterable[Mapping[str, str]]) -> str:
    return "; ".join(f"{each['field']} {each['message']}".strip() for each in errors)
