"""What else may be asked."""

from callbridge.ports import Memory
from callbridge.store import Counts, SqlStore

from .made import AT, a_call, a_life, delivered, failed, telling, told, told_of_the_pbx


async def test_an_empty_database_remembers_nothing(store: SqlStore) -> None:
    assert await store.remember() == Memory(live=[], protocols={}, heard_until={}, missed=[])
    assert await store.counts() == Counts(calls=0, live=0, waiting=0, dead=0, position=0)


async def test_the_events_of_a_call_come_in_order_and_without_those_of_others(store: SqlStore) -> None:
    await store.commit(telling(told(a_call("a", 1)), told(a_call("b", 1)), told(a_call("a", 2))))
    await store.commit(telling(told(a_call("a", 3)), told_of_the_pbx(1)))

    assert await store.call_events("call_a") == [b"evt_a_1", b"evt_a_2", b"evt_a_3"]
    assert await store.call_events("call_nobody") == []


async def test_a_stream_goes_on_where_it_was_left(store: SqlStore) -> None:
    await store.commit(a_life("a", 3))
    first = await store.events_after(0, 2)
    await store.commit(a_life("b", 1))

    rest = await store.events_after(first[-1].position, 10)

    assert [one.id for one in [*first, *rest]] == ["evt_a_1", "evt_a_2", "evt_a_3", "evt_b_1"]
    assert [one.position for one in [*first, *rest]] == sorted(one.position for one in [*first, *rest])
    assert (rest[-1].call_id, rest[-1].sequence, rest[-1].type, rest[-1].at) == ("call_b", 1, "call.ringing", AT)
    assert await store.events_after(rest[-1].position, 10) == []


async def test_events_told_again_get_no_second_place_in_the_stream(store: SqlStore) -> None:
    await store.commit(a_life("a", 2))
    await store.commit(telling(told(a_call("a", 2)), told(a_call("a", 3))))

    assert [one.id for one in await store.events_after(0, 10)] == ["evt_a_1", "evt_a_2", "evt_a_3"]


async def test_counts_tell_the_live_from_the_over_and_the_waiting_from_the_dead(store: SqlStore) -> None:
    await store.commit(telling(told(a_call("a")), told(a_call("b", ended_at=AT)), told(a_call("c"))))
    [a, b, _] = await store.due(AT, 10, frozenset())
    await store.settle([failed(a, None), *delivered(b)])

    found = await store.counts()

    assert (found.calls, found.live, found.waiting, found.dead) == (3, 2, 1, 1)
