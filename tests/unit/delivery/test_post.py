"""One try, and what is said of it."""

import asyncio
import ssl
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from callbridge.clock import SystemClock
from callbridge.delivery.post import Poster, in_words
from callbridge.delivery.subscriber import Subscriber

HERE = URL("https://crm.example/hooks?token=hidden")
KEY = ConnectionKey("crm.example", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # noqa: S105 - made for this test


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError(1, "certificate has expired")),
            "the TLS certificate of crm.example port 443 is refused: certificate has expired",
        ),
        (
            aiohttp.ClientConnectorError(KEY, OSError(113, "No route to host")),
            "no connection to crm.example port 443: No route to host",
        ),
        (
            aiohttp.ClientConnectorError(KEY, PermissionError(13, "Permission denied")),
            "no connection to crm.example port 443: Permission denied",
        ),
        (aiohttp.ServerDisconnectedError(), "crm.example port 443 closed the connection without an answer"),
        (aiohttp.ClientPayloadError("torn"), "not sent to crm.example port 443: ClientPayloadError"),
    ],
)
def test_an_error_is_said_in_words_and_without_the_urls_query(error: Exception, words: str) -> None:
    assert in_words(error, HERE) == words


async def test_our_own_names_are_looked_up_before_the_first_try(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_up(_host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        return [(2, 1, 6, "", ("10.0.0.5", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    crm = Subscriber("crm", "http://10.0.0.5:5038/", SECRET, allow_private=True)
    async with Poster(crm, SystemClock(), own={("pbx.lan", 5038)}) as poster:
        outcome = await poster.post("evt_1_1", b"{}")
    assert outcome.forbidden
    assert outcome.error is not None
    assert "is callbridge or the PBX itself" in outcome.error
