"""Looking at files: when they are steady, and what is said of those that are not there."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callbridge.app import measuring
from callbridge.app.measuring import Measuring, is_short
from callbridge.asterisk.recording_file import Look
from callbridge.calls import facts as f
from callbridge.calls.recording_files import AwaitedFile

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Awaiting:
    """A tracker as far as files go: each is awaited until it was answered for."""

    def __init__(self, **files: AwaitedFile) -> None:
        self.files = files
        self.heard: list[f.Fact] = []
        self.news = asyncio.Event()

    @property
    def awaits_files(self) -> bool:
        return bool(self.files)

    def awaited(self) -> dict[str, AwaitedFile]:
        return dict(self.files)

    async def offer(self, facts: Sequence[f.Fact]) -> None:
        for fact in facts:
            assert isinstance(fact, (f.RecordingMeasured, f.RecordingMissing, f.RecordingGoesOn))
            self.heard.append(fact)
            self.files.pop(fact.recording, None)
        self.news.set()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "STEADY_S", 0.01)
    for name, seconds in (("STEADY_WITHIN_S", 0.5), ("APPEARS_WITHIN_S", 0.1), ("AGAIN_S", 0.02)):
        monkeypatch.setattr(measuring, name, seconds)
    for name, seconds in (("CLOSED_WITHIN_S", 0.02), ("SHOWS_WITHIN_S", 0.5)):
        monkeypatch.setattr(measuring, name, seconds)


@asynccontextmanager
async def looking(awaiting: Awaiting, folder: Path) -> AsyncIterator[Measuring]:
    one = Measuring(awaiting, {"main": folder}, awaiting.offer, lambda _: NOW)  # type: ignore[arg-type] # as far as files go
    task = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=5)


async def answer(awaiting: Awaiting, folder: Path) -> f.Fact:
    async with looking(awaiting, folder), asyncio.timeout(5):
        await awaiting.news.wait()
    return awaiting.heard[0]


def awaited(file: str, expected_s: float | None = None) -> AwaitedFile:
    return AwaitedFile("main", file, expected_s)


async def test_a_file_is_told_with_its_size_by_the_pbxs_clock(tmp_path: Path) -> None:
    (tmp_path / "x.sln").write_bytes(bytes(32000))

    fact = await answer(Awaiting(rec_1=awaited("x.sln")), tmp_path)

    assert fact == f.RecordingMeasured("main", NOW, "rec_1", 2.0, 32000)


async def test_a_file_that_still_grows_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "x.sln"
    awaiting = Awaiting(rec_1=awaited("x.sln"))
    file.write_bytes(bytes(16000))
    async with looking(awaiting, tmp_path), asyncio.timeout(5):
        for _ in range(10):
            with file.open("ab") as more:
                more.write(bytes(1600))
            await asyncio.sleep(0.004)
        await awaiting.news.wait()

    assert awaiting.heard == [f.RecordingMeasured("main", NOW, "rec_1", 2.0, 32000)]


async def test_a_file_that_is_shorter_than_the_call_is_not_closed_yet(tmp_path: Path) -> None:
    """Asterisk keeps 32 KB back: it lies still with its header alone, and then grows at once."""
    file = tmp_path / "x.sln"
    file.touch()
    awaiting = Awaiting(rec_1=awaited("x.sln", 2.0))
    async with looking(awaiting, tmp_path), asyncio.timeout(5):
        await asyncio.sleep(0.1)
        assert awaiting.heard == []
        file.write_bytes(bytes(32000))
        await awaiting.news.wait()

    assert awaiting.heard == [f.RecordingMeasured("main", NOW, "rec_1", 2.0, 32000)]


@pytest.mark.patient
async def test_a_file_that_stays_short_is_told_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "x.sln").touch()

    fact = await answer(Awaiting(rec_1=awaited("x.sln", 60.0)), tmp_path)

    assert fact == f.RecordingMeasured("main", NOW, "rec_1", 0.0, 0)


@pytest.mark.parametrize(("file", "folder", "why"), [("x.wav", "", "missing"), ("x.wav", "nowhere", "no_folder")])
async def test_a_file_that_is_not_there(tmp_path: Path, file: str, folder: str, why: str) -> None:
    fact = await answer(Awaiting(rec_1=awaited(file)), tmp_path / folder)

    assert fact == f.RecordingMissing("main", NOW, "rec_1", why)


async def test_a_file_that_appears_a_moment_later_is_found(tmp_path: Path) -> None:
    awaiting = Awaiting(rec_1=awaited("x.sln"))
    async with looking(awaiting, tmp_path), asyncio.timeout(5):
        await asyncio.sleep(0.03)
        (tmp_path / "x.sln").write_bytes(bytes(16000))
        await awaiting.news.wait()

    assert awaiting.heard == [f.RecordingMeasured("main", NOW, "rec_1", 1.0, 16000)]


async def test_each_file_is_answered_for_once_while_it_is_looked_at(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.sln").write_bytes(bytes(16000))
    awaiting = Awaiting(**{f"rec_{number}": awaited(f"{number}.sln") for number in range(20)})
    async with looking(awaiting, tmp_path) as one, asyncio.timeout(5):
        while awaiting.files:
            one.wake()
            await awaiting.news.wait()
            awaiting.news.clear()

    told = [fact.recording for fact in awaiting.heard if isinstance(fact, f.RecordingMeasured)]
    assert sorted(told) == sorted({f"rec_{number}" for number in range(20)})


async def test_what_comes_later_is_looked_at_when_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.sln").write_bytes(bytes(16000))
    awaiting = Awaiting()
    async with looking(awaiting, tmp_path) as one, asyncio.timeout(5):
        awaiting.files["rec_1"] = awaited("x.sln")
        one.wake()
        await awaiting.news.wait()

    assert len(awaiting.heard) == 1


def wav(size: int, *, closed: bool) -> bytes:
    """A WAV file as Asterisk leaves it, or as it is while Asterisk writes to it."""
    sizes = (size + 36, size) if closed else (0, 0)
    fmt = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    return b"RIFF" + struct.pack("<I", sizes[0]) + b"WAVE" + fmt + b"data" + struct.pack("<I", sizes[1]) + bytes(size)


async def test_of_several_one_of_which_is_over_it_is_the_one_that_is_closed(tmp_path: Path) -> None:
    for name, closed in (("1.wav", False), ("2.wav", True), ("3.wav", False)):
        (tmp_path / name).write_bytes(wav(16000, closed=closed))
    file = AwaitedFile("main", "3.wav", 1.0, rivals={"rec_1": "1.wav", "rec_2": "2.wav"})

    assert await answer(Awaiting(rec_3=file), tmp_path) == f.RecordingGoesOn("main", NOW, "rec_3", "rec_2")


async def test_of_several_that_do_not_say_when_they_are_closed_it_is_the_one_that_no_longer_grows(
    tmp_path: Path,
) -> None:
    for name in ("1.sln", "2.sln", "3.sln"):
        (tmp_path / name).write_bytes(bytes(16000))
    awaiting = Awaiting(rec_3=AwaitedFile("main", "3.sln", 1.0, rivals={"rec_1": "1.sln", "rec_2": "2.sln"}))
    async with looking(awaiting, tmp_path), asyncio.timeout(5):
        while not awaiting.heard:
            for name in ("1.sln", "3.sln"):
                with (tmp_path / name).open("ab") as more:
                    more.write(bytes(1600))
            await asyncio.sleep(0.01)

    assert awaiting.heard == [f.RecordingGoesOn("main", NOW, "rec_3", "rec_2")]


@pytest.mark.patient
async def test_of_several_of_which_none_shows_it_is_the_one_it_was_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "3.sln").write_bytes(bytes(16000))
    (tmp_path / "1.sln").write_bytes(bytes(16000))
    file = AwaitedFile("main", "3.sln", 1.0, rivals={"rec_1": "1.sln", "rec_2": "nowhere.sln"})

    assert await answer(Awaiting(rec_3=file), tmp_path) == f.RecordingMeasured("main", NOW, "rec_3", 1.0, 16000)


async def test_a_file_that_may_still_be_written_to_is_told_only_if_it_is_closed(tmp_path: Path) -> None:
    (tmp_path / "open.wav").write_bytes(wav(16000, closed=False))
    (tmp_path / "closed.wav").write_bytes(wav(16000, closed=True))
    (tmp_path / "x.sln").write_bytes(bytes(16000))
    told = {
        name: await answer(Awaiting(rec_1=AwaitedFile("main", name, None, over=False)), tmp_path)
        for name in ("open.wav", "closed.wav", "x.sln", "nowhere.wav")
    }

    goes_on = f.RecordingGoesOn("main", NOW, "rec_1")
    measured = f.RecordingMeasured("main", NOW, "rec_1", 1.0, 16044)
    assert list(told.values()) == [goes_on, measured, goes_on, goes_on]


@pytest.mark.parametrize(
    ("length_s", "expected_s", "short"), [(0.0, 2.0, True), (1.8, 2.0, False), (None, 2.0, False), (0.0, None, False)]
)
def test_short_is_what_lacks_more_than_the_pbx_may_be_out(
    length_s: float | None, expected_s: float | None, *, short: bool
) -> None:
    assert is_short(Look(0, 0, length_s), expected_s) is short
