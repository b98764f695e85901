"""A CRM that is asked, over real sockets: fast, slow, broken, hostile, dead."""

import asyncio
import io
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
import structlog
from aiohttp import web

from callbridge import logs
from callbridge.calls.customer import NOBODY, Customer, Known, Match
from callbridge.directory.answer import MOST_BYTES
from callbridge.directory.lookup import Lookup
from callbridge.directory.matching import MOST_CANDIDATES
from callbridge.directory.settings import Keeping, LookupSettings, carrying
from callbridge.directory.source import Question
from callbridge.errors import (
    AnswerUnusable,
    ConfigError,
    DirectoryError,
    SourceLate,
    SourceRefused,
    SourceResting,
    SourceUnreachable,
)
from tests.unit.delivery.certificates import Authority
from tests.unit.test_examples import free_port

from .crm import NOBODY_THERE, Answering, Crm, body, listening, naming, saying

NUMBER: Final = "+351912345678"
ASKED: Final = Question("main", NUMBER, NUMBER)
C17: Final = Known(Match.ONE, Customer("c-17", "Maria Silva", source="crm"))
KEEPING: Final = Keeping(known_s=100.0, unknown_s=10.0, size=100)
DEADLINE_S: Final = 5.0
"""Far away, where a test is not about it."""


class Clock:
    """Time stands still until a test lets it pass."""

    def __init__(self) -> None:
        self.passed = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.passed

    def jitter(self) -> float:
        return 0.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with listening() as crm:
        yield crm


Opening = Callable[..., AbstractAsyncContextManager[Lookup]]


@pytest.fixture
def look_up(crm: Crm, clock: Clock) -> Callable[..., Lookup]:
    def making(**changed: object) -> Lookup:
        settings = LookupSettings(name="crm", url=crm.url, deadline_s=DEADLINE_S)
        return Lookup(replace(settings, **changed), KEEPING, clock)  # type: ignore[arg-type]  # a table's columns

    return making


@pytest.fixture
async def source(look_up: Callable[..., Lookup]) -> AsyncIterator[Lookup]:
    async with look_up() as source:
        yield source


async def test_a_crm_is_asked_for_the_number_and_the_pbx_and_says_who_it_is(crm: Crm, source: Lookup) -> None:
    assert await source.ask(ASKED) == C17

    (request,) = crm.asked
    assert (request.method, request.path) == ("GET", "/phones")
    assert dict(request.query) == {"number": NUMBER, "pbx": "main"}
    assert request.query_string == "number=%2B351912345678&pbx=main"
    assert request.headers["accept"] == "application/json"
    assert "authorization" not in request.headers


@pytest.mark.parametrize(("header", "sent"), [("Authorization", "Bearer long secret"), ("X-Api-Key", "long secret")])
async def test_the_secret_goes_in_the_header_it_is_wanted_in(
    crm: Crm, look_up: Callable[..., Lookup], header: str, sent: str
) -> None:
    settings = {"X-Tenant": "4711", **carrying("long secret", header)}
    async with look_up(headers=settings) as source:
        await source.ask(ASKED)

    assert crm.asked[0].headers[header] == sent
    assert crm.asked[0].headers["X-Tenant"] == "4711"
    assert "long secret" not in repr(LookupSettings(name="crm", url=crm.url, headers=settings))


async def test_a_url_may_have_places(crm: Crm, look_up: Callable[..., Lookup]) -> None:
    async with look_up(url=crm.url + "/{pbx}/{number}?as={raw}") as source:
        await source.ask(Question("main", "912 345 678", NUMBER))

    assert crm.asked[0].raw_path == "/phones/main/%2B351912345678?as=912%20345%20678"


async def test_several_customers_are_candidates(crm: Crm, source: Lookup) -> None:
    crm.answering = naming({"id": "a", "matched": "phone"}, {"id": "b"}, {"id": "a", "matched": "mobile"})

    found = await source.ask(ASKED)

    assert (found.match, [each.id for each in found.candidates]) == (Match.MANY, ["a", "b"])


async def test_only_so_many_of_them_are_offered(crm: Crm, source: Lookup) -> None:
    crm.answering = naming(*({"id": each} for each in range(MOST_CANDIDATES + 1)))

    assert [each.id for each in (await source.ask(ASKED)).candidates] == list(map(str, range(MOST_CANDIDATES)))


async def test_an_answer_is_kept_as_long_as_it_is_good(crm: Crm, source: Lookup, clock: Clock) -> None:
    assert await source.at_once([ASKED]) == {}
    await source.ask(ASKED)
    clock.passed += KEEPING.known_s - 0.1

    assert await source.ask(ASKED) == C17
    assert await source.at_once([ASKED]) == {ASKED: C17}
    assert len(crm.asked) == 1

    clock.passed += 0.2
    assert await source.at_once([ASKED]) == {}
    await source.ask(ASKED)
    assert len(crm.asked) == 2


