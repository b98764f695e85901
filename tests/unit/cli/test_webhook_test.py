"""`callbridge webhook test` against a real control socket, a real database and real receivers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from callbridge.api import webhook_trials
from callbridge.api.local import LocalServer
from callbridge.app.followers import Followers
from callbridge.app.served import served
from callbridge.app.trials import WebhookTrials
from callbridge.clock import SystemClock
from callbridge.config import Http
from callbridge.delivery.subscriber import Subscriber
from callbridge.delivery.verifying import Verifier
from callbridge.store import SqlStore, open_store, upgrade
from callbridge.trials import SAMPLED
from tests.unit.delivery.receivers import SECRET, answering

from .conftest import Answer, Callbridge
from .test_daemon import HEALTHY

CLOCK = SystemClock()
Test = Callable[..., Awaitable[Answer]]


@dataclass
class Told:
    """Who is told of events."""

    subscribers: list[Subscriber] = field(default_factory=list)


@dataclass
class Crm:
    """A receiver that verifies, and answers 401 where that fails."""

    url: str
    kinds: list[str]


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    kinds: list[str] = []

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        verdict = Verifier(SECRET, CLOCK).judge(dict(request.headers), body)
        if verdict.verified:
            kinds.append(json.loads(body)["type"])
        return web.Response(status=200 if verdict.verified else 401, text=verdict.why or "thank\x1byou")

    async with answering(take) as port:
        yield Crm(f"http://127.0.0.1:{port}/hook?token=hidden", kinds)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    url = f"sqlite+aiosqlite:///{tmp_path}/callbridge.db"
    await upgrade(url)
    async with await open_store(url, clock=CLOCK) as opened:
        yield opened


@pytest.fixture
async def told(crm: Crm, store: SqlStore, tmp_path: Path) -> AsyncIterator[Told]:
    told = Told([Subscriber("crm", crm.url, SECRET, allow_private=True)])
    trials = WebhookTrials(told, store, CLOCK, ())
    _, inside, _ = served(store, Http(), CLOCK, webhook_trials.resources(trials))
    server = LocalServer(tmp_path / "control.sock", lambda: HEALTHY, Followers().subscribe, routes=inside)
    await server.start()
    yield told
    await server.stop()


@pytest.fixture
def test(callbridge: Callbridge, config: Path) -> Test:
    async def asking(*arguments: object) -> Answer:
        async with asyncio.timeout(30):
            return await asyncio.to_thread(callbridge, "webhook", "test", *arguments, "--config", config)

    return asking


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "crm.secret"
    file.write_text(SECRET)
    return file


@pytest.mark.usefixtures("told")
async def test_a_subscriber_that_takes_the_sample_ends_with_0_and_is_in_the_log_of_tries(
    crm: Crm, store: SqlStore, test: Test
) -> None:
    answer = await test("crm", "--type", "call.missed")

    assert answer.status == 0, answer.err
    said, answered, event = answer.out.splitlines()
    assert said.startswith("✓ crm took a sample of call.missed: answered 200 (")
    assert answered == "  its answer begins: thankyou"
    assert crm.kinds == ["call.missed"]
    (tried,) = await store.tries("crm", None, 10)
    assert event == f"  webhook-id: {tried.event_id}"
    assert (tried.type, tried.delivered, tried.status, tried.answer) == ("test", True, 200, "thankyou")


async def test_one_that_refuses_ends_with_1_says_what_to_look_at_and_is_not_failing_for_it(
    told: Told, store: SqlStore, test: Test
) -> None:
    other = "whsec_YW5vdGhlciBzZWNyZXQsIHdoaWNoIG5vYm9keSBrbm93cw=="
    told.subscribers = [Subscriber("crm", told.subscribers[0].url, other, allow_private=True)]

    answer = await test("crm")

    assert answer.status == 1
    assert answer.out.startswith("✗ crm did not take it: answered 401 Unauthorized: signed with another secret (")
    assert "  → Is the secret there the one of this subscriber" in answer.out
    assert "hidden" not in answer.out
    (tried,) = await store.tries("crm", None, 10)
    assert tried.error == "answered 401 Unauthorized: signed with another secret"
    assert await store.standings() == {}
    assert await store.backlogs() == []


@pytest.mark.usefixtures("told")
async def test_programs_get_json_and_the_same_exit_status(test: Test) -> None:
    answer = await test("crm", "--json")
    came = json.loads(answer.out)
    assert answer.status == 0
    assert came["event"].startswith("evt_test_")
    assert {key: came[key] for key in ("type", "delivered", "result", "said", "advice", "status")} == {
        "type": "call.ended", "delivered": True, "result": "taken", "said": "answered 200", "advice": None,
        "status": 200,
    }  # fmt: skip


@pytest.mark.usefixtures("told")
async def test_a_url_that_nobody_subscribes_yet_is_tried_and_nothing_is_kept(
    crm: Crm, store: SqlStore, test: Test, secret_file: Path
) -> None:
    answer = await test("--url", crm.url, "--secret-file", secret_file, "--allow-private")
    assert answer.status == 0, answer.err
    assert answer.out.startswith("✓ the receiver took a sample of call.ended")
    assert await store.tries("", None, 10) == []


@pytest.mark.usefixtures("told")
async def test_a_private_address_is_refused_with_the_option_that_allows_it(
    crm: Crm, test: Test, secret_file: Path
) -> None:
    answer = await test("--url", crm.url, "--secret-file", secret_file)
    assert answer.status == 1
    assert "127.0.0.1 is a private address" in answer.out
    assert "→ --allow-private permits it" in answer.out
    assert crm.kinds == []


@pytest.mark.usefixtures("told")
async def test_a_subscriber_that_there_is_not_is_said_so(test: Test) -> None:
    answer = await test("nobody")
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith('callbridge: There is no webhook "nobody" that is told of anything.')


@pytest.mark.usefixtures("told")
async def test_a_url_that_is_none_is_said_so_without_the_secret(test: Test, secret_file: Path) -> None:
    answer = await test("--url", "ftp://crm.example/", "--secret-file", secret_file)
    assert answer.status == 1
    assert answer.err.startswith("callbridge: url: must begin with http:// or https://")
    assert SECRET not in answer.err


async def test_types_are_listed_without_a_daemon(test: Test) -> None:
    answer = await test("--list-types")
    assert (answer.status, answer.out.splitlines()) == (0, list(map(str, SAMPLED)))


@pytest.mark.parametrize(
    ("words", "said"),
    [((), "give a subscriber's NAME"), (("crm", "--url", "x"), "give a subscriber's NAME")],
)
async def test_one_of_a_name_and_a_url_is_needed(test: Test, words: tuple[str, ...], said: str) -> None:
    answer = await test(*words)
    assert (answer.status, said in answer.err) == (2, True)


async def test_a_url_needs_a_secret(test: Test) -> None:
    answer = await test("--url", "https://crm.example/")
    assert answer.status == 2
    assert "--url needs --secret-file" in answer.err


async def test_without_a_daemon_it_ends_with_3(test: Test) -> None:
    assert (await test("crm")).status == 3
