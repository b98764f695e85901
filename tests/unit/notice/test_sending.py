"""Handing mails in at a real SMTP server, and at some that are none."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from callbridge.errors import MailUnavailable
from callbridge.notice.message import Letter, about
from callbridge.notice.sending import Outcome, session
from callbridge.notice.settings import Security, Server
from tests.lab.mail_server import MailServer
from tests.unit.delivery.certificates import Authority

from .made import ANA, AT, HEAD, a_matter

PASSWORD = "battery staple"  # noqa: S105 - of a server of the tests


def letter(to: str = ANA.address) -> Letter:
    return replace(about([a_matter()], ANA, HEAD, "evt_1", AT), recipient=to)


def way(port: int, **changes: object) -> Server:
    return replace(Server("127.0.0.1", port, Security.NONE, timeout_s=5.0), **changes)  # type: ignore[arg-type]  # any


async def sent(server: Server, *letters: Letter) -> list[Outcome]:
    async with session(server) as opened:
        return [await opened.send(each) for each in letters or (letter(),)]


async def trouble(server: Server) -> str:
    with pytest.raises(MailUnavailable) as found:
        await sent(server)
    return str(found.value)


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with MailServer() as server:
        assert await sent(way(server.port)) == [Outcome()]

    (mail,) = server.mails
    assert (mail.sender, mail.recipient) == ("calls@example.com", "ana@example.com")
    assert mail.subject == "Missed call: +351912345678 Maria Silva"
    assert mail.text.startswith("From: +351912345678 Maria Silva\n")
    assert mail.raw == letter().body


async def test_many_mails_go_over_one_connection() -> None:
    async with MailServer() as server:
        await sent(way(server.port), letter(), letter(), letter())

    assert (len(server.mails), server.connections) == (3, 1)


async def test_starttls_encrypts_before_the_password_is_said(tmp_path: Path) -> None:
    authority = Authority()
    context = authority.signs("127.0.0.1").server(tmp_path)
    trusted = authority.trusted(tmp_path)
    login = {"username": "callbridge", "password": SecretStr(PASSWORD)}

    async with MailServer(starttls=context, users={"callbridge": PASSWORD}) as server:
        assert await sent(way(server.port, security=Security.STARTTLS, tls_ca=trusted, **login)) == [Outcome()]
        refused = await trouble(way(server.port, security=Security.NONE, **login))

    (mail,) = server.mails
    assert mail.encrypted
    assert mail.user == "callbridge"
    assert "offers no log-in" in refused or "says no" in refused


async def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    authority = Authority()
    trusted = authority.trusted(tmp_path)

    async with MailServer(tls=authority.signs("127.0.0.1").server(tmp_path)) as server:
        assert await sent(way(server.port, security=Security.TLS, tls_ca=trusted)) == [Outcome()]

    assert server.mails[0].encrypted


@pytest.mark.patient
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path, security: Security) -> None:
    context = Authority.of_itself("127.0.0.1").server(tmp_path)
    tls, starttls = (context, None) if security is Security.TLS else (None, context)

    async with MailServer(tls=tls, starttls=starttls) as server:
        text = await trouble(way(server.port, security=security))

    assert "The certificate of the mail server" in text
    assert "tls_ca" in text
    assert server.mails == []


async def test_a_server_that_offers_no_starttls_gets_no_plain_mail() -> None:
    async with MailServer() as server:
        text = await trouble(way(server.port, security=Security.STARTTLS))

    assert "offers no STARTTLS" in text
    assert server.mails == []


async def test_a_wrong_password_is_told_and_never_shown(tmp_path: Path) -> None:
    authority = Authority()
    context = authority.signs("127.0.0.1").server(tmp_path)
    trusted = authority.trusted(tmp_path)
    async with MailServer(starttls=context, users={"callbridge": PASSWORD}) as server:
        wrong = way(
            server.port,
            security=Security.STARTTLS,
            tls_ca=trusted,
            username="callbridge",
            password=SecretStr("not that one"),
        )
        text = await trouble(wrong)

    assert "refuses our user name or password: 535" in text
    assert "not that one" not in text + repr(wrong)


async def test_a_recipient_unknown_there_is_refused_for_good_and_the_others_are_not() -> None:
    async with MailServer() as server:
        server.of_recipient = lambda to: "550 5.1.1 no such user" if to.startswith("gone") else "250 ok"

        first, second = await sent(way(server.port), letter("gone@example.com"), letter())

    assert first == Outcome("550 5.1.1 no such user", final=True)
    assert second == Outcome()
    assert [mail.recipient for mail in server.mails] == ["ana@example.com"]


@pytest.mark.parametrize(
    ("answer", "final"), [("451 4.7.1 greylisted", False), ("452 4.2.2 mailbox full", False), ("554 no spam", True)]
)
async def test_what_the_server_says_of_the_mail_itself_counts_too(answer: str, *, final: bool) -> None:
    async with MailServer() as server:
        server.of_mail = lambda _: answer

        assert await sent(way(server.port)) == [Outcome(answer, final=final)]


async def test_a_server_that_says_421_is_left() -> None:
    async with MailServer() as server:
        server.of_recipient = lambda _: "421 closing down"

        (outcome,) = await sent(way(server.port))

    assert outcome == Outcome("421 closing down", lost=True)


async def test_nobody_listens() -> None:
    async with MailServer() as server:
        pass

    assert "No mail server listens on 127.0.0.1" in await trouble(way(server.port))


async def test_a_server_that_hangs_costs_no_more_than_the_deadline() -> None:
    async with MailServer() as server:
        server.hangs = True

        text = await trouble(way(server.port, timeout_s=0.2))

    assert "gave no answer within 0.2 s" in text


@pytest.mark.patient
async def test_a_server_that_hangs_over_a_mail_is_left() -> None:
    async with MailServer() as server, session(way(server.port, timeout_s=0.2)) as opened:
        server.hangs = True

        outcome = await opened.send(letter())

    assert outcome.lost
    assert "gave no answer within" in str(outcome.error)


async def test_what_hangs_before_it_greets_costs_no_more_than_the_deadline() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with speaking(silent) as port:
        assert "gave no answer within 0.2 s" in await trouble(way(port, timeout_s=0.2))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "127.0.0.1"),
        (b"554 go away\x1b[2J\r\n", "says no: 554 go away"),
        (b"220 " + b"a" * 200_000, "127.0.0.1"),
        (b"", "127.0.0.1"),
    ],
)
async def test_what_is_no_mail_server_is_told_in_our_words(said: bytes, told: str) -> None:
    async def says(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()

    async with speaking(says) as port:
        text = await trouble(way(port, timeout_s=2.0))

    assert text.startswith("The mail server 127.0.0.1")
    assert told in text
    assert "\x1b" not in text
    assert len(text) < 400


async def test_authorities_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    absent = tmp_path / "absent.pem"
    text = await trouble(way(1, security=Security.TLS, tls_ca=absent))
    assert f"The authorities in {absent} cannot be read" in text


async def test_a_name_that_does_not_resolve_is_told() -> None:
    assert "cannot be resolved" in await trouble(replace(way(25), host="mail.invalid"))


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def speaking(talk: Talk) -> AsyncIterator[int]:
    """Run something that is no mail server; give its port."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
