"""`python -m tests.demo`, as `make demo` starts it."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.demo import __main__ as demo
from tests.demo import sample
from tests.demo.__main__ import Demo, DemoFailed
from tests.demo.sample import missing
from tests.demo.screen import Screen
from tests.lab.program import Program

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
WITHIN_S = 60.0


class Running:
    """The demo as a process; what it prints, it prints to a file."""

    def __init__(self, output: Path, **environ: str) -> None:
        self._output = output
        clean = {key: value for key, value in os.environ.items() if key not in {"ONCE", "DEMO_TAPES", "FORCE_COLOR"}}
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                (sys.executable, "-m", "tests.demo"),
                cwd=ROOT,
                env=clean | environ,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._output.read_text()

    @property
    def folder(self) -> Path:
        found = re.search(r"\S*/callbridge-demo-\w+", self.said)
        assert found, self.said
        return Path(found[0])

    async def says(self, text: str) -> None:
        await until(lambda: text in self.said or self.process.poll() is not None, lambda: self.said)
        assert text in self.said

    async def ends(self) -> int:
        await until(lambda: self.process.poll() is not None, lambda: self.said)
        return self.process.wait()

    async def leaves_nothing(self) -> None:
        folder = self.folder
        await until(
            lambda: not folder.exists() and not processes_of(folder),
            lambda: f"{folder.exists()=} {processes_of(folder)}",
        )


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def begin(**environ: str) -> Running:
        started.append(Running(tmp_path / f"output-{len(started)}", **environ))
        return started[-1]

    yield begin
    for one in started:
        one.process.kill()
        one.process.wait()


async def until(condition: Callable[[], bool], why: Callable[[], str]) -> None:
    try:
        async with asyncio.timeout(WITHIN_S):
            while not condition():  # noqa: ASYNC110 - neither files nor other processes tell us
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(why()) from None


def processes_of(folder: Path) -> list[str]:
    """Everything whose command line names the folder."""
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = command.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        if str(folder) in text:
            found.append(text)
    return found


async def test_real_calls_reach_the_crm_and_it_ends_by_itself(program: Program, start: Callable[..., Running]) -> None:
    running = start(ONCE="1")

    assert await running.ends() == 0, running.said
    told = [("call.answered", "Maria Silva"), ("call.missed", "Rui Costa"), ("call.queued", "João Ferreira", "sales")]
    assert not missing(told, running.said.splitlines())
    assert "Ana's phone rings" in running.said
    assert "\x1b" not in running.said
    await running.leaves_nothing()


async def test_without_asterisk_recorded_calls_go_the_same_way(start: Callable[..., Running]) -> None:
    running = start(ONCE="1", DEMO_TAPES="1")

    assert await running.ends() == 0, running.said
    told = [("call.answered", "Ana Costa"), ("call.missed", "Maria Silva"), ("call.queued", "sales")]
    assert not missing(told, running.said.splitlines())
    await running.leaves_nothing()


async def test_two_side_by_side_do_not_meet_and_ctrl_c_ends_one(start: Callable[..., Running]) -> None:
    first, second = start(DEMO_TAPES="1"), start(DEMO_TAPES="1", ONCE="1")
    await first.says("call.ended")

    os.killpg(first.process.pid, signal.SIGINT)  # as a terminal does: to all of its group

    assert await first.ends() == 0, first.said
    await first.leaves_nothing()
    assert await second.ends() == 0, second.said


async def test_nothing_outlives_a_demo_that_is_killed(program: Program, start: Callable[..., Running]) -> None:
    running = start()
    await running.says("call.ringing")
    assert len(processes_of(running.folder)) >= 4  # Asterisk, the daemon, the CRM, phones

    running.process.kill()

    await running.leaves_nothing()


async def test_it_fails_when_the_crm_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a wrong secret: the CRM listens, and shows not one event."""
    deaf = tmp_path / "crm.py"
    deaf.write_text("print('listening on http://127.0.0.1:9/', flush=True)\nimport time\ntime.sleep(100)\n")
    monkeypatch.setattr(sample, "PROGRAM", deaf)
    monkeypatch.setattr(demo, "TOLD_S", 1.0)
    monkeypatch.setenv("DEMO_TAPES", "1")

    with pytest.raises(DemoFailed, match=r"told of no call\.started with Maria Silva"):
        await Demo(tmp_path, Screen(), once=True).run()


def test_lines_are_missing_from_the_first_that_does_not_come_in_its_turn() -> None:
    told = [("call.started", "Ana"), ("call.ended", "Ana")]

    assert missing(told, ["call.started Ana", "call.ringing Ana", "call.ended Ana"]) == []
    assert missing(told, ["call.ended Ana", "call.started Ana"]) == [("call.ended", "Ana")]
    assert missing(told, ["call.started Rui", "call.ended Ana"]) == told
