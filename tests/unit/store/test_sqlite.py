"""How SQLite is set up: what makes a commit durable, and one writer the only one."""

import asyncio
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from callbridge.errors import AlreadyRunning, StoreUnavailable
from callbridge.ports import Due
from callbridge.store import SqlStore, due, open_store, outbox, upgrade
from callbridge.store.sqlite import SqliteAccess

from .made import AT, SetClock, a_call, a_life, delivered, names_in, telling, told


@pytest.fixture
async def url(sqlite_url: str) -> str:
    return sqlite_url


def asking(pragma: str) -> Callable[[Connection], object]:
    return lambda connection: connection.scalar(text(f"PRAGMA {pragma}"))


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("wal_autocheckpoint", 1000)],
)
async def test_the_writer_writes_durably_and_checkpoints(store: SqlStore, pragma: str, value: object) -> None:
    assert await store._access.write(asking(pragma)) == value


@pytest.mark.parametrize(("pragma", "value"), [("query_only", 1), ("wal_autocheckpoint", 0)])
async def test_readers_neither_write_nor_checkpoint(store: SqlStore, pragma: str, value: object) -> None:
    assert await store._access.read(asking(pragma)) == value


async def test_a_reader_that_writes_is_refused(store: SqlStore) -> None:
    with pytest.raises(StoreUnavailable, match="readonly"):
        await store._access.read(lambda connection: connection.execute(text("DELETE FROM calls")))


async def test_a_write_begins_as_a_write(store: SqlStore, sqlite_file: Path) -> None:
    """A deferred transaction fails at its first write when another has written since it began."""

    def reads_then_writes(connection: Connection) -> None:
        connection.scalar(text("SELECT count(*) FROM calls"))
        with sqlite3.connect(sqlite_file, timeout=0) as other, pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO protocols VALUES ('20261122', 1)")
        other.close()
        connection.execute(text("INSERT INTO protocols VALUES ('20261123', 1)"))

    await store._access.write(reads_then_writes)

    assert (await store.remember()).protocols == {"20261123": 1}


async def test_work_that_raises_leaves_nothing_and_the_next_is_none_the_worse(store: SqlStore) -> None:
    def half(connection: Connection) -> None:
        connection.execute(text("INSERT INTO protocols VALUES ('20261122', 1)"))
        raise LookupError

    with pytest.raises(LookupError):
        await store._access.write(half)
    await store.commit(a_life("a", 1))

    assert (await store.remember()).protocols == {}
    assert (await store.counts()).calls == 1


async def test_a_write_that_is_given_up_before_its_turn_is_never_done(store: SqlStore) -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def stuck(_: Connection) -> None:
        begun.set()
        assert go_on.wait(10)
        done.append("the first")

    first = asyncio.create_task(store._access.write(stuck))
    assert await asyncio.to_thread(begun.wait, 10)
    second = asyncio.create_task(store._access.write(lambda _: done.append("the second")))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait([second])
    go_on.set()
    await first
    await store._access.write(lambda _: done.append("the third"))

    assert second.cancelled()
    assert done == ["the first", "the third"]


async def test_a_stuck_disk_is_waited_for_no_longer_than_the_deadline(store: SqlStore) -> None:
    assert isinstance(store._access, SqliteAccess)
    go_on = threading.Event()
    store._access._deadline_s = 0.05
    with pytest.raises(StoreUnavailable, match="in time"):
        await store._access.write(lambda _: go_on.wait(10))
    store._access._deadline_s = 10.0
    go_on.set()
    assert await store._access.write(asking("query_only")) == 0


async def test_a_new_file_is_for_its_owner_alone(tmp_path: Path, clock: SetClock) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/new.db"
    umask = os.umask(0)
    try:
        await upgrade(url)
        async with await open_store(url, clock=clock) as store:
            await store.commit(a_life("a", 1))
            found = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names_in(tmp_path)}
    finally:
        os.umask(umask)

    assert found == dict.fromkeys(("new.db", "new.db-wal", "new.db-shm", "new.db.lock"), 0o600)


async def test_a_second_daemon_is_told_who_was_first(store: SqlStore, url: str, clock: SetClock) -> None:
    with pytest.raises(AlreadyRunning, match=f"Process {os.getpid()} works on"):
        await open_store(url, clock=clock)
    with pytest.raises(AlreadyRunning):
        await upgrade(url)

    await store.close()
    await (await open_store(url, clock=clock)).close()


