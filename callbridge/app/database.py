"""The commands about the database."""

from collections.abc import AsyncIterator
from pathlib import Path

from callbridge import store
from callbridge.clock import Clock
from callbridge.config import Config, Finding, Level
from callbridge.errors import SchemaOutdated, StoreError
from callbridge.store import SchemaAge


async def upgrade(config: Config) -> str:
    """Bring the schema up to this program's; return the version it is at then."""
    return (await store.upgrade(config.database.url.reveal())).revision or "empty"


async def check_database(config: Config) -> AsyncIterator[Finding]:
    """Try the database and its schema."""
    where = config.where("database", "url")
    url = config.database.url.reveal()
    try:
        state = await store.schema_state(url)
        if state.age is SchemaAge.EMPTY:
            yield Finding(Level.OK, where, "the database is empty", "`callbridge run` will set it up.")
            return
        damages = await store.check(url)
    except SchemaOutdated as error:
        yield Finding(Level.PROBLEM, where, str(error), "Back it up with `callbridge db backup FILE` before.")
    except StoreError as error:
        yield Finding(Level.PROBLEM, where, str(error))
    else:
        for damage in damages:
            yield Finding(Level.PROBLEM, where, f"the database is damaged: {damage}", "Go back to a backup.")
        if not damages:
            yield Finding(Level.OK, where, f"the database is sound, schema {state.revision}")


async def backup(config: Config, file: Path) -> None:
    """Write a copy of the database while the daemon runs."""
    await store.backup(config.database.url.reveal(), file)


async def open_ready(config: Config, clock: Clock) -> store.SqlStore:
    """Open the database for the daemon; an empty one is set up first."""
    url = config.database.url.reveal()
    if (await store.schema_state(url)).age is SchemaAge.EMPTY:
        await store.upgrade(url)
    return await store.open_store(url, clock=clock)
