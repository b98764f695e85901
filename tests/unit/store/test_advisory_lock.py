"""One daemon a PostgreSQL database: on a real one."""

import os
import socket
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from sqlalchemy.pool import QueuePool

from callbridge.errors import AlreadyRunning, StoreError
from callbridge.store import SqlStore, advisory_lock, open_store, upgrade, who_works
from callbridge.store.postgres import PostgresAccess

from .made import AT, SetClock, a_life

pytestmark = pytest.mark.postgres

WRITES = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"


@pytest.fixture
async def url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock is asked for once."""
    monkeypatch.setattr(advisory_lock, "TRIES", 1)


async def ask(url: str, query: str) -> Sequence[Any]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=10)
    try:
        found: Sequence[Any] = await connection.fetch(query, timeout=10)
        return found
    finally:
        await connection.close(timeout=10)


async def cut_off(url: str) -> None:
    """End every other session, as a restart of the server or its keep-alive does."""
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    await ask(url, f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")  # noqa: S608 - ours


@pytest.mark.usefixtures("impatient")
async def test_a_second_daemon_is_refused_and_told_who_works_there(store: SqlStore, url: str) -> None:
    who = rf"\(process {os.getpid()} on {socket.gethostname()}, from 127\.0\.0\.1\)"
    for attempt in (open_store(url, clock=SetClock()), upgrade(url)):
        with pytest.raises(AlreadyRunning, match=rf"Another callbridge {who} works on .*\. Stop it first") as refused:
            await attempt
        assert url.split(":")[2].split("@", maxsplit=1)[0] not in str(refused.value)


async def test_who_looks_only_is_no_hindrance_and_sees_who_works(store: SqlStore, url: str) -> None:
    assert f"process {os.getpid()} on" in (await who_works(url) or "")


async def test_a_database_that_was_given_back_is_free_at_once(url: str) -> None:
    for _ in range(3):
        await (await open_store(url, clock=SetClock())).close()

    assert await who_works(url) is None


async def test_a_lost_connection_takes_the_lock_again_before_it_writes(store: SqlStore, url: str) -> None:
    await cut_off(url)
    assert await who_works(url) is None
    with pytest.raises(StoreError):
        await store.heard("main", AT)

    await store.heard("main", AT)
    assert f"process {os.getpid()} on" in (await who_works(url) or "")


@pytest.mark.usefixtures("impatient")
async def test_whoever_lost_the_database_to_another_writes_nothing_more(store: SqlStore, url: str) -> None:
    await cut_off(url)
    async with await open_store(url, clock=SetClock()) as other:
        with pytest.raises(StoreError):
            await store.commit(a_life("a", 1))  # finds its connection dead
        for _ in range(2):
            with pytest.raises(AlreadyRunning):
                await store.commit(a_life("a", 1))
        with pytest.raises(AlreadyRunning):
            await store.confirm()
        assert (await other.counts()).calls == 0

    await store.commit(a_life("a", 1))
    assert (await store.counts()).calls == 1


async def test_a_session_of_ours_that_the_network_cut_off_is_ended(store: SqlStore, url: str) -> None:
    """The server would miss it half a minute later; this daemon is back at once."""
    access = store._access
    assert isinstance(access, PostgresAccess)
    cut_off_one = access._writer.pool
    (before,) = await ask(url, WRITES)
    await access._writer.dispose(close=False)  # neither side says goodbye

    await store.heard("main", AT)

    (after,) = await ask(url, WRITES)
    assert after != before
    assert isinstance(cut_off_one, QueuePool)
    assert cut_off_one.checkedin() == 1  # nobody else closed it
