"""The log of everything told, as it is read, and as it is told to a feed."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from callbridge.calls.events import EventType, pbx_event
from callbridge.errors import StoreUnavailable
from callbridge.ports import BEGINNING, Standing, Told
from callbridge.store import SqlStore
from callbridge.store import event_log as module

from .made import AT, a_call, a_life, telling, told, told_of_the_pbx


class Fed:
    """What a feed heard."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.positions: list[int] = []

    def committed(self, events: Sequence[tuple[int, Told]]) -> None:
        self.heard += [one.event.id for _, one in events]
        self.positions += [position for position, _ in events]

    def lost(self) -> None:
        self.heard.append("lost")


@pytest.fixture
def fed(store: SqlStore) -> Fed:
    fed = Fed()
    store.event_log.follow(fed)
    return fed


def at(seconds: float) -> Told:
    return told_of_the_pbx(int(seconds))


async def test_an_empty_log_begins_at_the_beginning(store: SqlStore) -> None:
    log = store.event_log

    assert await log.newest() == await log.before(AT) == await log.find("evt_0") == BEGINNING
    assert await log.find("evt_a_1") is None
    page = await log.behind(0, None)
    assert (page.events, page.upto, page.more) == ((), 0, False)


async def test_pages_follow_one_another_in_the_order_of_commits(store: SqlStore) -> None:
    await store.commit(a_life("b", module.PAGE))
    await store.commit(a_life("a", 3))

    first = await store.event_log.behind(0, None)
    second = await store.event_log.behind(first.upto, None)

    ids = [one.id for one in (*first.events, *second.events)]
    assert ids == [one.id for one in await store.events_after(0, 1000)]
    assert (first.more, second.more) == (True, False)
    assert second.events[-1].body == b"evt_a_3"


async def test_a_page_of_some_types_reaches_as_far_as_one_of_all(store: SqlStore) -> None:
    await store.commit(telling(told_of_the_pbx(0), *(told(a_call("a", number)) for number in range(1, 4))))
    newest = await store.event_log.newest()

    page = await store.event_log.behind(0, ["pbx.connected"])

    assert [one.type for one in page.events] == ["pbx.connected"]
    assert (page.upto, page.more) == (newest.position, False)


async def test_an_event_is_found_by_its_id(store: SqlStore) -> None:
    await store.commit(a_life("a", 3))

    place = await store.event_log.find("evt_a_2")

    assert place is not None
    assert [one.id for one in (await store.event_log.behind(place.position, None)).events] == ["evt_a_3"]


@pytest.mark.parametrize("look_back", [1, 2, 1000])
async def test_since_begins_with_the_first_event_that_happened_then(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, look_back: int
) -> None:
    """Also where one that happened before was committed later: a call told afterwards."""
    monkeypatch.setattr(module, "LOOK_BACK", look_back)
    events = [at(second) for second in (0, 10, 20, 5, 30)]
    for each in events:
        await store.commit(telling(each))

    async def first_since(seconds: float) -> list[str]:
        place = await store.event_log.before(AT + timedelta(seconds=seconds))
        return [one.id for one in (await store.event_log.behind(place.position, None)).events]

    ids = [each.event.id for each in events]
    assert await first_since(31) == []
    assert await first_since(30) == ids[4:]
    if look_back > 1:
        assert await first_since(10) == ids[1:]
        assert await first_since(-1) == ids


async def test_a_feed_hears_what_is_new_with_its_place(store: SqlStore, fed: Fed) -> None:
    await store.commit(a_life("a", 2))
    await store.commit(telling(told(a_call("a", 2)), told(a_call("a", 3))))
    alarm = pbx_event("", EventType.WEBHOOK_DISABLED, AT)
    await store.halt("crm", Standing(), [Told(alarm, b"{}", ())])

    kept = await store.events_after(0, 10)
    assert fed.heard == ["evt_a_1", "evt_a_2", "evt_a_3", alarm.id] == [one.id for one in kept]
    assert fed.positions == [one.position for one in kept]


async def test_after_a_write_of_unknown_outcome_a_feed_is_told_that_it_may_have_missed_something(
    store: SqlStore, fed: Fed, monkeypatch: pytest.MonkeyPatch
) -> None:
    access, write = store._access, store._access.write

    async def written_but_not_known(work: Any) -> Any:
        await write(work)
        raise StoreUnavailable("the answer was lost")

    monkeypatch.setattr(access, "write", written_but_not_known)
    with pytest.raises(StoreUnavailable):
        await store.commit(a_life("a", 1))
    monkeypatch.setattr(access, "write", write)
    await store.commit(a_life("a", 1))  # as the pipeline does; there is nothing new
    await store.commit(a_life("b", 1))

    assert fed.heard == ["lost", "evt_b_1"]


async def test_a_write_that_was_under_way_when_its_waiter_left_counts_until_a_later_one_is_done(
    store: SqlStore, fed: Fed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier write that ends in between says nothing of it."""
    go, write = asyncio.Event(), store._access.write

    async def slow(work: Any) -> Any:
        await go.wait()
        return await write(work)

    monkeypatch.setattr(store._access, "write", slow)
    earlier = asyncio.create_task(store.commit(a_life("a", 1)))
    given_up = asyncio.create_task(store.commit(a_life("b", 1)))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    go.set()
    await earlier
    assert fed.heard == ["evt_a_1"]

    await store.commit(a_life("c", 1))
    assert fed.heard == ["evt_a_1", "lost", "evt_c_1"]