async def test_a_closed_store_says_so_and_may_be_closed_again(store: SqlStore) -> None:
    await store.close()
    await store.close()

    with pytest.raises(StoreUnavailable, match="closed"):
        await store.commit(a_life("a", 1))
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.remember()


async def test_after_a_close_everything_is_in_the_one_file(store: SqlStore, sqlite_file: Path) -> None:
    await store.commit(a_life("a", 3))
    await store.close()

    assert not sqlite_file.with_name("callbridge.db-wal").exists()


async def test_a_path_with_odd_letters_is_the_file_that_is_opened(tmp_path: Path, clock: SetClock) -> None:
    folder = tmp_path / "100% mine? #1"
    folder.mkdir()
    url = f"sqlite+aiosqlite:///{str(folder).replace('%', '%25').replace('?', '%3F')}/calls.db"

    await upgrade(url)
    await (await open_store(url, clock=clock)).close()

    assert names_in(tmp_path) == {"100% mine? #1"}
    assert (folder / "calls.db").exists()


A_DEAD_SUBSCRIBER = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
INSERT INTO {table} SELECT {columns} FROM n
"""


@pytest.fixture
async def crowded(store: SqlStore, clock: SetClock) -> SqlStore:
    """Ten thousand calls of ten events wait for a dead subscriber, half of them due; two wait for a living one."""

    def fill(connection: Connection) -> None:
        event = "i + 1, 'evt_' || i, 'dead_' || (i / 10), i % 10, 'main', 'call.ringing', 0, x'00'"
        head = f"CASE WHEN i % 10 = 0 THEN iif(i % 20 = 0, 0, {2**62}) END"
        row = f"'dead', 'dead_' || (i / 10), i % 10, 'evt_' || i, i + 1, 'waiting', 0, {head}, 0, NULL, NULL"
        connection.exec_driver_sql(A_DEAD_SUBSCRIBER.format(table="events", columns=event))
        connection.exec_driver_sql(A_DEAD_SUBSCRIBER.format(table="outbox", columns=row))

    await store._access.write(fill)
    await store.commit(telling(told(a_call("a")), told(a_call("b"))))
    return store


async def steps(store: SqlStore, work: Callable[[Connection], object], *, writing: bool = False) -> int:
    """How much the database had to do, in hundreds of its own steps."""
    count = 0

    def counted(connection: Connection) -> None:
        def step() -> int:
            nonlocal count
            count += 1
            return 0

        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_progress_handler(step, 100)
        work(connection)
        raw.set_progress_handler(None, 100)

    await (store._access.write if writing else store._access.read)(counted)
    return count


@pytest.mark.patient
async def test_a_hundred_thousand_waiting_for_a_dead_subscriber_cost_the_others_nothing(crowded: SqlStore) -> None:
    found: Sequence[Due] = ()

    def look(connection: Connection) -> None:
        nonlocal found
        found = due.due(connection, AT, 4, frozenset())

    assert await steps(crowded, look) < 20
    assert [one.subscriber for one in found] == ["dead", "dead", "crm", "crm"]


@pytest.mark.patient
async def test_what_is_taken_by_a_strict_subscriber_costs_the_same_however_much_waits_for_it(store: SqlStore) -> None:
    await store.enlist("crm", strict=True)
    costs: list[int] = []
    for waiting in (100, 10_000):
        await store.commit(telling(*(told(a_call(f"{waiting}_{number}")) for number in range(waiting))))
        found = await store.due(AT, 10, frozenset())
        costs.append(await steps(store, partial(outbox.settle, attempts=delivered(*found)), writing=True))
        assert [one.sequence for one in await store.due(AT, 1, frozenset())] == [found[-1].sequence + 1]

    assert costs[1] < 3 * costs[0]


@pytest.mark.patient
async def test_a_commit_beside_a_crowd_is_due_at_once(crowded: SqlStore, clock: SetClock) -> None:
    now = clock.passes(1)
    await crowded.commit(a_life("c", 1))

    found = await crowded.due(now + timedelta(seconds=1), 100, frozenset())

    assert [one.event_id for one in found if one.subscriber == "crm"] == ["evt_a_1", "evt_b_1", "evt_c_1"]
