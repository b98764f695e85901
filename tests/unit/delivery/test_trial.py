"""A sample is sent to a real receiver, and what came back is said in words that help."""

import asyncio
import json
import socket
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from callbridge.calls.events import EventType
from callbridge.delivery.samples import CALL_ID, sample
from callbridge.delivery.trial import ADVICE, tried
from callbridge.delivery.verifying import Verifier
from callbridge.trials import NOT_TOLD, SAMPLED, Result

from .receivers import CLOCK, SECRET, answering, silence, status, subscriber, talking, trial

# What is sent.


@pytest.mark.parametrize("kind", SAMPLED)
async def test_a_sample_of_every_type_is_signed_and_says_by_its_ids_that_it_is_none(kind: EventType) -> None:
    came: list[tuple[dict[str, str], bytes]] = []

    async def take(request: web.Request) -> web.Response:
        came.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    async with answering(take) as port:
        results = [await trial(f"http://127.0.0.1:{port}/hook", kind) for _ in range(2)]

    ids = [headers["webhook-id"] for headers, _ in came]
    assert ids == [result.event_id for result in results]
    assert len(set(ids)) == 2
    for headers, body in came:
        event = json.loads(body)
        assert headers["webhook-id"].startswith("evt_test_")
        assert Verifier(SECRET, CLOCK).judge(headers, body).scheme == "v1"
        assert event["type"] == kind
        made_up = event["data"]["call"]["id"] == CALL_ID if "call" in event["data"] else "sample" in str(event["data"])
        assert made_up
    assert [(one.result, one.status, one.said, one.advice) for one in results] == [
        (Result.TAKEN, 204, "answered 204", "")
    ] * 2


@pytest.mark.parametrize("kind", sorted(NOT_TOLD))
def test_of_what_is_not_told_yet_there_is_no_sample(kind: EventType) -> None:
    with pytest.raises(KeyError):
        sample(kind, "main", CLOCK.now())


# How it was answered.


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (200, Result.TAKEN),
        (400, Result.REFUSED),
        (401, Result.UNAUTHORISED),
        (403, Result.UNAUTHORISED),
        (404, Result.NOT_FOUND),
        (405, Result.NOT_POST),
        (410, Result.GONE),
        (422, Result.REFUSED),
        (429, Result.BUSY),
        (500, Result.FAILED),
        (502, Result.FAILED),
        (503, Result.BUSY),
    ],
)
async def test_an_answer_is_told_with_its_first_bytes_and_what_to_do(code: int, result: Result) -> None:
    async with answering(status(code)) as port:
        came = await trial(f"http://127.0.0.1:{port}/hook?token=hidden")
    assert (came.result, came.status, came.answer) == (result, code, "a word of mine")
    assert came.advice == ADVICE.get(result, "")
    assert came.said.startswith(f"answered {code}")
    assert "hidden" not in repr(came)


async def test_a_refused_signature_is_told_with_what_to_look_at() -> None:
    async with answering(status(401)) as port:
        came = await trial(f"http://127.0.0.1:{port}/")
    for word in ("secret", "bytes as they came", "clock", "callbridge webhook listen"):
        assert word in came.advice
    assert "behind" not in came.advice


@pytest.mark.parametrize(("off", "way"), [(timedelta(minutes=-7), "behind"), (timedelta(minutes=7), "ahead of")])
async def test_a_receiver_that_refuses_and_has_another_time_is_told_by_how_much(off: timedelta, way: str) -> None:
    date = format_datetime(CLOCK.now() + off, usegmt=True)
    async with answering(status(401, Date=date)) as port:
        came = await trial(f"http://127.0.0.1:{port}/")
    told = came.advice.splitlines()[-1]
    assert told.startswith("Its clock is 4")
    assert f" s {way} this host's" in told


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Nov 2026 10:00:00 GMT"])
async def test_a_date_that_is_none_is_passed_over(date: str) -> None:
    async with answering(status(401, Date=date)) as port:
        assert "Its clock" not in (await trial(f"http://127.0.0.1:{port}/")).advice


async def test_a_redirect_is_told_with_where_it_leads_but_not_its_query() -> None:
    async with answering(status(308, Location="https://me:pw@crm.example/final?token=hidden#x")) as port:
        came = await trial(f"http://127.0.0.1:{port}/")
    assert came.result is Result.REDIRECT
    assert came.advice.startswith("Give the final URL, https://crm.example/final: ")


