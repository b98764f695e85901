"""What a subscriber may be: the rules that the file, the API and delivery share.

Every refusal is a ValueError that says what is wrong and what to do; none shows
a secret.
"""

import base64
import binascii
import re
from enum import StrEnum
from ipaddress import ip_network
from typing import Final

from callbridge.clock import secret_bits

SYMMETRIC: Final = "whsec_"
PRIVATE_KEY: Final = "whsk_"
PUBLIC_KEY: Final = "whpk_"
KEY_BYTES: Final = range(24, 65)  # Standard Webhooks 1.0.0: between 24 and 64 bytes
SEED_BYTES: Final = 32
PAIR_BYTES: Final = 64  # seed and public key after one another, as libsodium and Svix write it
NEW_BYTES: Final = 32
MAKE_ONE: Final = 'make one with: echo "whsec_$(openssl rand -base64 32)"'

MOST_HEADERS: Final = 20
MOST_HEADER: Final = 1024
"""Letters of a header's value."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")  # RFC 9110, 5.6.2
_VALUE: Final = re.compile(r"[\x20-\x7e\t]*")
OURS: Final = frozenset(
    {
        *("content-type", "content-length", "content-encoding", "user-agent", "host", "date", "expect", "cookie"),
        *("accept", "accept-encoding", "webhook-id", "webhook-timestamp", "webhook-signature"),
    }
)
"""Headers that callbridge sets itself, or that would change what is signed."""
HOP_BY_HOP: Final = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""RFC 9110, 7.6.1: they are about the connection, which is callbridge's."""


class Order(StrEnum):
    """In which order a subscriber gets events: that of each call, or one order for all."""

    CALL = "call"
    STRICT = "strict"


def new_secret(*, asymmetric: bool = False) -> str:
    """Return a secret that nobody can guess."""
    prefix = PRIVATE_KEY if asymmetric else SYMMETRIC
    return prefix + base64.b64encode(secret_bits(SEED_BYTES if asymmetric else NEW_BYTES)).decode()


def check_secret(text: str) -> str:
    """Return `text` when it is `whsec_` or `whsk_` and the base64 of a key."""
    prefix = next((each for each in (SYMMETRIC, PRIVATE_KEY) if text.startswith(each)), None)
    if prefix is None:
        raise ValueError(f"must begin with {SYMMETRIC}; {MAKE_ONE}")
    try:
        key = base64.b64decode(text.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"is not base64 after {prefix}; {MAKE_ONE}") from None
    if prefix == SYMMETRIC and len(key) not in KEY_BYTES:
        raise ValueError(f"holds {len(key)} bytes, but 24 to 64 are asked for; {MAKE_ONE}")
    if prefix == PRIVATE_KEY and len(key) not in (SEED_BYTES, PAIR_BYTES):
        raise ValueError(f"holds {len(key)} bytes, but an ed25519 key has 32, or 64 with its public half")
    return text


def check_header(name: str, value: str) -> None:
    """Raise ValueError unless the header may go out with a webhook."""
    lower = name.lower()
    if not _TOKEN.fullmatch(name):
        raise ValueError("is no header's name; write letters, digits and -")
    if lower in OURS or lower.startswith("webhook-"):
        raise ValueError(f"{name} is set by callbridge, and the signature rests on it; leave it out")
    if lower in HOP_BY_HOP or lower.startswith("proxy-"):
        raise ValueError(f"{name} is about the connection, which is callbridge's own; leave it out")
    if not _VALUE.fullmatch(value) or len(value) > MOST_HEADER:
        raise ValueError(f"the value of {name} must be one line of {MOST_HEADER} ASCII letters at most")


def network(text: str) -> str:
    """Return `text` when it is an address or a network, such as 10.1.0.0/16."""
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError(f'"{text}" is no network; write it like "10.1.0.0/16", with no bits beside it') from None
