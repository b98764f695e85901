"""Receivers that misbehave, one by one, and what becomes of the event."""

import asyncio
import socket
import struct
import time
from datetime import timedelta

import pytest
from aiohttp import ThreadedResolver, web
from aiohttp.abc import ResolveResult
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from callbridge.delivery.exchange import ANSWER_MOST
from callbridge.ports import Store
from tests.unit.delivery.calls import SetClock

from .receiver import delivering, raw_receiver, receiver, subscriber

pytestmark = pytest.mark.faults


async def a_slow_body(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    await answer.write(b"thank you")
    await asyncio.sleep(60)
    return answer


async def test_an_event_arrives_signed_and_is_settled(store: Store, clock: SetClock) -> None:
    async with receiver() as crm, delivering(store, clock, subscriber(crm.url)) as delivery:
        await delivery.tell_call("call_1", 1)
        await crm.hears(1)
        await delivery.until_settled()
        assert crm.hits[0].verified()["data"]["sequence"] == 1
        assert crm.hits[0].headers["Content-Type"] == "application/json"
        with pytest.raises(WebhookVerificationError):
            Webhook("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").verify(crm.hits[0].body, crm.hits[0].headers)


async def test_a_receiver_that_says_200_and_then_dribbles_has_the_event(store: Store, clock: SetClock) -> None:
    async with receiver(a_slow_body) as crm, delivering(store, clock, subscriber(crm.url, timeout_s=60)) as delivery:
        await delivery.tell_call("call_1", 1, 2)
        await crm.hears(2)
        await delivery.until_settled()
        assert crm.by_call() == {"call_1": [1, 2]}


async def test_of_an_endless_answer_only_the_beginning_is_read(store: Store, clock: SetClock) -> None:
    written = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal written
        answer = web.StreamResponse(status=500)
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 4096)
            written += 4096

    async with receiver(endless) as crm, delivering(store, clock, subscriber(crm.url)) as delivery:
        await delivery.tell_call("call_1", 1)
        await delivery.until_error("answered 500 Internal Server Error: xxx")
        # What the two kernels hold between them besides.
        assert written < ANSWER_MOST + 16 * 1024 * 1024
        assert len(await delivery.error() or "") < 400


async def test_a_failed_event_comes_again_with_the_same_id_and_bytes_when_its_time_has_come(
    store: Store, clock: SetClock
) -> None:
    async with receiver(500, 503) as crm, delivering(store, clock, subscriber(crm.url)) as delivery:
        await delivery.tell_call("call_1", 1)
        await delivery.until_error("answered 500")
        clock.ahead += timedelta(seconds=4)
        await delivery.tell_call("call_2", 1)
        await crm.hears(2)
        await delivery.until_error("answered 503")
        assert crm.ids == ["evt_1_1", "evt_2_1"]
        clock.ahead += timedelta(seconds=6)
        await crm.hears(4)
        assert crm.ids.count("evt_1_1") == 2
        assert len({hit.body for hit in crm.hits if hit.id == "evt_1_1"}) == 1


async def test_a_redirect_is_a_failure_and_is_not_followed(store: Store, clock: SetClock) -> None:
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"location": "/elsewhere"})

    async with receiver(elsewhere) as crm, delivering(store, clock, subscriber(crm.url)) as delivery:
        await delivery.tell_call("call_1", 1)
        await delivery.until_error("answered 307 Temporary Redirect, a redirect, which is not followed")
        assert len(crm.hits) == 1


async def test_a_receiver_that_is_gone_for_good_is_paused_until_somebody_resumes_it(
    store: Store, clock: SetClock
) -> None:
    async with (
        receiver(410) as crm,
        receiver() as other,
        delivering(store, clock, subscriber(crm.url), subscriber(other.url, "other")) as delivery,
    ):
        await delivery.tell_call("call_1", 1, to=("crm", "other"))
        await delivery.until_error("answered 410 Gone")
        await delivery.tell_call("call_1", 2, to=("crm", "other"))
        await other.hears(2)
        paused = next(one for one in await delivery.dispatcher.statuses() if one.name == "crm")
        assert paused.paused == "it answered 410 Gone"
        assert crm.ids == ["evt_1_1"]
        await delivery.dispatcher.resume("crm")
        await crm.hears(2)
        # The refused one is a dead letter: it is not sent again and holds nothing back.
        assert crm.ids == ["evt_1_1", "evt_1_2"]
        await delivery.until_settled()
        dead = {one.subscriber: one.dead for one in await store.backlogs()}
        assert dead["crm"] == 1


