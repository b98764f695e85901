"""One way to speak HTTP to ARI: the header with the credentials, no proxy, no redirect, errors of our own tree."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from yarl import URL

from callbridge.asterisk.ari.settings import AriSettings
from callbridge.errors import PbxUnreachable, ProtocolError

_KEEP_ALIVE_S: Final = 10.0  # http.conf's session_keep_alive is 15 s: we let go first
_REDIRECTS: Final = range(300, 400)


@asynccontextmanager
async def session(settings: AriSettings) -> AsyncIterator[aiohttp.ClientSession]:
    """Open an aiohttp session fit for this PBX, and close it at the end."""
    connector = aiohttp.TCPConnector(ssl=settings.tls(), keepalive_timeout=_KEEP_ALIVE_S, limit=8)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Authorization": settings.authorization(), "Accept-Encoding": "identity"},
        middlewares=(_stay_here,),
        timeout=aiohttp.ClientTimeout(total=None),  # callers bound the whole exchange, reading included
        trust_env=False,
    ) as opened:
        yield opened


def address(settings: AriSettings, *path: str) -> URL:
    """Return the URL of `path` below ARI's root. Its parts must be quoted already."""
    return URL("/".join((settings.url.rstrip("/"), *path)), encoded=True)


async def _stay_here(request: aiohttp.ClientRequest, go: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    # ws_connect() follows redirects and has no switch for it (aiohttp 3.14); a
    # middleware sees every single answer, of websocket and REST alike.
    response = await go(request)
    if response.status in _REDIRECTS:
        response.close()
        raise ProtocolError(
            f"ARI's address answers with a redirect (HTTP {response.status}), which is not followed. "
            "Give ari.url the final address."
        )
    return response


@asynccontextmanager
async def deadline(settings: AriSettings, seconds: float | None = None) -> AsyncIterator[None]:
    """Bound what is inside (`request_s` unless told), and turn the network's failures into PbxUnreachable."""
    try:
        async with asyncio.timeout(settings.request_s if seconds is None else seconds):
            yield
    except aiohttp.WSServerHandshakeError:
        raise
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        # from None: the repr of aiohttp's errors can show the request's headers, our password among them.
        raise PbxUnreachable(_why(error, settings)) from None


def _why(error: Exception, settings: AriSettings) -> str:
    """Say it plainly: aiohttp's own words are for programmers."""
    where = f"ARI at {settings.url}"
    reason = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    match error:
        case TimeoutError():
            return f"{where} does not answer in time. Is the address right, and no firewall in between?"
        case aiohttp.ClientConnectorDNSError():
            return f"{where} cannot be reached: the name cannot be resolved. Is it right, and DNS reachable?"
        case aiohttp.ClientSSLError() | aiohttp.ClientConnectorCertificateError():
            return f"The certificate of {where} is not accepted: {reason}. See tls_ca."
        case aiohttp.ClientResponseError():
            return f"{where} cannot be reached: what answers there speaks no HTTP. Is it the port of http.conf?"
    if isinstance(reason, ConnectionRefusedError):
        return f"{where} cannot be reached: nothing listens there. Is Asterisk up, and http.conf enabled?"
    return f"{where} cannot be reached: {reason or type(error).__name__}. Is the address right?"
