"""Handing mails in at a server: one connection, every step within a deadline."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import aiosmtplib

from callbridge.errors import MailUnavailable
from callbridge.notice.message import Letter
from callbridge.notice.settings import Security, Server
from callbridge.notice.troubles import MailRefused, translated

QUIT_S: Final = 2.0
"""For a server to say goodbye: it has taken everything by then."""
NAMELESS: Final = "[127.0.0.1]"
"""RFC 5321, 4.1.4: an address literal where a host has no name."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a mail: taken, or why not, and whether that is for good."""

    error: str | None = None
    final: bool = False
    lost: bool = False
    """Whether the connection is of no use any more."""


class Session:
    """A connection to a mail server, logged in."""

    def __init__(self, smtp: aiosmtplib.SMTP, server: Server) -> None:
        self._smtp, self._server = smtp, server

    async def send(self, letter: Letter) -> Outcome:
        """Hand in a mail; return once the server has taken it or not."""
        try:
            with translated(self._server):
                async with asyncio.timeout(self._server.timeout_s):
                    await self._smtp.sendmail(letter.sender, letter.recipient, letter.body)
        except MailRefused as refused:
            return Outcome(str(refused), final=refused.final, lost=not self._smtp.is_connected)
        except MailUnavailable as error:
            return Outcome(str(error), lost=True)
        return Outcome()


@asynccontextmanager
async def session(server: Server) -> AsyncIterator[Session]:
    """Connect, and log in where there is a user name. Raises MailUnavailable."""
    smtp = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.username,
        password=None if server.password is None else server.password.get_secret_value(),
        local_hostname=_own_name(),
        timeout=server.timeout_s,
        use_tls=server.security is Security.TLS,
        start_tls=server.security is Security.STARTTLS,
        tls_context=None if server.security is Security.NONE else await asyncio.to_thread(_trust, server),
    )
    try:
        with translated(server):
            async with asyncio.timeout(server.timeout_s):
                await smtp.connect()
                if smtp.is_ehlo_or_helo_needed:  # nothing needed it so far: `check` shall have tried it
                    await smtp.ehlo()
        yield Session(smtp, server)
        with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(QUIT_S):
                await smtp.quit()
    finally:
        smtp.close()


def _trust(server: Server) -> ssl.SSLContext:
    """Read it anew for each connection: authorities change."""
    try:
        return ssl.create_default_context(cafile=None if server.tls_ca is None else str(server.tls_ca))
    except OSError as error:
        text = f"The authorities in {server.tls_ca} cannot be read: {error}"
        raise MailUnavailable(f"{text}. Name a PEM file that callbridge's user may read.") from None


def _own_name() -> str:
    """Return what to say with EHLO. Not socket.getfqdn(): it asks DNS, and may take half a minute for it."""
    name = socket.gethostname()
    return name if name.isascii() and "." in name else NAMELESS
