"""A disk that is full: nothing acknowledged is lost, reading goes on, and with room so does writing."""

import os
import resource
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final, Protocol

import pytest

from callbridge.errors import StoreUnavailable
from callbridge.ports import Batch
from callbridge.store import SqlStore, check, open_store, upgrade
from tests.unit.store.made import EVER, SetClock, a_call, delivered, telling, told

pytestmark = pytest.mark.faults

UNMOUNTER: Final = """
trap '' INT TERM HUP
read -r _
! mountpoint -q "$1" || umount --lazy "$1"
"""
"""Waits for the other end of its standard input to close, which `kill -9` does too."""

LETTER: Final = 20_000
"""Bytes of an event, so that a disk is soon full."""


class Disk(Protocol):
    """A place for a database that can run full."""

    folder: Path

    def has_room_again(self) -> None:
        """Let files grow as they like."""


class LimitedFiles:
    """No file of this process may pass a length. SQLite sees an input/output error, not a full disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def runs_full_soon(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, self._before[1]))

    def has_room_again(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


class SmallDisk:
    """A file system of two megabytes, half of it taken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def runs_full_soon(self) -> None:
        self._ballast.write_bytes(bytes(1_000_000))

    def has_room_again(self) -> None:
        self._ballast.unlink(missing_ok=True)


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[LimitedFiles]:
    disk = LimitedFiles(tmp_path)
    yield disk
    disk.has_room_again()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallDisk]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    command = ("sh", "-c", UNMOUNTER, "unmount", tmp_path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0) as unmounter:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", tmp_path], check=True, timeout=30)
        try:
            yield SmallDisk(tmp_path)
            subprocess.run(["umount", tmp_path], check=True, timeout=30)
        finally:
            unmounter.communicate(timeout=30)


@pytest.fixture(params=["limited", "small"])
def disk(request: pytest.FixtureRequest) -> LimitedFiles | SmallDisk:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, LimitedFiles | SmallDisk)
    return found


@pytest.fixture
async def store(disk: LimitedFiles | SmallDisk) -> AsyncIterator[SqlStore]:
    url = f"sqlite+aiosqlite:///{disk.folder}/callbridge.db"
    await upgrade(url)
    async with await open_store(url, clock=SetClock()) as opened:
        disk.runs_full_soon()
        yield opened
        disk.has_room_again()


def a_letter(number: int) -> Batch:
    return telling(told(a_call(f"{number}"), body=bytes(LETTER)))


async def commit_until_full(store: SqlStore) -> int:
    """Return how many batches were acknowledged."""
    for number in range(1000):
        try:
            await store.commit(a_letter(number))
        except StoreUnavailable as error:
            assert "disk" in str(error)  # noqa: PT017 - where it ends is not known before
            return number
    pytest.fail("the disk never ran full")


async def test_a_full_disk_loses_nothing_and_writing_goes_on_when_there_is_room(
    store: SqlStore, disk: LimitedFiles | SmallDisk
) -> None:
    acknowledged = await commit_until_full(store)
    assert acknowledged > 0

    assert len(await store.due(EVER, 1000, frozenset())) == acknowledged
    with pytest.raises(StoreUnavailable):
        await store.commit(a_letter(acknowledged))
    disk.has_room_again()
    await store.commit(a_letter(acknowledged))

    found = await store.due(EVER, 1000, frozenset())
    assert {one.event_id for one in found} == {f"evt_{number}_1" for number in range(acknowledged + 1)}
    await store.settle(delivered(*found))
    await store.close()
    assert await check(f"sqlite+aiosqlite:///{disk.folder}/callbridge.db") == ()


async def test_a_disk_that_was_full_when_the_daemon_died_opens_again(
    store: SqlStore, disk: LimitedFiles | SmallDisk
) -> None:
    acknowledged = await commit_until_full(store)
    await store.close()

    disk.has_room_again()

    async with await open_store(f"sqlite+aiosqlite:///{disk.folder}/callbridge.db", clock=SetClock()) as again:
        assert len((await again.remember()).live) == acknowledged
