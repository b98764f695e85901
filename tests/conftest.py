"""What a whole session shares: one Asterisk with fresh phones for each test, one PostgreSQL."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from tests.effort import SLOW
from tests.faults.figures import said
from tests.lab.ami_tap import AmiTap
from tests.lab.asterisk import Asterisk
from tests.lab.plays import PROPERTY, by_test
from tests.lab.postgres import postgres_server
from tests.lab.program import NoAsterisk, Program, find_program
from tests.lab.room import Room
from tests.lab.tally import tally
from tests.lab.turns import Turns, in_order

__all__ = ["postgres_server"]

# A loaded machine is no finding: no example has a time to keep. All runs but `make properties` try the same examples.
settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=not SLOW, print_blob=True
)
settings.load_profile("unhurried")


def pytest_configure() -> None:
    # Workers must see the tests in one order, also where a set names them; another order each run.
    os.environ.setdefault("PYTHONHASHSEED", str(os.getpid()))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected stays until the end: looking through it for garbage again and again costs much."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = in_order(items)
    for item in items:
        item.user_properties.extend((PROPERTY, scene) for scene in sorted(by_test(item)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if line := tally(terminalreporter.getreports("passed")):
        terminalreporter.write_line(line)
    for line in said(terminalreporter.getreports("passed") + terminalreporter.getreports("failed")):
        terminalreporter.write_line(line)


@pytest.hookimpl(optionalhook=True)  # known where pytest-xdist is
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Turns:
    return Turns(config, log)


@pytest.fixture(scope="session")
def program() -> Program:
    """Skips, with one line that says what to do, when and only when there is no Asterisk or no phone."""
    try:
        return find_program()
    except NoAsterisk as why:
        pytest.skip(str(why))


@pytest.fixture(scope="session")
def pbx(program: Program) -> Iterator[Asterisk]:
    """Shared: a test that stops or kills its PBX takes `own_pbx`."""
    with asyncio.Runner() as runner:
        pbx = Asterisk(program)
        runner.run(pbx.__aenter__())
        try:
            yield pbx
        finally:
            runner.run(pbx.__aexit__(None, None, None))


@pytest.fixture
async def own_pbx(program: Program) -> AsyncIterator[Asterisk]:
    async with Asterisk(program) as pbx:
        yield pbx


@pytest.fixture
async def room(pbx: Asterisk) -> AsyncIterator[Room]:
    async with Room(pbx) as room:
        yield room
    await pbx.settle()


@pytest.fixture
async def tap(pbx: Asterisk) -> AsyncIterator[AmiTap]:
    """What the PBX says, to an observer that is not callbridge."""
    async with pbx.tap() as tap:
        yield tap
