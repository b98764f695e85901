"""What `callbridge check` finds out about a PBX's own log."""

from pathlib import Path

import pytest

from callbridge.app.cel_check import ENOUGH_ROWS, check_cel
from callbridge.clock import SystemClock
from callbridge.config import Finding, Level, load
from tests.cel.test_pairs import HERE
from tests.unit.app.test_audit import configured

LOG = (HERE / "01-answered-caller-hangs-up.csv").read_text()


async def findings(folder: Path, log: str | None, more: str = "") -> list[Finding]:
    path = configured(folder).path
    if log is not None:
        (folder / "Master.csv").write_text(log)
    path.write_text(path.read_text().replace('Master.csv"', f'Master.csv"\n{more}'))
    pbx = load(path, environ={}).pbx[0]
    assert pbx.cel is not None
    return [each async for each in check_cel(pbx, pbx.cel, "callbridge.toml:9", SystemClock())]


def many(log: str) -> str:
    return log * (ENOUGH_ROWS // len(log.splitlines()) + 1)


async def test_a_log_that_has_all_that_is_needed_is_fine(tmp_path: Path) -> None:
    (finding,) = await findings(tmp_path, many(LOG))

    assert finding.level is Level.OK
    assert "CEL can be read, its newest row is of 20" in finding.text


@pytest.mark.parametrize(
    ("log", "more", "level", "text"),
    [
        (None, "", Level.PROBLEM, "No such file or directory"),
        ("", "", Level.WARNING, "CEL is empty"),
        ("1,2,3\n" * 10, "", Level.PROBLEM, "no row has the configured columns"),
        (LOG, 'columns = ["eventtype", "eventtime", "uniqueid"]', Level.PROBLEM, "its `columns` have no cid_name"),
        (
            many("".join(x for x in LOG.splitlines(keepends=True) if "BRIDGE" not in x)),
            "",
            Level.PROBLEM,
            "logs no BRIDGE_",
        ),
        (many(LOG.replace("bridge_id", "bridge")), "", Level.PROBLEM, "the column `extra` is empty"),
        (LOG.replace("17953", "47953"), "", Level.PROBLEM, "minutes in the future"),
        (many(LOG) + "rubbish\n", "", Level.WARNING, "1 rows of the last day cannot be read"),
    ],
)
async def test_each_trouble_is_told_with_what_to_do(
    log: str | None, more: str, level: Level, text: str, tmp_path: Path
) -> None:
    found = [each for each in await findings(tmp_path, log, more) if text in each.text]

    assert [each.level for each in found] == [level]
    assert found[0].advice
