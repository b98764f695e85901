"""A real database and a clock that tests set, for whatever is about to go wrong."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from callbridge.store import SqlStore, open_store, upgrade
from tests.unit.delivery.calls import SetClock

from .figures import Figures


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def figures(record_property: Callable[[str, Any], None]) -> Figures:
    return Figures(record_property)


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the newest schema, to be copied: that is faster than to make one."""
    path = tmp_path_factory.mktemp("faults") / "template.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
async def store(database_template: Path, tmp_path: Path, clock: SetClock) -> AsyncIterator[SqlStore]:
    path = shutil.copy(database_template, tmp_path / "callbridge.db")
    opened = await open_store(f"sqlite+aiosqlite:///{path}", clock=clock)
    try:
        yield opened
    finally:
        await opened.close()
