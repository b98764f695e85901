"""One try: a signed POST, and in words what came of it."""

import asyncio
import re
import ssl
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

import aiohttp
from yarl import URL

from callbridge.calls.frozen import replace
from callbridge.clock import Clock
from callbridge.delivery.guard import Guard, GuardedResolver, SocketRefused
from callbridge.delivery.retry import Outcome
from callbridge.delivery.signature import Signer
from callbridge.delivery.subscriber import Subscriber
from callbridge.errors import AddressForbidden
from callbridge.trials import Result

ANSWER_MOST: Final = 16 * 1024
"""Bytes of an answer that are read; after them the connection is dropped."""

DRAIN_S: Final = 1.0
"""How long an answer's body may take once its status is known: all that depends on it is whether the connection can be
used again."""

SHOWN_MOST: Final = 200
"""Characters of a refusal that go into the error."""

KEEPALIVE_S: Final = 4.0
"""Shorter than the 5 s after which Node's and uvicorn's servers close an idle connection: a POST sent into the closing
is lost and costs a try."""


class Poster:
    """Sends one subscriber's webhooks over connections it keeps; use it as a context manager.

    `traces` watch how far each try comes.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        clock: Clock,
        own: Collection[tuple[str, int]] = (),
        traces: Sequence[aiohttp.TraceConfig] = (),
    ) -> None:
        self._url = URL(subscriber.url)
        self._timeout_s = subscriber.timeout_s
        self._limit = subscriber.concurrency
        self._clock = clock
        self._traces = traces
        old = () if subscriber.old_secret is None else (subscriber.old_secret,)
        self._signer = Signer(subscriber.secret, *old, old_until=subscriber.old_until)
        self._headers = dict(subscriber.headers)
        networks = subscriber.allow_networks
        self._guard = Guard(allow_private=subscriber.allow_private, allow_networks=networks, own=own)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        await self._guard.learn_names()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._limit,
                resolver=GuardedResolver(self._guard),
                socket_factory=self._guard.socket,
                keepalive_timeout=KEEPALIVE_S,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            trust_env=False,
            auto_decompress=False,
            trace_configs=list(self._traces),
            # Nothing packed: an answer's first bytes go into the error as they are.
            headers={"accept-encoding": "identity", "accept": "*/*"},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, event_id: str, body: bytes) -> Outcome:
        """Try once. Never raises for anything the network or the receiver does."""
        began = self._clock.monotonic()
        outcome = await self._tried(event_id, body)
        return replace(outcome, ms=round((self._clock.monotonic() - began) * 1000))

    async def _tried(self, event_id: str, body: bytes) -> Outcome:
        try:
            return await self._post(event_id, body)
        except AddressForbidden as error:
            return Outcome(error=str(error), forbidden=True, failure=Result.FORBIDDEN)
        except TimeoutError:
            return Outcome(error=f"no answer within {self._timeout_s:g} s", failure=Result.ANSWER_TIMEOUT)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            words, forbidden = in_words(error, self._url), _is_refused(error)
            return Outcome(error=words, forbidden=forbidden, failure=sort_of(error))

    async def _post(self, event_id: str, body: bytes) -> Outcome:
        if self._session is None:
            raise RuntimeError("use Poster as a context manager")
        headers = self._headers | self._signer.headers(event_id, body, self._clock.now())
        async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
            start = b"" if answer.content.at_eof() else await _start_of(answer)
            said = _printable(start.decode("utf-8", "replace")) if start else ""
            if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
                return Outcome(status=answer.status, answer=said or None)
            return Outcome(
                status=answer.status,
                error=_refusal(answer, said),
                retry_after=answer.headers.get("retry-after"),
                answer=said or None,
            )


async def _start_of(answer: aiohttp.ClientResponse) -> bytes:
    """Return the first bytes of the answer's body; drop the connection when there is more than we read.

    The status has decided by now: a body that is slow, endless or broken changes nothing.
    """
    start = bytearray()
    try:
        async with asyncio.timeout(DRAIN_S):
            while len(start) <= ANSWER_MOST and (piece := await answer.content.readany()):
                start += piece
    except (TimeoutError, aiohttp.ClientError, OSError):
        answer.close()
    if len(start) > ANSWER_MOST:
        answer.close()
    return bytes(start[:ANSWER_MOST])


def _refusal(answer: aiohttp.ClientResponse, said: str) -> str:
    words = f"answered {answer.status} {_printable(answer.reason or '')}".rstrip()
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        words += ", a redirect, which is not followed: give the final URL"
    return f"{words}: {said}" if said else words


def _printable(text: str) -> str:
    """One line, without control characters, short."""
    words = " ".join(text[: SHOWN_MOST * 2].split())
    return "".join(letter for letter in words if letter.isprintable())[:SHOWN_MOST]


def _is_refused(error: Exception) -> bool:
    """Whether the guard's `socket` raised it."""
    return isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, SocketRefused)


