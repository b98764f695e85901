"""`/v1/webhooks` on both databases: made, changed, rotated and removed, and what is never shown."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callbridge.api import webhooks
from callbridge.api.local import LocalServer
from callbridge.api.server import HttpServer
from callbridge.api.status import DatabaseStatus, Status
from callbridge.api.tokens import TokenKeeper
from callbridge.app.followers import Followers
from callbridge.app.outgoing import Outgoing
from callbridge.app.served import served
from callbridge.app.webhooks import WebhookKeeper
from callbridge.config import Config, Http, load
from callbridge.hooks import new_secret
from callbridge.ports import Standing
from callbridge.store import SqlStore
from tests.unit.api.conftest import DEADLINE_S, Api
from tests.unit.store.made import AT, SetClock, a_life, failed

FILE = """
[[pbx]]
id = "main"
country = "PT"
[pbx.ami]
secret_env = "SECRET"
[[webhook]]
name = "filed"
url = "http://127.0.0.1:9/hook?token=in-the-query"
secret_env = "HOOK"
headers = {X-Api-Key = "in-a-header"}
allow_private = true
"""
NEW = {"name": "crm", "url": "https://crm.invalid/hook?token=in-the-query", "headers": {"X-Api-Key": "in-a-header"}}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "callbridge.toml"
    path.write_text(f'data_dir = "{tmp_path}"\n{FILE}')
    return load(path, environ={"SECRET": "of the PBX", "HOOK": new_secret()})


@pytest.fixture
async def outgoing(config: Config, store: SqlStore, clock: SetClock) -> AsyncIterator[Outgoing]:
    outgoing = Outgoing(config, store, clock)
    running = asyncio.create_task(outgoing.run())
    yield outgoing
    outgoing.stop()
    async with asyncio.timeout(DEADLINE_S):
        await running


@pytest.fixture
async def api(outgoing: Outgoing, store: SqlStore, clock: SetClock, tmp_path: Path) -> AsyncIterator[Api]:
    keeper = WebhookKeeper(outgoing, store, clock)
    await keeper.load()
    outside, inside, _ = served(store, Http(), clock, webhooks.resources(keeper))
    server = HttpServer("127.0.0.1", 0, outside)
    state = Status(version="1", started_at=AT, database=DatabaseStatus(url="x", ok=True))
    local = LocalServer(tmp_path / "control.sock", lambda: state, Followers().subscribe, routes=inside)
    await server.start()
    await local.start()
    timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
    connector = aiohttp.UnixConnector(str(tmp_path / "control.sock"))
    async with (
        aiohttp.ClientSession(f"http://{server.address}", timeout=timeout) as out,
        aiohttp.ClientSession("http://callbridge", connector=connector, timeout=timeout) as within,
    ):
        yield Api(out, within, TokenKeeper(store.tokens, clock), clock, store)
    await server.stop()
    await local.stop()


async def made(api: Api, **more: Any) -> dict[str, Any]:
    answer = await api.owner("POST", "/v1/webhooks", json=NEW | more)
    assert answer.status == 201, answer.body
    return dict(answer.json)


async def test_a_secret_is_shown_when_it_is_made_and_never_again(api: Api) -> None:
    created = await made(api)
    assert created["secret"].startswith("whsec_")
    for path in ("/v1/webhooks", "/v1/webhooks/crm", "/v1/webhooks/filed"):
        shown = await api.owner("GET", path)
        assert shown.status == 200
        for hidden in (created["secret"], "in-the-query", "in-a-header"):
            assert hidden.encode() not in shown.body
    read = (await api.owner("GET", "/v1/webhooks/crm")).json
    assert (read["url"], read["headers"]) == ("https://crm.invalid/hook?•••", {"X-Api-Key": "•••"})


async def test_a_secret_that_is_told_again_for_the_same_key_is_gone(api: Api) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await api.owner("POST", "/v1/webhooks", json=NEW, headers=headers)
    again = await api.owner("POST", "/v1/webhooks", json=NEW, headers=headers)
    assert (first.status, again.status) == (201, 201)
    assert again.json == first.json | {"secret": None}


async def test_what_is_left_out_of_a_change_stays(api: Api) -> None:
    before = await made(api, events=["call.*"], order="strict", rate_per_s=5)
    changed = await api.owner("PATCH", "/v1/webhooks/crm", json={"concurrency": 2, "rate_per_s": None})
    assert changed.status == 200, changed.body
    wanted = {key: value for key, value in before.items() if key != "secret"}
    assert changed.json == wanted | {"concurrency": 2, "rate_per_s": None}
    assert (await api.owner("PATCH", "/v1/webhooks/crm", json={})).json == changed.json
    renewed = await api.owner("PATCH", "/v1/webhooks/crm", json={"headers": {}})
    assert renewed.json["headers"] == {}


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"url": "ftp://crm"}, "url", "must begin with http"),
        ({"url": None}, "url", ""),
        ({"events": ["cal.*"]}, "events.0", 'did you mean "call.*"?'),
        ({"events": []}, "events", ""),
        ({"headers": {"webhook-id": "x"}}, "headers", "set by callbridge"),
        ({"headers": {"X": "a\r\nb"}}, "headers", "must be one line"),
        ({"allow_networks": ["10.1.2.3/8"]}, "allow_networks.0", "is no network"),
        ({"order": "any"}, "order", ""),
        ({"concurrency": 0}, "concurrency", ""),
        ({"rate_per_s": 0}, "rate_per_s", ""),
        ({"pbx": ["main"]}, "pbx", 'did you mean "pbxs"?'),
        ({"secret": "whsec_short"}, "secret", ""),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_name(
    api: Api, change: dict[str, Any], field: str, words: str
) -> None:
    await made(api)
    for answer in (
        await api.owner("PATCH", "/v1/webhooks/crm", json=change),
        await api.owner("POST", "/v1/webhooks", json=NEW | {"name": "other"} | change),
    ):
        assert answer.status == 422, answer.body
        [error] = answer.json["errors"]
        assert error["field"] == field
        if answer.status == 422 and field != "secret":
            assert words in error["message"]


async def test_a_name_is_taken_once_also_by_the_file(api: Api) -> None:
    await made(api)
    for name in ("crm", "filed"):
        answer = await api.owner("POST", "/v1/webhooks", json=NEW | {"name": name})
        assert answer.status == 409, answer.body
        assert answer.json["detail"] == f'There is a webhook "{name}" already.'


async def test_a_subscriber_of_the_file_is_changed_there(api: Api) -> None:
    for method, path, body in (
        ("PATCH", "/v1/webhooks/filed", {"concurrency": 2}),
        ("DELETE", "/v1/webhooks/filed", None),
        ("POST", "/v1/webhooks/filed/rotate", {}),
    ):
        answer = await api.owner(method, path, **({} if body is None else {"json": body}))
        assert answer.status == 409, answer.body
        assert "change it there and reload" in answer.json["detail"]
    paused = await api.owner("POST", "/v1/webhooks/filed/pause")
    assert (paused.status, paused.json["state"]) == (200, "paused")
    assert paused.json["why"] == "paused by the control socket"
    assert (await api.owner("POST", "/v1/webhooks/filed/resume")).json["state"] == "active"


@pytest.mark.parametrize("what", ["", "/deliveries", "/dead-letters"])
async def test_what_is_not_there_is_not_found(api: Api, what: str) -> None:
    assert (await api.owner("GET", f"/v1/webhooks/nobody{what}")).status == 404


async def test_a_rotation_keeps_the_former_secret_for_a_day(api: Api) -> None:
    first = (await made(api))["secret"]
    rotated = await api.owner("POST", "/v1/webhooks/crm/rotate", json={})
    assert rotated.status == 200, rotated.body
    assert rotated.json["secret"] not in (None, first)
    assert rotated.json["old_secret_until"] == webhooks_stamp(AT + timedelta(days=1))
    [kept] = await api.store.webhooks()
    assert kept.secrets["old_secret"] == first
    at_once = await api.owner("POST", "/v1/webhooks/crm/rotate", json={"keep_old_s": 0})
    assert at_once.json["old_secret_until"] is None


def webhooks_stamp(at: Any) -> str:
    return f"{at.isoformat(timespec='milliseconds')[:-6]}Z"


async def test_of_a_pair_of_keys_only_the_public_one_is_told(api: Api) -> None:
    created = await made(api, signature="v1a")
    assert created["secret"] is None
    assert created["public_key"].startswith("whpk_")
    read = await api.owner("GET", "/v1/webhooks/crm")
    assert (read.json["signature"], read.json["public_key"]) == ("v1a", created["public_key"])
    assert b"whsk_" not in read.body


async def test_a_removed_subscriber_is_gone_and_its_name_is_free(api: Api) -> None:
    await made(api)
    assert (await api.owner("DELETE", "/v1/webhooks/crm")).status == 204
    assert (await api.owner("GET", "/v1/webhooks/crm")).status == 404
    assert (await api.owner("DELETE", "/v1/webhooks/crm")).status == 404
    await made(api)


async def test_lists_go_on_where_they_ended(api: Api) -> None:
    await made(api)
    await made(api, name="another")
    first = (await api.owner("GET", "/v1/webhooks?limit=2")).json
    rest = (await api.owner("GET", f"/v1/webhooks?limit=2&cursor={first['next']}")).json
    assert [each["name"] for each in first["items"] + rest["items"]] == ["another", "crm", "filed"]
    assert rest["next"] is None


async def test_dead_letters_and_tries_are_listed_page_by_page(api: Api, store: SqlStore) -> None:
    await made(api)
    await api.owner("POST", "/v1/webhooks/crm/pause")
    await store.commit(a_life("a", 3, "crm"))
    for _ in range(3):
        [head] = await store.due(AT + timedelta(days=1), 10, frozenset())
        await store.settle([failed(head, None, "HTTP 400")])
    for what, order in (("dead-letters", [1, 2, 3]), ("deliveries", [3, 2, 1])):
        first = (await api.owner("GET", f"/v1/webhooks/crm/{what}?limit=2")).json
        rest = (await api.owner("GET", f"/v1/webhooks/crm/{what}?limit=2&cursor={first['next']}")).json
        assert [each["event"] for each in first["items"] + rest["items"]] == [f"evt_a_{number}" for number in order]
        assert rest["next"] is None
    replayed = await api.owner("POST", "/v1/webhooks/crm/replay", json={"event": "evt_a_2"})
    assert replayed.json == {"replayed": 1}
    for span, count in (({"until": webhooks_stamp(AT)}, 0), ({"since": "2126-11-22T10:00:00+01:00"}, 0)):
        assert (await api.owner("POST", "/v1/webhooks/crm/replay", json=span)).json == {"replayed": count}
    assert (await api.owner("POST", "/v1/webhooks/crm/replay", json={"all": True})).json == {"replayed": 2}


@pytest.mark.parametrize("body", [{}, {"all": True, "event": "evt_1"}, {"event": "e", "since": "2026-11-22T10:00:00Z"}])
async def test_a_replay_says_one_way_which_ones(api: Api, body: dict[str, Any]) -> None:
    await made(api)
    answer = await api.owner("POST", "/v1/webhooks/crm/replay", json=body)
    assert answer.status == 422, answer.body
    assert "give one of" in answer.json["errors"][0]["message"]


async def test_reading_is_not_writing(api: Api) -> None:
    reader, writer = await api.token("webhooks:read"), await api.token("webhooks:write")
    assert (await api.ask("GET", "/v1/webhooks", reader)).status == 200
    assert (await api.ask("POST", "/v1/webhooks", reader, json=NEW)).status == 403
    assert (await api.ask("POST", "/v1/webhooks", writer, json=NEW)).status == 201
    assert (await api.ask("GET", "/v1/webhooks", writer)).status == 403
    assert (await api.ask("GET", "/v1/webhooks")).status == 401


async def test_what_was_made_is_told_after_a_restart_and_a_pause_holds(
    api: Api, config: Config, store: SqlStore, clock: SetClock
) -> None:
    await made(api, events=["call.ended"])
    await api.owner("POST", "/v1/webhooks/crm/pause")
    outgoing = Outgoing(config, store, clock)
    await WebhookKeeper(outgoing, store, clock).load()

    assert [each.name for each in outgoing.dispatcher.subscribers] == ["filed", "crm"]
    assert (await store.standings())["crm"] != Standing()
