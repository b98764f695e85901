"""`status` and `tail` against a real control socket."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from callbridge.api.local import LocalServer
from callbridge.api.status import (
    AmiStatus,
    AriStatus,
    ConfigStatus,
    DatabaseStatus,
    Gap,
    NoticeStatus,
    PbxStatus,
    SourceStatus,
    Status,
    SubscriberStatus,
)

from .conftest import Answer, Callbridge

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEALTHY = Status(
    version="1.2.3",
    started_at=NOON,
    live_calls=7,
    oddities={"clock set back": 1, "hang-up of an unknown channel": 3},
    agents=1,
    database=DatabaseStatus(url="sqlite+aiosqlite:////x.db", ok=True, schema_="0003"),
    pbxs=(
        PbxStatus(
            id="main",
            live_calls=7,
            ami=AmiStatus(connected=True, since=NOON, asterisk="22.5.1", queue_depth=3, queue_max_seen=99, oddities=2),
            ari=AriStatus(connected=False, last_error="refused [401]\x1b[2J"),
            last_gap=Gap(from_=NOON, to=NOON),
        ),
    ),
    subscribers=(SubscriberStatus(name="crm", backlog=12, oldest_s=90, last_error="HTTP 500", delivered=1000),),
)
DEGRADED = HEALTHY.model_copy(update={"degraded": ("main: ARI refuses us", "crm: 12 events wait")})


def event(kind: str, **data: Any) -> bytes:
    return json.dumps({"type": kind, "timestamp": "2026-11-22T12:00:00.000Z", "data": data}).encode()


CALL = {"from": {"name": "Maria\x1b[2J", "number": "+351912345678"}, "to": {"extension": "1001"}, "queue": "sales"}
EVENTS = (event("call.ringing", call=CALL), event("pbx.connected", pbx="main"), event("call.ended", call={}))

Ask = Callable[..., Awaitable[Answer]]
Serve = Callable[[Status], Awaitable[None]]


@asynccontextmanager
async def three_events() -> AsyncIterator[AsyncIterator[bytes]]:
    async def each() -> AsyncIterator[bytes]:
        for line in EVENTS:
            yield line

    yield each()


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    servers = []

    async def serving(status: Status) -> None:
        server = LocalServer(tmp_path / "control.sock", lambda: status, three_events)
        servers.append(server)
        await server.start()

    yield serving
    for server in servers:
        await server.stop()


@pytest.fixture
def ask(callbridge: Callbridge, config: Path) -> Ask:
    """Run a command beside the daemon, which lives in this event loop."""

    async def asking(*arguments: str) -> Answer:
        async with asyncio.timeout(20):
            return await asyncio.to_thread(callbridge, *arguments, "--config", config)

    return asking


async def test_a_healthy_daemon_ends_with_0(serve: Serve, ask: Ask) -> None:
    await serve(HEALTHY)
    answer = await ask("status")
    assert answer.status == 0
    for shown in (
        "callbridge 1.2.3", "healthy",
        "7 live calls, 1 agent", "main", "Asterisk 22.5.1",
        "main: Asterisk 22.5.1, 7 live calls, last gap: 2026-11-22",
        "refused [401]␛[2J", "odd: hang-up of an unknown channel (3), clock set back (1)",
        "crm", "12", "2 min", "1000", "HTTP 500", "sqlite+aiosqlite:////x.db", "0003",
    ):  # fmt: skip
        assert shown in answer.out
    assert "\x1b[2J" not in answer.out


async def test_a_degraded_daemon_ends_with_1_and_says_what(serve: Serve, ask: Ask) -> None:
    await serve(DEGRADED)
    answer = await ask("status")
    assert answer.status == 1
    assert "✗ main: ARI refuses us" in answer.out
    assert "✗ crm: 12 events wait" in answer.out
    assert "healthy" not in answer.out


async def test_the_figures_can_be_read_in_a_narrow_terminal(
    serve: Serve, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    await serve(HEALTHY)
    monkeypatch.setenv("COLUMNS", "62")
    lines = [line.strip("│ \n") for line in (await ask("status")).out.splitlines()]
    assert lines[4].split() == ["PBX", "link", "state", "since", "queue", "most", "odd"]
    assert lines[5].split()[:3] == ["main", "AMI", "up"]
    assert lines[5].split()[-3:] == ["3", "99", "2"]
    assert "crm         on     12       2 min   1000       0" in lines
    assert max(map(len, lines)) <= 62


async def test_crms_that_are_asked_whose_number_it_is_are_shown(serve: Serve, ask: Ask) -> None:
    sources = (SourceStatus(name="own", asked=9), SourceStatus(name="sap", asked=7, failed=5, resting=True))
    await serve(HEALTHY.model_copy(update={"sources": sources}))
    answer = await ask("status")
    assert "directory: sap asked 7 times, 5 of them in vain, left alone for now" in answer.out
    assert "directory: own" not in answer.out


async def test_mails_are_shown_where_some_are_sent(serve: Serve, ask: Ask) -> None:
    notice = NoticeStatus(recipients=1, waiting=2, sent=3, given_up=4, last_error="550 gone\x1b[2J")
    await serve(HEALTHY.model_copy(update={"notice": notice}))
    answer = await ask("status")
    assert "e-mails: 1 recipient, 3 sent, 2 waiting, 4 given up" in answer.out
    assert "last error of e-mails: 550 gone␛[2J" in answer.out


async def test_what_waits_for_a_restart_is_shown_and_is_no_trouble(serve: Serve, ask: Ask) -> None:
    await serve(HEALTHY.model_copy(update={"config": ConfigStatus(needs_restart=("pbx.main.ami.port",))}))
    answer = await ask("status")
    assert answer.status == 0
    assert "! changed, but waits for a restart: pbx.main.ami.port" in answer.out


@pytest.mark.parametrize(("status", "code"), [(HEALTHY, 0), (DEGRADED, 1)])
async def test_programs_get_json_and_the_same_exit_status(serve: Serve, ask: Ask, status: Status, code: int) -> None:
    await serve(status)
    answer = await ask("status", "--json")
    shown = json.loads(answer.out)
    assert answer.status == code
    assert shown["pbxs"][0]["last_gap"] == {"from": "2026-11-22T12:00:00Z", "to": "2026-11-22T12:00:00Z"}
    assert shown["database"]["schema"] == "0003"
    assert Status.model_validate(shown | {"of_a_newer_version": 1}) == status


@pytest.mark.parametrize("command", ["status", "tail"])
def test_no_daemon_ends_with_3(callbridge: Callbridge, config: Path, command: str) -> None:
    answer = callbridge(command, "--config", config)
    assert answer.status == 3
    assert answer.err.startswith(
        f"callbridge: callbridge is not running: nobody answers on {config.parent}/control.sock."
    )


async def test_tail_shows_one_readable_line_an_event(serve: Serve, ask: Ask) -> None:
    await serve(HEALTHY)
    answer = await ask("tail")
    ringing, connected, ended = answer.out.splitlines()
    assert ringing.endswith("call.ringing       Maria␛[2J +351912345678 → 1001  sales")
    assert connected.endswith("pbx.connected      main")
    assert "call.ended" in ended
    assert (answer.status, answer.err) == (0, "The daemon stopped.\n")


async def test_tail_shows_only_the_types_asked_for_and_passes_json_on_unchanged(serve: Serve, ask: Ask) -> None:
    await serve(HEALTHY)
    answer = await ask("tail", "--type", "call.*", "--json")
    assert answer.out.encode() == EVENTS[0] + b"\n" + EVENTS[2] + b"\n"


@asynccontextmanager
async def one_event_then_nothing() -> AsyncIterator[AsyncIterator[bytes]]:
    async def each() -> AsyncIterator[bytes]:
        yield EVENTS[1]
        await asyncio.Event().wait()

    yield each()


@pytest.mark.patient
async def test_ctrl_c_is_the_ordinary_end_of_tail(tmp_path: Path, config: Path) -> None:
    server = LocalServer(tmp_path / "control.sock", lambda: HEALTHY, one_event_then_nothing)
    await server.start()
    try:
        ended = await asyncio.to_thread(_interrupted_after_one_line, config)
    finally:
        await server.stop()
    assert ended == (0, "")


def _interrupted_after_one_line(config: Path) -> tuple[int, str]:
    program = [
        *("env", "--default-signal=INT"),  # a test run in a shell's background would pass on that it is ignored
        *(sys.executable, "-c", "from callbridge.cli import main; main()"),
        *("tail", "--json", "--config", str(config)),
    ]
    environ = os.environ | {"PYTHONUNBUFFERED": "1"}
    with _started(program, environ) as tail:
        assert tail.stdout is not None
        assert tail.stdout.readline() == EVENTS[1].decode() + "\n"
        tail.send_signal(signal.SIGINT)
        _, err = tail.communicate(timeout=20)
        return tail.returncode, err


@contextmanager
def _started(program: list[str], environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as process:
        try:
            yield process
        finally:
            process.kill()
