"""A person says whom a call is with: through the real pipeline, into a real database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from callbridge.app.choosing import Choosing
from callbridge.calls import facts as f
from callbridge.calls.arrival import call_id
from callbridge.calls.customer import NOBODY, Customer
from callbridge.calls.numbers import PbxProfile
from callbridge.calls.tracker import Tracker
from callbridge.clock import SystemClock
from callbridge.delivery.payload import render
from callbridge.directory.directory import Directory, Ways
from callbridge.directory.e164 import number_plan
from callbridge.directory.ladder import ladder
from callbridge.directory.own import Own
from callbridge.errors import Conflicting, NotThere
from callbridge.pipeline import Pipeline
from callbridge.ports import KeptCustomer
from callbridge.ports.outlets import Outlets
from callbridge.store import SqlStore, open_store, upgrade
from callbridge.store.tables import calls, legs

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
MARIA = call_id("main", "1795341600.1")
SILVA = Customer("c-17", "Silva Lda", url="https://crm.example/c/17")


@dataclass
class Desk:
    """Everything between a person and the database."""

    pipeline: Pipeline
    store: SqlStore
    choosing: Choosing
    tracker: Tracker

    async def hear(self, *facts: f.Fact) -> None:
        await self.pipeline.settled(facts)

    async def calls(self, uniqueid: str = "1795341600.1", number: str = "912345678", pbx: str = "main") -> None:
        name = "PJSIP/trunk-00000001"
        await self.hear(
            f.ChannelBorn(pbx, AT, uniqueid, name, uniqueid, calling=True, number=number, exten="210000000")
        )

    async def hangs_up(self) -> None:
        await self.hear(f.ChannelGone("main", AT + timedelta(seconds=5), "1795341600.1", 16))

    async def events(self) -> list[dict[str, Any]]:
        told = await self.store.call_log.events_of(MARIA, 0, 100)
        return [orjson.loads(body) for _, body in told]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    url, clock = f"sqlite+aiosqlite:///{tmp_path}/callbridge.db", SystemClock()
    await upgrade(url)
    async with await open_store(url, clock=clock) as store:
        plan = number_plan("PT")
        profiles = {each: PbxProfile(each, trunks=("PJSIP/trunk*",), asks=True, to_e164=plan) for each in ("main", "b")}
        tracker = Tracker(profiles)
        pipeline = Pipeline(tracker, store, Outlets(render, lambda _: (), lambda _: None), clock)
        own = Own(store.customers)
        directory = Directory((own,), ladder((own,)), Ways("PT"))
        choosing = Choosing(
            tracker, pipeline.settled, store.call_log, store.customers, directory, clock, lambda _: AT, ("main",)
        )
        running = asyncio.create_task(pipeline.run())
        yield Desk(pipeline, store, choosing, tracker)
        await pipeline.stop()
        await running


def customers_in(events: Sequence[dict[str, Any]]) -> list[str | None]:
    return [event["data"]["call"]["customer"]["id"] for event in events]


async def test_a_call_that_goes_on_is_relinked(desk: Desk) -> None:
    await desk.calls()
    told = orjson.loads(await desk.choosing.choose(MARIA, SILVA, "Ana", remember=False))
    await desk.hangs_up()

    assert (told["type"], told["data"]["sequence"], told["data"]["by"]) == ("call.updated", 2, "Ana")
    assert customers_in(await desk.events()) == [None, "c-17", "c-17", "c-17"]


async def test_a_call_that_is_over_is_relinked_again_and_again(desk: Desk) -> None:
    await desk.calls()
    await desk.hear(f.DirectoryAnswered("main", AT, "+351912345678", known=NOBODY))
    await desk.hangs_up()
    before = (await desk.events())[-1]["data"]["call"]
    await desk.choosing.choose(MARIA, SILVA, "Ana", remember=False)
    await desk.choosing.choose(MARIA, None, "Rui", remember=False)

    events = await desk.events()
    assert [event["data"]["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert customers_in(events)[-2:] == ["c-17", None]
    after = events[-1]["data"]["call"]
    assert (after.pop("customer")["by"], before.pop("customer")["by"]) == ("Rui", None)
    assert after == before, "nothing else of the call has changed"


async def test_the_call_log_has_it_and_keeps_the_rest(desk: Desk) -> None:
    await desk.calls()
    await desk.hear(f.DirectoryAnswered("main", AT, "+351912345678", known=NOBODY))
    await desk.hangs_up()
    await desk.choosing.choose(MARIA, SILVA, "Ana", remember=False)

    row = await desk.store._access.read(
        lambda connection: connection.execute(
            select(calls.c.customer_id, calls.c.sequence, calls.c.ended_at, legs.c.started_at)
            .join_from(calls, legs)
            .where(calls.c.id == MARIA)
        ).one()
    )
    assert tuple(row) == ("c-17", 5, AT + timedelta(seconds=5), AT)


async def test_many_choices_at_once_all_count(desk: Desk) -> None:
    await desk.calls()
    await desk.hear(f.DirectoryAnswered("main", AT, "+351912345678", known=NOBODY))
    await desk.hangs_up()
    people = [f"Agent {number}" for number in range(20)]
    chosen = [desk.choosing.choose(MARIA, Customer(f"c-{who}"), who, remember=False) for who in people]
    told = [orjson.loads(body)["data"] for body in await asyncio.gather(*chosen)]

    assert [data["by"] for data in told] == people
    assert [data["sequence"] for data in told] == list(range(5, 25))
    assert customers_in(await desk.events())[4:] == [f"c-{who}" for who in people]


async def test_who_is_named_by_id_alone_is_looked_up(desk: Desk) -> None:
    await desk.store.customers.put([KeptCustomer("c-17", AT, AT, name="Silva Lda", type="vip")])
    await desk.calls()
    told = orjson.loads(await desk.choosing.choose(MARIA, Customer("c-17"), "Ana", remember=False))

    assert told["data"]["call"]["customer"]["type"] == "vip"


async def test_a_choice_is_remembered_for_the_number_and_forgotten(desk: Desk) -> None:
    await desk.calls()
    await desk.choosing.choose(MARIA, SILVA, "Ana", remember=True)
    key = "+351912345678"
    found = await desk.store.customers.choices([key])
    assert (found[key][0].by, found[key][1].name) == ("Ana", "Silva Lda")

    await desk.choosing.choose(MARIA, None, "Ana", remember=True)
    assert await desk.store.customers.choices([key]) == {}


async def test_what_cannot_be_chosen_is_refused_and_nothing_is_told(desk: Desk) -> None:
    await desk.calls("1795341600.2", "anonymous")
    await desk.calls("1795341600.3", pbx="b")
    withheld, elsewhere = call_id("main", "1795341600.2"), call_id("b", "1795341600.3")

    with pytest.raises(NotThere):
        await desk.choosing.choose("call_of_nobody", SILVA, "Ana", remember=False)
    with pytest.raises(Conflicting, match="no number to remember"):
        await desk.choosing.choose(withheld, SILVA, "Ana", remember=True)
    with pytest.raises(Conflicting, match="another daemon hears"):
        await desk.choosing.choose(elsewhere, SILVA, "Ana", remember=False)
    for each in (withheld, elsewhere):
        assert len(await desk.store.call_log.events_of(each, 0, 10)) == 1
