"""`callbridge webhook listen`, as a CRM's developer starts it on day one."""

import asyncio
import base64
import json
import os
import re
import signal
import sys
import tomllib
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callbridge.calls.events import EventType
from callbridge.cli import _receiver
from callbridge.clock import SystemClock
from callbridge.config import Webhook
from callbridge.config.secret import Secret
from callbridge.delivery.payload import render
from callbridge.delivery.samples import CALL_ID, sample
from callbridge.delivery.signature import Signer, public_key
from callbridge.delivery.verifying import Verifier

from .conftest import Callbridge

CLOCK = SystemClock()
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # noqa: S105 - made for this test
PAIR = "whsk_" + base64.b64encode(b"a seed of exactly 32 bytes......").decode()
OTHER = "whsec_YW5vdGhlciBzZWNyZXQsIHdoaWNoIG5vYm9keSBrbm93cw=="
BODY = render(sample(EventType.CALL_MISSED, "main", CLOCK.now()))
WITHIN_S = 20.0


@dataclass
class Listening:
    """The command as a process."""

    process: Process
    table: dict[str, Any]

    async def send(self, body: bytes = BODY, secret: str | None = None, event_id: str = "evt_1") -> int:
        headers = Signer(secret or self.table["secret"]).headers(event_id, body, CLOCK.now())
        timeout = aiohttp.ClientTimeout(total=WITHIN_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(self.table["url"], data=body, headers=headers) as answer,
        ):
            return answer.status

    async def line(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(WITHIN_S):
            return (await self.process.stdout.readline()).decode().rstrip("\n")

    async def interrupted(self) -> tuple[int | None, str]:
        self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(WITHIN_S):
            _, err = await self.process.communicate()
        return self.process.returncode, err.decode()


@asynccontextmanager
async def listening(*words: str) -> AsyncIterator[Listening]:
    program = [
        *("env", "--default-signal=INT"),  # a test run in a shell's background would pass on that it is ignored
        *(sys.executable, "-c", "from callbridge.cli import main; main()"),
        *("webhook", "listen", "--listen", "127.0.0.1:0", *words),
    ]
    process = await asyncio.create_subprocess_exec(
        *program, stdout=PIPE, stderr=PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    try:
        yield Listening(process, await _table(process))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _table(process: Process) -> dict[str, Any]:
    """Return what is to be pasted, as callbridge would read it."""
    assert process.stderr is not None
    said = ""
    async with asyncio.timeout(WITHIN_S):
        while not said.endswith("\n\n") or "[[webhook]]" not in said:
            line = (await process.stderr.readline()).decode()
            assert line, said
            said += line
    tables = tomllib.loads(said[said.index("[[webhook]]") :])["webhook"]
    table: dict[str, Any] = tables[0]
    return table


@pytest.mark.patient
async def test_with_a_new_secret_it_prints_what_to_paste_and_verifies_what_is_signed_with_it() -> None:
    async with listening() as receiver:
        pasted = receiver.table | {"secret": Secret(receiver.table["secret"])}
        assert Webhook.model_validate(pasted).allow_private
        assert await receiver.send() == 204
        line = await receiver.line()
        assert re.search(rf"\d\d:\d\d:\d\d call\.missed +Maria Silva \+351912345678 → .*sales +{CALL_ID} +✓ v1$", line)
        assert await receiver.send() == 204
        assert (await receiver.line()).endswith("✓ v1  again: its id came before")
        assert await receiver.interrupted() == (0, "")


@pytest.mark.patient
async def test_what_does_not_verify_is_refused_and_the_line_says_why_and_what_to_do() -> None:
    async with listening() as receiver:
        assert await receiver.send(secret=OTHER) == 401
        assert (await receiver.line()).endswith("✗ not verified: signed with another secret")
        assert (await receiver.line()).startswith("  → Is it the one of this subscriber")


@pytest.mark.patient
async def test_a_secret_of_a_file_is_named_by_its_file_and_nowhere_shown(tmp_path: Path) -> None:
    file = tmp_path / "crm.secret"
    file.write_text(SECRET + "\n")
    async with listening("--secret-file", str(file), "--answer", "500") as receiver:
        assert receiver.table["secret_file"] == str(file)
        assert await receiver.send(secret=SECRET) == 500
        assert SECRET.removeprefix("whsec_") not in await receiver.line()


@pytest.mark.patient
async def test_programs_get_one_json_document_a_line(tmp_path: Path) -> None:
    file = tmp_path / "crm.key"
    file.write_text(public_key(PAIR) or "")
    async with listening("--secret-file", str(file), "--json") as receiver:
        assert await receiver.send(secret=PAIR) == 204
        assert await receiver.send(b"[]", secret=PAIR) == 204
        taken, strange = json.loads(await receiver.line()), json.loads(await receiver.line())
    assert (taken["verified"], taken["scheme"], taken["answered"], taken["id"]) == (True, "v1a", 204, "evt_1")
    assert taken["event"] == json.loads(BODY)
    assert strange["event"] is None
    assert strange["again"]


@pytest.mark.patient
async def test_whatever_is_sent_steers_no_terminal_and_stays_on_a_short_line() -> None:
    event = json.loads(BODY)
    event["type"] = "call.\x1b[2J"
    event["data"]["call"]["from"]["name"] = "Eve\x1b[2J\r\n\x9b31m" + "e" * 1000
    bodies = [json.dumps(each).encode() for each in (event, {"type": 1}, {"type": "x", "data": []}, "x", {})]
    async with listening() as receiver:
        for number, body in enumerate(bodies):
            assert await receiver.send(body, event_id=f"evt_{number}") == 204
            line = await receiver.line()
            assert "✓ v1" in line
            assert line.isprintable()
            assert len(line) < 400


# The receiver itself.


@asynccontextmanager
async def received(answer: int = 204) -> AsyncIterator[tuple[list[_receiver.Taken], str, int]]:
    taken: list[_receiver.Taken] = []
    receiver = _receiver.Receiver(Verifier(SECRET, CLOCK), answer, taken.append, CLOCK)
    async with _receiver.listening(receiver, "127.0.0.1", 0) as (host, port):
        yield taken, host, port


async def answered(host: str, port: int, request: bytes) -> bytes:
    """Return the first line of the answer to some bytes."""
    async with asyncio.timeout(WITHIN_S):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(request)
        line = await reader.readline()
        writer.close()
    return line


HEAD = b"POST /hook HTTP/1.1\r\nHost: crm\r\nContent-Length: %d\r\n\r\n"


@pytest.mark.patient
async def test_a_body_without_end_is_not_read() -> None:
    async with received() as (taken, host, port):
        body = HEAD % (_receiver.BODY_MOST + 2) + b"x" * (_receiver.BODY_MOST + 1)
        assert b" 413 " in await answered(host, port, body)
    assert [one.verdict.why for one in taken] == [f"its body is longer than {_receiver.BODY_MOST} bytes"]


@pytest.mark.patient
async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_receiver, "READ_S", 0.2)
    async with received() as (taken, host, port):
        assert b" 408 " in await answered(host, port, HEAD % 20 + b"x")
    assert [one.verdict.why for one in taken] == ["its body did not arrive within 0.2 s"]


async def test_more_at_once_than_it_reads_are_asked_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_receiver, "AT_ONCE", 0)
    async with received() as (taken, host, port):
        assert b" 503 " in await answered(host, port, HEAD % 1 + b"x")
    assert taken == []


