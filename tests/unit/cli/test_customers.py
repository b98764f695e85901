"""`callbridge customers` against a real control socket and a real database."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from callbridge.api import customer_batches, customers, lookup
from callbridge.api.customers import CustomerDesk
from callbridge.api.local import LocalServer
from callbridge.api.lookup import Lookup
from callbridge.app.followers import Followers
from callbridge.app.served import served
from callbridge.cli import _customer_import
from callbridge.cli._customer_import import Customer, Nobody, Refusals, Tally, bring
from callbridge.cli._customer_table import CustomerTable
from callbridge.config import Http
from callbridge.directory.directory import Directory, Ways
from callbridge.directory.ladder import ladder
from callbridge.directory.own import Own
from callbridge.store import SqlStore, open_store, upgrade
from tests.unit.store.made import SetClock

from .conftest import Answer, Callbridge
from .test_daemon import HEALTHY

Customers = Callable[..., Awaitable[Answer]]


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[SqlStore]:
    url, clock = f"sqlite+aiosqlite:///{tmp_path}/callbridge.db", SetClock()
    await upgrade(url)
    async with await open_store(url, clock=clock) as store:
        own = Own(store.customers)
        directory = Directory([own], [*ladder([own])], Ways("PT"))
        desk = CustomerDesk(store.customers, clock, "PT", directory.forget)
        more = (
            *customers.resources(desk),
            *customer_batches.resources(desk),
            *lookup.resources(Lookup(directory, store.call_log, store.missed)),
        )
        _, inside, _ = served(store, Http(), clock, more)
        server = LocalServer(tmp_path / "control.sock", lambda: HEALTHY, Followers().subscribe, routes=inside)
        await server.start()
        yield store
        await server.stop()


@pytest.fixture
def people(callbridge: Callbridge, config: Path) -> Customers:
    async def asking(*arguments: object) -> Answer:
        async with asyncio.timeout(30):
            return await asyncio.to_thread(callbridge, "customers", *arguments, "--config", config)

    return asking


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Path]:
    def written(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "crm.csv"
        path.write_text(text, encoding)
        return path

    return written


MIXED = "id;nome;telefone;país\n1;Ana;912345678;PT\n2;Rui;21;XX\n;Eva;22;\n3;Zé;93;PT;extra\n4;Ivo;+34 600 111 222;\n"
Written = Callable[..., Path]


async def test_every_customer_of_a_table_is_found_by_its_number(
    daemon: SqlStore, people: Customers, table: Written
) -> None:
    rows = "".join(f"c-{place};Customer {place};21 {place:07}\n" for place in range(450))

    told = await people("import", table(f"id;name;phone\n{rows}"))

    assert (told.status, told.err) == (0, "")
    assert told.out.startswith("450 rows: 450 new, 0 changed, 0 refused. ")
    assert "rows a second" in told.out
    found = await daemon.customers.by_keys(["+351210000449"], 5)
    assert [each.customer.id for each in found["+351210000449"]] == ["c-449"]


async def test_refused_rows_are_written_down_with_line_and_reason_and_the_others_taken(
    daemon: SqlStore, people: Customers, table: Written, tmp_path: Path
) -> None:
    told = await people("import", table(MIXED))

    assert told.status == 1
    assert told.out.startswith("5 rows: 2 new, 0 changed, 3 refused.")
    report = tmp_path / "crm.refused.csv"
    assert str(report) in told.err
    assert report.read_text("utf-8-sig").splitlines() == [
        "refused_line;refused_reason;id;nome;telefone;país",
        '3;"country ""XX"" is no country; write the two letters of ISO 3166, such as ""PT""";2;Rui;21;XX',
        "4;id is missing;;Eva;22;",
        "5;has 5 cells, and the header 4;3;Zé;93;PT;extra",
    ]
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert await daemon.customers.customer("4") is not None


async def test_a_report_is_imported_again_once_it_is_mended(
    daemon: SqlStore, people: Customers, table: Written, tmp_path: Path
) -> None:
    await people("import", table(MIXED))
    report = tmp_path / "crm.refused.csv"
    report.write_text(
        report.read_text("utf-8-sig").replace(";XX", ";ES").replace(";;Eva", ";5;Eva").replace(";extra", "")
    )

    told = await people("import", report)

    assert (told.status, told.out[:37]) == (0, "3 rows: 3 new, 0 changed, 0 refused. "[:37])
    assert (await people("list", "--json")).out.count('"id"') == 5


