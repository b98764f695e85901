"""Tables of channel events in the shapes in which Asterisk's modules write them."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callbridge.errors import CelUnreadable
from callbridge.store import SqlCelTable
from callbridge.store.cel import PAGE_ROWS

BEGIN = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
LISBON = ZoneInfo("Europe/Lisbon")


def written(path: Path, times: list[object], column: str = "eventtime") -> SqlCelTable:
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"CREATE TABLE cel (AcctId INTEGER PRIMARY KEY, EventType, {column}, UniqueID)")
        rows = [("CHAN_START", at, f"1.{number}") for number, at in enumerate(times)]
        database.executemany("INSERT INTO cel VALUES (NULL, ?, ?, ?)", rows)
        database.commit()
    return SqlCelTable(f"sqlite+aiosqlite:///{path}", "cel", LISBON)


async def since(table: SqlCelTable, at: datetime) -> list[object]:
    try:
        return [row["uniqueid"] async for page in table.pages(at) for row in page]
    finally:
        await table.close()


@pytest.mark.parametrize("shape", ["local", "seconds", "text seconds"])
async def test_reading_begins_at_the_moment_asked_for_however_times_are_written(shape: str, tmp_path: Path) -> None:
    moments = [BEGIN + timedelta(seconds=each) for each in range(5)]
    shapes: dict[str, Callable[[datetime], object]] = {
        "local": lambda at: at.astimezone(LISBON).strftime("%Y-%m-%d %H:%M:%S"),
        "seconds": lambda at: at.timestamp(),
        "text seconds": lambda at: f"{at.timestamp():.6f}",
    }
    table = written(tmp_path / "master.db", [shapes[shape](at) for at in moments])

    assert await since(table, moments[3]) == ["1.3", "1.4"]


async def test_rows_come_in_pages_and_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    count = 2 * PAGE_ROWS + 1
    table = written(tmp_path / "master.db", [BEGIN.timestamp()] * count)

    assert await since(table, BEGIN) == [f"1.{number}" for number in range(count)]


async def test_the_newest_row_is_the_one_written_last(tmp_path: Path) -> None:
    table = written(tmp_path / "master.db", [BEGIN.timestamp() + 9, BEGIN.timestamp()])
    newest = await table.newest()
    await table.close()

    assert newest is not None
    assert newest["uniqueid"] == "1.1"


async def test_an_empty_table_has_no_rows(tmp_path: Path) -> None:
    table = written(tmp_path / "master.db", [])

    assert await table.newest() is None
    assert await since(table, BEGIN) == []


async def test_what_is_no_table_of_events_says_so(tmp_path: Path) -> None:
    table = written(tmp_path / "master.db", [], column="calldate")
    with pytest.raises(CelUnreadable, match=r"has no column eventtime\. Is it one of CEL"):
        await table.columns()
    await table.close()

    other = SqlCelTable(f"sqlite+aiosqlite:///{tmp_path}/master.db", "cell", LISBON)
    with pytest.raises(CelUnreadable, match="There is no table cell in"):
        await other.newest()
    await other.close()


async def test_a_database_that_is_not_there_is_told_in_plain_words(tmp_path: Path) -> None:
    table = SqlCelTable(f"sqlite+aiosqlite:///{tmp_path}/none.db", "cel", LISBON)
    with pytest.raises(CelUnreadable, match="cannot be used now: unable to open database file"):
        await table.newest()
    await table.close()