async def test_retry_after_is_waited_for(store: Store, clock: SetClock) -> None:
    async def busy(request: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"retry-after": "100"})

    async with receiver(busy) as crm, delivering(store, clock, subscriber(crm.url)) as delivery:
        await delivery.tell_call("call_1", 1)
        await delivery.until_error("answered 429")
        clock.ahead += timedelta(seconds=90)
        await delivery.tell_call("call_2", 1)
        await crm.hears(2)
        assert crm.ids == ["evt_1_1", "evt_2_1"]
        clock.ahead += timedelta(seconds=20)
        await crm.hears(3)
        assert crm.ids[2] == "evt_1_1"


async def test_a_connection_that_is_reset_is_a_failure_said_in_words(store: Store, clock: SetClock) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with raw_receiver(reset) as url, delivering(store, clock, subscriber(url)) as delivery:
        await delivery.tell_call("call_1", 1)
        await delivery.until_error("broke: Connection reset by peer")


async def test_a_receiver_that_does_not_speak_http_is_a_failure_said_in_words(store: Store, clock: SetClock) -> None:
    async def rubbish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"Asterisk Call Manager/9.0.0\r\n\r\n")
        await writer.drain()

    async with raw_receiver(rubbish) as url, delivering(store, clock, subscriber(url)) as delivery:
        await delivery.tell_call("call_1", 1)
        await delivery.until_error("does not answer in HTTP")


async def test_a_receiver_that_never_answers_costs_its_deadline_and_no_more(store: Store, clock: SetClock) -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_receiver(silence) as url, delivering(store, clock, subscriber(url, timeout_s=0.3)) as delivery:
        begun = time.perf_counter()
        await delivery.tell_call("call_1", 1)
        await delivery.until_error("no answer within 0.3 s")
        assert time.perf_counter() - begun < 2


async def test_headers_that_dribble_without_end_cost_the_deadline_too(store: Store, clock: SetClock) -> None:
    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            writer.write(b"x-%d: y\r\n" % number)
            await writer.drain()
            await asyncio.sleep(0.01)

    async with raw_receiver(dribble) as url, delivering(store, clock, subscriber(url, timeout_s=0.3)) as delivery:
        await delivery.tell_call("call_1", 1)
        await delivery.until_error("no answer within 0.3 s")


async def test_a_dead_port_is_a_failure_said_in_words(store: Store, clock: SetClock) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/hook?token=hidden"
        async with delivering(store, clock, subscriber(url)) as delivery:
            await delivery.tell_call("call_1", 1)
            await delivery.until_error("no connection to 127.0.0.1 port")
            assert "hidden" not in str(await delivery.error())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_not_even_connected_to_without_leave(
    store: Store, clock: SetClock, host: str
) -> None:
    connected = asyncio.Event()

    async def notice(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        connected.set()

    async with raw_receiver(notice) as url:
        crm = subscriber(url.replace("127.0.0.1", host), allow_private=False)
        async with delivering(store, clock, crm) as delivery:
            await delivery.tell_call("call_1", 1)
            await delivery.until_error("is a private address; allow_private = true permits it")
    assert not connected.is_set()


async def test_a_name_with_one_bad_address_is_not_connected_to_at_its_good_one(
    store: Store, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(_self: ThreadedResolver, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=answer, port=port, family=socket.AF_INET, proto=0, flags=0)
            for answer in ("127.0.0.1", "169.254.169.254")
        ]

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    async with receiver() as crm:
        named = subscriber(crm.url.replace("127.0.0.1", "crm.example"))
        async with delivering(store, clock, named) as delivery:
            await delivery.tell_call("call_1", 1)
            await delivery.until_error("169.254.169.254 is no address a webhook may lead to")
        assert crm.hits == []


async def test_a_name_that_does_not_exist_is_a_failure_said_in_words(
    store: Store, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(_self: ThreadedResolver, _host: str, _port: int = 0, _family: int = 0) -> list[ResolveResult]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    async with delivering(store, clock, subscriber("http://crm.example/hook")) as delivery:
        await delivery.tell_call("call_1", 1)
        await delivery.until_error("the name crm.example cannot be resolved: Name or service not known")


async def test_tls_where_none_is_spoken_is_a_failure_said_in_words(store: Store, clock: SetClock) -> None:
    async with receiver() as crm:
        async with delivering(store, clock, subscriber(crm.url.replace("http:", "https:"))) as delivery:
            await delivery.tell_call("call_1", 1)
            await delivery.until_error("TLS with 127.0.0.1 port")
        assert crm.hits == []


async def test_our_own_ports_are_refused_even_with_leave_for_private_addresses(store: Store, clock: SetClock) -> None:
    async with receiver() as ami:
        port = int(ami.url.split(":")[2].split("/")[0])
        async with delivering(store, clock, subscriber(ami.url), own={("localhost", port)}) as delivery:
            await delivery.tell_call("call_1", 1)
            await delivery.until_error("is callbridge or the PBX itself")
        assert ami.hits == []
