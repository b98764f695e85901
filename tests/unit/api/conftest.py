"""The API on a real database of each kind, behind both doors."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callbridge.api.local import LocalServer
from callbridge.api.server import HttpServer
from callbridge.api.status import DatabaseStatus, Status
from callbridge.api.tokens import TokenKeeper
from callbridge.app.followers import Followers
from callbridge.app.served import served
from callbridge.config import Http
from callbridge.store import SqlStore, upgrade
from tests.lab.postgres import PostgresServer
from tests.unit.store.conftest import (  # noqa: F401 - fixtures
    clock,
    postgres_url,
    sqlite_file,
    sqlite_template,
    sqlite_url,
    store,
    url,
)
from tests.unit.store.made import AT, SetClock

DEADLINE_S = 10.0


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """A database of this folder's own: the fixture of the store's would be made a second time."""
    url = postgres_server.create_database("api")  # noqa: F811 - not the fixture
    asyncio.run(upgrade(url))
    return url


@dataclass
class Told:
    """An answer, as far as tests look at it."""

    status: int
    headers: dict[str, str]
    body: bytes
    json: Any = None


@dataclass
class Api:
    """`ask` on HTTP, `owner` on the control socket."""

    outside: aiohttp.ClientSession
    inside: aiohttp.ClientSession
    keeper: TokenKeeper
    clock: SetClock
    store: SqlStore
    secrets: list[str] = field(default_factory=list)

    async def token(self, *scopes: str, expires_days: int | None = None) -> str:
        """Return the secret of a new token."""
        _, secret = await self.keeper.create(f"token {len(self.secrets)}", scopes or ("admin",), expires_days)
        self.secrets.append(secret)
        return secret

    async def ask(self, method: str, path: str, token: str | None = None, **more: Any) -> Told:
        headers = more.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        return await _asked(self.outside, method, path, headers=headers, **more)

    async def owner(self, method: str, path: str, **more: Any) -> Told:
        return await _asked(self.inside, method, path, **more)


async def _asked(session: aiohttp.ClientSession, method: str, path: str, **more: Any) -> Told:
    async with session.request(method, path, **more) as answer:
        body = await answer.read()
        plain = await answer.json(content_type=None) if answer.content_type.endswith("json") else None
        return Told(answer.status, dict(answer.headers), body, plain)


async def asked(server: str, method: str, path: str, **more: Any) -> Told:
    """Ask on a connection of its own."""
    async with aiohttp.ClientSession(server, timeout=aiohttp.ClientTimeout(total=DEADLINE_S)) as session:
        return await _asked(session, method, path, **more)


@pytest.fixture
def http() -> Http:
    return Http(requests_per_s=50, requests_burst=200, failures_per_minute=20)


@pytest.fixture
async def api(store: SqlStore, clock: SetClock, http: Http, tmp_path: Path) -> AsyncIterator[Api]:  # noqa: F811
    outside, inside, _ = served(store, http, clock)
    server = HttpServer("127.0.0.1", 0, outside)
    status = Status(version="1", started_at=AT, database=DatabaseStatus(url="x", ok=True))
    local = LocalServer(tmp_path / "control.sock", lambda: status, Followers().subscribe, routes=inside)
    await server.start()
    await local.start()
    timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
    connector = aiohttp.UnixConnector(str(tmp_path / "control.sock"))
    async with (
        aiohttp.ClientSession(f"http://{server.address}", timeout=timeout) as out,
        aiohttp.ClientSession("http://callbridge", connector=connector, timeout=timeout) as within,
    ):
        yield Api(out, within, TokenKeeper(store.tokens, clock), clock, store)
    await server.stop()
    await local.stop()
