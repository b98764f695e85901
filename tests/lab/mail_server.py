"""A real SMTP server on loopback, which says what a test wants it to say."""

import asyncio
import email
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from types import TracebackType
from typing import Any, Final, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

SOON_S: Final = 20.0
ENDED_S: Final = 0.3
TAKEN: Final = "250 taken"

Answer = Callable[[str], str]
"""From a recipient to what the server says of it."""


@dataclass(frozen=True)
class Mail:
    """What the server took."""

    sender: str
    recipient: str
    raw: bytes
    encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.raw, policy=WIRE)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return str(self.message.get_content()).replace("\r\n", "\n")


class MailServer:
    """`async with MailServer() as server:` - takes mails inside; `stop` and `start` it at will, on the same port."""

    def __init__(
        self,
        *,
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
        users: Mapping[str, str] | None = None,
    ) -> None:
        """`tls` speaks it from the first byte, `starttls` insists on it later. With `users` nobody else may write."""
        self._starttls, self._tls, self._users = starttls, tls, users
        self.mails: list[Mail] = []
        self.of_recipient: Answer = lambda _: TAKEN
        """What is said to RCPT TO,"""
        self.of_mail: Answer = lambda _: TAKEN
        """and after the mail itself."""
        self.hangs = False
        """Whether it says nothing at all any more, to nobody."""
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Transport] = set()
        self._changed = asyncio.Condition()
        self._released = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._released.clear()
        self._server = await loop.create_server(self._talk, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Be gone, with every connection."""
        self._released.set()
        if self._server is not None:
            self._server.close()
        for transport in tuple(self._open):
            transport.abort()
        with suppress(TimeoutError):  # of a TLS handshake that failed aiosmtpd never hears the end
            async with asyncio.timeout(ENDED_S):
                while self._open:  # noqa: ASYNC110 - transports tell nobody
                    await asyncio.sleep(0.01)

    async def takes(self, count: int) -> list[Mail]:
        """Wait for so many mails in all."""
        async with asyncio.timeout(SOON_S), self._changed:
            await self._changed.wait_for(lambda: len(self.mails) >= count)
        return self.mails

    def to(self, recipient: str) -> list[Mail]:
        return [mail for mail in self.mails if mail.recipient == recipient]

    def _talk(self) -> SMTP:
        self.connections += 1
        return _Talk(self, self._open, self._options())

    def _options(self) -> dict[str, Any]:
        return {
            "hostname": "mail.test",
            "tls_context": self._starttls,
            "require_starttls": self._starttls is not None,
            "authenticator": self._knows,
            "auth_required": self._users is not None,
            "auth_require_tls": self._users is not None and self._tls is None,
        }

    def _knows(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        right = (self._users or {}).get(given.login.decode()) == given.password.decode()
        return AuthResult(success=right, handled=False, auth_data=given.login.decode())

    # --- aiosmtpd's hooks

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if self.hangs:
            await self._released.wait()
        return responses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.hangs:
            await self._released.wait()
        answer = self.of_recipient(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        (recipient,) = envelope.rcpt_tos
        answer = self.of_mail(recipient)
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            user = session.auth_data if isinstance(session.auth_data, str) else None
            encrypted = session.ssl is not None or self._tls is not None
            mail = Mail(envelope.mail_from or "", recipient, envelope.content, encrypted, user)
            async with self._changed:
                self.mails.append(mail)
                self._changed.notify_all()
        return answer


class _Talk(SMTP):
    """One connection, which the server knows of while it is open."""

    def __init__(self, server: MailServer, talks: set[asyncio.Transport], options: dict[str, Any]) -> None:
        super().__init__(server, **options)
        self._talks = talks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._talks.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._talks -= {each for each in self._talks if each.is_closing()}
        super().connection_lost(error)
