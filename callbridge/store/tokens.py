"""API tokens in the database."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection, Row, insert, or_, select, update

from callbridge.errors import Conflicting, NotThere
from callbridge.ports import Token
from callbridge.store.access import Access
from callbridge.store.tables import tokens

_t: Final = tokens.c


class SqlTokens:
    """Fulfils `ports.Tokens`."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def add(self, token: Token) -> None:
        if not await self._access.write(partial(_add, token=token)):
            raise Conflicting(
                f'There is a token "{token.name}" already. Choose another name, or revoke that one first.'
            )

    async def by_digest(self, digest: str) -> Token | None:
        return await self._access.read(partial(_by_digest, digest=digest))

    async def all(self) -> Sequence[Token]:
        return await self._access.read(_all)

    async def revoke(self, name_or_id: str, at: datetime) -> Token:
        revoked = await self._access.write(partial(_revoke, name_or_id=name_or_id, at=at))
        if revoked is None:
            raise NotThere(f'There is no token "{name_or_id}".')
        return revoked

    async def used(self, token_id: str, at: datetime) -> None:
        await self._access.write(partial(_used, token_id=token_id, at=at))


def _add(connection: Connection, token: Token) -> bool:
    taken = select(_t.id).where(_t.name == token.name, _t.revoked_at.is_(None))
    if connection.scalar(taken) is not None:
        return False
    row = {"id": token.id, "name": token.name, "scopes": list(token.scopes), "digest": token.digest}
    connection.execute(insert(tokens).values(**row, made_at=token.made_at, expires_at=token.expires_at))
    return True


def _by_digest(connection: Connection, digest: str) -> Token | None:
    found = connection.execute(select(tokens).where(_t.digest == digest)).one_or_none()
    return None if found is None else _token(found)


def _all(connection: Connection) -> Sequence[Token]:
    return [_token(row) for row in connection.execute(select(tokens).order_by(_t.made_at, _t.id))]


def _revoke(connection: Connection, name_or_id: str, at: datetime) -> Token | None:
    """An id is an id first; of a name given several times the living token is meant, then the one made last."""
    named = or_(_t.id == name_or_id, _t.name == name_or_id)
    order = ((_t.id == name_or_id).desc(), _t.revoked_at.is_(None).desc(), _t.made_at.desc())
    found = connection.scalar(select(_t.id).where(named).order_by(*order).limit(1))
    if found is None:
        return None
    connection.execute(update(tokens).where(_t.id == found, _t.revoked_at.is_(None)).values(revoked_at=at))
    return _token(connection.execute(select(tokens).where(_t.id == found)).one())


def _used(connection: Connection, token_id: str, at: datetime) -> None:
    connection.execute(update(tokens).where(_t.id == token_id).values(used_at=at))


def _token(row: Row[tuple[object, ...]]) -> Token:
    found = row._mapping  # noqa: SLF001 - SQLAlchemy's public way to names, for all its underscore
    return Token(**{**found, "scopes": tuple(found["scopes"])})
