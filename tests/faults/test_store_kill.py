"""`kill -9` at any moment: what was acknowledged is there, and of a batch all or nothing."""

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from callbridge.ports import Batch
from callbridge.store import SqlStore, check, open_store, upgrade
from tests.lab.postgres import PostgresServer
from tests.unit.store.made import EVER, SetClock, a_call, delivered, telling, told

pytestmark = pytest.mark.faults

ROOT: Final = Path(__file__).parents[2]
LIVES: Final = 8
BATCH: Final = 50
"""Events in a batch, each of a call of its own."""
COMMIT_S: Final = 0.01
"""What a commit of such a batch may take."""

CHILD: Final = """
import asyncio, sys
from tests.faults.test_store_kill import commit_for_ever
asyncio.run(commit_for_ever(sys.argv[1], sys.argv[2]))
"""


@dataclass
class Life:
    """What a child said before it was killed."""

    name: str
    committed: int
    """Batches acknowledged, from the first without a hole."""
    settled: set[str]
    """Events whose delivery was acknowledged as written."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/callbridge.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.create_database("killed")


async def test_what_was_acknowledged_survives_a_kill_and_batches_are_whole(url: str) -> None:
    await upgrade(url)
    choice = random.Random(20261122)  # noqa: S311 - when to kill
    lives = [await asyncio.to_thread(a_life_cut_short, url, f"life{n}", choice) for n in range(LIVES)]

    assert await check(url) == ()
    async with await open_store(url, clock=SetClock()) as store:
        for life in lives:
            await stands_as_it_said(store, life)
        await nothing_is_owed_twice_or_never(store, lives)


async def commit_for_ever(url: str, life: str) -> None:
    """What the child does: say the number of each batch once it is committed, and settle some of what is due."""
    async with await open_store(url, clock=SetClock()) as store:
        number = 0
        while True:
            batch = a_batch(life, number)
            say(committing=number)
            await store.commit(batch)
            say(committed=number)
            if number % 3 == 0:
                found = await store.due(EVER, BATCH, frozenset())
                await store.settle(delivered(*found))
                say(settled=[one.event_id for one in found])
            number += 1


def say(**words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def a_batch(life: str, number: int) -> Batch:
    return telling(*(told(a_call(f"{life}.{number}.{part}")) for part in range(BATCH)))


def a_life_cut_short(url: str, name: str, choice: random.Random) -> Life:
    """Kill a child in the middle of a commit, or whatever it does a moment after it began one."""
    with subprocess.Popen([sys.executable, "-c", CHILD, url, name], stdout=subprocess.PIPE, cwd=ROOT) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(choice.randrange(10, 60))]
        while said[-1] and b"committing" not in said[-1]:
            said.append(child.stdout.readline())
        with suppress(subprocess.TimeoutExpired):
            child.wait(choice.random() * COMMIT_S)
        child.kill()
        said += child.stdout.read().splitlines(keepends=True)
    return a_life(name, [json.loads(line) for line in said if line.endswith(b"\n")])


def a_life(name: str, said: Sequence[dict[str, Any]]) -> Life:
    numbers = [words["committed"] for words in said if "committed" in words]
    assert numbers == list(range(len(numbers)))
    assert numbers, "the child said nothing"
    return Life(name, len(numbers), {event for words in said for event in words.get("settled", ())})


async def stands_as_it_said(store: SqlStore, life: Life) -> None:
    """All acknowledged batches, perhaps one more that was not yet, and of each all or nothing."""
    whole = [await events_of(store, life.name, number) for number in range(life.committed + 2)]

    assert whole[: life.committed] == [BATCH] * life.committed
    assert whole[life.committed] in (0, BATCH)
    assert whole[life.committed + 1] == 0


async def events_of(store: SqlStore, life: str, number: int) -> int:
    found = [await store.call_events(f"call_{life}.{number}.{part}") for part in range(BATCH)]
    return sum(len(events) for events in found)


async def nothing_is_owed_twice_or_never(store: SqlStore, lives: Sequence[Life]) -> None:
    """The outbox and the memory fit what was committed; a settling that was not acknowledged may have happened."""
    counts = await store.counts()
    position = counts.position
    kept = {one.id for one in await store.events_after(0, position)}
    assert counts.calls == counts.live == len(kept)
    waiting = [one.event_id for one in await store.due(EVER, position, frozenset())]
    settled = set[str]().union(*(life.settled for life in lives))

    assert len(waiting) == len(set(waiting))
    assert settled.isdisjoint(waiting)
    missing = kept - set(waiting) - settled
    assert len(missing) <= BATCH * len(lives)
    assert {f"evt_{live.call_id.removeprefix('call_')}_1" for live in (await store.remember()).live} == kept
