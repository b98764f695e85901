"""Any order of commits, deliveries, failures and repetitions keeps the law of lanes.

The store does what a plain model in memory does, whatever hypothesis thinks of.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from callbridge.ports import Attempt, Due
from callbridge.store import SqlStore, open_store

from .made import EVER, SetClock, a_call, telling, told

CALLS = ("a", "b", "c")
SUBSCRIBERS = ("board", "crm")


@dataclass
class Waiting:
    """What the model knows of one row of the outbox."""

    subscriber: str
    lane: str
    sequence: int
    since: datetime
    attempts: int = 0
    next_at: datetime | None = None
    """None until it failed: its turn is when it becomes head."""


class LanesOfTheStore(RuleBasedStateMachine):
    """A store and a list, treated alike."""

    template: ClassVar[Path]

    @initialize()
    def opens(self) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=self.template.parent)
        path = shutil.copy(self.template, f"{self.folder.name}/callbridge.db")
        self.loop = asyncio.new_event_loop()
        self.clock = SetClock()
        self.store: SqlStore = self.does(open_store(f"sqlite+aiosqlite:///{path}", clock=self.clock))
        self.told = dict.fromkeys(CALLS, 0)
        self.outbox: list[Waiting] = []

    def does(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @rule(
        parts=st.lists(st.tuples(st.sampled_from(CALLS), st.sets(st.sampled_from(SUBSCRIBERS))), max_size=5),
        twice=st.booleans(),
    )
    def commits(self, parts: list[tuple[str, set[str]]], *, twice: bool) -> None:
        events = []
        for name, subscribers in parts:
            self.told[name] += 1
            call = a_call(name, self.told[name])
            one = told(call)
            events.append(type(one)(one.event, one.body, tuple(sorted(subscribers))))
            self.outbox += [Waiting(to, call.id, call.sequence, self.clock.now()) for to in subscribers]
        for _ in range(1 + twice):
            self.does(self.store.commit(telling(*events)))

    @rule(seconds=st.integers(1, 20))
    def time_passes(self, seconds: int) -> None:
        self.clock.passes(seconds)

    @rule(fates=st.lists(st.sampled_from(("delivered", "retry", "dead")), min_size=1, max_size=4))
    def tries(self, fates: list[str]) -> None:
        """What is due meets its fate; all results are written at once."""
        found = self.does(self.store.due(self.clock.now(), len(fates), frozenset()))
        self.does(self.store.settle([self.meets(one, fate) for one, fate in zip(found, fates, strict=False)]))

    def meets(self, one: Due, fate: str) -> Attempt:
        now = self.clock.now()
        next_at = now + timedelta(seconds=7) if fate == "retry" else None
        row = next(row for row in self.outbox if (row.subscriber, row.lane, row.sequence) == key(one))
        if next_at:
            row.attempts, row.next_at = row.attempts + 1, next_at
        else:
            self.outbox.remove(row)
        return Attempt(one.subscriber, one.lane, one.event_id, fate == "delivered", now, next_at, "because")

    @invariant()
    def heads_are_the_first_of_their_lanes(self) -> None:
        if not hasattr(self, "store"):
            return
        found = self.does(self.store.due(EVER, 100, frozenset()))
        assert sorted((*key(one), one.attempts) for one in found) == sorted(
            (row.subscriber, row.lane, row.sequence, row.attempts) for row in self.heads()
        )

    @invariant()
    def whoever_has_not_failed_or_has_waited_long_enough_is_due(self) -> None:
        if not hasattr(self, "store"):
            return
        now = self.clock.now()
        found = self.does(self.store.due(now, 100, frozenset()))
        due = [row for row in self.heads() if row.next_at is None or row.next_at <= now]
        assert sorted(map(key, found)) == sorted((row.subscriber, row.lane, row.sequence) for row in due)

    def heads(self) -> list[Waiting]:
        lanes: dict[tuple[str, str], Waiting] = {}
        for row in sorted(self.outbox, key=lambda row: row.sequence):
            lanes.setdefault((row.subscriber, row.lane), row)
        return list(lanes.values())

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.does(self.store.close())
            self.loop.close()
            self.folder.cleanup()


def key(one: Due) -> tuple[str, str, int]:
    return one.subscriber, one.lane, one.sequence


@pytest.fixture
def machine(sqlite_template: Path) -> type[LanesOfTheStore]:
    LanesOfTheStore.template = sqlite_template
    return LanesOfTheStore


@pytest.mark.patient
def test_lanes_keep_their_law(machine: type[LanesOfTheStore]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=20, deadline=None))
