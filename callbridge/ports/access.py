"""Who may ask, and what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Token:
    """An API token, without its secret; `digest` is that of the secret: SHA-256, in hexadecimal."""

    id: str
    name: str
    scopes: Sequence[str]
    digest: str = field(repr=False)
    made_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    """When it was last used, to the minute."""
    revoked_at: datetime | None = None

    def good(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered to a request, to be told again; `content_type` is empty where there is no body."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A request that came with a key; `answer` None: it runs, or nobody knows what became of it."""

    fingerprint: str
    begun_at: datetime
    answer: KeptAnswer | None = None


class Tokens(Protocol):
    """Where API tokens are kept. Every method may raise errors.StoreUnavailable."""

    async def add(self, token: Token) -> None:
        """Keep a new token. Raises Conflicting where one that is not revoked has its name."""

    async def by_digest(self, digest: str) -> Token | None:
        """Return the token of a secret, good or not."""

    async def all(self) -> Sequence[Token]:
        """Return every token, the oldest first."""

    async def revoke(self, name_or_id: str, at: datetime) -> Token:
        """Let a token be good no longer, and return it; one that was revoked before stays as it is. Raises NotThere."""

    async def used(self, token_id: str, at: datetime) -> None:
        """Note that it was used."""


class KeptAnswers(Protocol):
    """What was answered to requests with an `Idempotency-Key`. Every method may raise errors.StoreUnavailable."""

    async def begin(self, who: str, key: str, kept: Kept, forget_before: datetime) -> Kept | None:
        """Write that a request begins, and return None; or return what is there of that key.

        What began before `forget_before` is forgotten, whosever it was.
        """

    async def keep(self, who: str, key: str, answer: KeptAnswer) -> None:
        """Write what was answered."""

    async def forget(self, who: str, key: str) -> None:
        """Let the key be as new."""
