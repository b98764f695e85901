"""Whatever goes wrong is told as one of the problems there are, and of the inside nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web

from callbridge import logs
from callbridge.api import asking, serving
from callbridge.api.doors import ControlSocket
from callbridge.api.idempotency import Idempotency
from callbridge.api.problems import KINDS, Kind, Refused
from callbridge.api.resources import Answer, Input, Resource
from callbridge.api.scopes import Scope
from callbridge.api.server import HttpServer
from callbridge.errors import Conflicting, NotThere, PbxUnreachable, StoreError, StoreUnavailable
from callbridge.store import SqlStore
from tests.unit.api.conftest import asked
from tests.unit.store.made import SetClock

Serve = Callable[[Callable[..., Awaitable[Answer]]], Awaitable[str]]
INSIDE = "postgresql://callbridge:horse@db/callbridge"


@pytest.fixture
async def serve(store: SqlStore, clock: SetClock) -> AsyncIterator[Serve]:
    """Serve one handler at POST /v1/x; return where."""
    servers = []

    async def serving_it(handler: Callable[..., Awaitable[Answer]]) -> str:
        resource = Resource("POST", "/x", handler, Scope.ADMIN, "Do.")
        once = Idempotency(store.kept_answers, clock)
        servers.append(HttpServer("127.0.0.1", 0, serving.routes([resource], ControlSocket(), once)))
        await servers[-1].start()
        return f"http://{servers[-1].address}"

    yield serving_it
    for server in servers:
        await server.stop()


@pytest.mark.patient
@pytest.mark.parametrize(
    ("error", "kind", "detail"),
    [
        (NotThere("There is no such thing."), Kind.NOT_FOUND, "There is no such thing."),
        (Conflicting("It is in the file."), Kind.CONFLICT, "It is in the file."),
        (StoreUnavailable(INSIDE), Kind.UNAVAILABLE, None),
        (TimeoutError(INSIDE), Kind.UNAVAILABLE, None),
        (StoreError(INSIDE), Kind.INTERNAL, None),
        (PbxUnreachable(INSIDE), Kind.INTERNAL, None),
        (KeyError(INSIDE), Kind.INTERNAL, None),
        (web.HTTPExpectationFailed(reason="horse"), Kind.BAD_REQUEST, None),
        (web.HTTPBadGateway(reason="horse"), Kind.INTERNAL, None),
        (Refused(Kind.CONFLICT, "no"), Kind.CONFLICT, "no"),
    ],
)
async def test_an_error_is_told_as_its_problem_and_of_the_inside_nothing(
    serve: Serve, error: Exception, kind: Kind, detail: str | None
) -> None:
    async def fails() -> None:
        raise error

    told = await asked(await serve(fails), "POST", "/v1/x")

    assert (told.status, told.json["type"]) == (KINDS[kind].status, f"/problems/{kind}")
    assert told.json.get("detail") == detail
    assert b"horse" not in told.body
    assert told.headers["Content-Type"] == "application/problem+json"


async def test_a_mistake_of_ours_is_in_the_log_whole(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    async def breaks() -> None:
        raise KeyError("why it broke")

    await asked(await serve(breaks), "POST", "/v1/x")

    assert logs.Action.HTTP_FAILED in (shown := capsys.readouterr().out)
    assert "why it broke" in shown


async def test_a_body_that_does_not_come_is_waited_for_so_long(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "BODY_S", 0.05)

    async def takes(body: Input) -> None:
        raise AssertionError(body)

    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    headers = {"Content-Type": "application/json"}
    told = await asked(await serve(takes), "POST", "/v1/x", data=slowly(), headers=headers)

    assert (told.status, told.json["type"]) == (408, "/problems/too-slow")


async def test_a_handler_that_hangs_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HANDLE_S", 0.05)

    async def hangs() -> None:
        await asyncio.sleep(60)

    told = await asked(await serve(hangs), "POST", "/v1/x")

    assert (told.status, told.json["type"], told.headers["Retry-After"]) == (503, "/problems/unavailable", "5")


async def test_an_answer_of_nothing_is_204(serve: Serve) -> None:
    async def nothing() -> None:
        return None

    told = await asked(await serve(nothing), "POST", "/v1/x")

    assert (told.status, told.body) == (204, b"")


async def test_a_kept_answer_of_nothing_is_nothing_again(serve: Serve) -> None:
    async def nothing() -> None:
        return None

    where, key = await serve(nothing), {"Idempotency-Key": "k"}
    first, second = [await asked(where, "POST", "/v1/x", headers=key) for _ in range(2)]

    assert (first.status, second.status, second.body) == (204, 204, b"")
    assert second.headers["Idempotent-Replayed"] == "true"


async def test_the_head_of_an_answer_can_be_asked_for(serve: Serve, store: SqlStore, clock: SetClock) -> None:
    async def read() -> Answer:
        return {"a": 1}

    resource = Resource("GET", "/y", read, Scope.ADMIN, "Read.")
    routes = serving.routes([resource], ControlSocket(), Idempotency(store.kept_answers, clock))
    server = HttpServer("127.0.0.1", 0, routes)
    await server.start()
    async with aiohttp.ClientSession() as session, session.head(f"http://{server.address}/v1/y") as answer:
        assert (answer.status, answer.headers["Content-Length"], await answer.read()) == (200, "7", b"")
    await server.stop()
