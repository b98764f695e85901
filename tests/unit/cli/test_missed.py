"""`callbridge missed` against a real control socket and a real database."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callbridge.calls.call import Party
from callbridge.calls.customer import Customer, Known, Match
from callbridge.calls.missed import Callback, MissedChanges, MissedRow, MissedState, MissedStatus, RecoveredBy
from callbridge.ports import Batch
from callbridge.store import SqlStore
from tests.unit.api.test_calls import the_call, told
from tests.unit.store.made import AT, telling

from .conftest import Answer, Callbridge
from .listing import Asking, asking, daemon

MARIA = Party("+351912345678", "912345678", "Maria\x1b[2J")
SILVA = Known(Match.ONE, Customer("c-17", "Silva Lda"))


def a_row(name: str, minute: int, **other: Any) -> MissedRow:
    at = AT + timedelta(minutes=minute)
    given: dict[str, Any] = {
        "caller": MARIA,
        "first_at": at,
        "last_at": at,
        "last_call": f"call_{name}",
        "key": MARIA.number,
    } | other
    return MissedRow(id=f"missed_{name}", pbx="main", **given)


# 10:00 in Lisbon on a Sunday in winter; "d" is late on Saturday.
ROWS = (
    a_row("a", 0, count=3, first_at=AT - timedelta(days=1), queues=("sales", "vip"), rung=(Party(extension="1001"),)),
    a_row("b", 1, status=MissedStatus.CALLED, callbacks=(Callback("call_x", AT, "1002", "Rui Sousa"),)),
    a_row(
        "c", 2, state=MissedState.RECOVERED, status=MissedStatus.CALLED_BACK, recovered_by=RecoveredBy.CALLBACK,
        recovery_s=245.0,
    ),
    a_row("d", -601, state=MissedState.HIDDEN, closed_by="ana", caller=Party()),
    a_row("e", 3, state=MissedState.EXPIRED),
)  # fmt: skip


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with daemon(tmp_path) as store:
        await store.commit(telling(told(the_call("a", customer=SILVA))))
        yield store


@pytest.fixture
async def rows(store: SqlStore) -> None:
    await store.commit(Batch(missed=MissedChanges(rows=ROWS)))


@pytest.fixture
def missed(callbridge: Callbridge, config: Path, store: SqlStore) -> Asking:
    config.write_text(config.read_text().replace('country = "PT"', 'country = "PT"\ntimezone = "Europe/Lisbon"'))
    return asking(callbridge, config, "missed")


def shown(answer: Answer) -> list[str]:
    assert answer.status == 0, answer.err
    return [" ".join(line.split()) for line in answer.out.splitlines()]


@pytest.mark.usefixtures("rows")
async def test_the_list_stands_under_its_days_with_who_is_calling_back_right_now(missed: Asking) -> None:
    assert shown(await missed()) == [
        "Sunday 2026-11-22",
        "last try caller tries queues rang customer outcome now first try",
        "10:01:00 Maria␛[2J +351912345678 1 called Rui Sousa is calling",
        "10:00:00 Maria␛[2J +351912345678 3 sales, vip 1001 Silva Lda not tried 2026-11-21 10:00",
        "",
    ]


@pytest.mark.usefixtures("rows")
async def test_all_shows_what_left_the_list_and_how(missed: Asking) -> None:
    lines = shown(await missed("--all"))

    assert [line for line in lines if line.endswith(("day 2026-11-21", "day 2026-11-22"))] == [
        "Sunday 2026-11-22",
        "Saturday 2026-11-21",
    ]
    for ending in ("1 expired: not tried", "1 recovered: called back in 4:05", "withheld 1 hidden by ana: not tried"):
        assert [line for line in lines if line.endswith(ending)], ending


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--hidden"], "d"),
        (["--all"], "ecbad"),
        (["--all", "--limit", "2"], "ec"),
        (["--queue", "vip"], "a"),
        (["--agent", "1001"], "a"),
        (["--status", "called"], "b"),
        (["--since", "2026-11-22T10:01"], "b"),
        (["--until", "2026-11-22T10:01"], "a"),
        (["--number", "912 345 678", "--pbx", "main"], "ba"),
        (["--number", "1002"], ""),
    ],
)
async def test_every_filter_of_the_list_is_an_option(missed: Asking, options: list[str], found: str) -> None:
    answer = await missed(*options, "--json")

    assert answer.status == 0, answer.err
    assert "".join(each["id"].removeprefix("missed_") for each in json.loads(answer.out)) == found


@pytest.mark.usefixtures("rows")
async def test_csv_is_the_export(missed: Asking) -> None:
    lines = (await missed("--csv", "--all")).out.splitlines()

    assert lines[0].startswith("last_local,timezone,pbx")
    assert [line.split(",")[0] for line in lines[1:]] == [
        "2026-11-22 10:03:00",
        "2026-11-22 10:02:00",
        "2026-11-22 10:01:00",
        "2026-11-22 10:00:00",
        "2026-11-21 23:59:00",
    ]


@pytest.mark.usefixtures("rows")
async def test_colours_say_how_it_stands(missed: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")

    out = (await missed("--all")).out

    for style, words in (("1;31m", "not tried"), ("33m", "called"), ("32m", "recovered"), ("1;34m", "Rui Sousa is")):
        assert f"\x1b[{style}{words}" in out


async def test_an_empty_list_is_good_news(missed: Asking) -> None:
    assert (await missed()).err == "Nobody waits to be called back.\n"
    assert (await missed("--queue", "vip")).err == "No such callers.\n"


async def test_a_wrong_word_is_answered_with_the_nearest_right_one(missed: Asking) -> None:
    answer = await missed("--status", "not_tryed")

    assert answer.status == 2
    assert 'did you mean "not_tried"?' in answer.err


async def test_without_a_daemon_it_says_what_to_do(callbridge: Callbridge, config: Path) -> None:
    answer = await asking(callbridge, config, "missed")()

    assert answer.status == 3
    assert "Start it: systemctl start callbridge" in answer.err
