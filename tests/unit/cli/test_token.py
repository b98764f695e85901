"""`callbridge token` against a real control socket and a real database."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from callbridge.api.local import LocalServer
from callbridge.app.followers import Followers
from callbridge.app.served import served
from callbridge.config import Http
from callbridge.store import open_store, upgrade
from tests.unit.store.made import SetClock

from .conftest import Answer, Callbridge
from .test_daemon import HEALTHY

Token = Callable[..., Awaitable[Answer]]


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[None]:
    url, clock = f"sqlite+aiosqlite:///{tmp_path}/callbridge.db", SetClock()
    await upgrade(url)
    async with await open_store(url, clock=clock) as store:
        _, inside, _ = served(store, Http(), clock)
        server = LocalServer(tmp_path / "control.sock", lambda: HEALTHY, Followers().subscribe, routes=inside)
        await server.start()
        yield
        await server.stop()


@pytest.fixture
def token(callbridge: Callbridge, config: Path) -> Token:
    async def asking(*arguments: str) -> Answer:
        async with asyncio.timeout(20):
            return await asyncio.to_thread(callbridge, "token", *arguments, "--config", config)

    return asking


@pytest.mark.usefixtures("daemon")
async def test_the_secret_alone_stands_on_the_output_and_is_never_shown_again(token: Token) -> None:
    made = await token("create", "crm", "--scope", "calls:read", "--scope", "events:read", "--expires-days", "30")

    assert made.status == 0
    assert made.out.startswith("cb_")
    assert made.out.count("\n") == 1
    assert "shown this once" in made.err
    listed = await token("list")
    assert made.out.strip() not in listed.out
    for shown in ("crm", "tok_", "calls:read events:read", "never", "2026-12-22"):
        assert shown in listed.out


@pytest.mark.usefixtures("daemon")
async def test_a_token_is_revoked_by_its_name(token: Token) -> None:
    made = json.loads((await token("create", "crm", "-s", "admin", "--json")).out)

    revoked = await token("revoke", "crm")

    assert revoked.out == f"crm ({made['id']}) is revoked.\n"
    assert json.loads((await token("list", "--json")).out)[0]["revoked_at"] is not None
    assert "revoked 2026-11-22" in (await token("list")).out


@pytest.mark.usefixtures("daemon")
async def test_what_the_daemon_refuses_is_told_in_one_line(token: Token) -> None:
    assert "No tokens" in (await token("list")).err
    await token("create", "crm", "-s", "admin")

    twice, nobody, odd = (
        await token("create", "crm", "-s", "admin"),
        await token("revoke", "a/b"),
        await token("create", "?", "-s", "admin"),
    )

    assert (twice.status, twice.err.count("\n")) == (1, 1)
    assert twice.err.startswith('callbridge: There is a token "crm" already.')
    assert (nobody.status, nobody.err) == (1, "callbridge: Not found: /tokens/a%2Fb\n")
    assert odd.err.startswith("callbridge: name: String should match pattern")


async def test_without_a_daemon_it_says_what_to_do(token: Token) -> None:
    answer = await token("create", "crm", "-s", "admin")

    assert answer.status == 3
    assert "callbridge is not running" in answer.err
    assert "systemctl start callbridge" in answer.err


async def test_a_scope_there_is_not_is_answered_with_those_there_are(token: Token) -> None:
    answer = await token("create", "crm", "-s", "calls:eat")

    assert answer.status == 2
    assert "calls:read" in answer.err
