"""What is told of a gap from the PBX's own log, and what where that cannot be read."""

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from callbridge.app import backfill as module
from callbridge.app.backfill import Backfill
from callbridge.calls import facts as f
from tests.cel.test_pairs import HERE, rows
from tests.unit.app.test_audit import SCENE, configured

BEGIN = rows(SCENE)[0].at
END = rows(SCENE)[-1].at


class Asked:
    """Takes the facts, and knows no call."""

    def __init__(self) -> None:
        self.facts: list[f.Fact] = []

    async def offer(self, facts: Sequence[f.Fact]) -> None:
        self.facts.extend(facts)

    async def known(self, _: Sequence[str]) -> frozenset[str]:
        return frozenset()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    monkeypatch.setattr(module, "SETTLED_S", 0.0)
    return Asked()


def backfill(folder: Path, asked: Asked) -> Backfill:
    pbx = configured(folder).pbx[0]
    assert pbx.cel is not None
    return Backfill(pbx, pbx.cel, asked.known, asked.offer)


def last(asked: Asked) -> f.Fact:
    return asked.facts[-1]


async def tell(log: Backfill, since: datetime = BEGIN) -> None:
    await log.tell(since, END + timedelta(seconds=1))


async def test_a_gap_is_told_to_its_end(tmp_path: Path, asked: Asked) -> None:
    shutil.copy(HERE / f"{SCENE}.csv", tmp_path / "Master.csv")
    log = backfill(tmp_path, asked)
    await tell(log)

    assert all(isinstance(fact, f.Backfilled) for fact in asked.facts[:-1])
    assert len(asked.facts) > 10
    assert last(asked) == f.BackfillDone("main", END + timedelta(seconds=1))
    assert log.error is None


async def test_a_gap_that_is_longer_than_may_be_told_is_not_complete(tmp_path: Path, asked: Asked) -> None:
    shutil.copy(HERE / f"{SCENE}.csv", tmp_path / "Master.csv")
    await tell(backfill(tmp_path, asked), BEGIN - timedelta(days=365))

    assert last(asked) == f.BackfillDone("main", END + timedelta(seconds=1), complete=False)


async def test_what_was_over_when_the_pbx_was_first_heard_is_not_told(tmp_path: Path, asked: Asked) -> None:
    """A gap reaches back a little further than it was; not to before the daemon was there at all."""
    shutil.copy(HERE / f"{SCENE}.csv", tmp_path / "Master.csv")
    later = END + timedelta(milliseconds=1)
    await backfill(tmp_path, asked).tell(later, later + timedelta(seconds=1), later)

    assert asked.facts == [f.BackfillDone("main", later + timedelta(seconds=1))]


async def test_a_log_that_is_not_there_is_an_error_until_it_is_there(tmp_path: Path, asked: Asked) -> None:
    log = backfill(tmp_path, asked)
    await tell(log)

    assert asked.facts == [f.BackfillFailed("main", END + timedelta(seconds=1))]
    assert "No such file or directory" in str(log.error)
    await log.look_again()
    assert "No such file or directory" in str(log.error)
    shutil.copy(HERE / f"{SCENE}.csv", tmp_path / "Master.csv")
    await log.look_again()
    assert log.error is None
    assert len(asked.facts) == 1, "what is told now would be out of its order"
