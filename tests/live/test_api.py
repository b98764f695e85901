"""The API of the real daemon, beside a PBX that plays tapes: asked by programs that know its OpenAPI document."""

import asyncio
import csv
import io
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from callbridge.config import CONTROL_SOCKET
from tests.lab.ami_player import AmiPlayer
from tests.lab.crm import Crm
from tests.lab.daemon import HTTP, Daemon, command

TAPES: Final = Path(__file__).parents[1] / "tapes"
PLAYED: Final = (
    "06-queue-ringall-second-answers",
    "07-queue-abandoned",
    "16-blind-answered",
    "01-answered-caller-hangs-up",
)
WITHIN_S: Final = 60.0
GENEROUS: Final = HTTP + "requests_per_s = 10000\nrequests_burst = 100000\nfailures_per_minute = 100000\n"
EXAMPLES: Final = "10"
STREAM: Final = "/v1/events"
"""Left out: it answers for ever, and has tests of its own."""
OPAQUE: Final = "positive_data_acceptance"
"""Left out: a cursor is text, but no text that one may think up."""


@pytest.fixture
async def pbx() -> AsyncIterator[AmiPlayer]:
    async with AmiPlayer([TAPES / f"{name}.tape" for name in PLAYED], pace=20) as player:
        yield player


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


@pytest.fixture
async def daemon(pbx: AmiPlayer, crm: Crm) -> AsyncIterator[Daemon]:
    async with Daemon(pbx, crm, more=GENEROUS, ari=False) as daemon:
        yield daemon


async def run(*words: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        words,
        capture_output=True,
        text=True,
        timeout=WITHIN_S * 4,
        check=False,
        cwd=folder,
    )


async def new_token(daemon: Daemon, *scopes: str) -> str:
    words = [word for scope in scopes for word in ("--scope", scope)]
    made = await run(*command("token", "create", "test", *words, "--config", str(daemon.config)))
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


async def address_of(daemon: Daemon, scheme: str = "http") -> str:
    status = await daemon.status()
    assert status is not None
    return f"{scheme}://{status['http']}"


