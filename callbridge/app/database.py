"""The commands about the database."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from callbridge import store
from callbridge.app.findings import problem
from callbridge.clock import Clock
from callbridge.config import Config, Finding, Level
from callbridge.errors import AlreadyRunning, SchemaOutdated, StoreError
from callbridge.logs import Action, logger
from callbridge.store import SchemaAge, SchemaState

UPGRADES: Final = (
    "`callbridge run` upgrades it at its next start, and keeps a copy beside it; or do it now: callbridge db upgrade"
)

TAKEN: Final = "Stop it before this one starts, or give this one a database of its own."

log = logger()


async def upgrade(config: Config) -> str:
    """Bring the schema up to this program's; return the version it is at then."""
    return (await store.upgrade(config.database.url.reveal())).revision or "empty"


async def check_database(config: Config, *, running: bool = True) -> AsyncIterator[Finding]:
    """Try the database and its schema; unless our daemon is `running`, see that nobody else works on it."""
    where = config.where("database", "url")
    url = config.database.url.reveal()
    try:
        state = await store.schema_state(url)
        if state.age is SchemaAge.EMPTY:
            yield Finding(Level.OK, where, "the database is empty", "`callbridge run` will set it up.")
            return
        worker = await store.who_works(url, _claims(config))
        damages = await store.check(url)
    except SchemaOutdated:
        text = f"the database has schema {state.revision}, this callbridge needs {state.newest}"
        yield Finding(Level.WARNING, where, text, UPGRADES)
    except StoreError as error:
        yield problem(where, "database", error)
    else:
        if worker is not None and not running:
            yield Finding(Level.PROBLEM, where, f"another callbridge ({worker}) works on the database", TAKEN)
        for damage in damages:
            yield Finding(Level.PROBLEM, where, f"the database is damaged: {damage}", "Go back to a backup.")
        if not damages:
            yield Finding(Level.OK, where, f"the database is sound, schema {state.revision}")


async def backup(config: Config, file: Path) -> None:
    """Write a copy of the database while the daemon runs."""
    await store.backup(config.database.url.reveal(), file)


async def open_ready(config: Config, clock: Clock) -> tuple[store.SqlStore, str | None]:
    """Open the database for the daemon, and return it with its schema's revision.

    An empty one is set up, an older one brought up to date: whoever upgrades the
    package and restarts the service must not find it silent. A copy of an older
    SQLite database is kept beside it, for the way back.
    """
    state = await _newest(config)
    return await store.open_store(config.database.url.reveal(), clock=clock), state.revision


async def open_shared(config: Config, clock: Clock) -> tuple[store.SharedStore, str | None]:
    """Open the same for one of several processes. Where others begin with us, one upgrades, and the others wait."""
    for left in range(UPGRADE_TRIES, -1, -1):
        try:
            state = await _newest(config)
            break
        except AlreadyRunning:
            if not left:
                raise
            await asyncio.sleep(UPGRADE_REST_S)
    pbxs = [pbx.id for pbx in config.pbx]
    return await store.open_shared_store(config.database.url.reveal(), pbxs, clock=clock), state.revision


UPGRADE_TRIES: Final = 10
UPGRADE_REST_S: Final = 1.0


def _claims(config: Config) -> tuple[store.Claim, ...]:
    return store.ALONE if config.stream is None else store.sharing([pbx.id for pbx in config.pbx])


async def _newest(config: Config) -> SchemaState:
    """Bring the schema up to ours, where there is a step to take."""
    url = config.database.url.reveal()
    state = await store.schema_state(url)
    if state.age is SchemaAge.OUTDATED:
        await _keep_a_copy(config, state)
    if state.age in {SchemaAge.EMPTY, SchemaAge.OUTDATED}:
        former, state = state, await store.upgrade(url)
        log.info("the schema is up to date", action=Action.STORE_MIGRATED, before=former.revision, now=state.revision)
    return state


async def _keep_a_copy(config: Config, state: SchemaState) -> None:
    """Save an older SQLite database before it changes.

    Where there is no room for it, the upgrade goes on: it is all or nothing.
    """
    file = store.sqlite_path(config.database.url.reveal())
    if file is None:
        log.warning("PostgreSQL is upgraded without a copy: it has tools of its own", action=Action.STORE_MIGRATED)
        return
    copy = file.with_name(f"{file.name}.schema-{state.revision}")
    try:
        await backup(config, copy)
    except StoreError as error:
        log.warning("no copy was kept of the older database", action=Action.STORE_MIGRATED, error=str(error))
    else:
        log.info("a copy of the older database is kept", action=Action.STORE_BACKED_UP, path=str(copy))
