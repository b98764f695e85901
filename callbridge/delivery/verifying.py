"""Whether a webhook that came is signed as it should be; and where it is not, why.

Receivers only say that a signature is wrong. Whoever writes one wants to know which
of the usual mistakes it is, so each of them is tried out here: another clock, a body
that was written anew, a secret that was used undecoded.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import orjson
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from callbridge.clock import Clock
from callbridge.delivery.signature import USER_AGENT, public_key
from callbridge.errors import ConfigError
from callbridge.hooks import PRIVATE_KEY, PUBLIC_KEY, SEED_BYTES, SYMMETRIC

NEEDED: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
TOLERANCE: Final = timedelta(minutes=5)
"""As the public libraries have it."""
SHOWN_MOST: Final = 60
"""Letters of a header."""
MOST_SIGNATURES: Final = 16
"""Of one webhook; callbridge sends two at most."""

Fits = Callable[[bytes, bytes], bool]
"""Whether a signature fits what was signed: (`id.timestamp.body`, signature)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`scheme` is what it was verified by; None where it was not, for the reason `why`."""

    scheme: str | None = None
    why: str = ""
    advice: str = ""

    @property
    def verified(self) -> bool:
        return self.scheme is not None


class Verifier:
    """Verifies with a secret (`whsec_`), or with a key of ed25519: public (`whpk_`) or private (`whsk_`).

    Raises ConfigError where the key cannot be used; the error names no part of it.
    """

    def __init__(self, key: str, clock: Clock) -> None:
        self._clock = clock
        self._secret = key if key.startswith(SYMMETRIC) else None
        self._scheme = "v1" if self._secret is not None else "v1a"
        self._fits = _symmetric(_decoded(key, SYMMETRIC)) if self._secret is not None else _asymmetric(key)

    def judge(self, headers: Mapping[str, str], body: bytes) -> Verdict:
        """Say whether a request is signed as it should be. Never raises, whatever is in it."""
        given = {name.lower(): value for name, value in headers.items()}
        if missing := [name for name in NEEDED if not given.get(name)]:
            return _unsigned(missing, given)
        return Verdict(self._scheme) if self._verified(given, body) else self._reason(given, body)

    def _verified(self, given: Mapping[str, str], body: bytes) -> bool:
        """The public package decides where it can: it knows no v1a."""
        if self._secret is None:
            return self._off(given) is not None and not self._late(given) and self._any_fits(given, body, self._fits)
        try:
            Webhook(self._secret).verify(body, dict(given), json_parse=False)
        except (WebhookVerificationError, ValueError):  # a header of a wrong shape is a ValueError there
            return False
        return True

    def _reason(self, given: Mapping[str, str], body: bytes) -> Verdict:
        if self._off(given) is None:
            return Verdict(None, "webhook-timestamp is no time", "It must be the seconds since 1970, in digits.")
        if self._late(given):
            return self._other_clock(given, body)
        if not any(True for _ in self._signatures(given)):
            return self._other_scheme(given)
        for what, advice, other, keys in self._mistakes(body):
            if any(self._any_fits(given, other, fits) for fits in keys):
                return Verdict(None, what, advice)
        return _other_secret(given, body)

    def _off(self, given: Mapping[str, str]) -> float | None:
        """Return how many seconds its clock is ahead of ours; None where it names no time."""
        text = given["webhook-timestamp"]
        if not (text.isascii() and text.isdigit() and len(text) <= 12):  # noqa: PLR2004 - for 30,000 years
            return None
        return int(text) - self._clock.now().timestamp()

    def _late(self, given: Mapping[str, str]) -> bool:
        return abs(self._off(given) or 0.0) > TOLERANCE.total_seconds()

    def _other_clock(self, given: Mapping[str, str], body: bytes) -> Verdict:
        off = self._off(given) or 0.0
        fits = (
            "The signature itself is right."
            if self._any_fits(given, body, self._fits)
            else "The signature does not fit either."
        )
        way = "before" if off < 0 else "after"
        return Verdict(
            None,
            f"signed {abs(off):.0f} s {way} the time it is here; five minutes are borne",
            f"{fits} Every try is signed anew, so a late one is no excuse: set both clocks by NTP. "
            "Or it was kept on the way, or somebody sends it a second time.",
        )

    def _other_scheme(self, given: Mapping[str, str]) -> Verdict:
        found = " ".join(sorted({each.partition(",")[0] for each in given["webhook-signature"].split()}))
        if self._scheme == "v1" and "v1a" in found.split():
            return Verdict(None, "signed by ed25519 (v1a) alone", f"Give its public key, {PUBLIC_KEY}…, as the secret.")
        wanted = "a secret, whsec_…" if self._scheme == "v1a" else "v1,…"
        return Verdict(None, f"webhook-signature holds no {self._scheme} that can be read", f"Expected {wanted}.")

    def _mistakes(self, body: bytes) -> Iterator[tuple[str, str, bytes, Sequence[Fits]]]:
        """Yield what may have gone wrong, what to do, and what the signature would then fit."""
        for what, before in _bodies(body):
            yield what, RAW, before, (self._fits,)
        if self._secret is not None:
            letters = (self._secret.encode(), self._secret.removeprefix(SYMMETRIC).encode())
            yield (
                "signed with the letters of the secret, not with the bytes they stand for",
                f"The key is what is left of the secret without {SYMMETRIC}, decoded from base64.",
                body,
                tuple(map(_symmetric, letters)),
            )

    def _any_fits(self, given: Mapping[str, str], body: bytes, fits: Fits) -> bool:
        signed = f"{given['webhook-id']}.{given['webhook-timestamp']}.".encode("utf-8", "replace") + body
        return any(fits(signed, signature) for signature in self._signatures(given))

    def _signatures(self, given: Mapping[str, str]) -> Iterator[bytes]:
        for each in given["webhook-signature"].split()[:MOST_SIGNATURES]:
            scheme, _, text = each.partition(",")
            if scheme == self._scheme and text:
                try:
                    yield base64.b64decode(text, validate=True)
                except ValueError:
                    continue


def _unsigned(missing: list[str], given: Mapping[str, str]) -> Verdict:
    names = ", ".join(missing)
    if len(missing) == len(NEEDED):
        return Verdict(None, f"nobody signed it{_sender(given)}", f"callbridge sends {names}: does a proxy drop them?")
    return Verdict(
        None, f"it lacks {names}{_sender(given)}", "A proxy drops headers it does not know, or renames them."
    )


def _sender(given: Mapping[str, str]) -> str:
    agent = _shown(given.get("user-agent", ""))
    return "" if agent.startswith(USER_AGENT.partition("/")[0]) else f" (sent by {agent or 'something nameless'})"


def _shown(text: str) -> str:
    """Return the beginning of a header, which may hold any bytes."""
    return text[:SHOWN_MOST].encode("ascii", "replace").decode()


def _bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what the body may have been before somebody touched it."""
    yield "white space was added around the body", body.removeprefix(b"\xef\xbb\xbf").strip()
    if (anew := _written_by_us(body)) is not None:
        yield "the body was parsed and written again on the way", anew


