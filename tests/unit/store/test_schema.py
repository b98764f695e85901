"""The way from nothing to the newest schema, and what is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from callbridge.errors import SchemaOutdated, SchemaTooNew, StoreUnavailable
from callbridge.store import SchemaAge, open_store, schema_state, sqlite, upgrade
from callbridge.store.access import DEADLINE_S, Access
from callbridge.store.opening import open_access
from callbridge.store.tables import metadata

from .made import SetClock, a_life, names_in


@pytest.fixture
async def access(url: str) -> AsyncIterator[Access]:
    opened = await open_access(url, DEADLINE_S)
    yield opened
    await opened.close()


@pytest.fixture
async def of_the_future(url: str) -> AsyncIterator[str]:
    """The URL of a database that a newer callbridge has upgraded."""
    newest = (await schema_state(url)).newest
    await set_revision(url, "9999")
    yield url
    await set_revision(url, newest)  # the PostgreSQL database is for all tests


async def set_revision(url: str, revision: str) -> None:
    opened = await open_access(url, DEADLINE_S)
    statement = text("UPDATE alembic_version SET version_num = :revision").bindparams(revision=revision)
    await opened.write(lambda connection: connection.execute(statement) and None)
    await opened.close()


def differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_the_steps_make_the_tables_the_queries_know(access: Access) -> None:
    assert await access.read(differences) == []


async def test_an_upgrade_of_the_newest_schema_changes_nothing(url: str, clock: SetClock) -> None:
    async with await open_store(url, clock=clock) as store:
        await store.commit(a_life("a", 2))

    state = await upgrade(url)

    assert state.age is SchemaAge.CURRENT
    assert await schema_state(url) == state
    async with await open_store(url, clock=clock) as store:
        assert (await store.counts()).position == 2


async def test_a_database_of_a_newer_callbridge_is_neither_opened_nor_touched(
    of_the_future: str, clock: SetClock
) -> None:
    with pytest.raises(SchemaTooNew, match="schema 9999"):
        await open_store(of_the_future, clock=clock)
    with pytest.raises(SchemaTooNew, match="newer callbridge"):
        await upgrade(of_the_future)

    state = await schema_state(of_the_future)

    assert (state.age, state.revision) == (SchemaAge.TOO_NEW, "9999")


async def test_a_file_that_is_not_there_is_an_empty_database_and_looking_does_not_make_it(
    tmp_path: Path, clock: SetClock
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/new.db"

    assert (await schema_state(url)).age is SchemaAge.EMPTY
    with pytest.raises(SchemaOutdated, match="callbridge db upgrade"):
        await open_store(url, clock=clock)
    assert names_in(tmp_path) == set()


async def test_a_step_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """The last table of the first step is in the way: none of those before it may stay."""
    url = f"sqlite+aiosqlite:///{tmp_path}/new.db"
    path = tmp_path / "new.db"
    sqlite.make_file(path)
    blocked = await open_access(url, DEADLINE_S)
    await blocked.write(lambda connection: connection.execute(text("CREATE TABLE pbx_heard (x)")) and None)
    await blocked.close()

    with pytest.raises(StoreUnavailable, match="pbx_heard already exists"):
        await upgrade(url)

    reading = await open_access(url, DEADLINE_S)
    tables = await reading.read(
        lambda connection: connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
    )
    await reading.close()
    assert tables == ["pbx_heard"]
