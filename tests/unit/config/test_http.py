"""`[http]`: TLS is whole or not there, and other hosts are let in without it under protest only."""

import pytest

from .conftest import GOOD, Mistakes, Read

TLS = 'tls_cert_file = "/c.pem"\ntls_key_file = "/c.key"\n'


@pytest.mark.parametrize("here", ["tls_cert_file", "tls_key_file"])
def test_a_certificate_needs_its_key_and_a_key_its_certificate(mistakes: Mistakes, here: str) -> None:
    other = ({"tls_cert_file", "tls_key_file"} - {here}).pop()

    assert mistakes(f'{GOOD}[http]\n{here} = "/x.pem"\n') == [
        f"8: http.{here}: needs {other} beside it; give both, or neither"
    ]


def test_a_relative_path_is_refused(mistakes: Mistakes) -> None:
    assert "must be an absolute path" in mistakes(f"{GOOD}[http]\n{TLS.replace('/c.pem', 'c.pem')}")[0]


@pytest.mark.parametrize(
    ("listen", "tls", "warned"),
    [
        ("0.0.0.0:8700", "", True),
        ("[::]:8700", "", True),
        ("pbx.example:8700", "", True),
        ("0.0.0.0:8700", TLS, False),
        ("127.0.0.1:8700", "", False),
        ("[::1]:8700", "", False),
        ("localhost:8700", "", False),
    ],
)
def test_other_hosts_are_let_in_without_tls_under_protest(read: Read, listen: str, tls: str, warned: bool) -> None:  # noqa: FBT001 - a column of the table
    warnings = read(f'{GOOD}[http]\nlisten = "{listen}"\n{tls}').warnings

    assert [("http.listen: other hosts reach this port unencrypted" in each) for each in warnings] == [True] * warned


@pytest.mark.parametrize("key", ["requests_per_s", "requests_burst", "failures_per_minute"])
def test_a_limit_of_nothing_is_refused(mistakes: Mistakes, key: str) -> None:
    assert f"http.{key}: must be" in mistakes(f"{GOOD}[http]\n{key} = 0\n")[0]
