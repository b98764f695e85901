"""The million calls of the benchmark are what the daemon would have written: rows and bodies say the same."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from callbridge.api.call_object import CallObject
from callbridge.calls.customer import Match
from callbridge.directory.directory import Directory, Ways
from callbridge.directory.ladder import ladder
from callbridge.directory.own import Own
from callbridge.ports import CallQuery, MissedQuery
from callbridge.store import SqlStore, open_store, upgrade
from tests.bench import filled
from tests.unit.store.lookup import rows
from tests.unit.store.made import SetClock

COUNT = 400


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqlStore]:
    for name, value in {"CUSTOMERS": 50, "STRANGERS": 10, "MISSED": 20, "OPEN": 5, "LIVE": 10, "RARE_IS": 40}.items():
        monkeypatch.setattr(filled, name, value)
    url = f"sqlite+aiosqlite:///{tmp_path}/filled.db"
    await upgrade(url)
    filled.fill(tmp_path / "filled.db", COUNT)
    async with await open_store(url, clock=SetClock()) as store:
        yield store


@pytest.mark.patient
async def test_each_body_says_what_its_row_says(store: SqlStore) -> None:
    seen: set[Any] = set()
    for row in await rows(store, "calls"):
        logged = await store.call_log.call(row.id)
        assert logged is not None
        call = orjson.loads(logged.body)["data"]["call"]
        CallObject.model_validate(call)
        if row.ended_at is None:
            continue
        assert (call["id"], call["protocol"], call["pbx"]) == (row.id, row.protocol, row.pbx)
        assert (call["state"], call["direction"], call["reason"]) == (row.state, row.direction, row.reason)
        assert (call["from"]["number"], call["to"]["number"]) == (row.from_number, row.to_number)
        assert (call["queue"], call["talk_s"], call["wait_s"]) == (row.queue, row.talk_s, row.wait_s)
        assert (call["customer"]["match"], call["customer"]["id"]) == (row.customer_match, row.customer_id)
        assert (call["missed"] is not None) == (row.missed is not None)
        assert "\N{SECTION SIGN}" not in logged.body.decode()
        seen.add(row.state)
    assert len(seen) == 5


@pytest.mark.patient
async def test_what_is_rare_is_there(store: SqlStore) -> None:
    rare = filled.RARE
    for query in (
        CallQuery(COUNT, queue=rare["queue"]),
        CallQuery(COUNT, agent=rare["agent"]),
        CallQuery(COUNT, dialled=rare["did"]),
        CallQuery(COUNT, pbx=rare["pbx"]),
        CallQuery(COUNT, directions=(rare["direction"],)),
        CallQuery(COUNT, reasons=(rare["reason"],)),
        CallQuery(COUNT, matches=(rare["match"],)),
        CallQuery(COUNT, min_talk_s=rare["talk_s"]),
        CallQuery(COUNT, min_wait_s=rare["wait_s"]),
    ):
        assert 0 < len(await store.call_log.calls(query)) < COUNT / 10, query
    assert len(await store.call_log.calls(CallQuery(COUNT, states=("ringing",)))) == 10
    assert len(await store.call_log.calls(CallQuery(COUNT))) == COUNT


async def test_customers_and_missed_callers_are_found(store: SqlStore) -> None:
    own = Own(store.customers)
    async with Directory((own,), tuple(ladder((own,))), Ways("PT")) as directory:
        known = (await directory.ask("main", filled.number_of(7))).known
        nobody = (await directory.ask("main", filled.number_of(50 * filled.NUMBERS_EACH))).known

    assert (known.match, known.customer and known.customer.id) == (Match.ONE, "c-2")
    assert nobody.match is Match.NONE
    assert len(await store.missed.rows(MissedQuery(50, states=("open",)))) == 5
    assert len(await store.missed.rows(MissedQuery(50, queue="sales"))) == 4
