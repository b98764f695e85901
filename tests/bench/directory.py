"""A daemon after years: a million calls, a hundred thousand customers. Who is calling, and what was there, how late?

Pages are asked for as a CRM asks, over HTTP on a kept connection, and are there when their last byte is.
"""

import asyncio
import random
import sqlite3
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import orjson

from callbridge.api import cursors
from callbridge.api.server import HttpServer
from callbridge.api.tokens import TokenKeeper
from callbridge.app.served import served
from callbridge.calls.customer import Match
from callbridge.clock import SystemClock
from callbridge.config import Http
from callbridge.directory.directory import Directory, Ways
from callbridge.directory.ladder import ladder
from callbridge.directory.own import Own
from callbridge.store import SqlStore, open_store, upgrade
from callbridge.store.columns import micros
from tests.bench import filled, latency
from tests.bench.figures import Figure, Target
from tests.bench.filled import AGENTS, APART, BEGAN, DIDS, QUEUES, RARE
from tests.bench.latency import Contestant, ours_of, p99, turn
from tests.bench.long_tape import RATE, LongTape
from tests.bench.playing import listening
from tests.bench.receiver import Receiver
from tests.lab.ami_player import AmiPlayer
from tests.lab.daemon import Daemon

CALLS: Final = 1_000_000
LOOK_UPS: Final = 5_000
CALLER: Final = "+351912345678"
"""Of the tape that is played."""
PAGES: Final = 200
"""Asked for of each filter."""
PAGE_MS: Final = 25.0
LOOK_UP_MS: Final = 1.0
DEEP: Final = 1.25
"""A deep page may take so much of what the first one takes."""
ANSWER_S: Final = 60.0

Query = Sequence[tuple[str, Any]]


async def measure(folder: Path) -> list[Figure]:
    """`folder` takes the database: 2.8 GB, and a copy of the customers."""
    file = folder / "filled.db"
    await upgrade(f"sqlite+aiosqlite:///{file}")
    began = time.perf_counter()
    filled.fill(file, CALLS)
    made = Figure(f"{CALLS:,} calls and {filled.CUSTOMERS:,} customers, made", time.perf_counter() - began, "s")
    async with await open_store(f"sqlite+aiosqlite:///{file}", clock=SystemClock()) as store:
        figures = [*await _look_ups(store), *await _pages(store)]
    return [made, *figures, *await _rings(folder, file)]


async def _look_ups(store: SqlStore) -> list[Figure]:
    own = Own(store.customers)
    dice = random.Random(3)  # noqa: S311 - the same numbers each time
    known = [filled.number_of(dice.randrange(filled.CUSTOMERS * filled.NUMBERS_EACH)) for _ in range(LOOK_UPS)]
    unknown = [f"+3519{20_000_000 + each * 7:08}" for each in range(LOOK_UPS)]
    late: dict[str, list[float]] = {"a customer's": [], "nobody's": []}
    async with Directory((own,), tuple(ladder((own,))), Ways("PT")) as directory:
        for number in known[:100]:
            await directory.ask("main", number)
        for name, numbers, match in (("a customer's", known, Match.ONE), ("nobody's", unknown, Match.NONE)):
            for number in numbers:
                began = time.perf_counter()
                answer = await directory.ask("main", number)
                late[name].append((time.perf_counter() - began) * 1000)
                assert answer.known.match is match, number
    return [
        Figure(f"look-up of {name} number, {what}", value, "ms", target=target)
        for name, values in late.items()
        for what, value, target in (
            ("p50", statistics.median(values), None),
            ("p99", p99(values), Target(LOOK_UP_MS, at_most=True)),
        )
    ]


async def _pages(store: SqlStore) -> list[Figure]:
    dice = random.Random(5)  # noqa: S311 - the same pages each time
    figures: list[Figure] = []
    async with _served(store) as ask:
        for name, path, query in _filters(dice):
            late = [await ask(path, query()) for _ in range(PAGES)]
            figures.append(
                Figure(f"{path}, {name}: first page, p99", p99(late), "ms", target=Target(PAGE_MS, at_most=True))
            )
        figures += await _deep(ask, dice)
    return figures


