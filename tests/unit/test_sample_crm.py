"""The example a CRM's developer starts from."""

import base64
import importlib.util
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from standardwebhooks import Webhook

from callbridge.clock import SystemClock

SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes for one purpose").decode()
FILE = Path(__file__).parents[2] / "docs/examples/sample_crm.py"

Client = TestClient[web.Request, web.Application]


def party(number: str | None, name: str | None = None, extension: str | None = None) -> dict[str, Any]:
    return {"number": number, "raw": number, "name": name, "extension": extension}


CALL: dict[str, Any] = {
    "from": party("+351912345678", "Maria Silva"),
    "to": party("+351210000000"),
    "customer": {"match": "none", "id": None, "name": None, "candidates": []},
    "queue": "sales",
    "agent": {"extension": "1002", "name": "Bruno Reis"},
    "state": "completed",
    "reason": None,
    "answered_at": "2026-11-22T12:00:12.400Z",
    "ended_at": "2026-11-22T12:01:00.000Z",
    "wait_s": 12.4,
    "ring_s": 3.1,
    "hold_s": 0.0,
    "talk_s": 47.6,
}


def event(kind: str = "call.ended", /, **changed: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": "2026-11-22T12:01:00.000Z", "data": {"pbx": "main", "call": CALL | changed}}


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    spec = importlib.util.spec_from_file_location("sample_crm", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def client(example: ModuleType) -> AsyncIterator[Client]:
    application = web.Application()
    application.router.add_post("/{path:.*}", example.SampleCrm(SECRET).receive)
    async with TestClient(TestServer(application)) as client:
        yield client


async def post(client: Client, body: bytes, *, secret: str = SECRET, at: datetime | None = None) -> int:
    at = at or SystemClock().now()
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("evt_1", at, body.decode()),
    }
    async with client.post("/", data=body, headers=headers) as answer:
        return answer.status


async def test_an_event_we_signed_is_shown_on_one_line(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert await post(client, orjson.dumps(event())) == 204

    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 1
    for word in ("call.ended", "Maria Silva +351912345678", "queue sales", "agent Bruno Reis 1002", "completed"):
        assert word in shown[0]
    assert shown[0].endswith("waited 12.4 s, rang 3.1 s, talked 47.6 s")


async def test_an_event_delivered_twice_is_shown_once(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert [await post(client, orjson.dumps(event())) for _ in range(2)] == [204, 204]
    assert len(capsys.readouterr().out.splitlines()) == 1


async def test_what_another_signed_is_refused(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    other = "whsec_" + base64.b64encode(b"thirty-two bytes of somebody else").decode()

    assert await post(client, orjson.dumps(event()), secret=other) == 401
    assert "Maria" not in capsys.readouterr().out


async def test_what_was_signed_long_ago_is_refused(client: Client) -> None:
    assert await post(client, orjson.dumps(event()), at=SystemClock().now() - timedelta(hours=1)) == 401


async def test_what_nobody_signed_is_refused(client: Client) -> None:
    async with client.post("/", data=orjson.dumps(event())) as answer:
        assert answer.status == 401


def test_a_name_cannot_steer_the_terminal(example: ModuleType) -> None:
    shown = example.line(event("call.ended", **{"from": party("+351912345678", "Eve\x1b[2J\r\n\x9b31m")}))

    assert shown.isprintable()
    assert "Eve?[2J" in shown


def test_a_call_nobody_answered_names_no_agent(example: ModuleType) -> None:
    shown = example.line(event("call.missed", answered_at=None, state="cancelled", reason="abandoned", talk_s=0.0))

    assert "agent" not in shown
    assert "cancelled (abandoned)" in shown


def test_an_anonymous_caller_has_no_number(example: ModuleType) -> None:
    assert "Anonymous no number → " in example.line(event("call.ended", **{"from": party(None, "Anonymous")}))


def test_a_pipe_gets_colours_only_when_asked(example: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in example.line(event())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in example.line(event())


def test_no_color_is_heeded_on_a_terminal(example: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert "\x1b[" in example.line(event())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in example.line(event())


def test_an_event_without_a_call_names_its_pbx(example: ModuleType) -> None:
    connected = {"type": "pbx.connected", "timestamp": "2026-11-22T12:01:00.000Z", "data": {"pbx": "main"}}
    assert example.line(connected).endswith("pbx.connected    PBX main")


def test_the_time_shown_is_this_hosts(example: ModuleType) -> None:
    local = datetime(2026, 11, 22, 12, 1, tzinfo=UTC).astimezone()
    assert example.line(event()).startswith(f"{local:%H:%M:%S}")