async def test_a_dry_run_finds_the_same_and_takes_nothing(daemon: SqlStore, people: Customers, table: Written) -> None:
    told = await people("import", table(MIXED), "--dry-run")
    dry = (table("").parent / "crm.refused.csv").read_text("utf-8-sig")

    assert (told.status, told.out) == (1, "5 rows: 2 would be taken, 3 refused. Nothing was done.\n")
    assert await daemon.customers.customer("1") is None
    await people("import", table(MIXED))
    assert (table("").parent / "crm.refused.csv").read_text("utf-8-sig") == dry


async def test_a_dry_run_needs_no_daemon_and_the_rest_does(people: Customers, table: Written) -> None:
    assert (await people("import", table("id;name\n1;a\n"), "--dry-run")).status == 0

    told = await people("import", table("id;name\n1;a\n"))

    assert told.status == 3
    assert "not running" in told.err


@pytest.mark.usefixtures("daemon")
async def test_a_table_with_wrong_columns_does_nothing_at_all(people: Customers, table: Written) -> None:
    told = await people("import", table("id;fone\n1;21\n"))

    assert told.status == 2
    assert 'There is no column "fone"; did you mean "phones"?' in told.err
    assert told.out == ""


@pytest.mark.usefixtures("daemon")
async def test_where_every_row_is_refused_nothing_was_done(people: Customers, table: Written) -> None:
    assert (await people("import", table("id;country\n1;XX\n"))).status == 2
    assert (await people("import", table("id;country\n"))).status == 0


@pytest.mark.usefixtures("daemon")
async def test_an_old_encoding_is_said_aloud(people: Customers, table: Written) -> None:
    told = await people("import", table("id;name\n1;Ávila\n", "cp1252"))

    assert told.status == 0
    assert "read as Windows-1252" in told.err
    assert "Ávila" in (await people("list")).out


class Measuring(Nobody):
    """Takes nothing, and notes how long what it is brought is."""

    def __init__(self) -> None:
        self.brought: list[Sequence[Customer]] = []

    def take(self, prepared: Sequence[Customer]) -> Mapping[str, Any]:
        self.brought.append(prepared)
        return super().take(prepared)


def test_rows_go_by_so_many_as_fit_into_a_request(table: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_customer_import, "MOST_BATCH_BYTES", 3000)
    rows = "".join(f"{place};{'x' * 250}\n" for place in range(150)) + f"150;{'x' * 70_000}\n151;a\n"
    found, taker, tally, lines = CustomerTable(table(f"id;name\n{rows}")), Measuring(), Tally(), list[int]()

    with Refusals(found) as refusals:
        bring(found, taker, refusals, tally, lines.append)

    assert [each["id"] for batch in taker.brought for each in batch] == [
        str(each) for each in range(152) if each != 150
    ]
    assert max(len(orjson.dumps(batch)) for batch in taker.brought) <= 3000
    assert (tally.rows, tally.new, tally.refused) == (152, 151, 1)
    assert lines[-1] == 153
    assert "152;is longer than 64 KiB;150;" in refusals.path.read_text("utf-8-sig")


async def test_a_reason_stands_beside_its_own_row_also_behind_one_that_was_not_sent(
    daemon: SqlStore, people: Customers, table: Written
) -> None:
    await people("import", table("id;country\n1;PT;extra\n2;PT\n3;XX\n4;PT\n"))

    report = table("").with_suffix(".refused.csv").read_text("utf-8-sig").splitlines()
    assert [line[:1] for line in report[1:]] == ["2", "4"]
    assert report[2].endswith(";3;XX")
    assert await daemon.customers.customer("4") is not None


@pytest.mark.usefixtures("daemon")
async def test_whose_number_it_is_is_said_and_customers_are_listed_and_removed(
    people: Customers, table: Written
) -> None:
    await people("import", table("id;name;phone;mobile\na/1;Ana;21 1;912345678\nb;Rui;21 1|22|23|24;\n"))

    whose, both, nobody = await people("whose", "912 345 678"), await people("whose", "211"), await people("whose", "9")

    assert (whose.status, both.status, nobody.status) == (0, 0, 1)
    assert "+351912345678: 1 customer" in whose.out
    assert "mobile" in whose.out
    assert "2 customers" in both.out
    assert "no customers" in nobody.out
    assert json.loads((await people("whose", "912 345 678", "--json")).out)["customer"]["id"] == "a/1"
    listed = await people("list", "--name", "r")
    assert "22, 23 and 1 more" in listed.out
    assert "Ana" not in listed.out
    assert json.loads((await people("show", "a/1")).out)["mobiles"] == ["912345678"]
    assert (await people("remove", "a/1")).out == "a/1 is removed.\n"
    assert (await people("remove", "a/1")).status == 1
