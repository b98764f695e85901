"""The call log held against a real Asterisk's log of the same calls."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callbridge.app.audit import audit
from callbridge.calls.call import Call, CallState
from callbridge.config import Audited, Config, Difference, Span, load
from callbridge.errors import CelUnreadable
from callbridge.ports import Batch
from callbridge.store import open_store, upgrade
from tests.cel.test_pairs import HERE, ends, whole
from tests.unit.delivery.calls import SetClock

SCENE = "01-answered-caller-hangs-up"

CONFIG = """\
data_dir = "{folder}"
[[pbx]]
id = "main"
country = "PT"
outside_prefix = "0"
extensions = ["1XXX", "2XX"]
trunks = ["PJSIP/trunk*"]
timezone = "Europe/Lisbon"
[pbx.ami]
secret = "correct horse"
{cel}
[database]
url = "sqlite+aiosqlite:///{folder}/callbridge.db"
"""

Change = Callable[[Call], Call | None]


def told() -> Call:
    """The only call of the scene, as it was told."""
    (call,) = ends(whole(SCENE)).values()
    return call


def configured(folder: Path, *, cel: bool = True) -> Config:
    path = folder / "callbridge.toml"
    path.touch(mode=0o600)
    path.write_text(CONFIG.format(folder=folder, cel=f'[pbx.cel]\nfile = "{folder}/Master.csv"' if cel else ""))
    return load(path, environ={})


async def found(folder: Path, *calls: Call, tolerance_s: float = 2.0) -> list[Difference]:
    shutil.copy(HERE / f"{SCENE}.csv", folder / "Master.csv")
    url = f"sqlite+aiosqlite:///{folder}/callbridge.db"
    await upgrade(url)
    async with await open_store(url, clock=SetClock()) as store:
        await store.commit(Batch(calls=calls))
    span = Span(told().started_at - timedelta(minutes=1), told().started_at + timedelta(hours=1), tolerance_s)
    return [each async for each in audit(configured(folder), span, Audited())]


async def test_what_was_told_as_it_was_does_not_differ(tmp_path: Path) -> None:
    assert await found(tmp_path, told()) == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda call: replace(call, ended_at=None, state=CallState.ANSWERED), "never_ended"),
        (lambda call: replace(call, answered_at=None, state=CallState.NO_ANSWER), "outcome"),
        (lambda call: replace(call, ended_at=call.ended_at + timedelta(seconds=3)), "ended_at"),
        (lambda call: replace(call, answered_at=call.answered_at - timedelta(seconds=3)), "answered_at"),
        (lambda call: replace(call, talk_s=90.0), "talk_s"),
    ],
)
async def test_each_way_of_being_told_wrong_is_named(change: Change, kind: str, tmp_path: Path) -> None:
    changed = change(told())
    assert changed is not None
    (difference,) = await found(tmp_path, changed)

    assert (difference.kind, difference.call, difference.caller) == (kind, told().id, "912345678")


async def test_a_call_that_was_never_told_is_missing(tmp_path: Path) -> None:
    (difference,) = await found(tmp_path)

    assert (difference.kind, difference.told, difference.logged) == ("missing", None, "completed")
    assert "never told: the PBX's log has it as answered, 1 s" in difference.words


async def test_a_call_the_log_does_not_have_is_told_of_too(tmp_path: Path) -> None:
    other = replace(told(), id="call_0000000000000000000000000000dead", protocol="20261122-000099", pbx="main")
    (difference,) = await found(tmp_path, told(), other)

    assert (difference.kind, difference.call) == ("not_in_log", other.id)


async def test_what_is_within_the_tolerance_does_not_differ(tmp_path: Path) -> None:
    late = replace(told(), talk_s=(told().talk_s or 0) + 4)

    assert await found(tmp_path, late, tolerance_s=5.0) == []


async def test_without_a_log_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    span = Span(datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC), 2.0)
    with pytest.raises(CelUnreadable, match=r"has a table \[pbx.cel\]"):
        _ = [each async for each in audit(configured(tmp_path, cel=False), span, Audited())]
