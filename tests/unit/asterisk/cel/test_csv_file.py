import csv
import gzip
import io
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callbridge.asterisk.cel.csv_file import CLOSE_ENOUGH_BYTES, PAGE_ROWS, CsvFile
from callbridge.asterisk.cel.row import CelRow
from callbridge.config.words import CEL_COLUMNS
from callbridge.errors import CelUnreadable

BEGIN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
NAMES = ["Maria Silva", 'Ana "Nini" O\'Neil', "Silva, Lda", "two\nlines", 'a","b', "Łukasz Żółć Иван 山田", '"', "\n"]


def line(number: int, name: str = "Maria Silva", **more: str) -> str:
    """One row, a second after the one before."""
    at = f"{(BEGIN + timedelta(seconds=number)).timestamp():.6f}"
    fields = {"eventtype": "CHAN_START", "eventtime": at, "cid_name": name, "uniqueid": f"1795341600.{number}"} | more
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(
        [fields.get(key, "") for key in CEL_COLUMNS]
    )
    return written.getvalue()


def rows(log: CsvFile, since: datetime = BEGIN) -> list[CelRow]:
    return [row for page in log.pages(since) for row in page]


def numbers(found: Sequence[CelRow]) -> list[int]:
    return [int(row.channel.rpartition(".")[2]) for row in found]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Master.csv"


@pytest.fixture
def log(path: Path) -> CsvFile:
    return CsvFile(path, CEL_COLUMNS, UTC)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_read_as_it_was_sent(name: str, path: Path, log: CsvFile) -> None:
    path.write_text(line(0, name) + line(1))

    assert [row.caller_name for row in rows(log)] == [name, "Maria Silva"]
    assert log.rubbish == 0


def test_a_name_that_is_no_utf8_costs_its_letter_and_no_row(path: Path, log: CsvFile) -> None:
    path.write_bytes(line(0, "Jos\0").encode().replace(b"\0", b"\xe9") + line(1).encode())

    assert [row.caller_name for row in rows(log)] == ["Jos�", "Maria Silva"]


@pytest.mark.parametrize(
    "rubbish",
    [
        "no row at all\n",
        '"half a row","17953\n',
        '"' * 7 + "\n",
        "\0\0\0\n",
        ",".join("x" * 20) + "\n",
        "x" * 200_000 + "\n",
    ],
)
def test_rubbish_is_counted_and_the_rows_around_it_are_read(rubbish: str, path: Path, log: CsvFile) -> None:
    path.write_text(line(0) + rubbish + line(1) + line(2))

    assert numbers(rows(log)) == [0, 1, 2]
    assert log.rubbish > 0


def test_a_line_that_is_being_written_waits_for_its_end(path: Path, log: CsvFile) -> None:
    path.write_text(line(0) + line(1)[:-20])
    assert (numbers(rows(log)), log.rubbish) == ([0], 0)

    path.write_text(line(0) + line(1))
    assert numbers(rows(log)) == [0, 1]


@pytest.mark.parametrize("since", [0, 1, 4_999, 5_000, 9_999])
def test_reading_begins_at_the_moment_asked_for(since: int, path: Path, log: CsvFile) -> None:
    path.write_text("".join(line(each, NAMES[each % len(NAMES)]) for each in range(10_000)))
    assert path.stat().st_size > 10 * CLOSE_ENOUGH_BYTES

    assert numbers(rows(log, BEGIN + timedelta(seconds=since))) == list(range(since, 10_000))
    assert log.rubbish <= 1, "a row may be cut where reading begins"


def test_what_is_long_past_is_not_read(path: Path, log: CsvFile, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text("".join(map(line, range(10_000))))
    read: list[Sequence[str]] = []

    def fields(lines: Sequence[str]) -> Sequence[str]:
        read.append(lines)
        return next(csv.reader(lines), [])

    monkeypatch.setattr("callbridge.asterisk.cel.csv_file._fields", fields)

    assert numbers(rows(log, BEGIN + timedelta(seconds=9_990))) == list(range(9_990, 10_000))
    assert len(read) < 1_500


def test_rows_come_in_pages(path: Path, log: CsvFile) -> None:
    path.write_text("".join(map(line, range(PAGE_ROWS + 1))))

    assert [len(page) for page in log.pages(BEGIN)] == [PAGE_ROWS, 1]


def test_rotated_files_come_first_the_oldest_in_front(path: Path, log: CsvFile) -> None:
    packed, renamed = path.with_name("Master.csv.2.gz"), path.with_name("Master.csv-20261121")
    packed.write_bytes(gzip.compress((line(0) + line(1)).encode()))
    renamed.write_text(line(2))
    path.write_text(line(3))
    for age, each in ((1, packed), (2, renamed)):
        os.utime(each, times=(BEGIN.timestamp() + age,) * 2)

    assert numbers(rows(log)) == [0, 1, 2, 3]


def test_a_rotated_file_that_ends_before_the_gap_is_not_opened(path: Path, log: CsvFile) -> None:
    old = path.with_name("Master.csv.1")
    old.mkdir()  # to open it would raise
    os.utime(old, times=(BEGIN.timestamp() - 1,) * 2)
    path.write_text(line(3))

    assert numbers(rows(log)) == [3]


def test_times_of_whole_seconds_are_the_pbxs_own(path: Path) -> None:
    path.write_text(line(0, eventtime="2026-07-01 12:00:00"))
    (row,) = rows(CsvFile(path, CEL_COLUMNS, ZoneInfo("Europe/Lisbon")), datetime(2026, 1, 1, tzinfo=UTC))

    assert row.at == datetime(2026, 7, 1, 11, 0, tzinfo=UTC)


def test_a_file_that_is_not_there_says_what_to_do(log: CsvFile) -> None:
    with pytest.raises(CelUnreadable, match=r"Master\.csv cannot be read: No such file or directory\. Is it the file"):
        rows(log)


def test_the_newest_row_is_found_at_the_end(path: Path, log: CsvFile) -> None:
    path.write_text("")
    assert log.newest() is None

    path.write_text("".join(map(line, range(5_000))) + "rubbish\n")
    newest = log.newest()
    assert newest is not None
    assert numbers([newest]) == [4_999]
