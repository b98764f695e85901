"""One GET at a CRM, over connections that are kept: bounded in time and size, and every error one of ours."""

import asyncio
import socket
import ssl
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.http import HttpProcessingError
from yarl import URL

from callbridge.directory.answer import MOST_BYTES
from callbridge.directory.settings import LookupSettings
from callbridge.errors import (
    AnswerUnusable,
    ConfigError,
    SourceLate,
    SourceUnreachable,
)

KEEPALIVE_S: Final = 30.0
"""A connection that the CRM closes meanwhile costs nothing: aiohttp asks again over a new one, as GET allows."""
PIECE: Final = 16 * 1024


class Asking:
    """The way to one CRM. Use it as an async context manager; raises ConfigError where `tls_ca` is no good."""

    def __init__(self, settings: LookupSettings) -> None:
        self._settings = settings

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=self._settings.concurrency,  # who comes later waits, and the deadline counts it
            keepalive_timeout=KEEPALIVE_S,
            ssl=_tls(self._settings),
        )
        self._http = aiohttp.ClientSession(
            connector=connector,
            headers={"accept": "application/json", "accept-encoding": "identity", **self._settings.headers},
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(None),  # the whole has one deadline
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def get(self, url: str) -> tuple[int, bytes]:
        """Return status and body; `deadline_s` is for all of it, the wait for a place included.

        Raises DirectoryError.
        """
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                return await self._got(url)
        except TimeoutError:
            within = f"{self._settings.deadline_s:g} s"
            advice = "Is it up, and no firewall in between? deadline_s can give it more time."
            raise SourceLate(f"{self._settings.name} did not answer within {within}. {advice}") from None
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            raise translated(self._settings.name, error) from None

    async def _got(self, url: str) -> tuple[int, bytes]:
        async with self._http.get(URL(url, encoded=True), allow_redirects=False) as response:
            body = bytearray()
            while piece := await response.content.read(PIECE):
                body += piece
                if len(body) > MOST_BYTES:
                    response.close()
                    much = f"{self._settings.name} answers more than {MOST_BYTES // 1024} KiB."
                    raise AnswerUnusable(f"{much} Does it look for the whole number?")
            return response.status, bytes(body)


def _tls(settings: LookupSettings) -> ssl.SSLContext | bool:
    if settings.tls_ca is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(settings.tls_ca))
    except OSError as error:  # ssl.SSLError is one
        why = error.strerror or str(error)
        cannot = f"[[directory.lookup]] {settings.name}: tls_ca {settings.tls_ca} cannot be used: {why}"
        raise ConfigError((f"{cannot}; give a PEM file",)) from None


def translated(name: str, error: Exception) -> SourceUnreachable:
    """Return what went wrong on the way as one of ours, in words that help, without any of the question's."""
    cause = error.certificate_error if isinstance(error, aiohttp.ClientConnectorCertificateError) else error
    if isinstance(cause, aiohttp.ClientConnectorError):
        cause = cause.os_error
    what, advice = next((said for kinds, *said in CAUSES if isinstance(cause, kinds)), NO_WAY)
    why = getattr(cause, "verify_message", None) or getattr(cause, "strerror", None) or type(cause).__name__
    return SourceUnreachable(f"{name}: {what.format(why=why)}. {advice}")


Kinds = type[Exception] | tuple[type[Exception], ...]
CAUSES: Final[tuple[tuple[Kinds, str, str], ...]] = (
    (socket.gaierror, "its name cannot be resolved ({why})", "Is it spelled right, and DNS reachable?"),
    (
        ssl.SSLCertVerificationError,
        "its certificate is not to be trusted ({why})",
        "Renew it there, or name its authority in tls_ca.",
    ),
    (ssl.SSLError, "it speaks no TLS that we understand", "Is it https:// there, and the port right?"),
    (ConnectionRefusedError, "nothing listens there", "Does the CRM run, and is the port right?"),
    (
        (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, ConnectionResetError),
        "the connection broke off before the answer was whole",
        "Its log, or its proxy's, says why.",
    ),
    (
        (aiohttp.ClientResponseError, HttpProcessingError),
        "what answers there speaks no HTTP",
        "Is the port right, and http:// or https://?",
    ),
)
"""What is said of an error, the first that fits."""
NO_WAY: Final = ("no connection ({why})", "Is the address right?")
