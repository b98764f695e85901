"""API tokens: `cb_` and 32 random bytes, of which the database keeps the SHA-256. Made on the control socket only.

A hash without salt or stretching is right here: nobody can try 2^256 of them.
"""

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final

from pydantic import Field

from callbridge.api.problems import Kind
from callbridge.api.resources import Input, Output, Resource
from callbridge.api.scopes import Caller, Scope
from callbridge.api.words import Stamp
from callbridge.clock import Clock, secret_bits
from callbridge.errors import StoreUnavailable
from callbridge.logs import Action, logger
from callbridge.ports import Token, Tokens

PREFIX: Final = "cb_"
SHAPE: Final = re.compile(r"cb_[A-Za-z0-9_-]{43}")
USED_EVERY: Final = timedelta(minutes=1)
NOTE_S: Final = 1.0
"""How long an answer may wait for `last used` to be written."""
LONGEST_DAYS: Final = 3650


log = logger()


class TokenKeeper:
    """Makes tokens, and knows them again."""

    def __init__(self, tokens: Tokens, clock: Clock) -> None:
        self._tokens, self._clock = tokens, clock
        self._good: set[str] = set()
        """The hashes of tokens that were good when they were last asked for."""

    async def create(self, name: str, scopes: Iterable[str], expires_days: int | None) -> tuple[Token, str]:
        """Return a new token with its secret, which is told once. Raises Conflicting where the name is taken."""
        secret = PREFIX + base64.urlsafe_b64encode(secret_bits(32)).rstrip(b"=").decode()
        now = self._clock.now()
        token = Token(
            id=f"tok_{secret_bits(8).hex()}",
            name=name,
            scopes=tuple(dict.fromkeys(scopes)),
            digest=digest(secret),
            made_at=now,
            expires_at=None if expires_days is None else now + timedelta(days=expires_days),
        )
        await self._tokens.add(token)
        log.info("a token was made", action=Action.API_MADE, id=token.id, name=name, scopes=token.scopes)
        return token, secret

    async def all(self) -> Iterable[Token]:
        return await self._tokens.all()

    async def revoke(self, name_or_id: str) -> Token:
        """Let a token be good no longer. Raises NotThere."""
        token = await self._tokens.revoke(name_or_id, self._clock.now())
        log.info("a token was revoked", action=Action.API_REVOKED, id=token.id, name=token.name)
        return token

    def was_good(self, secret: str) -> bool:
        """Tell without asking the database whether this token was let in before."""
        return digest(secret) in self._good

    async def caller(self, secret: str) -> Caller | None:
        """Return whose token this is; None where it is nobody's, expired or revoked. Raises StoreUnavailable."""
        if not SHAPE.fullmatch(secret):
            return None
        wanted, now = digest(secret), self._clock.now()
        token = await self._tokens.by_digest(wanted)
        if token is None or not hmac.compare_digest(token.digest, wanted) or not token.good(now):
            self._good.discard(wanted)
            return None
        self._good.add(wanted)
        await self._note(token, now)
        return Caller(token.id, token.name, frozenset(token.scopes))

    async def _note(self, token: Token, now: datetime) -> None:
        """Write when it was used, once a minute; a database that cannot be written lets readers in all the same."""
        if token.used_at is None or now - token.used_at >= USED_EVERY:
            with suppress(StoreUnavailable, TimeoutError):  # whoever writes what matters says so
                async with asyncio.timeout(NOTE_S):
                    await self._tokens.used(token.id, now)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class TokenAnswer(Output):
    """A token, without its secret."""

    id: str
    name: str
    scopes: tuple[str, ...]
    made_at: Stamp
    expires_at: Stamp | None
    used_at: Stamp | None = Field(description="When it was last used, to the minute.")
    revoked_at: Stamp | None


class CreatedToken(TokenAnswer):
    token: str | None = Field(description="The secret, shown this once.")


class TokenList(Output):
    items: tuple[TokenAnswer, ...]


class NewToken(Input):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$", description="For people: what uses it.")]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(Scope))]
    expires_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] | None = None


class TokenPath(Input):
    token: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$", description="Its name or id.")]


def resources(keeper: TokenKeeper) -> tuple[Resource, ...]:
    async def create(body: NewToken) -> CreatedToken:
        token, secret = await keeper.create(body.name, body.scopes, body.expires_days)
        return CreatedToken(**_shown(token).model_dump(), token=secret)

    async def listed() -> TokenList:
        return TokenList(items=tuple(_shown(each) for each in await keeper.all()))

    async def revoke(path: TokenPath) -> TokenAnswer:
        return _shown(await keeper.revoke(path.token))

    return (
        Resource(
            "POST", "/tokens", create, Scope.ADMIN, "Make a token.",
            answer=CreatedToken, status=HTTPStatus.CREATED, shown_once=frozenset({"token"}), local_only=True,
            problems=(Kind.CONFLICT,),
        ),
        Resource("GET", "/tokens", listed, Scope.ADMIN, "List all tokens.", answer=TokenList, local_only=True),
        Resource(
            "DELETE", "/tokens/{token}", revoke, Scope.ADMIN, "Revoke a token.", answer=TokenAnswer, local_only=True
        ),
    )  # fmt: skip


def _shown(token: Token) -> TokenAnswer:
    return TokenAnswer(
        id=token.id,
        name=token.name,
        scopes=tuple(token.scopes),
        made_at=token.made_at,
        expires_at=token.expires_at,
        used_at=token.used_at,
        revoked_at=token.revoked_at,
    )
