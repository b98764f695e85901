"""The first day of a CRM's developer: `webhook listen`, `webhook test`, and the real daemon between them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.lab.ami_player import AmiPlayer
from tests.lab.crm import Crm
from tests.lab.daemon import Daemon, command
from tests.lab.processes import start
from tests.unit.delivery.certificates import DAY, Authority, Signed
from tests.unit.delivery.receivers import answering, status

from .test_api import TAPES, run
from .test_webhooks import reloaded, webhook

WITHIN_S: Final = 30.0


@pytest.fixture
async def pbx() -> AsyncIterator[AmiPlayer]:
    async with AmiPlayer([TAPES / "01-answered-caller-hangs-up.tape"], pace=20) as player:
        yield player


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that the daemon's host trusts: OpenSSL reads this variable when the daemon starts."""
    made = Authority()
    monkeypatch.setenv("SSL_CERT_FILE", str(made.trusted(tmp_path)))
    return made


@pytest.fixture
async def daemon(authority: Authority, pbx: AmiPlayer, crm: Crm) -> AsyncIterator[Daemon]:
    async with Daemon(pbx, crm, ari=False) as daemon:
        yield daemon


async def sampled(daemon: Daemon, *words: str) -> tuple[int, str]:
    """Return the exit status of `callbridge webhook test …` and what it prints."""
    done = await run(*command("webhook", "test", *words, "--config", str(daemon.config)))
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


async def tried(daemon: Daemon, url: str, secret: Path | None = None) -> tuple[int, str]:
    file = secret or daemon.home / "crm.secret"
    return await sampled(daemon, "--url", url, "--secret-file", str(file), "--allow-private")


async def read(file: Path, words: str) -> str:
    """Wait until a program has written some words; return all it has written."""
    async with asyncio.timeout(WITHIN_S):
        while words not in text_of(file):  # noqa: ASYNC110 - a file tells nobody when it grows
            await asyncio.sleep(0.01)
    return text_of(file)


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


async def settled(daemon: Daemon) -> dict[str, Any]:
    """Wait until nothing waits for `crm`; return what is shown of it."""
    async with asyncio.timeout(WITHIN_S):
        while (shown := json.loads(await webhook(daemon, "show", "crm", "--json")))["backlog"]:
            pass  # each look takes its time
    whole: dict[str, Any] = shown
    return whole


async def test_a_sample_reaches_a_real_crm_at_once_and_its_events_go_on_beside_it(
    pbx: AmiPlayer, crm: Crm, daemon: Daemon
) -> None:
    code, said = await sampled(daemon, "crm", "--type", "call.missed")

    assert code == 0
    assert said.startswith("✓ crm took a sample of call.missed: answered 204 (")
    assert [(one.id[:9], one.type) for one in crm.of_type("call.missed")] == [("evt_test_", "call.missed")]
    await pbx.play_all()
    await crm.hears("call.ended")
    assert crm.heard == ["call.missed", "call.started", "call.ringing", "call.answered", "call.ended"]
    shown = await settled(daemon)
    tries = [(each["type"], each["delivered"]) for each in shown["deliveries"] if each["type"][:4] in {"call", "test"}]
    assert tries[-1] == ("test", True)
    assert (shown["dead_letters"], shown["failed"], shown["failing_since"]) == (0, 0, None)
    assert crm.secret.removeprefix("whsec_") not in daemon.log


async def test_a_paused_subscriber_gets_samples_and_stays_paused(crm: Crm, daemon: Daemon) -> None:
    await webhook(daemon, "pause", "crm")

    code, _ = await sampled(daemon, "crm", "--type", "call.missed")

    assert code == 0
    assert crm.heard == ["call.missed"]
    assert json.loads(await webhook(daemon, "show", "crm", "--json"))["state"] == "paused"


async def test_what_listen_prints_is_pasted_and_test_reaches_it(daemon: Daemon, tmp_path: Path) -> None:
    out, secret = tmp_path / "listen", tmp_path / "other.secret"
    secret.write_text("whsec_" + "A" * 40)
    listener = start(*command("webhook", "listen", "--listen", "127.0.0.1:0"), log=out)
    try:
        printed = await read(out, "allow_private = true")
        pasted = printed[printed.index("[[webhook]]") :].replace('"crm"', '"new"')
        daemon.config.write_text(daemon.config.read_text() + pasted)
        await reloaded(daemon, ["crm", "new"])

        assert (await sampled(daemon, "new"))[0] == 0
        assert "✓ v1" in await read(out, "call.ended")

        code, said = await tried(daemon, pasted.split('url = "')[1].split('"')[0], secret)
        assert code == 1
        assert "answered 401 Unauthorized: signed with another secret" in said
        assert "→ Is the secret there the one of this subscriber" in said
        assert "✗ not verified: signed with another secret" in await read(out, "✗")
    finally:
        await listener.stop(WITHIN_S)


CASES: Final[dict[str, tuple[Callable[[Authority], Signed], str]]] = {
    "good": (lambda by: by.signs("localhost"), "✓ the receiver took a sample"),
    "expired": (lambda by: by.signs("localhost", lasts=(-2 * DAY, -DAY)), "→ Renew the certificate there"),
    "other name": (lambda by: by.signs("crm.example"), "→ Use the name that stands in the certificate"),
    "self-signed": (lambda _: Authority.of_itself("localhost"), "→ Get a certificate of a public authority"),
    "untrusted": (lambda _: Authority("another").signs("localhost"), "→ Its authority is not known here"),
}


async def test_what_is_wrong_with_tls_is_said_with_what_to_do(
    authority: Authority, daemon: Daemon, tmp_path: Path
) -> None:
    for case, (make, words) in CASES.items():
        async with answering(status(204), make(authority).server(tmp_path)) as port:
            code, said = await tried(daemon, f"https://localhost:{port}/hook?token=hidden")
        assert words in said, case
        assert code == (0 if case == "good" else 1)
        assert "hidden" not in said


async def test_the_pbx_and_callbridge_itself_are_refused(pbx: AmiPlayer, daemon: Daemon) -> None:
    for url in (f"http://{pbx.ip}:{pbx.port}/", "http://169.254.169.254/latest/meta-data/"):
        code, said = await tried(daemon, url)
        assert code == 1
        assert "is callbridge or the PBX itself" in said or "is no address a webhook may lead to" in said
