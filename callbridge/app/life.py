"""The daemon's life from its start to its end: the database opened and given back, systemd told, signals heard."""

import asyncio
from signal import SIGHUP, SIGINT, SIGTERM
from typing import Final

from callbridge import logs
from callbridge.app import folder, supervision
from callbridge.app.daemon import Daemon, Opened
from callbridge.app.database import open_ready, open_shared
from callbridge.app.notify import Notifier
from callbridge.clock import Clock, SystemClock
from callbridge.config import Config
from callbridge.errors import StoreError
from callbridge.store import SharedStore

CLOSE_S: Final = 3.0
"""For the database to be closed. With what the daemon takes to stop it stays below TimeoutStopSec of the unit."""
PATIENCE_S: Final = 60.0
"""What systemd is asked to wait for a database that is being upgraded, again and again."""

log = logs.logger()


async def run(config: Config) -> None:
    """Be the daemon until SIGTERM or SIGINT. Raises CallbridgeError where it cannot begin, or breaks."""
    clock, notifier = SystemClock(), Notifier()
    stop, reload = asyncio.Event(), asyncio.Event()
    with supervision.signals({SIGTERM: stop, SIGINT: stop, SIGHUP: reload}):
        log.info("starting", action=logs.Action.DAEMON_STARTING, config=str(config.path))
        folder.require(config.data_dir)
        opened = await supervision.unless(stop, _opened(config, clock, notifier))
        if opened is not None:
            store, schema = opened
            try:
                series = await store.series() if isinstance(store, SharedStore) else {}
                await Daemon(config, store, schema, clock, notifier, series).live(stop, reload)
            finally:
                await _closed(store)
    log.info("stopped", action=logs.Action.DAEMON_STOPPED)


async def _opened(config: Config, clock: Clock, notifier: Notifier) -> tuple[Opened, str | None]:
    """Open the database, and have systemd wait as long as that takes."""

    async def ask_for_patience() -> None:
        while True:
            notifier.patience(PATIENCE_S)
            await asyncio.sleep(PATIENCE_S / 3)

    notifier.status("opening the database")
    asking = asyncio.create_task(ask_for_patience(), name="patience")
    try:
        return await (open_ready if config.stream is None else open_shared)(config, clock)
    finally:
        await supervision.cancelled([asking])


async def _closed(store: Opened) -> None:
    """Give the database back; one that hangs does not keep the daemon."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await store.close()
    except (StoreError, TimeoutError) as error:
        log.warning("the database could not be closed", action=logs.Action.STORE_UNAVAILABLE, error=str(error))
