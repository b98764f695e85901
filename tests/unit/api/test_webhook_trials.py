"""`/v1/webhooks/{name}/test`: who may, and what is answered and kept."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from callbridge.api import webhook_trials
from callbridge.api.local import LocalServer
from callbridge.api.server import HttpServer
from callbridge.api.status import DatabaseStatus, Status
from callbridge.api.tokens import TokenKeeper
from callbridge.app.followers import Followers
from callbridge.app.served import served
from callbridge.app.trials import WebhookTrials
from callbridge.clock import SystemClock
from callbridge.config import Http
from callbridge.delivery.subscriber import Subscriber
from callbridge.delivery.trial import MARK
from callbridge.errors import StoreUnavailable
from callbridge.ports import Attempt
from callbridge.store import SqlStore
from tests.unit.api.conftest import DEADLINE_S, Api
from tests.unit.delivery.receivers import SECRET, answering, status
from tests.unit.store.made import AT, SetClock, a_call, delivered, telling, told

PATH = "/v1/webhooks/crm/test"


@dataclass
class Told:
    """Who is told of events."""

    subscribers: list[Subscriber] = field(default_factory=list)


@pytest.fixture
async def told_port(told_ones: Told) -> AsyncIterator[int]:
    async with answering(status(204)) as port:
        told_ones.subscribers = [Subscriber("crm", f"http://127.0.0.1:{port}/", SECRET, allow_private=True)]
        yield port


@pytest.fixture
def told_ones() -> Told:
    return Told()


@pytest.fixture
async def api(store: SqlStore, clock: SetClock, told_ones: Told, tmp_path: Path) -> AsyncIterator[Api]:
    trials = WebhookTrials(told_ones, store, SystemClock(), ())
    outside, inside, _ = served(store, Http(), clock, webhook_trials.resources(trials))
    server = HttpServer("127.0.0.1", 0, outside)
    state = Status(version="1", started_at=AT, database=DatabaseStatus(url="x", ok=True))
    local = LocalServer(tmp_path / "control.sock", lambda: state, Followers().subscribe, routes=inside)
    await server.start()
    await local.start()
    timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
    connector = aiohttp.UnixConnector(str(tmp_path / "control.sock"))
    async with (
        aiohttp.ClientSession(f"http://{server.address}", timeout=timeout) as out,
        aiohttp.ClientSession("http://callbridge", connector=connector, timeout=timeout) as within,
    ):
        yield Api(out, within, TokenKeeper(store.tokens, clock), clock, store)
    await server.stop()
    await local.stop()


@pytest.mark.usefixtures("told_port")
async def test_a_token_that_may_write_webhooks_may_test_them(api: Api) -> None:
    came = await api.ask("POST", PATH, await api.token("webhooks:write"), json={"type": "call.missed"})

    assert came.status == 200, came.body
    assert came.json["event"].startswith(MARK)
    assert {key: came.json[key] for key in ("type", "delivered", "result", "said", "advice", "status", "answer")} == {
        "type": "call.missed", "delivered": True, "result": "taken", "said": "answered 204", "advice": None,
        "status": 204, "answer": None,
    }  # fmt: skip
    refused = await api.ask("POST", PATH, await api.token("webhooks:read"), json={})
    assert (refused.status, refused.json["scope"]) == (403, "webhooks:write")


async def test_a_test_that_fails_is_an_answer_and_no_problem(api: Api, told_ones: Told) -> None:
    told_ones.subscribers = [Subscriber("crm", "http://127.0.0.1:9/", SECRET)]
    came = await api.owner("POST", PATH, json={})
    assert (came.status, came.json["delivered"], came.json["result"]) == (200, False, "forbidden")
    assert came.json["advice"].startswith("allow_private = true")


@pytest.mark.usefixtures("told_port")
async def test_one_that_there_is_not_is_not_found(api: Api) -> None:
    assert (await api.owner("POST", "/v1/webhooks/other/test", json={})).status == 404


@pytest.mark.parametrize(
    ("body", "field_name", "said"),
    [
        ({"type": "call.endet"}, "type", 'there is no sample of "call.endet"; did you mean "call.ended"?'),
        ({"type": "agent.status"}, "type", 'there is no sample of "agent.status"'),
        ({"kind": "call.ended"}, "kind", ""),
    ],
)
async def test_what_is_wrong_in_the_body_is_named(
    api: Api, body: Mapping[str, Any], field_name: str, said: str
) -> None:
    refused = await api.owner("POST", PATH, json=body)
    assert refused.status == 422
    (error,) = refused.json["errors"]
    assert error["field"] == field_name
    assert said in error["message"]


async def test_strangers_urls_are_tried_for_the_owner_alone(api: Api, told_port: int) -> None:
    body = {"url": f"http://127.0.0.1:{told_port}/", "secret": SECRET, "allow_private": True}
    assert (await api.owner("POST", "/v1/webhook-trials", json=body)).json["result"] == "taken"
    assert (await api.ask("POST", "/v1/webhook-trials", await api.token("admin"), json=body)).status == 404


@pytest.mark.parametrize("secret", ["hunter2-hunter2-hunter2", "whsec_AAAA", "whsk_AAAA"])
async def test_a_secret_that_cannot_be_used_is_refused_and_not_shown(api: Api, secret: str) -> None:
    refused = await api.owner("POST", "/v1/webhook-trials", json={"url": "https://crm.example/", "secret": secret})
    assert refused.status == 422
    assert [each["field"] for each in refused.json["errors"]] == ["secret"]
    assert secret.encode() not in refused.body


@pytest.mark.usefixtures("told_port")
async def test_a_sample_stands_in_the_log_beside_events_and_changes_nothing_of_theirs(
    api: Api, store: SqlStore, told_ones: Told
) -> None:
    await store.commit(telling(told(a_call("a"), "crm")))
    await api.owner("POST", PATH, json={})
    told_ones.subscribers = [Subscriber("crm", "http://127.0.0.1:9/", SECRET)]
    await api.owner("POST", PATH, json={})
    assert len(await store.backlogs()) == 1
    await store.settle(delivered(*await store.due(AT, 10, frozenset())))

    tries = await store.tries("crm", None, 10)

    assert [(one.type, one.delivered) for one in tries] == [("call.ringing", True), ("test", False), ("test", True)]
    assert (tries[1].status, tries[1].error) == (None, "127.0.0.1 is a private address")
    assert await store.standings() == {}


@pytest.mark.usefixtures("told_port")
async def test_a_database_that_is_away_keeps_nobody_from_the_result(
    api: Api, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: Attempt) -> None:
        raise StoreUnavailable("The database is locked.")

    monkeypatch.setattr(store, "note_try", away)
    assert (await api.owner("POST", PATH, json={})).json["result"] == "taken"


async def test_no_more_than_a_few_are_under_way_at_once(
    api: Api, told_ones: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callbridge.app.trials.MOST", 2)
    came, goes_on = asyncio.Semaphore(0), asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        came.release()
        await goes_on.wait()
        return web.Response(status=204)

    async with answering(wait) as port, asyncio.TaskGroup() as group:
        told_ones.subscribers = [Subscriber("crm", f"http://127.0.0.1:{port}/", SECRET, allow_private=True)]
        under_way = [group.create_task(api.owner("POST", PATH, json={})) for _ in range(2)]
        async with asyncio.timeout(DEADLINE_S):
            await came.acquire()
            await came.acquire()
        refused = await api.owner("POST", PATH, json={})
        goes_on.set()
    assert (refused.status, refused.headers["Retry-After"]) == (429, "5")
    assert [(await each).json["delivered"] for each in under_way] == [True, True]