def in_words(error: Exception, url: URL) -> str:
    """Return what went wrong for an admin. The URL's path and query stay out: they may hold a token."""
    if _is_refused(error):
        return _reason(error)
    for kind, _, words in WORDS:
        if isinstance(error, kind):
            return words.format(where=f"{url.host} port {url.port}", host=url.host, reason=_reason(error))
    return f"not sent to {url.host} port {url.port}: {type(error).__name__}"


def sort_of(error: Exception) -> Result:
    """Return what went wrong for a program."""
    if _is_refused(error):
        return Result.FORBIDDEN
    cause = getattr(error, "os_error", None) or getattr(error, "certificate_error", None)
    if isinstance(cause, ConnectionRefusedError):
        return Result.NOT_LISTENING
    if isinstance(cause, ssl.SSLCertVerificationError):
        return CERTIFICATES.get(getattr(cause, "verify_code", 0), Result.CERTIFICATE_UNTRUSTED)
    return next((sort for kind, sort, _ in WORDS if isinstance(error, kind)), Result.NOT_SENT)


WHERE_IN_OPENSSL: Final = re.compile(r"^\[SSL[^\]]*\] | \(_ssl\.c:\d+\)$")

CERTIFICATES: Final[Mapping[int, Result]] = {
    9: Result.CERTIFICATE_EARLY,
    10: Result.CERTIFICATE_EXPIRED,
    18: Result.CERTIFICATE_SELF_SIGNED,
    19: Result.CERTIFICATE_SELF_SIGNED,  # the authority at the end of what it sent is its own, and not known here
    62: Result.CERTIFICATE_OTHER_NAME,
    64: Result.CERTIFICATE_OTHER_NAME,  # an address
}
"""By OpenSSL's X509_V_ERR_; any other means that nobody we trust has signed it."""

WORDS: Final[Sequence[tuple[type[Exception], Result, str]]] = (
    (aiohttp.ClientConnectorDNSError, Result.NAME_UNKNOWN, "the name {host} cannot be resolved: {reason}"),
    (
        aiohttp.ClientConnectorCertificateError,
        Result.CERTIFICATE_UNTRUSTED,
        "the TLS certificate of {where} is refused: {reason}",
    ),
    (aiohttp.ClientConnectorSSLError, Result.TLS_FAILED, "TLS with {where} failed: {reason}"),
    (aiohttp.ClientConnectorError, Result.NOT_REACHED, "no connection to {where}: {reason}"),
    (
        aiohttp.InvalidURL,
        Result.NOT_SENT,
        "the URL is not usable: it must be http:// or https:// and a host",
    ),
    (aiohttp.ServerDisconnectedError, Result.CLOSED, "{where} closed the connection without an answer"),
    (ConnectionError, Result.CLOSED, "{where} closed the connection without an answer"),
    (aiohttp.ClientOSError, Result.CLOSED, "the connection to {where} broke: {reason}"),
    (aiohttp.ClientResponseError, Result.NOT_HTTP, "{where} does not answer in HTTP"),
)
"""The first row that fits."""


def _reason(error: Exception) -> str:
    cause = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
    if isinstance(cause, ConnectionRefusedError):
        return "nothing listens there"  # asyncio's own words: Connect call failed ('127.0.0.1', 9)
    words = getattr(cause, "verify_message", None) or getattr(cause, "strerror", None) or str(cause)
    return _printable(WHERE_IN_OPENSSL.sub("", words)).strip(" .,:;")
