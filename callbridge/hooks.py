"""What a subscriber may be: the rules that the file, the API and delivery share.

Every refusal is a ValueError that says what is wrong and what to do; none shows
a secret.
"""

import base64
import binascii
import difflib
import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_network
from typing import Final, Protocol
from urllib.parse import SplitResult, urlsplit

from callbridge.calls.events import EventType
from callbridge.clock import secret_bits
from callbridge.ports import DeadLetter, DeadLetters, Try

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


EVENT_TYPES: Final = tuple(map(str, EventType))


class Order(StrEnum):
    """In which order a subscriber gets events: that of each call, or one order for all."""

    CALL = "call"
    STRICT = "strict"


def meant(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean "…"?`, or nothing when no known word is near."""
    by_lower = {other.lower(): other for other in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f'; did you mean "{by_lower[near[0]]}"?' if near else ""


def event_glob(text: str) -> str:
    """Return `text` when it matches an event there is."""
    if not any(fnmatch.fnmatchcase(known, text) for known in EVENT_TYPES):
        hint = meant(text, (*EVENT_TYPES, *{f"{known.split('.')[0]}.*" for known in EVENT_TYPES}))
        raise ValueError(f'"{text}" matches no event{hint}')
    return text


def http_url(text: str) -> str:
    """Return `text` when it is a URL to send to."""
    parts = _split(text)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f'must begin with http:// or https://, not "{parts.scheme}:"')
    if not parts.hostname or re.search(r"[\s\x00-\x1f]", text):
        raise ValueError("names no host; write it like https://crm.example/hooks")
    if parts.username is not None:
        raise ValueError("holds a user name or password, which ends up in logs; take them out")
    return text


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port  # read here because a bad port is only found when it is asked for
    except ValueError as error:
        raise ValueError(f"is no URL: {error}") from None
    return parts


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


@dataclass(frozen=True, slots=True)
class Hook:
    """A subscriber as it is shown: no secret is in it, and of custom headers the names alone."""

    name: str
    source: str
    """`file`, or `api`: then it can be changed and removed."""
    settings: Mapping[str, object]
    headers: Sequence[str]
    public_key: str | None
    """What `v1a` is verified with; None where both sides have one secret."""
    old_until: datetime | None
    """Until when the former secret signs as well."""
    state: str
    """`active`, `paused` or `disabled`."""
    why: str | None
    halted_at: datetime | None
    failing_since: datetime | None
    backlog: int
    dead: int
    oldest_at: datetime | None
    delivered: int
    failed: int
    last_error: str | None
    last_ok_at: datetime | None
    created_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a subscriber is to be; `headers` None leaves them as they are."""

    settings: Mapping[str, object]
    headers: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Key:
    """What is to be signed with: a secret that is given, or else a new one of a kind."""

    secret: str | None = field(default=None, repr=False)
    asymmetric: bool = False


class Hooks(Protocol):
    """The subscribers, as the API asks for them. Each method may raise NotThere, Conflicting and StoreUnavailable."""

    async def all(self) -> Sequence[Hook]:
        """Return all subscribers, by name."""

    async def get(self, name: str) -> Hook:
        """Return one of them."""

    async def create(self, name: str, wanted: Wanted, key: Key) -> tuple[Hook, str | None]:
        """Make one, and return it with its secret, where both sides need it."""

    async def change(self, name: str, wanted: Wanted) -> Hook:
        """Change what `wanted` holds, and leave the rest."""

    async def rotate(self, name: str, key: Key, keep_old_s: float) -> tuple[Hook, str | None]:
        """Give it another secret; the former one signs as well for some time."""

    async def remove(self, name: str) -> None:
        """Forget it, with all that waits for it."""

    async def pause(self, name: str, why: str) -> Hook:
        """Send it nothing until `resume`; events wait."""

    async def resume(self, name: str) -> Hook:
        """Go on, after a pause or after it was disabled."""

    async def replay(self, name: str, which: DeadLetters) -> int:
        """Send dead letters again; return how many."""

    async def dead_letters(self, name: str, after: int, limit: int) -> Sequence[DeadLetter]:
        """Return a page of them, the oldest first."""

    async def tries(self, name: str, before: int | None, limit: int) -> Sequence[Try]:
        """Return a page of tries, the newest first."""
