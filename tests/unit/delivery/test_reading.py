"""What the reader takes an answer of the database for: whether there is more decides over order."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from callbridge.delivery.pace import Pace
from callbridge.delivery.reading import Reader
from callbridge.delivery.turns import Asking
from callbridge.errors import StoreUnavailable
from callbridge.ports import Due

from .calls import AT, SetClock, an_event, told
from .memory_store import MemoryStore

NOBODY: frozenset[tuple[str, str]] = frozenset()


class CountingBusy(MemoryStore):
    """Counts the busy heads towards the limit, and leaves them out only then."""

    async def due(
        self, now: datetime, limit: int, busy: frozenset[tuple[str, str]], following: int = 0
    ) -> Sequence[Due]:
        found = await super().due(now, limit, NOBODY, following)
        return [head for head in found if (head.subscriber, head.lane) not in busy]


def a_reader(store: MemoryStore, *names: str) -> Reader:
    reader = Reader(store, SetClock(), Pace())
    reader._names |= set(names)
    return reader


def a_backlog(store: MemoryStore, *names: str, count: int = 10) -> None:
    store.write([told(an_event(f"call_{number}"), *names) for number in range(count)])


async def test_a_subscriber_with_more_than_a_page_gets_a_whole_page_whoever_else_waits() -> None:
    store = MemoryStore()
    a_backlog(store, "removed", "removed too", "crm")
    heads = await a_reader(store, "crm")._due(AT, 4, (), {})
    assert len(heads["crm"]) == 4


async def test_busy_lanes_take_nothing_from_the_page() -> None:
    store = CountingBusy()
    a_backlog(store, "crm")
    busy = Asking(AT, frozenset({"call_0", "call_1", "call_2"}), None)
    heads = await a_reader(store, "crm")._due(AT, 4, (), {"crm": busy})
    assert [head.lane for head in heads["crm"]] == ["call_3", "call_4", "call_5", "call_6"]


async def test_a_database_that_is_away_is_the_callers_to_hear_of() -> None:
    store = MemoryStore()
    store.away = True
    with pytest.raises(StoreUnavailable):
        await a_reader(store, "crm")._due(AT, 4, (), {})
