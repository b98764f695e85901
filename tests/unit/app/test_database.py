"""What a start does to a database of another age. The ages are played."""

import asyncio
from pathlib import Path

import pytest

from callbridge import store
from callbridge.app.database import check_database, open_ready
from callbridge.clock import SystemClock
from callbridge.config import Config, Finding, Level, load
from callbridge.errors import SchemaTooNew, StoreUnavailable
from callbridge.store import SchemaAge, SchemaState
from callbridge.store.schema import steps

NEWEST = max(steps())

CONFIG = """\
data_dir = "{folder}"
[[pbx]]
id = "main"
country = "PT"
[pbx.ami]
secret = "correct horse"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "callbridge.toml"
    path.write_text(CONFIG.format(folder=tmp_path))
    return load(path, environ={})


@pytest.fixture
async def database(config: Config, tmp_path: Path) -> Path:
    await store.upgrade(config.database.url.reveal())
    return tmp_path / "callbridge.db"


@pytest.fixture
def upgrades(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The database is told to be older, until it is upgraded."""
    done = list[str]()
    upgrade, now = store.upgrade, store.schema_state

    async def noted(url: str) -> SchemaState:
        done.append(url)
        return await upgrade(url)

    async def older(url: str) -> SchemaState:
        return await now(url) if done else SchemaState(SchemaAge.OUTDATED, "0000", NEWEST)

    monkeypatch.setattr(store, "upgrade", noted)
    monkeypatch.setattr(store, "schema_state", older)
    return done


async def findings(config: Config) -> list[Finding]:
    return [finding async for finding in check_database(config)]


async def test_an_empty_database_is_set_up(config: Config) -> None:
    opened, revision = await open_ready(config, SystemClock())
    await opened.close()

    assert revision == NEWEST


@pytest.mark.usefixtures("database")
async def test_an_older_database_is_upgraded_with_a_copy_kept(
    config: Config, upgrades: list[str], tmp_path: Path
) -> None:
    """A package upgrade restarts the service: it must not stay silent until somebody reads the log."""
    opened, revision = await open_ready(config, SystemClock())
    await opened.close()

    copy = tmp_path / "callbridge.db.schema-0000"
    assert (len(upgrades), revision) == (1, NEWEST)
    assert await store.check(f"sqlite+aiosqlite:///{copy}") == ()
    assert copy.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("database")
async def test_where_no_copy_can_be_kept_it_is_upgraded_all_the_same(
    config: Config, upgrades: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(url: str, file: Path) -> None:
        raise StoreUnavailable(f"{file} cannot be written: no room.")

    monkeypatch.setattr(store, "backup", full)
    opened, revision = await open_ready(config, SystemClock())
    await opened.close()

    assert (len(upgrades), revision) == (1, NEWEST)


@pytest.mark.usefixtures("database")
async def test_a_database_of_a_newer_callbridge_is_not_touched(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    async def newer(_: str) -> SchemaState:
        state = SchemaState(SchemaAge.TOO_NEW, "9999", NEWEST)
        state.refuse_newer()
        return state

    monkeypatch.setattr(store, "schema_state", newer)
    with pytest.raises(SchemaTooNew):
        await open_ready(config, SystemClock())


@pytest.mark.usefixtures("database")
async def test_check_says_that_an_older_database_will_be_upgraded(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = SchemaState(SchemaAge.OUTDATED, "0000", NEWEST)

    async def older(_: str) -> SchemaState:
        return state

    async def refuses(_: str) -> tuple[str, ...]:
        state.require_current()
        return ()

    monkeypatch.setattr(store, "schema_state", older)
    monkeypatch.setattr(store, "check", refuses)
    (found,) = await findings(config)

    assert found.level is Level.WARNING
    assert found.text == f"the database has schema 0000, this callbridge needs {NEWEST}"
    assert "callbridge db upgrade" in found.advice


async def test_check_says_that_an_empty_database_will_be_set_up(config: Config) -> None:
    (found,) = await findings(config)

    assert (found.level, found.text) == (Level.OK, "the database is empty")


@pytest.mark.usefixtures("database")
async def test_a_sound_database_is_told_with_its_schema(config: Config) -> None:
    (found,) = await findings(config)

    assert (found.level, found.text) == (Level.OK, f"the database is sound, schema {NEWEST}")


async def test_a_file_that_is_no_database_is_told_with_what_to_do(config: Config, tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "callbridge.db").write_bytes, b"not a database" * 1000)
    (found,) = await findings(config)

    assert found.level is Level.PROBLEM
    assert "go back to a backup" in found.advice