# What was in the way.


async def test_a_name_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_up(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    came = await trial("https://crm.example/hook")
    assert came.result is Result.NAME_UNKNOWN
    assert came.said == "the name crm.example cannot be resolved: Name or service not known"
    assert "getent hosts crm.example" in came.advice


@pytest.mark.patient
async def test_a_name_that_nobody_answers_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_up(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    came = await trial("https://crm.example/hook", timeout_s=0.3)
    assert (came.result, came.said) == (Result.NAME_TIMEOUT, "the name crm.example was not resolved within 0.3 s")


async def test_where_nothing_listens() -> None:
    async with talking(silence) as port:
        pass
    came = await trial(f"http://127.0.0.1:{port}/")
    assert came.result is Result.NOT_LISTENING
    assert came.said == f"no connection to 127.0.0.1 port {port}: nothing listens there"


@pytest.mark.patient
async def test_a_connection_that_never_comes_about() -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)  # Linux lets one wait; whoever comes then gets no answer at all
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        came = await trial(f"http://127.0.0.1:{port}/", timeout_s=0.5)
    assert (came.result, came.said) == (
        Result.CONNECT_TIMEOUT,
        f"no connection to 127.0.0.1 port {port} within 0.5 s",
    )
    assert "firewall" in came.advice
    assert "TLS" not in came.advice


@pytest.mark.patient
async def test_tls_that_is_never_answered() -> None:
    async with talking(silence) as port:
        came = await trial(f"https://127.0.0.1:{port}/", timeout_s=0.5)
    assert came.result is Result.CONNECT_TIMEOUT
    assert "does that port speak it?" in came.advice


@pytest.mark.patient
async def test_an_answer_that_does_not_come() -> None:
    async with talking(silence) as port:
        came = await trial(f"http://127.0.0.1:{port}/", timeout_s=0.5)
    assert came.result is Result.ANSWER_TIMEOUT
    assert came.said == f"127.0.0.1 port {port} took the connection, but did not answer within 0.5 s"
    assert "answer 204 at once" in came.advice
    assert came.ms >= 500


async def test_a_receiver_that_hangs_up() -> None:
    async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with talking(hang_up) as port:
        assert (await trial(f"http://127.0.0.1:{port}/")).result is Result.CLOSED


async def test_a_receiver_that_speaks_something_else() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        await silence(reader, writer)

    async with talking(greet) as port:
        assert (await trial(f"http://127.0.0.1:{port}/")).result is Result.NOT_HTTP


@pytest.mark.parametrize(
    ("url", "more", "said", "advice"),
    [
        ("http://127.0.0.1:9/", {"allow_private": False}, "127.0.0.1 is a private address", "allow_private = true"),
        ("http://169.254.169.254/", {}, "169.254.169.254 is no address a webhook may lead to", "give one"),
    ],
)
async def test_an_address_that_is_forbidden_is_told_with_what_to_set(
    url: str, more: dict[str, Any], said: str, advice: str
) -> None:
    came = await trial(url, **more)
    assert (came.result, came.said) == (Result.FORBIDDEN, said)
    assert came.advice.startswith(advice)


async def test_callbridge_and_the_pbx_are_no_receivers() -> None:
    own = {("127.0.0.1", 5038)}
    came = await tried(subscriber("http://127.0.0.1:5038/"), EventType.CALL_ENDED, CLOCK, own)
    assert came.result is Result.FORBIDDEN
    assert "is callbridge or the PBX itself" in came.said


def test_every_result_but_the_good_one_and_the_guards_has_advice() -> None:
    assert set(Result) - ADVICE.keys() == {Result.TAKEN, Result.FORBIDDEN, Result.NOT_SENT}


@pytest.mark.patient
async def test_a_test_that_waits_less_than_an_event_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callbridge.delivery.trial.LONGEST_S", 0.3)
    async with talking(silence) as port:
        came = await trial(f"http://127.0.0.1:{port}/", timeout_s=60.0)
    assert came.said.endswith("did not answer within 0.3 s")
    assert came.advice.endswith("A test waits 0.3 s at most; an event would be waited for 60 s.")
