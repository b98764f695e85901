import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from callbridge.api import health, metrics
from callbridge.api.health import Health
from callbridge.api.server import HttpServer
from callbridge.errors import AlreadyRunning, CallbridgeError

DEADLINE_S = 10.0


@dataclass
class Daemon:
    health: Health


@pytest.fixture
def daemon() -> Daemon:
    return Daemon(Health(alive=True))


@pytest.fixture
async def server(daemon: Daemon) -> AsyncIterator[HttpServer]:
    async def breaks(_: web.Request) -> web.Response:
        raise ValueError("correct horse battery staple")

    server = HttpServer(
        "127.0.0.1",
        0,
        (*health.routes(lambda: daemon.health), *metrics.routes(lambda: b"figure 1\n"), web.get("/breaks", breaks)),
    )
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(server: HttpServer) -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
    async with aiohttp.ClientSession(f"http://{server.address}", timeout=timeout) as session:
        yield session


async def asked(client: aiohttp.ClientSession, path: str) -> tuple[int, dict[str, object]]:
    async with client.get(path) as answer:
        return answer.status, await answer.json()


async def test_all_is_well(client: aiohttp.ClientSession) -> None:
    assert await asked(client, "/healthz") == (200, {"status": "ok"})
    assert await asked(client, "/readyz") == (200, {"status": "ok"})


async def test_a_pbx_that_is_not_heard_is_not_ready_but_nothing_to_restart_for(
    client: aiohttp.ClientSession, daemon: Daemon
) -> None:
    daemon.health = Health(alive=True, not_ready=("pbx main", "database"))

    assert await asked(client, "/healthz") == (200, {"status": "ok"})
    assert await asked(client, "/readyz") == (503, {"status": "unavailable", "missing": ["pbx main", "database"]})


async def test_a_daemon_that_stands_still_is_neither(client: aiohttp.ClientSession, daemon: Daemon) -> None:
    daemon.health = Health(alive=False)

    assert (await asked(client, "/healthz"))[0] == 503
    assert (await asked(client, "/readyz"))[0] == 503


async def test_errors_are_problem_documents_and_tell_strangers_nothing(client: aiohttp.ClientSession) -> None:
    async with client.get("/breaks") as answer:
        assert (answer.status, answer.content_type) == (500, "application/problem+json")
        assert await answer.json(content_type=None) == {
            "type": "/problems/internal",
            "title": "Internal error",
            "status": 500,
        }
    async with client.get("/nothing") as answer:
        assert (answer.status, answer.content_type) == (404, "application/problem+json")
    async with client.post("/healthz") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_other_hosts_are_not_answered_without_a_token(
    client: aiohttp.ClientSession, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.Request, "remote", "203.0.113.7")
    async with client.get(path) as answer:
        assert (answer.status, answer.content_type) == (401, "application/problem+json")


async def test_prometheus_reads_figures(client: aiohttp.ClientSession) -> None:
    async with client.get("/metrics") as answer:
        assert (answer.status, answer.content_type) == (200, "text/plain")
        assert await answer.text() == "figure 1\n"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "x-real-ip"])
async def test_what_a_proxy_on_this_host_passes_on_is_not_from_this_host(
    client: aiohttp.ClientSession, header: str
) -> None:
    async with client.get("/healthz", headers={header: "127.0.0.1"}) as answer:
        assert answer.status == 401


async def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = HttpServer("127.0.0.1", port, ())
        with pytest.raises(AlreadyRunning, match=rf"127.0.0.1:{port} is in use by another program. .*\[http\] listen"):
            await server.start()
        await server.stop()


async def test_an_address_of_another_host_is_told_with_what_to_do() -> None:
    server = HttpServer("203.0.113.7", 8700, ())
    with pytest.raises(CallbridgeError, match=r"203.0.113.7:8700 cannot be listened on: .*\. This host has no such"):
        await server.start()
    await server.stop()


def test_a_name_that_is_nobodys_is_told_with_what_to_do() -> None:
    error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    said = str(HttpServer("nowhere", 8700, ())._refused(error))

    assert said.startswith("nowhere:8700 cannot be listened on: Name or service not known. Write one of this host's")


async def test_an_ipv6_address_is_written_in_brackets() -> None:
    server = HttpServer("::1", 0, ())
    await server.start()
    assert (server.address or "").startswith("[::1]:")
    await server.stop()

    assert server.address is None
