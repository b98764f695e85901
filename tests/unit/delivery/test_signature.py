"""Signatures the public packages accept."""

from datetime import timedelta, timezone

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from callbridge import __version__
from callbridge.clock import SystemClock
from callbridge.delivery.signature import Signer
from callbridge.delivery.subscriber import Subscriber
from callbridge.errors import ConfigError

OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
BODY = '{"type":"call.started","data":{"name":"Иван"}}'.encode()


def test_the_public_package_accepts_the_signature() -> None:
    headers = Signer(NEW).headers("evt_1_1", BODY, SystemClock().now())
    assert Webhook(NEW).verify(BODY, headers)["type"] == "call.started"


@pytest.mark.parametrize("place", [0, 20, len(BODY) - 1])
def test_one_changed_byte_is_refused(place: int) -> None:
    headers = Signer(NEW).headers("evt_1_1", BODY, SystemClock().now())
    changed = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(changed, headers, json_parse=False)


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp"])
def test_a_changed_id_or_time_is_refused(header: str) -> None:
    headers = Signer(NEW).headers("evt_1_1", BODY, SystemClock().now())
    headers[header] = headers[header][:-1] + ("8" if headers[header].endswith("7") else "7")
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY, headers)


def test_a_time_in_another_zone_is_signed_as_the_same_moment() -> None:
    now = SystemClock().now()
    elsewhere = now.astimezone(timezone(timedelta(hours=-7)))
    assert Signer(NEW).headers("evt_1_1", BODY, elsewhere) == Signer(NEW).headers("evt_1_1", BODY, now)


@pytest.mark.parametrize("known", [OLD, NEW])
def test_while_a_secret_is_changed_whoever_knows_either_accepts(known: str) -> None:
    headers = Signer(NEW, OLD).headers("evt_1_1", BODY, SystemClock().now())
    assert len(headers["webhook-signature"].split(" ")) == 2
    Webhook(known).verify(BODY, headers)


def test_the_headers_are_those_of_the_specification() -> None:
    headers = Signer(NEW).headers("evt_1_1", BODY, SystemClock().now())
    assert set(headers) == {
        "content-type",
        "user-agent",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == f"callbridge/{__version__}"
    assert headers["webhook-id"] == "evt_1_1"
    assert headers["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_MfKQ9", "geheim-ñ"])
def test_a_secret_that_cannot_be_used_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Signer(secret)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None
    assert secret not in str(refused.value) or secret in {"", "whsec_"}


def test_a_subscriber_shows_neither_its_secrets_nor_its_url() -> None:
    shown = repr(Subscriber("crm", "https://crm.example/hook?token=abc", NEW, old_secret=OLD))
    assert NEW not in shown
    assert OLD not in shown
    assert "abc" not in shown
