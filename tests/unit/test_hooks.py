"""What a subscriber may be."""

import base64

import pytest

from callbridge.hooks import check_header, check_secret, http_url, network, new_secret


def key(prefix: str, size: int) -> str:
    return prefix + base64.b64encode(b"k" * size).decode()


@pytest.mark.parametrize("secret", [key("whsec_", 24), key("whsec_", 64), key("whsk_", 32), key("whsk_", 64)])
def test_a_key_of_the_specification_is_taken(secret: str) -> None:
    assert check_secret(secret) == secret


@pytest.mark.parametrize(
    "secret", [key("whsec_", 23), key("whsec_", 65), key("whsk_", 33), key("whpk_", 32), "whsec_???", "geheim", ""]
)
def test_another_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ValueError, match=r"must begin|is not base64|holds \d+ bytes") as refused:
        check_secret(secret)
    assert len(secret) < 10 or secret not in str(refused.value)


@pytest.mark.parametrize("asymmetric", [False, True])
def test_a_new_secret_is_one_and_never_the_same(asymmetric: bool) -> None:  # noqa: FBT001 - a case
    first, second = (check_secret(new_secret(asymmetric=asymmetric)) for _ in range(2))
    assert first != second
    assert first.startswith("whsk_" if asymmetric else "whsec_")


@pytest.mark.parametrize("name", ["Authorization", "X-Tenant", "x_y", "apikey"])
def test_a_header_of_one_s_own_is_taken(name: str) -> None:
    check_header(name, "Bearer abc def")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Webhook-Id", "set by callbridge"),
        ("webhook-signature", "set by callbridge"),
        ("WEBHOOK-ANYTHING", "set by callbridge"),
        ("Content-Type", "set by callbridge"),
        ("content-length", "set by callbridge"),
        ("Content-Encoding", "set by callbridge"),
        ("Host", "set by callbridge"),
        ("Connection", "about the connection"),
        ("Transfer-Encoding", "about the connection"),
        ("Proxy-Authorization", "about the connection"),
        ("TE", "about the connection"),
        ("Upgrade", "about the connection"),
        ("X Tenant", "no header's name"),
        ("X-Tenant:", "no header's name"),
        ("X\r\nY", "no header's name"),
        ("", "no header's name"),
    ],
)
def test_a_header_that_would_break_the_signature_or_the_connection_is_refused(name: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_header(name, "x")


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\0b", "é", "x" * 1025])
def test_a_value_is_one_line_of_ascii_and_not_shown(value: str) -> None:
    with pytest.raises(ValueError, match="must be one line") as refused:
        check_header("X-Tenant", value)
    assert value not in str(refused.value)


@pytest.mark.parametrize("text", ["10.1.0.0/16", "10.1.2.3", "fd00::/8"])
def test_a_network_is_taken(text: str) -> None:
    assert network(text).startswith(text)


@pytest.mark.parametrize("text", ["10.1.2.3/16", "crm.lan", "10.1", ""])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no network"):
        network(text)


@pytest.mark.parametrize("url", ["ftp://a", "https://", "https://u:p@a", "https://a b", "http://a:99999", "a"])
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"must begin|names no host|holds a user|is no URL"):
        http_url(url)
