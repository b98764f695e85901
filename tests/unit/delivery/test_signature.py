"""Signatures the public packages accept."""

import base64
from datetime import timedelta, timezone

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from callbridge import __version__
from callbridge.clock import SystemClock
from callbridge.delivery.signature import Signer, public_key
from callbridge.delivery.subscriber import Subscriber
from callbridge.errors import ConfigError
from callbridge.hooks import new_secret

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


def test_a_former_secret_signs_until_its_time_is_over() -> None:
    now = SystemClock().now()
    signer = Signer(NEW, OLD, old_until=now + timedelta(hours=1))
    Webhook(OLD).verify(BODY, signer.headers("evt_1_1", BODY, now))
    late = signer.headers("evt_1_1", BODY, now + timedelta(hours=1))
    assert late == Signer(NEW).headers("evt_1_1", BODY, now + timedelta(hours=1))


def receiver_verifies(public: str, headers: dict[str, str], body: bytes) -> None:
    """What a receiver does with `v1a`, by the specification alone. Raises InvalidSignature."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    signature = next(each for each in headers["webhook-signature"].split(" ") if each.startswith("v1a,"))
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    key.verify(base64.b64decode(signature.removeprefix("v1a,")), signed)


@pytest.mark.parametrize("whole", [False, True], ids=["the seed", "seed and public half"])
def test_ed25519_is_verified_with_the_public_key_alone(whole: bool) -> None:  # noqa: FBT001 - a case
    secret = new_secret(asymmetric=True)
    public = public_key(secret)
    assert public is not None
    if whole:
        seed = base64.b64decode(secret.removeprefix("whsk_"))
        half = base64.b64decode(public.removeprefix("whpk_"))
        secret = "whsk_" + base64.b64encode(seed + half).decode()
        assert public_key(secret) == public
    headers = Signer(secret).headers("evt_1_1", BODY, SystemClock().now())
    receiver_verifies(public, headers, BODY)
    with pytest.raises(InvalidSignature):
        receiver_verifies(public, headers, BODY + b" ")
    with pytest.raises(InvalidSignature):
        receiver_verifies(public, headers | {"webhook-id": "evt_1_2"}, BODY)


def test_the_known_pair_of_rfc_8032_signs_as_it_says() -> None:
    """Section 7.1, test 2: the seed and its public key."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    assert public_key("whsk_" + base64.b64encode(seed).decode()) == "whpk_" + base64.b64encode(public).decode()


def test_while_moving_to_ed25519_the_former_secret_signs_too() -> None:
    secret = new_secret(asymmetric=True)
    headers = Signer(secret, OLD).headers("evt_1_1", BODY, SystemClock().now())
    assert [each.partition(",")[0] for each in headers["webhook-signature"].split(" ")] == ["v1a", "v1"]
    Webhook(OLD).verify(BODY, headers)
    receiver_verifies(public_key(secret) or "", headers, BODY)


def test_a_secret_of_both_sides_has_no_public_key() -> None:
    assert public_key(NEW) is None
