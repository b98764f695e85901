"""The headers of a webhook, to the letter of the Standard Webhooks specification.

`v1` is signed by the public `standardwebhooks` package, so that what it and its
sisters in other languages verify is what we send. It knows no `v1a` (ed25519):
that is signed here, with `cryptography`, which is loaded for those who ask for it.
"""

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from callbridge import __version__
from callbridge.errors import ConfigError
from callbridge.hooks import PAIR_BYTES, PRIVATE_KEY, PUBLIC_KEY, SEED_BYTES

USER_AGENT = f"callbridge/{__version__}"

Sign = Callable[[str, datetime, str], str]
"""From id, time of the try and body to `v1,…`."""


class Signer:
    """Signs for one subscriber.

    While a secret is being changed there are two: each signs, the newer first,
    so that a receiver who knows either accepts. The last of them signs until
    `old_until`; always, when that is None.
    """

    def __init__(self, *secrets: str, old_until: datetime | None = None) -> None:
        self._keys = tuple(_key(secret) for secret in secrets)
        self._old_until = old_until

    def headers(self, event_id: str, body: bytes, at: datetime) -> dict[str, str]:
        """Return the headers of one try. `at`, the time of the try, must be aware."""
        # The package reads a datetime's digits as UTC whatever its zone: in another zone the signature would fail.
        if at.tzinfo is not UTC:
            at = at.astimezone(UTC)
        text = body.decode()
        return {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            "webhook-id": event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(sign(event_id, at, text) for sign in self._valid(at)),
        }

    def _valid(self, at: datetime) -> tuple[Sign, ...]:
        if self._old_until is None or at < self._old_until:
            return self._keys
        return self._keys[:1]


def _key(secret: str) -> Sign:
    """Return what signs with `secret`; the error names no part of it."""
    if secret.startswith(PRIVATE_KEY):
        return _asymmetric(secret)
    try:
        return Webhook(secret).sign
    except (EmptyWebhookSecretError, binascii.Error, ValueError):
        pass
    # Raised outside the handler: the library's error, which may quote the secret, is not carried along.
    raise ConfigError(
        ("a webhook's secret is not usable: it must be whsec_ and base64, as `openssl rand -base64 32` gives",)
    )


def _asymmetric(secret: str) -> Sign:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError(("a key whsk_ needs the package cryptography: install callbridge[ed25519]",)) from None
    key = Ed25519PrivateKey.from_private_bytes(_seed(secret))

    def sign(event_id: str, at: datetime, body: str) -> str:
        signed = f"{event_id}.{int(at.timestamp())}.{body}".encode()
        return f"v1a,{base64.b64encode(key.sign(signed)).decode()}"

    return sign


def _seed(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PRIVATE_KEY), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in (SEED_BYTES, PAIR_BYTES):
        raise ConfigError(("a webhook's key is not usable: it must be whsk_ and the base64 of 32 or 64 bytes",))
    return key[:SEED_BYTES]


def public_key(secret: str) -> str | None:
    """Return what a receiver verifies `v1a` with, `whpk_…`; None where the secret is one both sides know."""
    if not secret.startswith(PRIVATE_KEY):
        return None
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - an extra

    found = Ed25519PrivateKey.from_private_bytes(_seed(secret)).public_key().public_bytes_raw()
    return PUBLIC_KEY + base64.b64encode(found).decode()