def _filters(dice: random.Random) -> Iterator[tuple[str, str, Callable[[], Query]]]:
    """Yield every filter by itself, once with whatever value and once with the rarest."""
    for name, values in _values(dice).items():
        yield name, "/v1/calls", partial(_one, name, values)
    for name, value in RARE_VALUES.items():
        yield f"{name}={value}, which is rare", "/v1/calls", partial(list, [(name, value)])
    yield "no filter", "/v1/calls", list
    for name, values in _of_missed(dice).items():
        yield name, "/v1/missed", partial(_one, name, values)
    yield "no filter", "/v1/missed", list


def _one(name: str, values: Callable[[], Any]) -> Query:
    return [(name, values())]


def _values(dice: random.Random) -> Mapping[str, Callable[[], Any]]:
    def moment() -> str:
        return (BEGAN + APART * dice.randrange(CALLS)).isoformat()

    def number() -> str:
        of_somebody = filled.number_of(int(filled.CUSTOMERS * filled.NUMBERS_EACH * dice.random() ** 2))
        return dice.choice((of_somebody, dice.choice(AGENTS)))

    return {
        "since": moment,
        "until": moment,
        "pbx": lambda: "main",
        "state": lambda: dice.choice(("completed", "cancelled", "no_answer", "busy", "ringing", "queued")),
        "direction": lambda: dice.choice(("inbound", "outbound_manual", "internal")),
        "queue": lambda: dice.choice(QUEUES),
        "agent": lambda: dice.choice(AGENTS),
        "number": number,
        "customer": lambda: f"c-{dice.randrange(filled.CUSTOMERS)}",
        "match": lambda: dice.choice(("one", "none", "pending")),
        "reason": lambda: dice.choice(("abandoned", "timeout", "voicemail")),
        "missed": lambda: dice.choice(("true", "false")),
        "did": lambda: dice.choice(DIDS)[dice.choice((0, 4)) :],
        "protocol": lambda: f"{BEGAN + APART * (at := dice.randrange(CALLS)):%Y%m%d}-{at:06}",
        "min_talk_s": lambda: dice.choice((1, 60, 600, 1200, 3000)),
        "min_wait_s": lambda: dice.choice((1, 30, 120, 240, 900)),
    }


RARE_VALUES: Final[Mapping[str, Any]] = {
    **{name: str(value) for name, value in RARE.items() if name not in {"talk_s", "wait_s"}},
    "min_talk_s": 7200,
    "min_wait_s": 1800,
}


def _of_missed(dice: random.Random) -> Mapping[str, Callable[[], Any]]:
    def moment() -> str:
        return (BEGAN + timedelta(seconds=1000) * dice.randrange(filled.MISSED)).isoformat()

    return {
        "state": lambda: dice.choice(("open", "recovered", "hidden", "expired")),
        "status": lambda: dice.choice(("called", "not_tried")),
        "since": moment,
        "until": moment,
        "pbx": lambda: "main",
        "queue": lambda: dice.choice(QUEUES),
        "agent": lambda: dice.choice(AGENTS),
        "number": lambda: filled.number_of(dice.randrange(filled.MISSED) * 5),
    }


Ask = Callable[[str, Query], Awaitable[float]]


