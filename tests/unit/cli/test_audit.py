"""`callbridge audit` as an admin types it, on a real log and an empty database."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from callbridge.store import upgrade
from tests.cel.test_pairs import HERE, rows
from tests.unit.app.test_audit import SCENE, configured

from .conftest import Callbridge

DAY = rows(SCENE)[0].at.strftime("%Y-%m-%d")


@pytest.fixture
def audited(tmp_path: Path) -> Path:
    """A configuration whose PBX's log has one call that was never told."""
    shutil.copy(HERE / f"{SCENE}.csv", tmp_path / "Master.csv")
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{tmp_path}/callbridge.db"))
    return configured(tmp_path).path


def test_what_differs_is_listed_and_the_status_says_so(callbridge: Callbridge, audited: Path) -> None:
    answer = callbridge("audit", "--config", audited, "--since", DAY)

    assert answer.status == 1
    assert "912345678 → 210000000  never told: the PBX's log has it as answered, 1 s." in answer.out
    assert answer.out.splitlines()[-1] == "1 calls in the PBX's log. 1 difference."


def test_programs_get_a_list(callbridge: Callbridge, audited: Path) -> None:
    answer = callbridge("audit", "--config", audited, "--since", DAY, "--json")
    (difference,) = json.loads(answer.out)

    assert answer.status == 1
    assert (difference["kind"], difference["caller"], difference["told"]) == ("missing", "912345678", None)


def test_before_it_began_there_is_nothing_to_differ(callbridge: Callbridge, audited: Path) -> None:
    answer = callbridge("audit", "--config", audited, "--since", "2020-01-01", "--until", "2020-01-02T12:00")

    assert (answer.status, answer.out.strip()) == (0, "0 calls in the PBX's log. No differences.")


@pytest.mark.parametrize("when", ["yesterday", "24", "2026-13-01"])
def test_what_is_no_time_is_refused_with_what_to_write(when: str, callbridge: Callbridge, audited: Path) -> None:
    answer = callbridge("audit", "--config", audited, "--since", when)

    assert answer.status == 2
    assert "write 24h, 7d, 2026-11-22 or 2026-11-22T08:00" in " ".join(answer.err.replace("│", "").split())
