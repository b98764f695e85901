"""What `callbridge check` finds out about a PBX's own log."""

import sqlite3
from contextlib import closing
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


async def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As `callbridge status` does once a gap could not be told."""
    (finding,) = await of_table(tmp_path, "cel")

    assert (finding.level, finding.advice) == (Level.PROBLEM, "Name the one Asterisk writes to in `table`.")
    assert "There is no table cel in" in finding.text


async def test_a_table_with_a_number_for_the_time_is_told(tmp_path: Path) -> None:
    """Where cel_odbc writes the year alone."""
    with closing(sqlite3.connect(tmp_path / "cel.db")) as database:
        database.execute("CREATE TABLE cel (eventtype, eventtime double, uniqueid)")
        database.execute("INSERT INTO cel VALUES ('CHAN_START', 2026.0, '1.1')")
        database.commit()
    found = await of_table(tmp_path, "cel")

    assert [each.level for each in found if "eventtime, 2026.0, is no time" in each.text] == [Level.PROBLEM]


async def of_table(folder: Path, table: str) -> list[Finding]:
    sqlite3.connect(folder / "cel.db").close()
    path = configured(folder).path
    log = f'url = "sqlite+aiosqlite:///{folder}/cel.db"\ntable = "{table}"'
    path.write_text(path.read_text().replace(f'file = "{folder}/Master.csv"', log))
    pbx = load(path, environ={}).pbx[0]
    assert pbx.cel is not None
    return [each async for each in check_cel(pbx, pbx.cel, "callbridge.toml:9", SystemClock())]
