"""Tokens: made on the control socket, shown once, good until they expire or are revoked."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from callbridge.api.scopes import Scope
from callbridge.store.tables import tokens
from tests.unit.api.conftest import Api
from tests.unit.store.made import AT


async def test_a_token_is_shown_once_and_kept_as_its_hash(api: Api) -> None:
    made = await api.owner("POST", "/v1/tokens", json={"name": "crm", "scopes": ["calls:read"], "expires_days": 30})
    secret = made.json["token"]

    assert made.status == 201
    assert secret.startswith("cb_")
    assert len(secret) == 46
    assert made.json["expires_at"] == "2026-12-22T10:00:00.123Z"
    listed = await api.owner("GET", "/v1/tokens")
    assert secret.encode() not in listed.body
    assert [(each["name"], each["scopes"], each["used_at"]) for each in listed.json["items"]] == [
        ("crm", ["calls:read"], None)
    ]
    kept = await api.store._access.read(lambda connection: connection.execute(select(tokens)).one())
    assert kept.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(kept)


async def test_a_token_opens_what_its_scope_allows_and_nothing_else(api: Api) -> None:
    reader, stranger = await api.token("calls:read"), await api.token("webhooks:write", "calls:write")

    assert (await api.ask("GET", "/v1/calls", reader)).status == 200
    refused = await api.ask("GET", "/v1/calls", stranger)

    assert refused.status == 403
    assert refused.json["type"] == "/problems/scope-missing"
    assert refused.json["scope"] == "calls:read"
    assert refused.json["detail"] == "This token lacks the scope calls:read."
    assert 'error="insufficient_scope", scope="calls:read"' in refused.headers["WWW-Authenticate"]


async def test_admin_may_everything(api: Api) -> None:
    assert (await api.ask("GET", "/v1/calls", await api.token(Scope.ADMIN))).status == 200


@pytest.mark.parametrize("sent", [None, "", "Bearer", "Bearer nonsense", "Basic Y2I6eA==", "Bearer cb_" + "A" * 43])
async def test_without_a_good_token_nobody_hears_anything(api: Api, sent: str | None) -> None:
    headers = {} if sent is None else {"Authorization": sent}

    refused = await api.ask("GET", "/v1/calls", headers=headers)

    assert (refused.status, refused.json["type"]) == (401, "/problems/token-needed")
    assert refused.headers["WWW-Authenticate"].startswith('Bearer realm="callbridge"')


async def test_an_expired_token_is_good_no_longer(api: Api) -> None:
    secret = await api.token("calls:read", expires_days=1)
    api.clock.at = AT + timedelta(days=1, seconds=-1)
    assert (await api.ask("GET", "/v1/calls", secret)).status == 200

    api.clock.at = AT + timedelta(days=1)

    assert (await api.ask("GET", "/v1/calls", secret)).status == 401


async def test_a_revoked_token_is_good_no_longer_and_its_name_is_free(api: Api) -> None:
    secret = await api.token("calls:read")
    assert (await api.ask("GET", "/v1/calls", secret)).status == 200

    revoked = await api.owner("DELETE", "/v1/tokens/token 0")

    assert (revoked.status, revoked.json["revoked_at"]) == (200, "2026-11-22T10:00:00.123Z")
    assert (await api.ask("GET", "/v1/calls", secret)).status == 401
    again = await api.owner("POST", "/v1/tokens", json={"name": "token 0", "scopes": ["admin"]})
    assert again.status == 201
    assert (await api.owner("DELETE", f"/v1/tokens/{again.json['id']}")).json["id"] == again.json["id"]


async def test_two_living_tokens_never_share_a_name(api: Api) -> None:
    await api.token("calls:read")

    refused = await api.owner("POST", "/v1/tokens", json={"name": "token 0", "scopes": ["admin"]})

    assert (refused.status, refused.json["type"]) == (409, "/problems/conflict")
    assert '"token 0" already' in refused.json["detail"]


async def test_revoking_a_token_there_is_not_is_told(api: Api) -> None:
    refused = await api.owner("DELETE", "/v1/tokens/nobody")

    assert (refused.status, refused.json["detail"]) == (404, 'There is no token "nobody".')


async def test_the_last_use_is_written_to_the_minute(api: Api) -> None:
    secret = await api.token("calls:read")
    seen = []
    for seconds in (0, 59, 60):
        api.clock.at = AT + timedelta(seconds=seconds)
        await api.ask("GET", "/v1/calls", secret)
        seen.append((await api.owner("GET", "/v1/tokens")).json["items"][0]["used_at"])

    assert seen == ["2026-11-22T10:00:00.123Z", "2026-11-22T10:00:00.123Z", "2026-11-22T10:01:00.123Z"]


async def test_tokens_are_made_on_the_control_socket_alone(api: Api) -> None:
    admin = await api.token("admin")

    assert (await api.ask("GET", "/v1/tokens", admin)).status == 404
    assert (await api.ask("POST", "/v1/tokens", admin, json={"name": "x", "scopes": ["admin"]})).status == 404


async def test_a_token_in_the_url_is_no_token(api: Api) -> None:
    secret = await api.token("calls:read")

    assert (await api.ask("GET", f"/v1/calls?access_token={secret}")).status == 401
