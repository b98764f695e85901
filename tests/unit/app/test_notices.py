"""E-mails about missed calls as the configuration has them: who is told, what `check` says, what status shows."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from callbridge.app.notice_check import check_notice, send_trial
from callbridge.app.notices import Notices, mailing
from callbridge.config import Config, Finding, Level, load
from callbridge.notice.settings import Security
from callbridge.notice.words import Language
from callbridge.store import SqlStore, open_store, upgrade
from tests.lab.mail_server import MailServer
from tests.unit.notice.made import AT, missed
from tests.unit.store.made import SetClock

CONFIG = """\
data_dir = "{folder}"
[[pbx]]
id = "main"
country = "PT"
timezone = "Europe/Lisbon"
[pbx.ami]
secret_env = "AMI"
{notice}
"""
NOTICE = """\
[notice]
smtp_host = "127.0.0.1"
smtp_port = {port}
security = "none"
from_address = "calls@example.com"
timeout_s = 2
{more}
[[notice.to]]
address = "ana@example.com"
digest_minutes = 90
[[notice.to]]
address = "eva@example.com"
queues = ["support"]
[[notice.to]]
address = "off@example.com"
enabled = false
"""


def config(folder: Path, port: int | None, more: str = "") -> Config:
    path = folder / "callbridge.toml"
    notice = "" if port is None else NOTICE.format(port=port, more=more)
    path.write_text(CONFIG.format(folder=folder, notice=notice))
    return load(path, environ={"AMI": "correct horse"})


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    url = f"sqlite+aiosqlite:///{tmp_path}/callbridge.db"
    await upgrade(url)
    async with await open_store(url, clock=SetClock()) as opened:
        yield opened


def test_what_the_worker_is_told_is_what_the_file_says(tmp_path: Path) -> None:
    found = config(tmp_path, 25, 'language = "pt"\nagain_after_minutes = 5\nfrom_name = "Chamadas"')
    made = mailing(found.notice, {})

    assert made is not None
    assert (made.server.host, made.server.port, made.server.security) == ("127.0.0.1", 25, Security.NONE)
    assert (made.head.address, made.head.name, made.head.language) == ("calls@example.com", "Chamadas", Language.PT)
    assert made.again_after == timedelta(minutes=5)
    assert made.recipients.keys() == {"ana@example.com", "eva@example.com"}
    assert made.recipients["ana@example.com"].digest == timedelta(minutes=90)


async def test_only_who_wants_it_is_noted_and_nobody_where_no_mail_is_sent(tmp_path: Path, store: SqlStore) -> None:
    clock = SetClock()
    clock.at = AT
    notices = Notices(config(tmp_path, 25), store, clock)
    assert [each.recipient for each in notices.notify(missed())] == ["ana@example.com"]
    assert notices.status is not None
    assert (notices.status.recipients, notices.status.waiting) == (2, 0)

    notices.replace(config(tmp_path, None).notice)

    assert notices.notify(missed()) == ()
    assert notices.status is None


async def findings(settings: Config) -> list[Finding]:
    return [each async for each in check_notice(settings)]


async def test_check_says_that_the_server_answers_and_hands_nothing_in(tmp_path: Path) -> None:
    async with MailServer() as server:
        (found,) = await findings(config(tmp_path, server.port))

    assert found.level is Level.OK
    assert found.text == f"the mail server 127.0.0.1:{server.port} answers in plain text"
    assert server.connections == 1
    assert server.mails == []


async def test_check_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    async with MailServer() as server:
        pass
    (found,) = await findings(config(tmp_path, server.port))

    assert found.level is Level.PROBLEM
    assert "No mail server listens on" in found.text
    assert found.advice == "Are smtp_host and smtp_port right?"
    assert found.where.endswith("callbridge.toml:9")


async def test_check_says_nothing_where_no_mail_is_sent(tmp_path: Path) -> None:
    assert await findings(config(tmp_path, None)) == []


async def test_a_test_mail_arrives(tmp_path: Path) -> None:
    async with MailServer() as server:
        found = await send_trial(config(tmp_path, server.port, 'language = "pl"'), "somebody@example.com")

    assert found.level is Level.OK
    assert server.mails[0].recipient == "somebody@example.com"
    assert server.mails[0].text.startswith("To jest test")


@pytest.mark.parametrize(
    ("answer", "advice"),
    [("550 unknown", "The server will not take it"), ("451 later", "The server may take it")],
)
async def test_a_test_mail_that_is_not_taken_is_told_with_the_servers_words(
    tmp_path: Path, answer: str, advice: str
) -> None:
    async with MailServer() as server:
        server.of_recipient = lambda _: answer
        found = await send_trial(config(tmp_path, server.port), "ana@example.com")

    assert found.level is Level.PROBLEM
    assert found.text == f"the mail to ana@example.com was not taken: {answer}"
    assert found.advice.startswith(advice)


async def test_a_test_mail_needs_a_server(tmp_path: Path) -> None:
    found = await send_trial(config(tmp_path, None), "ana@example.com")
    assert (found.level, found.text) == (Level.PROBLEM, "no mail server is configured")
