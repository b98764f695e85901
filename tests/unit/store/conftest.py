"""A store on each database, empty at the start of every test."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from callbridge.store import SqlStore, open_store, upgrade
from callbridge.store.tables import metadata
from tests.lab.postgres import PostgresServer

from .made import SetClock


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the newest schema, to be copied: that is faster than to make one."""
    path = tmp_path_factory.mktemp("store") / "template.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_file(sqlite_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "callbridge.db"))


@pytest.fixture
def sqlite_url(sqlite_file: Path) -> str:
    return f"sqlite+aiosqlite:///{sqlite_file}"


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The URL of one database with the newest schema for all tests."""
    url = postgres_server.create_database("store")
    asyncio.run(upgrade(url))
    return url


@pytest.fixture
def postgres_url(postgres_template: str) -> str:
    asyncio.run(_emptied(postgres_template))
    return postgres_template


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database with the newest schema."""
    found = request.getfixturevalue(f"{request.param}_url")
    assert isinstance(found, str)
    return found


@pytest.fixture
async def store(url: str, clock: SetClock) -> AsyncIterator[SqlStore]:
    async with await open_store(url, clock=clock) as opened:
        yield opened


async def _emptied(url: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=10)
    try:
        await connection.execute(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY", timeout=10)
    finally:
        await connection.close(timeout=10)
