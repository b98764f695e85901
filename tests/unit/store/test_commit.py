"""One commit writes everything, once, or nothing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from callbridge.calls.call import Agent, CallState, Leg, LegState, Missed, Moment, Party, Reason, Side, TooLong
from callbridge.errors import StoreError
from callbridge.ports import Batch, LiveCall
from callbridge.store import SqlStore

from .lookup import rows
from .made import AT, EVER, SetClock, a_call, a_life, delivered, ids, telling, told, told_of_the_pbx


async def test_the_bytes_come_back_as_they_were_written(store: SqlStore) -> None:
    body = bytes(range(256))

    await store.commit(telling(told(a_call(), body=body)))

    assert await store.call_events("call_a") == [body]
    [found] = await store.due(AT, 10, frozenset())
    assert found.body == body


async def test_a_call_is_kept_with_every_column(store: SqlStore) -> None:
    seconds = [AT + timedelta(seconds=n) for n in range(4)]
    call = a_call(
        state=CallState.NO_ANSWER,
        queue="sales",
        agent=Agent("1001", "Ana Costa"),
        ended_at=seconds[3],
        wait_s=12.25,
        ring_s=3.5,
        reason=Reason.ABANDONED,
        ended_by=Side.CALLER,
        hangup_cause=16,
        missed=Missed(Reason.ABANDONED, "sales", (Party(extension="1001", name="Ana"),)),
        too_long=TooLong(60.0, AT),
        oddities=2,
        legs=(
            Leg(
                channel="PJSIP/1001-0000002a",
                uniqueid="1.2",
                side=Side.CALLEE,
                who=Party(extension="1001"),
                state=LegState.DOWN,
                started_at=seconds[0],
                rang_at=seconds[1],
                ended_at=seconds[3],
                dial_status="CANCEL",
                cause=26,
            ),
        ),
        timeline=(Moment(CallState.STARTED, seconds[0]), Moment(CallState.NO_ANSWER, seconds[3])),
    )

    await store.commit(telling(told(call)))

    [row] = await rows(store, "calls")
    assert (row.started_at, row.ended_at, row.answered_at) == (AT, seconds[3], None)
    assert (row.from_number, row.from_raw, row.from_name) == ("+351912345678", "912345678", "Maria Silva")
    assert (row.to_number, row.queue, row.agent_extension, row.agent_name) == (
        "+351210000000",
        "sales",
        "1001",
        "Ana Costa",
    )
    assert (row.state, row.reason, row.ended_by, row.hangup_cause) == ("no_answer", "abandoned", "caller", 16)
    assert (row.wait_s, row.ring_s, row.hold_s, row.talk_s, row.oddities) == (12.25, 3.5, 0.0, None, 2)
    assert row.missed == {
        "reason": "abandoned",
        "queue": "sales",
        "rung": [{"number": None, "raw": None, "name": "Ana", "extension": "1001"}],
    }
    assert row.too_long == {"limit_s": 60.0, "at": AT.isoformat()}
    [leg] = await rows(store, "legs")
    assert (leg.channel, leg.side, leg.extension, leg.trunk, leg.cause) == (
        "PJSIP/1001-0000002a",
        "callee",
        "1001",
        False,
        26,
    )
    assert (leg.started_at, leg.rang_at, leg.up_at, leg.ended_at) == (seconds[0], seconds[1], None, seconds[3])
    assert [(moment.state, moment.at) for moment in await rows(store, "timeline")] == [
        ("started", seconds[0]),
        ("no_answer", seconds[3]),
    ]


async def test_legs_and_timeline_are_written_once_the_call_is_over_and_again_when_it_changes(store: SqlStore) -> None:
    timeline = (Moment(CallState.STARTED, AT), Moment(CallState.ANSWERED, AT))
    going_on = a_call(timeline=timeline)
    await store.commit(telling(told(going_on)))
    assert await rows(store, "timeline") == []

    over = replace(going_on, sequence=2, ended_at=AT)
    await store.commit(telling(told(over)))
    assert len(await rows(store, "timeline")) == 2

    await store.commit(telling(told(replace(over, sequence=3, timeline=timeline[:1]))))
    assert len(await rows(store, "timeline")) == 1


async def test_the_memory_of_a_call_goes_with_its_end(store: SqlStore) -> None:
    await store.commit(telling(told(a_call("a")), told(a_call("b")), told(a_call("c"))))
    await store.commit(
        telling(told(a_call("a", 2)), told(a_call("b", 2, ended_at=AT)), told(a_call("c", 2, merged_into="call_a"))),
    )
    # The pipeline gives no memory of a merged call; `telling` does, so it is taken away again.
    await store.commit(Batch(calls=[a_call("c", 2, merged_into="call_a")]))

    memory = await store.remember()

    assert memory.live == [LiveCall("call_a", "main", b"call_a at 2")]


async def test_an_event_told_again_keeps_its_first_bytes_and_is_delivered_once(store: SqlStore) -> None:
    first = telling(told(a_call(), body=b"first"))
    await store.commit(first)

    await store.commit(telling(told(a_call(), "crm", "wallboard", body=b"second")))

    assert await store.call_events("call_a") == [b"first"]
    found = await store.due(EVER, 10, frozenset())
    assert [(one.subscriber, one.body) for one in found] == [("crm", b"first")]


async def test_an_event_told_again_after_its_delivery_is_not_delivered_again(store: SqlStore) -> None:
    batch = a_life("a", 1)
    await store.commit(batch)
    await store.settle(delivered(*await store.due(AT, 10, frozenset())))

    await store.commit(batch)
    await store.commit(telling(told(a_call("a", 1)), told(a_call("a", 2))))

    assert ids(await store.due(EVER, 10, frozenset())) == ["evt_a_2"]


async def test_an_event_twice_in_one_batch_is_one_event(store: SqlStore) -> None:
    await store.commit(telling(told(a_call(), body=b"first"), told(a_call(), body=b"second")))

    assert [one.body for one in await store.due(EVER, 10, frozenset())] == [b"first"]


async def test_another_event_with_the_same_call_and_sequence_is_refused_and_nothing_of_its_batch_is_kept(
    store: SqlStore,
) -> None:
    await store.commit(a_life("a", 1))
    good = told(a_call("b"))
    fault = told(a_call("a", 1))
    fault = replace(fault, event=replace(fault.event, id="evt_other"))

    with pytest.raises(StoreError, match="refused"):
        await store.commit(telling(good, fault))

    assert await store.call_events("call_b") == []
    assert (await store.counts()).calls == 1
    await store.commit(telling(good))
    assert len(await store.call_events("call_b")) == 1


async def test_events_about_no_call_are_kept_though_none_has_a_sequence(store: SqlStore) -> None:
    await store.commit(telling(told_of_the_pbx(1), told_of_the_pbx(2)))

    assert len(await store.due(AT, 10, frozenset())) == 2
    assert [kept.sequence for kept in await store.events_after(0, 10)] == [None, None]


async def test_a_protocol_number_never_goes_down(store: SqlStore) -> None:
    await store.commit(Batch(protocols={"20261122": 42, "20261121": 7}))
    await store.commit(Batch(protocols={"20261122": 41}))
    await store.commit(Batch(protocols={"20261121": 8}))

    assert (await store.remember()).protocols == {"20261122": 42, "20261121": 8}


async def test_an_agent_keeps_the_first_time_and_its_last_known_name(store: SqlStore, clock: SetClock) -> None:
    later = clock.passes(60)
    await store.commit(Batch(agents=[("main", Agent("1001", "Ana"), AT)]))
    await store.commit(Batch(agents=[("main", Agent("1001"), later), ("branch", Agent("1001", "Rui"), AT)]))

    found = {row.pbx: (row.name, row.first_seen, row.last_seen) for row in await rows(store, "agents")}

    assert found == {"main": ("Ana", AT, later), "branch": ("Rui", AT, AT)}


async def test_the_calls_that_ended_last_are_remembered_the_latest_first(store: SqlStore) -> None:
    ended: dict[str, Any] = {"ended_at": AT + timedelta(seconds=9), "state": CallState.COMPLETED}
    later = a_call("c", started_at=AT + timedelta(seconds=1), **ended)
    await store.commit(Batch(calls=[a_call("a"), a_call("b", **ended), later]))

    assert (await store.remember()).over == ("call_c", "call_b")


async def test_when_each_pbx_was_heard_last_is_remembered(store: SqlStore) -> None:
    await store.heard("main", AT)
    await store.heard("branch", AT)
    await store.heard("main", AT + timedelta(seconds=5))

    assert (await store.remember()).heard_until == {"main": AT + timedelta(seconds=5), "branch": AT}


async def test_an_empty_batch_is_no_trouble(store: SqlStore) -> None:
    await store.commit(Batch())

    assert (await store.counts()).position == 0


@pytest.mark.parametrize("name", ["a\0b", "half \ud83d of a smiley", "Иван 🙂"])
async def test_no_name_a_caller_may_have_stops_the_commit(store: SqlStore, name: str) -> None:
    party = Party(number="+351912345678", raw=name, name=name)
    missed = Missed(None, name, (party,))

    await store.commit(telling(told(a_call(caller=party, missed=missed, hangup_cause=2**70, queue=name))))

    [row] = await rows(store, "calls")
    kept = name.replace("\0", "\ufffd").replace("\ud83d", "\ufffd")
    assert (row.from_name, row.from_raw, row.queue, row.hangup_cause) == (kept, kept, kept, None)
    assert row.missed["rung"][0]["name"] == kept