async def test_that_nobody_is_known_is_kept_for_less_long(crm: Crm, source: Lookup, clock: Clock) -> None:
    crm.answering = NOBODY_THERE
    assert await source.ask(ASKED) == NOBODY
    assert await source.at_once([ASKED]) == {ASKED: NOBODY}

    clock.passed += KEEPING.unknown_s
    assert await source.at_once([ASKED]) == {}


async def test_pbxs_and_numbers_have_answers_of_their_own(crm: Crm, source: Lookup) -> None:
    for asked in (ASKED, Question("other", NUMBER, NUMBER), Question("main", "+351912345679", "+351912345679")):
        await source.ask(asked)
    await source.ask(Question("main", "912 345 678", NUMBER))

    assert len(crm.asked) == 3


async def test_who_asks_for_the_same_number_meanwhile_shares_the_answer(crm: Crm, source: Lookup) -> None:
    crm.gate = asyncio.Event()
    asking = [asyncio.create_task(source.ask(ASKED)) for _ in range(20)]
    await crm.until_asked(1)
    asking[0].cancel()
    crm.gate.set()

    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [C17] * 19
    assert len(crm.asked) == 1
    assert source.health().asked == 1


async def test_an_answer_nobody_waits_for_any_more_is_kept_all_the_same(crm: Crm, source: Lookup) -> None:
    crm.gate = asyncio.Event()
    asking = asyncio.create_task(source.ask(ASKED))
    await crm.until_asked(1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    crm.gate.set()

    assert await source.ask(ASKED) == C17
    assert len(crm.asked) == 1


async def test_what_is_forgotten_is_asked_again(crm: Crm, source: Lookup) -> None:
    other = Question("main", "+351912345679", "+351912345679")
    for asked in (ASKED, other):
        await source.ask(asked)
    source.forget([ASKED.slot])
    assert await source.at_once([ASKED, other]) == {other: C17}

    source.forget(None)
    assert await source.at_once([ASKED, other]) == {}


@pytest.mark.parametrize("which", [[ASKED.slot], None])
async def test_an_answer_that_was_under_way_when_customers_changed_is_not_kept(
    crm: Crm, source: Lookup, which: list[tuple[str, str]] | None
) -> None:
    crm.gate = asyncio.Event()
    early = asyncio.create_task(source.ask(ASKED))
    await crm.until_asked(1)
    source.forget(which)
    late = asyncio.create_task(source.ask(ASKED))
    await crm.until_asked(2)
    crm.gate.set()

    assert await early == await late == C17
    assert len(crm.asked) == 2


async def test_only_the_newer_of_two_answers_is_kept(crm: Crm, source: Lookup) -> None:
    crm.gate = gate = asyncio.Event()
    early = asyncio.create_task(source.ask(ASKED))
    await crm.until_asked(1)
    source.forget(None)
    crm.gate, crm.answering = None, NOBODY_THERE
    assert await source.ask(ASKED) == NOBODY
    crm.answering = naming({"id": "c-17", "name": "Maria Silva"})
    gate.set()

    assert await early == C17
    assert await source.at_once([ASKED]) == {ASKED: NOBODY}


async def drip(request: web.Request) -> web.StreamResponse:
    """Answer at once, and never come to an end."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)


async def break_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-length": "100"})
    await response.prepare(request)
    await response.write(b'{"customers": [')
    assert request.transport is not None
    request.transport.abort()
    return response


async def silence(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("answering", [silence, drip])
async def test_a_slow_crm_is_waited_for_no_longer_than_its_deadline(
    crm: Crm, look_up: Callable[..., Lookup], answering: Answering
) -> None:
    crm.answering = answering
    async with look_up(deadline_s=0.2) as source:
        began = asyncio.get_running_loop().time()
        with pytest.raises(SourceLate, match=r"crm did not answer within 0\.2 s\. Is it up"):
            await source.ask(ASKED)
        assert 0.15 < asyncio.get_running_loop().time() - began < 10.0


@pytest.mark.parametrize(
    ("answering", "error", "told"),
    [
        (saying(500, b"Traceback"), SourceRefused, "crm answers 500. It broke on the question"),
        (saying(401), SourceRefused, "crm answers 401. Is the secret"),
        (saying(200, b"<html>Welcome"), AnswerUnusable, "crm answers no JSON"),
        (saying(200, b"\x1f\x8b\x08", {"content-encoding": "gzip"}), AnswerUnusable, "crm answers no JSON"),
        (saying(200, body(1, MOST_BYTES)), AnswerUnusable, "crm answers more than 64 KiB"),
        (break_off, SourceUnreachable, "crm: the connection broke off before the answer was whole"),
    ],
)
async def test_what_goes_wrong_is_one_of_ours_and_says_what_to_do(
    crm: Crm, source: Lookup, answering: Answering, error: type[DirectoryError], told: str
) -> None:
    crm.answering = answering
    with pytest.raises(error, match=re.escape(told)):
        await source.ask(ASKED)

    health = source.health()
    assert (health.asked, health.failed, health.resting) == (1, 1, False)
    assert (health.last_error or "").startswith(told)
    assert "912" not in (health.last_error or "")
    assert await source.at_once([ASKED]) == {}


async def test_the_biggest_answer_that_is_allowed_is_read(crm: Crm, source: Lookup) -> None:
    crm.answering = saying(200, body(1, MOST_BYTES - len(body(1, 0))))

    assert (await source.ask(ASKED)).match is Match.ONE


async def test_a_redirect_is_not_followed(crm: Crm, source: Lookup) -> None:
    crm.answering = saying(307, headers={"location": crm.url + "/elsewhere"})

    with pytest.raises(SourceRefused, match=r"crm answers 307\. Redirects are not followed"):
        await source.ask(ASKED)
    assert len(crm.asked) == 1


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:{dead}/phones", "crm: nothing listens there. Does the CRM run"),
        ("http://nothing.invalid/phones", "crm: its name cannot be resolved"),
        ("https://127.0.0.1:{plain}/phones", "crm: it speaks no TLS that we understand"),
    ],
)
async def test_a_crm_that_is_not_there_is_told_why(
    crm: Crm, look_up: Callable[..., Lookup], url: str, told: str
) -> None:
    plain = crm.url.split(":")[2].split("/")[0]
    async with look_up(url=url.format(dead=free_port(), plain=plain)) as source:
        with pytest.raises(SourceUnreachable, match=re.escape(told)):
            await source.ask(ASKED)


async def test_what_speaks_no_http_is_told_so(look_up: Callable[..., Lookup]) -> None:
    async def ami(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/9.0.0\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(ami, "127.0.0.1", 0)
    async with server, look_up(url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as source:
        with pytest.raises(SourceUnreachable, match="crm: what answers there speaks no HTTP"):
            await source.ask(ASKED)


async def test_a_crm_that_fails_is_left_alone_and_tried_again_by_one_question(
    crm: Crm, look_up: Callable[..., Lookup], clock: Clock
) -> None:
    crm.answering = saying(500)
    async with look_up(rest_after=3, rest_s=10.0) as source:
        for _ in range(3):
            with pytest.raises(SourceRefused):
                await source.ask(ASKED)
        with pytest.raises(SourceResting, match="left alone"):
            await source.ask(ASKED)
        assert (len(crm.asked), source.health().resting, source.health().failed) == (3, True, 3)

        clock.passed += 10.0
        crm.answering = naming({"id": "c-17", "name": "Maria Silva"})
        crm.gate = asyncio.Event()
        probe = asyncio.create_task(source.ask(ASKED))
        await crm.until_asked(4)
        with pytest.raises(SourceResting):
            await source.ask(Question("main", "+351912345679", "+351912345679"))
        crm.gate.set()
        assert await probe == C17
        assert not source.health().resting
        assert await source.ask(Question("main", "+351912345679", "+351912345679")) == C17


async def test_an_answer_that_is_kept_is_given_while_the_crm_is_left_alone(
    crm: Crm, look_up: Callable[..., Lookup]
) -> None:
    async with look_up(rest_after=1) as source:
        await source.ask(ASKED)
        crm.answering = saying(500)
        with pytest.raises(SourceRefused):
            await source.ask(Question("main", "+351912345679", "+351912345679"))

        assert source.health().resting
        assert await source.ask(ASKED) == C17


async def test_no_more_questions_are_under_way_than_allowed(crm: Crm, look_up: Callable[..., Lookup]) -> None:
    crm.gate = asyncio.Event()
    async with look_up(concurrency=3) as source:
        asking = [
            asyncio.create_task(source.ask(Question("main", f"+35191000{each:04}", f"+35191000{each:04}")))
            for each in range(12)
        ]
        await crm.until_asked(3)
        crm.gate.set()
        assert await asyncio.gather(*asking) == [C17] * 12
    assert crm.most_under_way == 3
    assert len(crm.connections) == 3


async def test_one_connection_carries_many_questions(crm: Crm, source: Lookup) -> None:
    for each in range(5):
        await source.ask(Question("main", f"+35191000{each:04}", f"+35191000{each:04}"))

    assert len(crm.connections) == 1


@pytest.mark.patient
async def test_the_wait_for_a_place_counts_too(crm: Crm, look_up: Callable[..., Lookup]) -> None:
    crm.gate = asyncio.Event()
    async with look_up(concurrency=1, deadline_s=0.6) as source:
        both = (ASKED, Question("main", "+351912345679", "+351912345679"))
        said = await asyncio.gather(*map(source.ask, both), return_exceptions=True)

    assert [type(each) for each in said] == [SourceLate, SourceLate]
    assert len(crm.asked) == 1


async def test_no_proxy_of_the_environment_sees_numbers(
    look_up: Callable[..., Lookup], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    async with look_up() as source:
        assert await source.ask(ASKED) == C17


async def test_no_cookie_is_kept(crm: Crm, source: Lookup) -> None:
    crm.answering = saying(404, headers={"set-cookie": "session=1; Path=/"})
    await source.ask(ASKED)
    await source.ask(Question("main", "+351912345679", "+351912345679"))

    assert "cookie" not in crm.asked[1].headers


async def test_closing_ends_what_is_under_way(crm: Crm, look_up: Callable[..., Lookup]) -> None:
    crm.gate = asyncio.Event()
    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(look_up())
        asking = asyncio.create_task(source.ask(ASKED))
        await crm.until_asked(1)
        await stack.aclose()

        with pytest.raises(SourceResting, match="not asked any more"):
            await asking
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("directory")] == []


async def test_a_source_that_is_done_with_finishes_what_it_was_asked_and_takes_nothing_new(
    crm: Crm, look_up: Callable[..., Lookup]
) -> None:
    crm.gate = asyncio.Event()
    async with look_up() as source:
        asking = asyncio.create_task(source.ask(ASKED))
        await crm.until_asked(1)
        finishing = asyncio.create_task(source.finish())
        await asyncio.sleep(0)
        with pytest.raises(SourceResting, match="not asked any more"):
            await source.ask(Question("main", "+351912345679", "+351912345679"))
        assert not finishing.done()
        crm.gate.set()
        await finishing
        assert await asking == C17
    with pytest.raises(SourceResting):
        await source.ask(Question("main", "+351912345679", "+351912345679"))


@pytest.fixture
def said(clock: Clock) -> Iterator[io.StringIO]:
    """Return the log, at its most talkative."""
    handlers, level, stream = logging.root.handlers[:], logging.root.level, io.StringIO()
    logs.set_up("debug", "json", now=clock.now, environ={}, stream=stream)
    yield stream
    logs.set_level("info")
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


async def test_neither_number_nor_secret_stands_in_the_log(
    crm: Crm, look_up: Callable[..., Lookup], said: io.StringIO, clock: Clock
) -> None:
    crm.answering = saying(500)
    async with look_up(headers=carrying("a long secret", "Authorization"), rest_after=1) as source:
        with pytest.raises(SourceRefused):
            await source.ask(ASKED)
        clock.passed += 10.0
        crm.answering = NOBODY_THERE
        await source.ask(ASKED)

    text = said.getvalue()
    assert [word for word in ("directory.failed", "directory.rests", "directory.recovered") if word not in text] == []
    assert "912345678" not in text
    assert "secret" not in text


@pytest.fixture
def authority() -> Authority:
    return Authority("an authority of the house")


async def test_a_crm_in_the_house_is_trusted_by_the_authority_of_the_house(
    authority: Authority, look_up: Callable[..., Lookup], tmp_path: Path
) -> None:
    async with listening(authority.signs("127.0.0.1").server(tmp_path)) as safe:
        async with look_up(url=safe.url, tls_ca=authority.trusted(tmp_path)) as source:
            assert await source.ask(ASKED) == C17
        async with look_up(url=safe.url) as source:
            with pytest.raises(
                SourceUnreachable, match=r"certificate is not to be trusted \(unable to get local issuer"
            ):
                await source.ask(ASKED)
        assert len(safe.asked) == 1


async def test_a_certificate_of_another_host_is_not_trusted(
    authority: Authority, look_up: Callable[..., Lookup], tmp_path: Path
) -> None:
    async with listening(authority.signs("crm.example").server(tmp_path)) as other:
        async with look_up(url=other.url, tls_ca=authority.trusted(tmp_path)) as source:
            with pytest.raises(SourceUnreachable, match="certificate is not to be trusted"):
                await source.ask(ASKED)
        assert other.asked == []


@pytest.mark.parametrize("content", [None, "rubbish"])
async def test_an_authority_that_cannot_be_read_is_a_mistake_of_the_configuration(
    look_up: Callable[..., Lookup], tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)

    with pytest.raises(ConfigError, match=r"crm: tls_ca .*ca\.pem cannot be used: .*; give a PEM file"):
        async with look_up(tls_ca=file):
            pass
