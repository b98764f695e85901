"""Each thing that may be wrong with TLS is told apart."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from callbridge.trials import Result

from .certificates import DAY, Authority, Signed
from .receivers import answering, status, trial


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this host trusts."""
    made = Authority()
    context = ssl.create_default_context(cafile=str(made.trusted(tmp_path)))
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", context)
    return made


CASES: dict[str, tuple[Callable[[Authority], Signed], Result, str]] = {
    "good": (lambda by: by.signs("localhost"), Result.TAKEN, "answered 204"),
    "expired": (
        lambda by: by.signs("localhost", lasts=(-2 * DAY, -DAY)),
        Result.CERTIFICATE_EXPIRED,
        "certificate has expired",
    ),
    "early": (lambda by: by.signs("localhost", lasts=(DAY, 2 * DAY)), Result.CERTIFICATE_EARLY, "is not yet valid"),
    "other name": (lambda by: by.signs("crm.example"), Result.CERTIFICATE_OTHER_NAME, "Hostname mismatch"),
    "self-signed": (lambda _: Authority.of_itself("localhost"), Result.CERTIFICATE_SELF_SIGNED, "self-signed"),
    "untrusted": (
        lambda _: Authority("another").signs("localhost"),
        Result.CERTIFICATE_UNTRUSTED,
        "local issuer certificate",
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_each_thing_that_may_be_wrong_with_a_certificate(authority: Authority, case: str, tmp_path: Path) -> None:
    make, result, said = CASES[case]
    async with answering(status(204), make(authority).server(tmp_path)) as port:
        came = await trial(f"https://localhost:{port}/hook")
    assert came.result is result
    assert said in came.said
    assert "_ssl.c" not in came.said
    assert bool(came.advice) == (result is not Result.TAKEN)


async def test_a_certificate_for_another_address_is_one_for_another_name(authority: Authority, tmp_path: Path) -> None:
    async with answering(status(204), authority.signs("127.0.0.2").server(tmp_path)) as port:
        assert (await trial(f"https://127.0.0.1:{port}/")).result is Result.CERTIFICATE_OTHER_NAME


async def test_tls_where_none_is_spoken() -> None:
    async with answering(status(204)) as port:
        came = await trial(f"https://127.0.0.1:{port}/")
    assert came.result is Result.TLS_FAILED
    assert "write http://" in came.advice
