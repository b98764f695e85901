"""Mails of the real daemon: a crash, a mail server that is away or hangs, a reload."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Final

import pytest

from tests.lab.crm import Crm
from tests.lab.daemon import Daemon
from tests.lab.mail_server import MailServer

from .busy_pbx import BusyPbx

pytestmark = pytest.mark.faults

GIVES_UP: Final = "02-caller-gives-up"
NOTICE: Final = """
[notice]
smtp_host = "127.0.0.1"
smtp_port = {port}
security = "none"
from_address = "calls@example.com"
language = "{language}"
again_after_minutes = 0
row_url = "https://crm.example/missed/{{id}}"
timeout_s = {timeout_s}
[[notice.to]]
address = "ana@example.com"
"""


def notice(server: MailServer, language: str = "en", timeout_s: float = 5.0) -> str:
    return NOTICE.format(port=server.port, language=language, timeout_s=timeout_s)


async def misses(pbx: BusyPbx) -> None:
    await pbx.play(pbx.tapes[0])


async def test_a_missed_call_is_told_by_mail_once_the_daemon_is_back_from_a_crash() -> None:
    async with MailServer() as server:
        await server.stop()
        async with (
            Crm() as crm,
            BusyPbx([GIVES_UP], pace=4.0) as pbx,
            Daemon(pbx, crm, ari=False, more=notice(server)) as daemon,
        ):
            await misses(pbx)
            await crm.hears("call.missed")
            await daemon.kill()
            await server.start()
            await daemon.start()
            (mail,) = await server.takes(1)
            await daemon.until(lambda status: status["notice"]["waiting"] == 0, "the notice to be settled")
            missed = crm.of_type("call.missed")[0]

    assert mail.recipient == "ana@example.com"
    assert mail.subject.startswith(f"Missed call: {missed.call['from']['number']}")
    assert f"https://crm.example/missed/{missed.data['row']['id']}" in mail.text
    assert len(server.mails) == 1


async def test_calls_go_on_while_the_mail_server_hangs() -> None:
    async with MailServer() as server:
        server.hangs = True
        more = notice(server, timeout_s=0.5)
        async with Crm() as crm, BusyPbx([GIVES_UP], pace=4.0) as pbx, Daemon(pbx, crm, ari=False, more=more) as daemon:
            for count in (1, 2, 3):
                await misses(pbx)
                await crm.hears("call.missed", count=count)
            await daemon.until(lambda status: status["notice"]["unreachable"], "the mail server to be found hanging")
            status = await daemon.status()
            assert status is not None
            assert status["notice"]["waiting"] == 3
            assert any("E-mails about missed calls wait" in each for each in status["degraded"])
            await server.stop()
            server.hangs = False
            await server.start()
            (mail,) = await server.takes(1)

    assert mail.subject.startswith("Missed call")


async def test_a_reload_names_another_server_and_another_language() -> None:
    async with MailServer() as away, MailServer() as server:
        await away.stop()
        async with (
            Crm() as crm,
            BusyPbx([GIVES_UP], pace=4.0) as pbx,
            Daemon(pbx, crm, ari=False, more=notice(away)) as daemon,
        ):
            await misses(pbx)
            await daemon.until(lambda status: status["notice"]["unreachable"], "the mail server to be found away")
            changed = await asyncio.to_thread(rewritten, daemon.config, away, server)
            assert changed
            os.kill(daemon.pid, signal.SIGHUP)
            (mail,) = await server.takes(1)

    assert mail.subject.startswith("Nieodebrane połączenie")


def rewritten(config: Path, old: MailServer, new: MailServer) -> bool:
    text = config.read_text()
    other = text.replace(notice(old), notice(new, "pl"))
    config.write_text(other)
    return other != text