async def got(url: str, token: str) -> Any:
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session, session.get(url) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def text_of(url: str, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session, session.get(url) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.text()


async def test_whatever_is_asked_the_daemon_answers_as_its_document_says(
    pbx: AmiPlayer, crm: Crm, daemon: Daemon, tmp_path: Path
) -> None:
    await pbx.play_all()
    await crm.hears("call.ended")
    token = await new_token(daemon, "admin")

    asked = await run(
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{await address_of(daemon)}/v1/openapi.json",
        "--header", f"Authorization: Bearer {token}",
        "--generation-deterministic", "--max-examples", EXAMPLES,
        "--exclude-checks", OPAQUE, "--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color",
        "--suppress-health-check", "all", "--exclude-path", STREAM,
        folder=tmp_path,
    )  # fmt: skip

    assert asked.returncode == 0, asked.stdout[-6000:] + asked.stderr
    asked_and_right = re.search(r"(\d+) generated, (\d+) passed", asked.stdout)
    assert asked_and_right is not None, asked.stdout
    assert int(asked_and_right[1]) == int(asked_and_right[2]) > 200
    assert token not in daemon.log
    assert "http.failed" not in daemon.log


async def test_what_was_sent_is_found_in_the_log_byte_for_byte(pbx: AmiPlayer, crm: Crm, daemon: Daemon) -> None:
    await pbx.play_all()
    last = [await crm.hears("call.ended") for _ in PLAYED][-1]
    token, address = await new_token(daemon, "calls:read"), await address_of(daemon)

    listed = await got(f"{address}/v1/calls?limit=2", token)
    whole = await got(f"{address}/v1/calls/{last.call['id']}", token)

    assert len(listed["items"]) == 2
    assert listed["next"] is not None
    assert whole == last.call
    for each in listed["items"]:
        sent = [one for one in crm.taken if "call" in one.data and one.call["id"] == each["id"]]
        told = await got(f"{address}/v1/calls/{each['id']}/events", token)
        assert [event["data"]["sequence"] for event in told["items"]] == [one.data["sequence"] for one in sent]


async def test_what_was_heard_is_had_as_a_table_and_as_csv(pbx: AmiPlayer, crm: Crm, daemon: Daemon) -> None:
    await pbx.play_all()
    await crm.hears("call.ended", len(PLAYED))
    ended = [each.call for each in crm.of_type("call.ended")]
    token, address = await new_token(daemon, "calls:read"), await address_of(daemon)

    shown = await run(*command("calls", "--config", str(daemon.config)))
    printed = await run(*command("calls", "--csv", "--config", str(daemon.config)))
    over_http = await text_of(f"{address}/v1/calls.csv", token)

    assert shown.returncode == printed.returncode == 0, shown.stderr + printed.stderr
    assert all(call["protocol"] in shown.stdout for call in ended)
    assert "missed: abandoned" in shown.stdout
    assert "answered" not in shown.stdout  # every one of them is over
    lines = list(csv.DictReader(io.StringIO(over_http, newline="")))
    assert over_http.splitlines() == printed.stdout.splitlines()
    assert {line["id"]: line["state"] for line in lines} == {call["id"]: call["state"] for call in ended}
    assert {line["timezone"] for line in lines} == {"Europe/Lisbon"}
    assert [line["started_at"] for line in lines] == sorted((call["started_at"] for call in ended), reverse=True)


async def test_a_token_made_before_is_good_after_a_restart_and_stands_in_no_file(daemon: Daemon) -> None:
    token = await new_token(daemon, "calls:read")
    await daemon.kill()
    await daemon.start()

    assert (await got(f"{await address_of(daemon)}/v1/calls", token))["items"] == []
    await daemon.stop()
    holding = [path.name for path in daemon.home.iterdir() if path.is_file() and token.encode() in path.read_bytes()]
    assert holding == []


async def test_what_was_done_with_a_key_before_a_kill_is_not_done_again_after_it(daemon: Daemon) -> None:
    first = await asked_by_owner(daemon)
    await daemon.kill()
    await daemon.start()

    second = await asked_by_owner(daemon)

    assert (first.status, second.status) == (201, 201)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (await second.json())["id"] == (await first.json())["id"]
    assert daemon.log.count('"action":"api.made"') == 1


async def asked_by_owner(daemon: Daemon) -> aiohttp.ClientResponse:
    """Have a token made on the control socket, always with the same key."""
    connector = aiohttp.UnixConnector(str(daemon.home / CONTROL_SOCKET))
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    wanted = {"name": "crm", "scopes": ["calls:read"]}
    async with (
        aiohttp.ClientSession("http://callbridge", connector=connector, timeout=timeout) as session,
        session.post("/v1/tokens", json=wanted, headers={"Idempotency-Key": "k-1"}) as answer,
    ):
        await answer.read()
        return answer


async def test_a_token_in_a_request_that_is_no_http_stands_in_no_log(daemon: Daemon) -> None:
    token = await new_token(daemon, "calls:read")
    host, _, port = (await address_of(daemon)).removeprefix("http://").partition(":")
    broken = (
        f"GET /v1/calls HTTP/1.1\r\nAuthorization: Bearer {token}\x00\r\n\r\n",
        f"GET /v1/calls?token={token} HTTP/9.9\r\n\r\n",
        f"GET /v1/calls HTTP/1.1\r\nHost: x\r\n{token}\r\n\r\n",
        f"POST /v1/{token} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        f"GET /v1/calls HTTP/1.1\r\nHost: x\r\nX: {token * 2000}\r\n\r\n",
    )
    for request in broken:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request.encode())
        async with asyncio.timeout(WITHIN_S):
            assert (await reader.read()).startswith((b"HTTP/1.0 4", b"HTTP/1.1 4")), request[:80]
        writer.close()

    assert (await got(f"http://{host}:{port}/v1/calls", token))["items"] == []
    assert token not in daemon.log
    assert token[:20] not in daemon.log


# ── encrypted ─────────────────────────────────────────────────────────────────


def certificate(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 with its key, new each time; return the certificate."""
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=callbridge"
    files = (
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(folder / "http.key"),
        "-out",
        str(folder / "http.pem"),
    )
    subprocess.run([*words.split(), *files], check=True, capture_output=True, timeout=WITHIN_S)
    return folder / "http.pem"


async def is_served_with(pem: str, address: str) -> bool:
    """Whether whoever trusts this certificate alone is served."""
    trusting = aiohttp.TCPConnector(ssl=ssl.create_default_context(cadata=pem))
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=trusting) as session,
            session.get(f"{address}/healthz") as answer,
        ):
            return answer.status == 200
    except aiohttp.ClientConnectorCertificateError:
        return False


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
async def test_a_renewed_certificate_is_served_after_a_reload(pbx: AmiPlayer, crm: Crm, tmp_path: Path) -> None:
    first = certificate(tmp_path).read_text()
    lines = f'tls_cert_file = "{tmp_path}/http.pem"\ntls_key_file = "{tmp_path}/http.key"\n'
    async with Daemon(pbx, crm, more=HTTP + lines, ari=False) as daemon:
        address = await address_of(daemon, "https")
        assert await is_served_with(first, address)

        second = certificate(tmp_path).read_text()
        await reloaded(daemon)

        assert await is_served_with(second, address)
        assert not await is_served_with(first, address)

        (tmp_path / "http.pem").write_text("rubbish")
        await reloaded(daemon)

        assert await is_served_with(second, address)
        status = await daemon.status()
        assert status is not None
        assert "[http] cannot use" in status["config"]["refused"][0]


async def reloaded(daemon: Daemon) -> None:
    """Have the configuration read again, and wait until it was."""
    before = daemon.log.count('"action":"config.reloaded"')
    os.kill(daemon.pid, signal.SIGHUP)
    async with asyncio.timeout(WITHIN_S):
        while daemon.log.count('"action":"config.reloaded"') == before:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)
    await daemon.status()  # answered after what the reload does without waiting
