"""The headers of a webhook, to the letter of the Standard Webhooks specification.

Signing is done by the public `standardwebhooks` package, so that what it and its
sisters in other languages verify is what we send.
"""

import binascii
from datetime import UTC, datetime

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from callbridge import __version__
from callbridge.errors import ConfigError

USER_AGENT = f"callbridge/{__version__}"


class Signer:
    """Signs for one subscriber.

    While a secret is being changed there are two: each signs, the newer first,
    so that a receiver who knows either accepts.
    """

    def __init__(self, *secrets: str) -> None:
        self._keys = tuple(_key(secret) for secret in secrets)

    def headers(self, event_id: str, body: bytes, at: datetime) -> dict[str, str]:
        """Return the headers of one try. `at`, the time of the try, must be aware."""
        # The package reads a datetime's digits as UTC whatever its zone: in another zone the signature would fail.
        at = at.astimezone(UTC)
        text = body.decode()
        return {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            "webhook-id": event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(key.sign(event_id, at, text) for key in self._keys),
        }


def _key(secret: str) -> Webhook:
    """Return what signs with `secret`; the error names no part of it."""
    try:
        return Webhook(secret)
    except (EmptyWebhookSecretError, binascii.Error, ValueError):
        pass
    # Raised outside the handler: the library's error, which may quote the secret, is not carried along.
    raise ConfigError(
        ("a webhook's secret is not usable: it must be whsec_ and base64, as `openssl rand -base64 32` gives",)
    )
