"""What `check` says of subscribers to whom nothing is sent."""

from pathlib import Path

import pytest

from callbridge import store
from callbridge.app.halted_check import check_halted
from callbridge.clock import SystemClock
from callbridge.config import Config, Finding, Level, load
from callbridge.ports import Halt, Standing
from tests.unit.delivery.calls import AT

CONFIG = """\
data_dir = "{folder}"
[[pbx]]
id = "main"
country = "PT"
[pbx.ami]
secret_env = "AMI"
[[webhook]]
name = "bi"
url = "https://bi.example"
secret_env = "HOOK"
[[webhook]]
name = "crm"
url = "https://crm.example"
secret_env = "HOOK"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "callbridge.toml"
    path.write_text(CONFIG.format(folder=tmp_path))
    return load(path, environ={"AMI": "correct horse", "HOOK": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})


async def findings(config: Config) -> list[Finding]:
    return [each async for each in check_halted(config)]


@pytest.mark.patient
async def test_who_is_disabled_or_paused_is_told_with_what_to_do_also_while_the_daemon_is_down(config: Config) -> None:
    url = config.database.url.reveal()
    await store.upgrade(url)
    async with await store.open_store(url, clock=SystemClock()) as opened:
        await opened.halt("crm", Standing(Halt.DISABLED, "it answered 410 Gone", AT, AT, 1))
        await opened.halt("bi", Standing(Halt.PAUSED, "paused by ana", AT))
        await opened.halt("of former times", Standing(Halt.PAUSED, "paused by ana", AT))

    found = {each.text: each for each in await findings(config)}

    assert set(found) == {
        "webhook bi: paused since 2026-11-22 10:00 UTC: paused by ana",
        "webhook crm: disabled since 2026-11-22 10:00 UTC: it answered 410 Gone",
    }
    disabled = found["webhook crm: disabled since 2026-11-22 10:00 UTC: it answered 410 Gone"]
    assert (disabled.level, disabled.where) == (Level.PROBLEM, config.where("webhook", 1))
    assert disabled.advice == "Its events wait; once it works: callbridge webhook resume crm"
    assert {each.level for each in found.values()} == {Level.PROBLEM, Level.WARNING}


async def test_where_there_is_no_database_yet_nobody_is_halted(config: Config) -> None:
    assert await findings(config) == []
