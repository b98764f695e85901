"""What a receiver's developer is told of a signature that is right, and of each that is not."""

import base64
import hashlib
import hmac
import json
import re
from datetime import timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbridge.calls.events import EventType
from callbridge.clock import SystemClock
from callbridge.delivery.payload import render
from callbridge.delivery.samples import sample
from callbridge.delivery.signature import Signer, public_key
from callbridge.delivery.verifying import Verdict, Verifier
from callbridge.errors import ConfigError

CLOCK = SystemClock()
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # noqa: S105 - made for this test
OTHER = "whsec_YW5vdGhlciBzZWNyZXQsIHdoaWNoIG5vYm9keSBrbm93cw=="
PAIR = "whsk_" + base64.b64encode(b"a seed of exactly 32 bytes......").decode()
BODY = render(sample(EventType.CALL_ENDED, "main", CLOCK.now()))


def headers(body: bytes = BODY, *, secret: str = SECRET, late_s: float = 0) -> dict[str, str]:
    return Signer(secret).headers("evt_1", body, CLOCK.now() - timedelta(seconds=late_s))


def judged(given: dict[str, str], body: bytes = BODY, key: str = SECRET) -> Verdict:
    return Verifier(key, CLOCK).judge(given, body)


def test_what_we_sign_is_verified_whatever_the_case_of_the_headers() -> None:
    assert judged({name.title(): value for name, value in headers().items()}) == Verdict("v1")


@pytest.mark.parametrize("key", [PAIR, public_key(PAIR)])
def test_what_is_signed_by_ed25519_is_verified_with_either_half(key: str) -> None:
    assert judged(headers(secret=PAIR), key=key) == Verdict("v1a")
    assert judged(headers(secret=PAIR), BODY + b" ", key).scheme is None
    assert judged(headers(secret=PAIR, late_s=600), key=key).why.endswith(
        "s before the time it is here; five minutes are borne"
    )


def test_while_a_secret_is_changed_both_are_verified() -> None:
    both = Signer(SECRET, OTHER).headers("evt_1", BODY, CLOCK.now())
    assert judged(both).verified
    assert judged(both, key=OTHER).verified


def test_another_secret_is_named_as_such() -> None:
    verdict = judged(headers(secret=OTHER))
    assert verdict.why == "signed with another secret"
    assert "rotate" in verdict.advice


def test_a_body_that_was_parsed_and_written_again_is_named_as_such() -> None:
    verdict = judged(headers(), json.dumps(json.loads(BODY)).encode())
    assert verdict.why == "the body was parsed and written again on the way"
    assert "raw body" in verdict.advice


def test_a_body_that_was_written_anew_in_another_order_is_suspected() -> None:
    anew = json.dumps(json.loads(BODY), sort_keys=True).encode()
    assert judged(headers(), anew).why.startswith("the body is not as callbridge writes it")


@pytest.mark.parametrize("body", [BODY + b"\n", b"\xef\xbb\xbf" + BODY])
def test_a_line_end_that_was_added_is_named_as_such(body: bytes) -> None:
    assert judged(headers(), body).why == "white space was added around the body"


def test_a_body_that_was_cut_is_named_as_such() -> None:
    assert judged(headers(), BODY[:100]).why.startswith("the body is no JSON")


def test_a_body_that_was_packed_is_named_as_such() -> None:
    assert "packed on the way (gzip)" in judged(headers() | {"content-encoding": "gzip"}, b"\x1f\x8b").why


def test_a_value_that_was_changed_cannot_be_told_from_another_secret_and_both_are_said() -> None:
    changed = orjson.loads(BODY)
    changed["data"]["pbx"] = "other"
    assert "a value in the body was changed" in judged(headers(), orjson.dumps(changed)).advice


@pytest.mark.parametrize(("late_s", "way"), [(412, "before"), (-412, "after")])
def test_another_clock_is_told_by_how_much_and_that_the_signature_is_right(late_s: float, way: str) -> None:
    verdict = judged(headers(late_s=late_s))
    told = re.match(rf"signed (\d+) s {way} the time it is here; five minutes are borne", verdict.why)
    assert told is not None
    assert abs(int(told[1]) - 412) <= 1
    assert verdict.advice.startswith("The signature itself is right.")


def test_another_clock_does_not_hide_another_secret() -> None:
    assert judged(headers(secret=OTHER, late_s=600)).advice.startswith("The signature does not fit either.")


def test_a_secret_that_was_used_undecoded_is_named_as_such() -> None:
    given = headers()
    signed = f"evt_1.{given['webhook-timestamp']}.".encode() + BODY
    wrong = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    given["webhook-signature"] = f"v1,{base64.b64encode(wrong).decode()}"
    assert judged(given).why.startswith("signed with the letters of the secret")


def test_ed25519_without_its_public_key_is_named_as_such() -> None:
    assert judged(headers(secret=PAIR)).why == "signed by ed25519 (v1a) alone"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"webhook-id": ""}, "it lacks webhook-id"),
        ({"webhook-timestamp": "yesterday"}, "webhook-timestamp is no time"),
        ({"webhook-timestamp": "nan"}, "webhook-timestamp is no time"),
        ({"webhook-signature": "v1"}, "webhook-signature holds no v1 that can be read"),
        ({"webhook-signature": "v1,é"}, "webhook-signature holds no v1 that can be read"),
        ({"webhook-signature": "v2,AAAA"}, "webhook-signature holds no v1 that can be read"),
    ],
)
def test_a_header_that_cannot_be_read_is_named(change: dict[str, str], why: str) -> None:
    assert judged(headers() | change).why == why


def test_who_sent_what_nobody_signed_is_told() -> None:
    assert judged({"User-Agent": "curl/8.5"}, b"{}").why == "nobody signed it (sent by curl/8.5)"


@pytest.mark.parametrize("key", ["", "whsec_", "whsec_ä", "whpk_AAAA", "whsk_AAAA", "hunter2"])
def test_a_key_that_cannot_be_used_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Verifier(key, CLOCK)
    assert not key or key not in str(refused.value).replace("whsec_ (", "")


@given(
    st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "x"]), st.text()),
    st.binary(max_size=200),
    st.sampled_from([SECRET, PAIR]),
)
def test_nothing_that_comes_raises_or_is_verified(given: dict[str, str], body: bytes, key: str) -> None:
    assert not judged(headers() | given, body, key).verified
