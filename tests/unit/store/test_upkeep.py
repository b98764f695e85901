"""Seeing whether a database is sound, and saving it while it works."""

import asyncio
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from callbridge.errors import SchemaOutdated, StoreError, StoreUnavailable
from callbridge.store import SqlStore, backup, check, open_store

from .made import SetClock, a_life, names_in


async def test_a_sound_database_has_nothing_to_say(store: SqlStore, url: str) -> None:
    await store.commit(a_life("a", 3))

    assert await check(url) == ()


async def test_a_damaged_page_is_found(sqlite_url: str, sqlite_file: Path, clock: SetClock) -> None:
    async with await open_store(sqlite_url, clock=clock) as store:
        for n in range(20):
            await store.commit(a_life(f"{n:02}", 20))
    damage_pages_of(sqlite_file, "outbox")

    assert await check(sqlite_url) != ()


def damage_pages_of(path: Path, table: str) -> None:
    """Write zeros over the first page of the table's rows."""
    with closing(sqlite3.connect(path)) as database:
        [(root,)] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
        [(size,)] = database.execute("PRAGMA page_size")
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(bytes(size))


async def test_a_row_that_lost_its_other_half_is_found(sqlite_url: str, sqlite_file: Path, clock: SetClock) -> None:
    async with await open_store(sqlite_url, clock=clock) as store:
        await store.commit(a_life("a", 1))
    with closing(sqlite3.connect(sqlite_file, isolation_level=None)) as other:
        other.execute("DELETE FROM events")

    assert await check(sqlite_url) == ("outbox: row 1 has lost its row in events",)


async def test_an_empty_database_is_not_checked_but_sent_to_be_upgraded(tmp_path: Path) -> None:
    with pytest.raises(SchemaOutdated):
        await check(f"sqlite+aiosqlite:///{tmp_path}/none.db")


async def test_a_backup_made_while_the_store_writes_is_whole(sqlite_url: str, tmp_path: Path, clock: SetClock) -> None:
    saved = tmp_path / "saved.db"
    async with await open_store(sqlite_url, clock=clock) as store:
        await store.commit(a_life("before", 3))
        writing = asyncio.create_task(write_on(store))
        await backup(sqlite_url, saved)
        await writing
        assert (await store.counts()).calls == 51

    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert await check(f"sqlite+aiosqlite:///{saved}") == ()
    async with await open_store(f"sqlite+aiosqlite:///{saved}", clock=clock) as restored:
        assert len(await restored.call_events("call_before")) == 3
    assert names_in(tmp_path) == {"callbridge.db", "callbridge.db.lock", "saved.db", "saved.db.lock"}


async def write_on(store: SqlStore) -> None:
    for n in range(50):
        await store.commit(a_life(f"{n}", 2))


async def test_a_backup_never_takes_the_place_of_another_file(sqlite_url: str, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")

    with pytest.raises(StoreError, match="is there already"):
        await backup(sqlite_url, precious)

    assert precious.read_text() == "precious"
    assert names_in(tmp_path) == {"callbridge.db", "precious"}


async def test_a_backup_into_a_folder_that_is_not_there_says_so(sqlite_url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"Make the folder .*/nowhere"):
        await backup(sqlite_url, tmp_path / "nowhere" / "saved.db")


async def test_postgresql_is_saved_with_its_own_tools(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="pg_dump"):
        await backup("postgresql+asyncpg://nobody@127.0.0.1:1/none", tmp_path / "saved")
