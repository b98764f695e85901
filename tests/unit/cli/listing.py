"""A daemon with a call log, as far as lists of the command line ask it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from callbridge.api.local import LocalServer
from callbridge.app.followers import Followers
from callbridge.app.served import served
from callbridge.config import Http
from callbridge.store import SqlStore, open_store, upgrade
from tests.unit.store.made import SetClock

from .conftest import Answer, Callbridge
from .test_daemon import HEALTHY

Asking = Callable[..., Awaitable[Answer]]
LISBON = {"main": ZoneInfo("Europe/Lisbon")}


@asynccontextmanager
async def daemon(folder: Path) -> AsyncIterator[SqlStore]:
    url, clock = f"sqlite+aiosqlite:///{folder}/callbridge.db", SetClock()
    await upgrade(url)
    async with await open_store(url, clock=clock) as store:
        _, inside, _ = served(store, Http(), clock, zones=LISBON)
        server = LocalServer(folder / "control.sock", lambda: HEALTHY, Followers().subscribe, routes=inside)
        await server.start()
        yield store
        await server.stop()


def asking(callbridge: Callbridge, config: Path, command: str) -> Asking:
    async def ask(*arguments: str) -> Answer:
        async with asyncio.timeout(20):
            return await asyncio.to_thread(callbridge, command, *arguments, "--config", config)

    return ask