RAW: Final = (
    "The signature is over the bytes as they left: whatever stands in between, a proxy or a framework, must pass on "
    "the raw body."
)


def _written_by_us(body: bytes) -> bytes | None:
    try:
        return orjson.dumps(orjson.loads(body))
    except (orjson.JSONDecodeError, TypeError):
        return None


def _other_secret(given: Mapping[str, str], body: bytes) -> Verdict:
    if packing := given.get("content-encoding"):
        return Verdict(None, f"the body was packed on the way ({_shown(packing)})", RAW)
    ours = _written_by_us(body)
    if ours is None:
        return Verdict(None, f"the body is no JSON: it was cut or changed on the way{_sender(given)}", RAW)
    if ours != body:
        what = f"the body is not as callbridge writes it: it was parsed and written again{_sender(given)}"
        return Verdict(None, what, f"{RAW} If it is as it was sent, the secret is another.")
    return Verdict(
        None,
        f"signed with another secret{_sender(given)}",
        "Is it the one of this subscriber, whole, and no older one? `callbridge webhook rotate` gives it a new one. "
        "Or else a value in the body was changed on the way.",
    )


def _symmetric(key: bytes) -> Fits:
    def fits(signed: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(hmac.new(key, signed, hashlib.sha256).digest(), signature)

    return fits


def _asymmetric(key: str) -> Fits:
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError(("ed25519 needs the package cryptography: install callbridge[ed25519]",)) from None
    public = (public_key(key) or "") if key.startswith(PRIVATE_KEY) else key
    raw = _decoded(public, PUBLIC_KEY)
    if len(raw) != SEED_BYTES:
        raise ConfigError((f"a public key must be {PUBLIC_KEY} and the base64 of {SEED_BYTES} bytes",))
    verifying = Ed25519PublicKey.from_public_bytes(raw)

    def fits(signed: bytes, signature: bytes) -> bool:
        try:
            verifying.verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return fits


def _decoded(key: str, prefix: str) -> bytes:
    raw = b""
    if key.startswith(prefix):
        try:
            raw = base64.b64decode(key.removeprefix(prefix), validate=True)
        except (binascii.Error, ValueError):
            raw = b""
    if not raw:
        # Raised outside the handler: the library's error, which may quote the key, is not carried along.
        raise ConfigError((f"the secret must be {SYMMETRIC} (or {PUBLIC_KEY}, of ed25519) and base64",))
    return raw
