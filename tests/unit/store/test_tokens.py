"""Tokens as the database keeps them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from callbridge.errors import Conflicting, NotThere
from callbridge.ports import Token
from callbridge.store import SqlStore

from .made import AT

LATER = AT + timedelta(hours=1)


def a_token(name: str, **other: Any) -> Token:
    made = Token(f"tok_{name}", name, ("admin",), digest=name * 8, made_at=AT)
    return replace(made, **other)


async def test_a_token_is_found_by_its_digest_as_it_was_made(store: SqlStore) -> None:
    made = a_token("crm", scopes=("calls:read", "events:read"), expires_at=LATER)
    await store.tokens.add(made)

    assert await store.tokens.by_digest(made.digest) == made
    assert await store.tokens.by_digest("nobody's") is None


async def test_a_name_is_taken_until_its_token_is_revoked(store: SqlStore) -> None:
    await store.tokens.add(a_token("crm"))
    other = a_token("crm", id="tok_2", digest="2", made_at=LATER)
    with pytest.raises(Conflicting, match='"crm" already'):
        await store.tokens.add(other)

    await store.tokens.revoke("crm", LATER)
    await store.tokens.add(other)

    assert [each.id for each in await store.tokens.all()] == ["tok_crm", "tok_2"]
    assert (await store.tokens.revoke("crm", LATER)).id == "tok_2"


async def test_a_token_revoked_twice_was_revoked_the_first_time(store: SqlStore) -> None:
    await store.tokens.add(a_token("crm"))

    await store.tokens.revoke("crm", AT)

    assert (await store.tokens.revoke("tok_crm", LATER)).revoked_at == AT


async def test_an_id_is_an_id_before_it_is_somebodys_name(store: SqlStore) -> None:
    await store.tokens.add(a_token("crm"))
    await store.tokens.add(a_token("tok_crm", id="tok_sly", made_at=LATER))

    assert (await store.tokens.revoke("tok_crm", LATER)).name == "crm"


async def test_nobody_is_revoked_by_a_name_there_is_not(store: SqlStore) -> None:
    with pytest.raises(NotThere, match='no token "crm"'):
        await store.tokens.revoke("crm", AT)


async def test_a_use_is_noted_of_one_token_alone(store: SqlStore) -> None:
    await store.tokens.add(a_token("a"))
    await store.tokens.add(a_token("b"))

    await store.tokens.used("tok_b", LATER)

    assert [each.used_at for each in await store.tokens.all()] == [None, LATER]


@pytest.mark.parametrize(
    ("other", "good"),
    [
        ({}, True),
        ({"expires_at": LATER}, True),
        ({"expires_at": AT}, False),
        ({"revoked_at": AT}, False),
        ({"revoked_at": LATER, "expires_at": LATER}, False),
    ],
)
def test_a_token_is_good_until_it_expires_or_is_revoked(other: dict[str, Any], *, good: bool) -> None:
    assert a_token("a", **other).good(AT) is good


def test_a_digest_is_in_no_repr() -> None:
    assert "secretly" not in repr(a_token("a", digest="secretly"))
