"""ARI over https: only the certificate that was asked for is trusted."""

import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from callbridge.asterisk.ari.rest import open_rest
from callbridge.asterisk.ari.stream import LinkUp
from callbridge.errors import PbxUnreachable
from tests.unit.asterisk.ari.pbx import Pbx, SteadyClock, listening, serving, settings, stays, taken, until

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")

MAKE = [
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=pbx.example",
    "-addext",
    "subjectAltName=DNS:pbx.example",
]


async def pong(_: web.Request) -> web.Response:
    return web.json_response({"ping": "pong", "timestamp": "2026-11-22T12:51:10.718+0000"})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file with key and certificate, for the name pbx.example only."""
    file = tmp_path_factory.mktemp("tls") / "pbx.pem"
    key = file.with_suffix(".key")
    subprocess.run(
        [*MAKE, "-keyout", str(key), "-out", str(file)],
        check=True,
        capture_output=True,
        timeout=20,
    )
    file.write_text(file.read_text() + key.read_text())
    return file


@asynccontextmanager
async def tls_pbx(certificate: Path) -> AsyncIterator[str]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with serving(Pbx(lives=[stays], answer=pong), tls=context) as pbx:
        yield pbx.url


async def test_the_pbx_own_authority_is_trusted_for_its_own_name(certificate: Path) -> None:
    async with tls_pbx(certificate) as url:
        asked = settings(url, ca_file=certificate, server_name="pbx.example")
        async with open_rest(asked, SteadyClock()) as rest, listening(asked) as link:
            assert await rest.ping() is not None
            (up,) = await taken(link, 1)

    assert isinstance(up, LinkUp)


@pytest.mark.parametrize("with_ca", [False, True])
async def test_another_authority_or_name_is_not_accepted(certificate: Path, *, with_ca: bool) -> None:
    async with tls_pbx(certificate) as url:
        asked = settings(url, ca_file=certificate) if with_ca else settings(url, server_name="pbx.example")
        async with open_rest(asked, SteadyClock()) as rest, listening(asked) as link:
            with pytest.raises(PbxUnreachable, match=r"certificate .* not accepted"):
                await rest.ping()
            await until(lambda: "not accepted" in (link.status.last_error or ""))