async def _deep(ask: Ask, dice: random.Random) -> list[Figure]:
    """Ask turn by turn for the first page, for one far down, and for any one: which no cache has by then."""
    figures = []
    for name, query in {"no filter": [], "queue": [("queue", "sales")], "missed": [("missed", "true")]}.items():
        first, deep, any_ = [], [], []
        for _ in range(PAGES):
            first.append(await ask("/v1/calls", query))
            deep.append(await ask("/v1/calls", [*query, _behind(CALLS // 10)]))
            any_.append(await ask("/v1/calls", [*query, _behind(dice.randrange(CALLS // 50, CALLS))]))
        ratio = statistics.median(deep) / statistics.median(first)
        page = Target(PAGE_MS, at_most=True)
        figures += [
            Figure(f"/v1/calls, {name}: page far down, p50", statistics.median(deep), "ms", statistics.median(first)),
            Figure(f"/v1/calls, {name}: page far down : first", ratio, "times", target=Target(DEEP, at_most=True)),
            Figure(f"/v1/calls, {name}: any page, p99", p99(any_), "ms", p99(first), page),
        ]
    return figures


def _behind(place: int) -> tuple[str, str]:
    return "cursor", cursors.cursor(micros(BEGAN + APART * place), f"call_{place:08x}")


@asynccontextmanager
async def _served(store: SqlStore) -> AsyncIterator[Ask]:
    """Serve `/v1`, and yield what asks for a page and returns how long that took, in milliseconds."""
    clock = SystemClock()
    quick = Http(requests_per_s=100_000, requests_burst=100_000)
    server = HttpServer("127.0.0.1", 0, served(store, quick, clock).outside)
    _, token = await TokenKeeper(store.tokens, clock).create("bench", ("admin",), None)
    await server.start()
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(f"http://{server.address}", timeout=timeout, headers=headers) as session:

        async def ask(path: str, query: Query) -> float:
            began = time.perf_counter()
            async with session.get(f"{path}?{urlencode(query)}") as answer:
                body = await answer.read()
            late_ms = (time.perf_counter() - began) * 1000
            assert answer.status == 200, (path, query, body)
            assert orjson.loads(body)["items"] is not None
            return late_ms

        yield ask
    await server.stop()


async def _rings(folder: Path, file: Path) -> list[Figure]:
    """From the ring to its webhook, turn by turn: one daemon knows the customer who calls, the other knows all."""
    urls = [await _knowing(folder / name, source) for name, source in (("one.db", None), ("all.db", file))]
    tape, calls = LongTape(), int(latency.ROUND_S * RATE)
    async with Receiver() as receiver, AsyncExitStack() as opened:
        contestants = []
        for url in urls:
            pbx = await opened.enter_async_context(AmiPlayer(()))
            await opened.enter_async_context(Daemon(pbx, receiver, ari=False, database=url))
            await listening(pbx)
            contestants.append(Contestant(pbx, ours_of))
        first = 1
        for count in (latency.WARM_UP, *[calls] * latency.ROUNDS):
            for each in contestants:
                late_ms = await turn(each, receiver, tape, range(first, first + count))
                each.late_ms += late_ms if first > 2 * latency.WARM_UP else []
                first += count
    return _of_rings(*contestants)


def _of_rings(one: Contestant, all_: Contestant) -> list[Figure]:
    p50s = [statistics.median(each.late_ms) for each in (all_, one)]
    what = "AMI event to webhook with the whole directory"
    return [
        Figure(f"{what}, p50", p50s[0], "ms", p50s[1]),
        Figure(f"{what}, p99", p99(all_.late_ms), "ms", p99(one.late_ms)),
        Figure("p50 : the p50 with one customer", p50s[0] / p50s[1], "times", target=Target(1.1, at_most=True)),
        Figure("webhooks that did not arrive", all_.lost, "", one.lost, Target(0, at_most=True)),
    ]


async def _knowing(file: Path, source: Path | None) -> str:
    """Return the URL of a new database with the customer who calls, and with those of `source`."""
    url = f"sqlite+aiosqlite:///{await asyncio.to_thread(file.resolve)}"
    await upgrade(url)
    await asyncio.to_thread(_bring_in, file, source)
    return url


def _bring_in(file: Path, source: Path | None) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        filled.fill_customers(database, 1, CALLER)
        if source is not None:
            database.execute("ATTACH ? AS filled", (str(source),))
            for table in ("customers", "customer_numbers"):
                database.execute(f"INSERT OR IGNORE INTO {table} SELECT * FROM filled.{table}")  # noqa: S608 - our own names
