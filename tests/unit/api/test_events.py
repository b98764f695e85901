"""`/v1/events`: what is sent, from where on, to whom, and until when."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callbridge.api import events
from callbridge.api.local import LocalServer
from callbridge.api.server import HttpServer
from callbridge.api.status import DatabaseStatus, Status
from callbridge.api.streams import Streams, Tempo
from callbridge.api.tokens import TokenKeeper
from callbridge.app.followers import Followers
from callbridge.app.served import served
from callbridge.calls.events import EventType, pbx_event
from callbridge.config import Http
from callbridge.ports import Told
from callbridge.store import SqlStore
from tests.lab.stream import PATH, Reader, reading
from tests.unit.store.made import AT, SetClock, a_call, a_life, telling, told

WITHIN_S = 20.0
BRISK = Tempo(heartbeat_s=0.2, write_s=0.5, gather_s=0.01, look_s=0.05, last_words_s=0.3, retry_s=1.0)
CALM = replace(BRISK, heartbeat_s=60.0)


@dataclass
class Live:
    """`/v1/events` on both doors, and the store that is told."""

    streams: Streams
    store: SqlStore
    keeper: TokenKeeper
    outside: aiohttp.ClientSession
    inside: aiohttp.ClientSession
    http: HttpServer
    local: LocalServer

    async def token(self, *scopes: str, days: int | None = None) -> str:
        return (await self.keeper.create("reader", scopes or ("events:read",), days))[1]

    async def refused(self, token: str | None = None, headers: dict[str, str] | None = None, **query: Any) -> Any:
        sent = (headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        async with self.outside.get(PATH, params=query, headers=sent) as answer:
            return {"http": answer.status, "headers": answer.headers, **await answer.json(content_type=None)}


@pytest.fixture
def tempo() -> Tempo:
    return CALM


@pytest.fixture
async def live(store: SqlStore, clock: SetClock, tempo: Tempo, tmp_path: Path) -> AsyncIterator[Live]:
    streams = Streams(store.event_log, store.tokens, clock, most=5, tempo=tempo)
    routes = served(store, Http(), clock, events.resources(streams))
    http = HttpServer("127.0.0.1", 0, routes[0])
    status = Status(version="1", started_at=AT, database=DatabaseStatus(url="x", ok=True))
    local = LocalServer(tmp_path / "control.sock", lambda: status, Followers().subscribe, routes=routes[1])
    looking_after = asyncio.create_task(streams.run())
    async with AsyncExitStack() as stack:
        for server in (http, local):
            stack.push_async_callback(server.stop)
            await server.start()
        outside = await stack.enter_async_context(aiohttp.ClientSession(f"http://{http.address}"))
        connector = aiohttp.UnixConnector(str(tmp_path / "control.sock"))
        inside = await stack.enter_async_context(aiohttp.ClientSession("http://local", connector=connector))
        yield Live(streams, store, TokenKeeper(store.tokens, clock), outside, inside, http, local)
        streams.stop()
    looking_after.cancel()
    with suppress(asyncio.CancelledError):
        await looking_after


async def until(condition: Any) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - the condition tells nobody when it holds
            await asyncio.sleep(0.01)


async def test_an_event_comes_with_its_id_its_type_and_the_exact_bytes_of_its_body(live: Live) -> None:
    body = '{"type":"call.ringing","data":{"name":"Zoë\\n\\r"}}'.encode()
    async with live.outside.get(PATH, headers={"Authorization": f"Bearer {await live.token()}"}) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        greeting = await answer.content.readuntil(b"\n\n")
        await live.store.commit(telling(told(a_call("a", 1), body=body)))
        sent = await answer.content.readuntil(b"\n\n")

    assert sent == b"id: evt_a_1\nevent: call.ringing\ndata: " + body + b"\n\n"
    retry, place, *rest = greeting.decode().split("\n")
    assert place == "id: evt_0"
    assert rest == ["", ""]
    assert 1000 <= int(retry.removeprefix("retry: ")) <= 2000


async def test_without_a_last_event_it_begins_now(live: Live) -> None:
    await live.store.commit(a_life("a", 2))
    async with reading(live.outside, await live.token()) as reader:
        assert reader.last_id == "evt_a_2"
        await live.store.commit(a_life("b", 2))
        await live.store.commit(a_life("c", 1))

        assert await reader.ids(3) == ["evt_b_1", "evt_b_2", "evt_c_1"]


async def test_the_control_socket_follows_without_a_token(live: Live) -> None:
    async with reading(live.inside) as reader:
        await live.store.commit(a_life("a", 1))
        assert await reader.ids(1) == ["evt_a_1"]


@pytest.mark.parametrize(
    "given",
    [
        {"after": "evt_a_3"},
        {"last_event_id": "evt_a_3"},
        {"after": "evt_a_3", "last_event_id": "evt_a_9"},
        {"last_event_id": "evt_a_3", "since": "2030-01-01T00:00:00Z"},
    ],
)
async def test_after_its_last_event_a_reader_gets_what_came_since_and_then_what_comes(live: Live, given: Any) -> None:
    await live.store.commit(a_life("a", 250))
    async with reading(live.outside, await live.token(), **given) as reader:
        assert await reader.ids(247) == [f"evt_a_{number}" for number in range(4, 251)]
        await live.store.commit(a_life("b", 1))
        assert await reader.ids(1) == ["evt_b_1"]


async def test_what_was_told_while_nobody_followed_comes_to_whoever_comes_again(live: Live) -> None:
    async with reading(live.inside) as reader:
        await live.store.commit(a_life("a", 1))
        last = (await reader.ids(1))[0]
    await until(lambda: len(live.streams) == 0)
    await live.store.commit(a_life("b", 1))
    async with reading(live.inside, after=last) as reader:
        await live.store.commit(a_life("c", 1))
        assert await reader.ids(2) == ["evt_b_1", "evt_c_1"]


async def test_the_beginning_can_be_asked_for(live: Live) -> None:
    await live.store.commit(a_life("a", 2))
    async with reading(live.outside, await live.token(), after="evt_0") as reader:
        assert await reader.ids(2) == ["evt_a_1", "evt_a_2"]


@pytest.mark.parametrize("last", ["evt_a_99", "nonsense", "x" * 300, "evt_é"])
async def test_behind_an_event_that_is_not_kept_nothing_can_be_told_and_the_answer_says_what_to_do(
    live: Live, last: str
) -> None:
    await live.store.commit(a_life("a", 2))

    answer = await live.refused(await live.token(), headers={"Last-Event-ID": last})

    assert (answer["http"], answer["type"]) == (410, "/problems/event-gone")
    assert len(live.streams) == 0


async def test_since_begins_at_a_time(live: Live) -> None:
    for second in (0, 10, 20):
        event = pbx_event("main", EventType.PBX_CONNECTED, AT + timedelta(seconds=second))
        await live.store.commit(telling(Told(event, f"{second}".encode(), ())))
    async with reading(live.outside, await live.token(), since="2026-11-22T10:00:05Z") as reader:
        assert [(await next_of(reader)) for _ in range(2)] == [b"10", b"20"]


async def next_of(reader: Reader) -> bytes:
    one = await reader.next()
    assert one is not None
    return one.body


@pytest.mark.parametrize("past", [True, False], ids=["from the database", "from memory"])
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"type": ["call.*"]}, ["sales", "none", "other"]),
        ({"type": ["pbx.*", "webhook.disabled"]}, ["pbx", "webhook"]),
        ({"pbx": ["m*"]}, ["sales", "none", "pbx", "webhook", "queue"]),
        ({"queue": ["sal*"]}, ["sales", "pbx", "webhook", "queue"]),
        ({"queue": ["*"], "pbx": ["other"]}, ["other", "webhook"]),
        ({"type": ["*.ringing", "queue.stats"], "pbx": ["main"], "queue": ["sales"]}, ["sales", "queue"]),
    ],
)
async def test_filters_are_those_of_webhooks(live: Live, query: Any, wanted: Sequence[str], past: bool) -> None:  # noqa: FBT001 - pytest's
    token = await live.token()
    if past:
        await live.store.commit(telling(*of_every_kind()))
    async with reading(live.outside, token, after="evt_0", **query) as reader:
        if not past:
            await live.store.commit(telling(*of_every_kind()))
        live.streams.stop()

        names = {each.event.id: name for name, each in zip(NAMES, of_every_kind(), strict=True)}
        assert [names[each] for each in await reader.rest()] == wanted


NAMES = ("sales", "none", "other", "pbx", "webhook", "queue")


def of_every_kind() -> list[Told]:
    calls = [a_call("s", queue="sales"), a_call("n"), a_call("o", queue="support", pbx="other")]
    about = [
        pbx_event("main", EventType.PBX_CONNECTED, AT),
        pbx_event("", EventType.WEBHOOK_DISABLED, AT),
        pbx_event("main", EventType.QUEUE_STATS, AT, queue="sales"),
    ]
    bodies = [f'{{"data":{{"call":{{"queue":{queue}}}}}}}'.encode() for queue in ('"sales"', "null", '"support"')]
    return [
        *(told(call, body=body) for call, body in zip(calls, bodies, strict=True)),
        *(Told(event, b'{"data":{"queue":"sales"}}' if event.details else b'{"data":{}}', ()) for event in about),
    ]


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ({"type": "call.endet"}, "type.0", 'did you mean "call.ended"?'),
        ({"types": "call.ended"}, "types", 'did you mean "type"?'),
        ({"since": "yesterday"}, "since", "must be a time with its zone"),
        ({"queue": [str(number) for number in range(21)]}, "queue", "at most 20 items"),
    ],
)
async def test_a_filter_that_cannot_be_is_refused_by_name(live: Live, query: Any, field: str, message: str) -> None:
    answer = await live.refused(await live.token(), **query)

    assert answer["http"] == 422
    assert [one["field"] for one in answer["errors"]] == [field]
    assert message in answer["errors"][0]["message"]


async def test_it_takes_a_token_with_its_scope(live: Live) -> None:
    assert (await live.refused())["http"] == 401
    refused = await live.refused(await live.token("calls:read"))
    assert (refused["http"], refused["scope"]) == (403, "events:read")


async def test_past_the_last_place_a_reader_is_asked_to_come_later_and_a_place_left_is_free_at_once(live: Live) -> None:
    token = await live.token()
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(reading(live.outside, token)) for _ in range(5)]
        answer = await live.refused(token)
        assert (answer["http"], answer["headers"]["Retry-After"]) == (429, "10")
        assert "max_streams" in answer["detail"]

        readers[0].answer.close()
        await until(lambda: len(live.streams) == 4)
        await stack.enter_async_context(reading(live.outside, token))


class TestHeartbeats:
    @pytest.fixture
    def tempo(self) -> Tempo:
        return BRISK

    @pytest.mark.patient
    async def test_a_quiet_stream_beats_also_while_there_are_events_for_others(self, live: Live) -> None:
        async with reading(live.outside, await live.token(), type="call.ended") as reader:
            waiting = asyncio.create_task(reader.next())
            for number in range(60):
                await live.store.commit(a_life(f"a{number}", 1))
                await asyncio.sleep(0.01)
            await until(lambda: reader.beats >= 3)
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting


async def test_a_stream_ends_when_its_token_is_revoked_and_others_go_on(live: Live) -> None:
    (token, secret), other = await live.keeper.create("one", ["events:read"], None), await live.token()
    async with reading(live.outside, secret) as ended, reading(live.outside, other) as goes_on:
        await live.keeper.revoke(token.id)
        assert await ended.rest() == []
        await live.store.commit(a_life("a", 1))
        assert await goes_on.ids(1) == ["evt_a_1"]


async def test_a_stream_ends_when_its_token_expires(live: Live, clock: SetClock) -> None:
    async with reading(live.outside, await live.token(days=1)) as reader, reading(live.inside) as owner:
        clock.passes(86_400)
        assert await reader.rest() == []
        await live.store.commit(a_life("a", 1))
        assert await owner.ids(1) == ["evt_a_1"]


async def test_at_a_stop_each_stream_gets_what_was_committed_and_ends_cleanly_at_once(live: Live) -> None:
    async with reading(live.outside, await live.token()) as reader, reading(live.inside) as owner:
        await live.store.commit(a_life("a", 3))
        live.streams.stop()
        began = time.perf_counter()
        await asyncio.gather(live.http.stop(), live.local.stop())

        assert time.perf_counter() - began < 1.5
        assert await reader.rest() == await owner.rest() == ["evt_a_1", "evt_a_2", "evt_a_3"]
