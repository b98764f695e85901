"""`callbridge calls` against a real control socket and a real database."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callbridge.calls.call import Agent, CallState, Direction, Missed, Party, Reason
from callbridge.calls.customer import Customer, Known, Match
from callbridge.cli import _daemon
from callbridge.store import SqlStore
from tests.unit.api.test_calls import the_call, told
from tests.unit.store.made import AT, telling

from .conftest import Answer, Callbridge
from .listing import Asking, asking, daemon

ANA = Agent("1001", "Ana Costa")
SILVA = Known(Match.ONE, Customer("c-17", "Silva Lda"))
TWO = Known(Match.MANY, None, (Customer("c-1", "One"), Customer("c-2", "Two")))
OVER: dict[str, Any] = {"ended_at": AT + timedelta(hours=1)}
# 10:00 in Lisbon on a Sunday in winter; "d" is late on Saturday.
CALLS = (
    the_call("d", -601, state=CallState.COMPLETED, talk_s=3723.0, agent=ANA, **OVER),
    the_call(
        "a", 0, state=CallState.COMPLETED, talk_s=61.5, wait_s=3.0,
        queue="sales", agent=ANA, customer=SILVA, **OVER,
    ),
    the_call(
        "b", 1, state=CallState.CANCELLED, reason=Reason.ABANDONED, missed=Missed(Reason.ABANDONED, "sales"),
        queue="sales", customer=TWO, caller=Party("+351912345678", "912345678", "Rui\x1b[2J"), **OVER,
    ),
    the_call(
        "c", 2, state=CallState.RINGING, direction=Direction.INTERNAL,
        caller=Party(), callee=Party(extension="1002"),
    ),
)  # fmt: skip


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with daemon(tmp_path) as store:
        await store.commit(telling(*map(told, CALLS)))
        yield store


@pytest.fixture
def calls(callbridge: Callbridge, config: Path, store: SqlStore) -> Asking:
    config.write_text(config.read_text().replace('country = "PT"', 'country = "PT"\ntimezone = "Europe/Lisbon"'))
    return asking(callbridge, config, "calls")


def shown(answer: Answer) -> list[list[str]]:
    """Return the words of each line."""
    assert answer.status == 0, answer.err
    return [line.split() for line in answer.out.splitlines()]


async def test_calls_stand_under_their_day_the_newest_first(calls: Asking) -> None:
    lines = shown(await calls())

    assert lines == [
        ["Sunday", "2026-11-22"],
        ["time", "from", "to", "queue", "agent", "customer", "outcome", "wait", "talk", "protocol"],
        ["10:02:00", "internal", "withheld", "1002", "ringing", "20261122-c"],
        [
            *("10:01:00", "in", "Rui␛[2J", "+351912345678", "+351210000000", "sales", "2", "candidates"),
            *("missed:", "abandoned", "20261122-b"),
        ],
        [
            *("10:00:00", "in", "Maria", "Silva", "+351912345678", "+351210000000", "sales", "Ana", "Costa"),
            *("Silva", "Lda", "completed", "0:03", "1:02", "20261122-a"),
        ],
        [],
        ["Saturday", "2026-11-21"],
        ["time", "from", "to", "queue", "agent", "customer", "outcome", "wait", "talk", "protocol"],
        [
            *("23:59:00", "in", "Maria", "Silva", "+351912345678", "+351210000000", "Ana", "Costa"),
            *("completed", "1:02:03", "20261122-d"),
        ],
        [],
    ]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--missed"], "b"),
        (["--not-missed"], "cad"),
        (["--queue", "sales"], "ba"),
        (["--agent", "1001", "--limit", "1"], "a"),
        (["--state", "ringing", "--state", "completed"], "cad"),
        (["--direction", "internal"], "c"),
        (["--reason", "abandoned"], "b"),
        (["--match", "many"], "b"),
        (["--customer", "c-17"], "a"),
        (["--number", "912 345 678", "--queue", "sales"], "ba"),
        (["--number", "00351912345678", "--queue", "sales"], "ba"),
        (["--number", "1002"], "c"),
        (["--did", "210000000", "--missed"], "b"),
        (["--protocol", "20261122-a"], "a"),
        (["--since", "2026-11-22", "--until", "2026-11-22T10:01"], "a"),
        (["--since", "2026-11-21T23:59"], "cbad"),
        (["--min-talk-s", "3600"], "d"),
        (["--min-wait-s", "1", "--pbx", "main"], "a"),
    ],
)
async def test_every_filter_of_the_list_is_an_option(calls: Asking, options: list[str], found: str) -> None:
    answer = await calls(*options, "--json")

    assert answer.status == 0, answer.err
    assert "".join(each["id"].removeprefix("call_") for each in json.loads(answer.out)) == found


async def test_more_than_a_page_is_fetched_page_by_page(calls: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_daemon, "PAGE", 2)

    for limit, found in ((1, "c"), (3, "cba"), (4, "cbad"), (9, "cbad")):
        items = json.loads((await calls("--json", "--limit", str(limit))).out)
        assert "".join(each["id"].removeprefix("call_") for each in items) == found


async def test_csv_is_the_export(calls: Asking) -> None:
    whole = (await calls("--csv", "--queue", "sales")).out
    first = (await calls("--csv", "--limit", "1")).out

    assert whole.splitlines()[0].startswith("started_local,timezone,protocol")
    assert [line.rpartition(",")[2] for line in whole.splitlines()[1:]] == ["call_b", "call_a"]
    assert [line.rpartition(",")[2] for line in first.splitlines()[1:]] == ["call_c"]


async def test_colours_say_what_came_of_a_call(calls: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")

    out = (await calls()).out

    for style, words in (("1;31m", "missed: abandoned"), ("32m", "completed"), ("34m", "ringing")):
        assert f"\x1b[{style}{words}" in out


async def test_no_call_found_is_said_as_such(calls: Asking) -> None:
    answer = await calls("--queue", "nobody")

    assert (answer.status, answer.out, answer.err) == (0, "", "No such calls.\n")


async def test_a_wrong_word_is_answered_with_the_nearest_right_one(calls: Asking) -> None:
    wrong = [
        (("--state", "cancled"), '"cancled" is unknown; did you mean "cancelled"?'),
        (("--reason", "queue_fll"), 'did you mean "queue_full"?'),
        (("--since", "yesterday"), '"yesterday" is no time'),
        (("--agnet", "1"), "--agent"),
    ]
    for words, hint in wrong:
        answer = await calls(*words)
        assert answer.status == 2
        assert hint in " ".join(answer.err.replace("│", "").split())


async def test_what_the_daemon_refuses_is_told(calls: Asking) -> None:
    for more in ((), ("--csv",), ("--json",)):
        answer = await calls("--number", "Maria", *more)
        assert (answer.status, answer.err) == (
            1,
            "callbridge: number: String should match pattern '^[+ ]?[0-9*#]{1,30}$'\n",
        )


async def test_without_a_daemon_it_says_what_to_do(callbridge: Callbridge, config: Path) -> None:
    for more in ((), ("--csv",), ("--json",)):
        answer = await asking(callbridge, config, "calls")(*more)
        assert answer.status == 3
        assert "Start it: systemctl start callbridge" in answer.err
