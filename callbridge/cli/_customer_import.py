"""Bringing a table of customers to the daemon, batch by batch, and writing down what was refused."""

import csv
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self, TextIO

import orjson

from callbridge import __version__
from callbridge.cli import _daemon
from callbridge.cli._customer_table import CustomerTable, TableRow
from callbridge.errors import CallbridgeError

BATCH: Final = 100
"""Rows that go to the daemon at once: writing them takes it some 10 ms, for which calls wait."""
MOST_BATCH_BYTES: Final = 2**18
"""Of the customers; what their numbers are found by comes on top."""
PATH: Final = "/customer-batches"
TAKE_S: Final = 60.0
"""For one batch: the database may be busy."""
MOST_ROW_BYTES: Final = 2**16

Customer = Mapping[str, Any]
Answer = Mapping[str, Any]


class Taker(Protocol):
    """Who customers are brought to."""

    def prepared(self, customers: Sequence[Customer]) -> Any:
        """Return customers as `take` wants them: done while `take` is busy with those before."""

    def take(self, prepared: Any) -> Answer:
        """Return what became of them, as `POST /v1/customers` answers. Raises CallbridgeError."""


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


def bring(table: CustomerTable, taker: Taker, refusals: Refusals, tally: Tally, seen: Callable[[int], None]) -> None:
    """Bring every row to `taker`, on a thread of its own, and read on meanwhile; `seen` is told what line we are at.

    Raises CallbridgeError where it does: `tally` says what was done until then.
    """

    def settle(batch: Sequence[TableRow], answer: Future[Answer]) -> None:
        _count(batch, answer.result(), refusals, tally)
        seen(batch[-1].line)

    with ThreadPoolExecutor(1, "import") as taking:
        before: tuple[Sequence[TableRow], Future[Answer]] | None = None
        for batch in _batches(table.rows()):
            prepared = taker.prepared([row.customer for row in batch if not row.wrong])
            if before is not None:
                settle(*before)
            before = batch, taking.submit(taker.take, prepared)
        if before is not None:
            settle(*before)


class Nobody:
    """Takes nothing, and answers as the daemon would where all were new."""

    def prepared(self, customers: Sequence[Customer]) -> Sequence[Customer]:
        return customers

    def take(self, prepared: Sequence[Customer]) -> Answer:
        from callbridge.api.customers import checked  # noqa: PLC0415 - slow to import, and seldom used

        found = [(place, checked(dict(customer))) for place, customer in enumerate(prepared)]
        wrong = [
            {"place": place, "errors": [each.model_dump() for each in errors]}
            for place, errors in found
            if isinstance(errors, Sequence)
        ]
        return {"new": [None] * (len(found) - len(wrong)), "changed": [], "refused": wrong}


class RunningDaemon:
    """Takes them in, each number with what it is found by: read here, by the number plan as the daemon does.

    Raises, when made:
        NotRunning: there is none.
        CallbridgeError: it is of another version.
    """

    def __init__(self, config: Path) -> None:
        from callbridge.directory.numbers import key_of  # noqa: PLC0415 - slow to import, and seldom used

        self._config, self._key_of = config, key_of
        self._country = str(_daemon.ask(config, "GET", PATH)["country"])

    def prepared(self, customers: Sequence[Customer]) -> Mapping[str, Any]:
        keys: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for customer in customers:
            country = customer.get("country", self._country)
            keys[country].update((written, self._key_of(written, country)) for written in _numbers(customer))
        return {"customers": list(customers), "numbers": {"version": __version__, "keys": keys}}

    def take(self, prepared: Mapping[str, Any]) -> Answer:
        if not prepared["customers"]:
            return {"new": (), "changed": (), "refused": ()}
        answer: Answer = _daemon.ask(self._config, "POST", PATH, prepared, within_s=TAKE_S)
        return answer


def _numbers(customer: Customer) -> Iterator[str]:
    yield from customer.get("phones", ())
    yield from customer.get("mobiles", ())
    for place in (*customer.get("branches", ()), *customer.get("contacts", ())):
        yield from place["phones"]


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
