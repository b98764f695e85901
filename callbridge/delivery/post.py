"""One try: a signed POST, and in words what came of it."""

import re
import ssl
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.http import HttpProcessingError
from yarl import URL

from callbridge.clock import Clock
from callbridge.delivery.exchange import Answer, Exchange, Heard
from callbridge.delivery.guard import Guard, SocketRefused
from callbridge.delivery.retry import TAKEN, Outcome
from callbridge.delivery.signature import Signer
from callbridge.delivery.subscriber import Subscriber
from callbridge.errors import AddressForbidden
from callbridge.trials import Result

SHOWN_MOST: Final = 200
"""Characters of a refusal that go into the error."""


class Poster:
    """Sends one subscriber's webhooks over connections it keeps; use it as a context manager.

    `traces` watch how far each try comes, `heard` takes the headers of its answer.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        clock: Clock,
        own: Collection[tuple[str, int]] = (),
        traces: Sequence[aiohttp.TraceConfig] = (),
        heard: Heard | None = None,
    ) -> None:
        self._url = URL(subscriber.url)
        self._timeout_s = subscriber.timeout_s
        self._clock = clock
        old = () if subscriber.old_secret is None else (subscriber.old_secret,)
        self._signer = Signer(subscriber.secret, *old, old_until=subscriber.old_until)
        networks = subscriber.allow_networks
        self._guard = Guard(allow_private=subscriber.allow_private, allow_networks=networks, own=own)
        self._exchange = Exchange(
            *(self._url, dict(subscriber.headers), self._guard),
            timeout_s=subscriber.timeout_s,
            limit=subscriber.concurrency,
            traces=traces,
            heard=heard,
        )

    async def __aenter__(self) -> Self:
        await self._guard.learn_names()
        await self._exchange.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._exchange.__aexit__(kind, error, trace)

    async def post(self, event_id: str, body: bytes) -> Outcome:
        """Try once. Never raises for anything the network or the receiver does."""
        began = self._clock.monotonic()
        try:
            headers = self._signer.headers(event_id, body, self._clock.now())
            answer = await self._exchange.post(headers, body)
        except (AddressForbidden, aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            return self._failed(error, self._ms_since(began))
        return _outcome(answer, self._ms_since(began))

    def _ms_since(self, began: float) -> int:
        return round((self._clock.monotonic() - began) * 1000)

    def _failed(self, error: Exception, ms: int) -> Outcome:
        if isinstance(error, AddressForbidden):
            return Outcome(error=str(error), forbidden=True, failure=Result.FORBIDDEN, ms=ms)
        if isinstance(error, TimeoutError):
            return Outcome(error=f"no answer within {self._timeout_s:g} s", failure=Result.ANSWER_TIMEOUT, ms=ms)
        words, forbidden = in_words(error, self._url), _is_refused(error)
        return Outcome(error=words, forbidden=forbidden, failure=sort_of(error), ms=ms)


def _outcome(answer: Answer, ms: int) -> Outcome:
    said = _printable(answer.start.decode("utf-8", "replace")) if answer.start else ""
    if answer.status in TAKEN:
        return Outcome(status=answer.status, answer=said or None, ms=ms)
    error = _refusal(answer, said)
    return Outcome(status=answer.status, error=error, retry_after=answer.retry_after, answer=said or None, ms=ms)


def _refusal(answer: Answer, said: str) -> str:
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
    (HttpProcessingError, Result.NOT_HTTP, "{where} does not answer in HTTP"),
)
"""The first row that fits."""


def _reason(error: Exception) -> str:
    cause = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
    if isinstance(cause, ConnectionRefusedError):
        return "nothing listens there"  # asyncio's own words: Connect call failed ('127.0.0.1', 9)
    words = getattr(cause, "verify_message", None) or getattr(cause, "strerror", None) or str(cause)
    return _printable(WHERE_IN_OPENSSL.sub("", words)).strip(" .,:;")
