"""`Idempotency-Key`: done once, answered twice, also after a restart."""

import asyncio
from datetime import timedelta
from typing import Any, Self

import pytest

from callbridge.api.doors import ControlSocket
from callbridge.api.idempotency import Idempotency
from callbridge.api.problems import Kind, Refused
from callbridge.api.resources import Input, Resource
from callbridge.api.scopes import Scope
from callbridge.api.server import HttpServer
from callbridge.api.serving import routes
from callbridge.errors import StoreUnavailable
from callbridge.ports import Kept, KeptAnswer
from callbridge.store import SqlStore
from tests.unit.api.conftest import Api, Told, asked
from tests.unit.store.made import AT, SetClock

KEY = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
NEW = {"name": "crm", "scopes": ["calls:read"]}


async def test_a_post_sent_twice_is_done_once_and_answered_alike(api: Api) -> None:
    first = await api.owner("POST", "/v1/tokens", json=NEW, headers=KEY)
    second = await api.owner("POST", "/v1/tokens", json=NEW, headers=KEY)

    assert (first.status, second.status) == (201, 201)
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json == first.json | {"token": None}
    assert len((await api.owner("GET", "/v1/tokens")).json["items"]) == 1


async def test_a_secret_is_not_kept_with_the_answer(api: Api) -> None:
    first = await api.owner("POST", "/v1/tokens", json=NEW, headers=KEY)

    kept = await api.store.kept_answers.begin("local", KEY["Idempotency-Key"], Kept("", AT), AT - timedelta(days=1))

    assert kept is not None
    assert kept.answer is not None
    assert first.json["token"].encode() not in kept.answer.body
    assert b'"token":null' in kept.answer.body


async def test_another_request_with_the_same_key_is_refused(api: Api) -> None:
    await api.owner("POST", "/v1/tokens", json=NEW, headers=KEY)

    refused = await api.owner("POST", "/v1/tokens", json=NEW | {"name": "other"}, headers=KEY)

    assert (refused.status, refused.json["type"]) == (422, "/problems/idempotency-key-reused")


async def test_a_request_that_was_refused_may_come_better_with_the_same_key(api: Api) -> None:
    refused = await api.owner("POST", "/v1/tokens", json=NEW | {"scopes": []}, headers=KEY)
    again = await api.owner("POST", "/v1/tokens", json=NEW, headers=KEY)

    assert (refused.status, again.status) == (422, 201)


async def test_after_a_day_the_key_is_as_new(api: Api) -> None:
    await api.owner("POST", "/v1/tokens", json=NEW, headers=KEY)
    api.clock.at = AT + timedelta(hours=24)
    assert (await api.owner("POST", "/v1/tokens", json=NEW, headers=KEY)).status == 201

    api.clock.at = AT + timedelta(hours=24, seconds=1)

    assert (await api.owner("POST", "/v1/tokens", json=NEW, headers=KEY)).status == 409  # the name is taken


@pytest.mark.parametrize("key", ["", "with a space", "ñ", "x" * 256])
async def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    refused = await api.owner("POST", "/v1/tokens", json=NEW, headers={"Idempotency-Key": key})

    assert refused.status == 422
    assert "1 to 255" in refused.json["detail"]


class Steps:
    """A resource whose handler does what a test says."""

    def __init__(self) -> None:
        self.done = 0
        self.go = asyncio.Event()
        self.begun = asyncio.Event()
        self.error: Exception | None = None

    def resource(self) -> Resource:
        async def step(body: Input) -> dict[str, Any]:
            self.begun.set()
            await self.go.wait()
            self.done += 1
            if self.error is not None:
                raise self.error
            return {"done": self.done}

        return Resource("POST", "/steps", step, Scope.ADMIN, "Do a step.")


class Life:
    """One life of a daemon that serves Steps."""

    def __init__(self, store: SqlStore, clock: SetClock, steps: Steps) -> None:
        served = routes([steps.resource()], ControlSocket(), Idempotency(store.kept_answers, clock))
        self._server = HttpServer("127.0.0.1", 0, served)

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop()

    async def ask(self) -> Told:
        return await asked(f"http://{self._server.address}", "POST", "/v1/steps", json={}, headers=KEY)


