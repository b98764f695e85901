"""A database and a mail server, with the worker between them."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callbridge.store import SqlStore, open_store, upgrade
from tests.lab.mail_server import MailServer
from tests.unit.store.made import SetClock

from .made import AT


@pytest.fixture
def clock() -> SetClock:
    clock = SetClock()
    clock.at = AT
    return clock


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the newest schema, to be copied: that is faster than to make one."""
    path = tmp_path_factory.mktemp("notice") / "template.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
async def store(template: Path, tmp_path: Path, clock: SetClock) -> AsyncIterator[SqlStore]:
    path = shutil.copy(template, tmp_path / "callbridge.db")
    async with await open_store(f"sqlite+aiosqlite:///{path}", clock=clock) as opened:
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with MailServer() as running:
        yield running