async def test_ids_are_remembered_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_receiver, "REMEMBERED", 2)
    receiver = _receiver.Receiver(Verifier(SECRET, CLOCK), 204, lambda _: None, CLOCK)
    assert [receiver._came_before(one) for one in ("a", "b", "a", "c", "a")] == [False, False, True, False, False]
    assert len(receiver._seen) == 2


# What is typed wrong.


def test_a_port_that_is_taken_is_said_in_a_line(callbridge: Callbridge) -> None:
    async def twice() -> None:
        async with received() as (_, host, port):
            answer = await asyncio.to_thread(callbridge, "webhook", "listen", "--listen", f"{host}:{port}")
            assert answer.status == 1
            assert re.fullmatch(
                rf"callbridge: Nobody can listen on http://{host}:{port}: .* Name another with --listen\.\n", answer.err
            )

    asyncio.run(twice())


@pytest.mark.parametrize(
    ("words", "said", "status"),
    [
        (("--listen", "9000"), "must be host:port", 2),
        (("--secret-file", "/nowhere/crm.secret"), "there is no crm.secret in /nowhere", 2),
        (("--secret-file", "x", "--new-secret"), "keep one of them", 2),
        (("--answer", "99"), "greater than or equal to 200", 2),
    ],
)
def test_what_is_typed_wrong_is_said(callbridge: Callbridge, words: tuple[str, ...], said: str, status: int) -> None:
    answer = callbridge("webhook", "listen", *words)
    assert (answer.status, said in answer.err) == (status, True)


def test_a_secret_that_is_none_is_refused_and_not_shown(callbridge: Callbridge, tmp_path: Path) -> None:
    file = tmp_path / "crm.secret"
    file.write_text("hunter2")
    answer = callbridge("webhook", "listen", "--secret-file", file)
    assert answer.status == 2
    assert "hunter2" not in answer.err


async def test_headers_that_are_no_text_are_answered_too() -> None:
    async with received() as (taken, host, port):
        head = b"POST / HTTP/1.1\r\nHost: x\r\nwebhook-id: \xff\r\nUser-Agent: \xfe\r\nContent-Length: 1\r\n\r\nx"
        assert b" 401 " in await answered(host, port, head)
    (one,) = taken
    assert one.event_id is not None
    assert one.event_id.encode()
    assert one.verdict.why == "it lacks webhook-timestamp, webhook-signature (sent by ?)"