@pytest.fixture
def steps() -> Steps:
    return Steps()


async def test_a_second_one_while_the_first_runs_is_told_to_wait(
    store: SqlStore, clock: SetClock, steps: Steps
) -> None:
    async with Life(store, clock, steps) as life:
        first = asyncio.create_task(life.ask())
        await asyncio.wait_for(steps.begun.wait(), 10)

        refused = await life.ask()
        steps.go.set()

        assert (refused.status, refused.json["type"]) == (409, "/problems/idempotency-key-in-use")
        assert refused.headers["Retry-After"] == "1"
        assert (await first).json == {"done": 1}
        assert (await life.ask()).json == {"done": 1}


async def test_the_answer_is_told_again_by_the_next_life_of_the_daemon(
    store: SqlStore, clock: SetClock, steps: Steps
) -> None:
    steps.go.set()
    async with Life(store, clock, steps) as life:
        first = await life.ask()
    async with Life(store, clock, steps) as life:
        second = await life.ask()

    assert (first.body, second.headers["Idempotent-Replayed"]) == (second.body, "true")
    assert steps.done == 1


async def test_what_was_under_way_when_the_daemon_was_killed_is_never_simply_done_again(
    store: SqlStore, clock: SetClock, steps: Steps
) -> None:
    async with Life(store, clock, steps) as life:
        broken = asyncio.create_task(life.ask())
        await asyncio.wait_for(steps.begun.wait(), 10)
        async with Life(store, clock, steps) as next_life:
            refused = await next_life.ask()
        steps.go.set()
        await broken

    assert (refused.status, refused.json["type"]) == (409, "/problems/outcome-unknown")
    assert steps.done == 1


async def test_a_refusal_is_kept_but_not_that_of_a_database_that_is_away(
    store: SqlStore, clock: SetClock, steps: Steps
) -> None:
    steps.go.set()
    async with Life(store, clock, steps) as life:
        steps.error = StoreUnavailable("away")
        assert (await life.ask()).json["type"] == "/problems/unavailable"
        steps.error = Refused(Kind.CONFLICT, "no")
        first = await life.ask()
        steps.error = None
        second = await life.ask()

    assert (first.status, second.status, second.body == first.body) == (409, 409, True)
    assert second.headers["Content-Type"] == "application/problem+json"
    assert steps.done == 2


class Deaf:
    """Keeps keys as the database does, but cannot forget while it is away."""

    def __init__(self, store: SqlStore) -> None:
        self._kept = store.kept_answers
        self.away = False

    async def begin(self, who: str, key: str, kept: Kept, forget_before: Any) -> Kept | None:
        return await self._kept.begin(who, key, kept, forget_before)

    async def keep(self, who: str, key: str, answer: KeptAnswer) -> None:
        await self._kept.keep(who, key, answer)

    async def forget(self, who: str, key: str) -> None:
        if self.away:
            raise StoreUnavailable("away")
        await self._kept.forget(who, key)


async def test_a_key_that_could_not_be_forgotten_is_forgotten_later(
    store: SqlStore, clock: SetClock, steps: Steps
) -> None:
    kept = Deaf(store)
    server = HttpServer("127.0.0.1", 0, routes([steps.resource()], ControlSocket(), Idempotency(kept, clock)))
    await server.start()
    steps.go.set()
    steps.error, kept.away = StoreUnavailable("away"), True
    try:
        first = await asked(f"http://{server.address}", "POST", "/v1/steps", json={}, headers=KEY)
        steps.error, kept.away = None, False
        second = await asked(f"http://{server.address}", "POST", "/v1/steps", json={}, headers=KEY)
    finally:
        await server.stop()

    assert (first.status, second.json) == (503, {"done": 2})
    assert first.headers["Retry-After"] == "5"
