"""`/v1/calls.csv`: everything the filters find, a line a call, sent as it is read."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
import structlog

from callbridge.api import call_export
from callbridge.api.call_export import COLUMNS
from callbridge.api.doors import ControlSocket
from callbridge.api.exports import MOST, Exports
from callbridge.api.idempotency import Idempotency
from callbridge.api.local import LocalServer
from callbridge.api.serving import routes
from callbridge.app.followers import Followers
from callbridge.calls.call import Agent, CallState, Missed, Party, Reason
from callbridge.calls.customer import Customer, Known, Match
from callbridge.errors import StoreUnavailable
from callbridge.ports import CallLog, CallQuery, LoggedCall
from callbridge.store import SqlStore
from tests.unit.cli.test_daemon import HEALTHY
from tests.unit.store.made import AT, SetClock, telling

from .conftest import DEADLINE_S, Api
from .test_calls import the_call, told

PAGE = 4
ZONES = {"main": ZoneInfo("Europe/Lisbon"), "annex": ZoneInfo("Europe/Warsaw")}
ANA = Agent("1001", "Ana Costa")
SILVA = Known(Match.ONE, Customer("c-17", "Silva, Lda", "vip", url="https://crm.example/c/17"))


def lines(body: bytes, separator: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline=""), delimiter=separator))


class Log:
    """A call log that can be held up and broken, and counts what is asked of it."""

    def __init__(self, log: CallLog) -> None:
        self._log = log
        self.asked: list[CallQuery] = []
        self.gives_way_at = 10_000
        self.waits_at = 10_000
        self.waiting = asyncio.Event()

    async def calls(self, query: CallQuery) -> Sequence[LoggedCall]:
        self.asked.append(query)
        if len(self.asked) == self.gives_way_at:
            raise StoreUnavailable("The disk is gone.")
        if len(self.asked) == self.waits_at:
            self.waiting.set()
            await asyncio.Event().wait()
        return await self._log.calls(query)

    call = events_of = None


class Served:
    """The export on a control socket, in small pages."""

    def __init__(self, session: aiohttp.ClientSession, log: Log, exports: Exports) -> None:
        self.session, self.log, self.exports = session, log, exports

    async def export(self, query: str = "") -> bytes:
        async with self.session.get(f"/v1/calls.csv?{query}") as answer:
            body = await answer.read()
            assert answer.status == 200, body
            return body


@pytest.fixture
async def served(store: SqlStore, clock: SetClock, tmp_path: Path) -> AsyncIterator[Served]:
    log, exports = Log(store.call_log), Exports(ZONES, page=PAGE, write_s=0.5)
    made = routes(call_export.resources(log, exports), ControlSocket(), Idempotency(store.kept_answers, clock))  # type: ignore[arg-type]  # what an export asks of it
    server = LocalServer(tmp_path / "control.sock", lambda: HEALTHY, Followers().subscribe, routes=made)
    await server.start()
    async with aiohttp.ClientSession(
        "http://callbridge",
        connector=aiohttp.UnixConnector(str(tmp_path / "control.sock")),
        timeout=aiohttp.ClientTimeout(total=DEADLINE_S),
    ) as session:
        yield Served(session, log, exports)
    await server.stop()


async def test_all_pages_follow_one_another_each_behind_the_last_call_of_the_one_before(
    served: Served, store: SqlStore
) -> None:
    await store.commit(telling(*(told(the_call(f"{each:02}", each // 2)) for each in range(3 * PAGE + 1))))

    found = lines(await served.export())

    assert [line["id"] for line in found] == [f"call_{each:02}" for each in reversed(range(3 * PAGE + 1))]
    assert [query.limit for query in served.log.asked] == [PAGE] * 4
    assert [query.before and query.before[1] for query in served.log.asked] == [None, "call_09", "call_05", "call_01"]


async def test_a_last_page_that_is_full_and_no_call_at_all_end_as_well(served: Served, store: SqlStore) -> None:
    assert await served.export() == ",".join(COLUMNS).encode() + b"\r\n"
    await store.commit(telling(*(told(the_call(f"{each}", each)) for each in range(PAGE))))
    assert len(lines(await served.export())) == PAGE


async def test_no_more_lines_than_wanted(served: Served, store: SqlStore) -> None:
    await store.commit(telling(*(told(the_call(f"{each:02}", each)) for each in range(3 * PAGE))))

    for wanted in (1, PAGE, PAGE + 1, 2 * PAGE, 3 * PAGE, 99):
        assert len(lines(await served.export(f"limit={wanted}"))) == min(wanted, 3 * PAGE)
    assert sum(query.limit for query in served.log.asked[:2]) == 1 + PAGE


async def test_a_line_says_of_a_call_what_there_is_to_say(served: Served, store: SqlStore) -> None:
    call = the_call(
        "a", 0, agent=ANA, queue="sales", customer=SILVA, state=CallState.COMPLETED, talk_s=61.5, wait_s=3.25,
        ended_at=AT + timedelta(minutes=2), hangup_cause=16,
    )  # fmt: skip
    await store.commit(telling(told(call)))

    async with served.session.get("/v1/calls.csv") as answer:
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="calls.csv"'
        [line] = lines(await answer.read())

    assert {name: value for name, value in line.items() if value} == {
        "started_local": "2026-11-22 10:00:00",
        "timezone": "Europe/Lisbon",
        "protocol": "20261122-a",
        "pbx": "main",
        "direction": "inbound",
        "state": "completed",
        "missed": "false",
        "from_number": "+351912345678",
        "from_raw": "912345678",
        "from_name": "Maria Silva",
        "to_number": "+351210000000",
        "to_raw": "210000000",
        "queue": "sales",
        "agent": "1001",
        "agent_name": "Ana Costa",
        "customer_match": "one",
        "customer_id": "c-17",
        "customer_name": "Silva, Lda",
        "customer_type": "vip",
        "customer_url": "https://crm.example/c/17",
        "wait_s": "3.25",
        "hold_s": "0.0",
        "talk_s": "61.5",
        "hangup_cause": "16",
        "started_at": "2026-11-22T10:00:00.123Z",
        "ended_at": "2026-11-22T10:02:00.123Z",
        "id": "call_a",
    }


async def test_local_time_is_each_pbxs_own(served: Served, store: SqlStore) -> None:
    there = the_call("a", 0, pbx="annex")
    gone = the_call("b", 1, pbx="sold")
    await store.commit(telling(told(there), told(gone)))

    found = [(line["started_local"], line["timezone"]) for line in lines(await served.export())]

    assert found == [("2026-11-22 10:01:00", "UTC"), ("2026-11-22 11:00:00", "Europe/Warsaw")]


async def test_no_name_becomes_a_formula_and_a_number_stays_a_number(served: Served, store: SqlStore) -> None:
    evil = ('=HYPERLINK("http://x","y")', "+1+1", "-2", "@SUM(A1)", "\tx", "\uff1d1", "+351 912", "Ana; Rui", "a\nb")
    calls = [
        replace(the_call(str(each), each), caller=Party("+351912345678", "912345678", name))
        for each, name in enumerate(evil)
    ]
    await store.commit(telling(*map(told, calls)))

    found = list(reversed(lines(await served.export())))

    assert [line["from_name"] for line in found] == [
        *("'" + name for name in evil[:7]),
        "Ana; Rui",
        "a\nb",
    ]
    assert {line["from_number"] for line in found} == {"+351912345678"}


async def test_the_filters_are_those_of_the_list(served: Served, store: SqlStore) -> None:
    missed: dict[str, Any] = {"missed": Missed(Reason.IVR, None), "ended_at": AT, "state": CallState.CANCELLED}
    await store.commit(telling(told(the_call("a", 0, **missed)), told(the_call("b", 1))))

    assert [line["id"] for line in lines(await served.export("missed=true"))] == ["call_a"]
    async with served.session.get("/v1/calls.csv?cursor=x") as answer:
        assert answer.status == 422


async def test_a_spreadsheet_is_told_that_it_is_utf_8_and_how_cells_are_parted(served: Served, store: SqlStore) -> None:
    await store.commit(telling(told(the_call("a", caller=Party("+351912345678", "912345678", "João")))))

    body = await served.export("bom=true&separator=semicolon")

    assert body.startswith(b"\xef\xbb\xbfstarted_local;")
    assert lines(body, ";")[0]["from_name"] == "João"


async def test_a_reader_that_goes_away_in_the_middle_leaves_nothing_behind(served: Served, store: SqlStore) -> None:
    await store.commit(telling(*(told(the_call(f"{each:02}", each)) for each in range(3 * PAGE))))
    served.log.waits_at = 2

    async with served.session.get("/v1/calls.csv") as answer:
        assert (await answer.content.readline()).startswith(b"started_local")
        await asyncio.wait_for(served.log.waiting.wait(), DEADLINE_S)
        answer.close()

    async with asyncio.timeout(DEADLINE_S):
        while served.exports.under_way:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    served.log.waits_at = 10_000
    assert len(lines(await served.export())) == 3 * PAGE  # the reader of the database is free again


async def test_what_cannot_be_read_on_is_seen_to_be_incomplete(served: Served, store: SqlStore) -> None:
    await store.commit(telling(*(told(the_call(f"{each:02}", each)) for each in range(3 * PAGE))))
    served.log.gives_way_at = 2

    with structlog.testing.capture_logs() as logs, pytest.raises(aiohttp.ClientError):
        await served.export()

    assert [(each["action"], each["what"]) for each in logs] == [("export.cut_off", "calls")]
    assert served.exports.under_way == 0


async def test_what_cannot_be_read_at_all_is_a_problem(served: Served) -> None:
    served.log.gives_way_at = 1

    async with served.session.get("/v1/calls.csv") as answer:
        assert (answer.status, (await answer.json(content_type=None))["type"]) == (503, "/problems/unavailable")


async def test_only_so_many_exports_run_at_the_same_time(served: Served, store: SqlStore) -> None:
    await store.commit(telling(*(told(the_call(f"{each:02}", each)) for each in range(PAGE))))
    served.log.waits_at = 1
    running = [asyncio.create_task(served.export()) for _ in range(MOST)]
    async with asyncio.timeout(DEADLINE_S):
        while served.exports.under_way < MOST:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)

    async with served.session.get("/v1/calls.csv") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "10")
    for each in running:
        each.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_a_token_needs_the_scope_of_calls(api: Api) -> None:
    await api.store.commit(telling(told(the_call("a"))))

    assert (await api.ask("GET", "/v1/calls.csv", await api.token("missed:read"))).status == 403
    allowed = await api.ask("GET", "/v1/calls.csv", await api.token("calls:read"))
    assert [line["id"] for line in lines(allowed.body)] == ["call_a"]
    assert [line["timezone"] for line in lines(allowed.body)] == ["UTC"]
