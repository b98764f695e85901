"""`/v1/customers` on both databases: put, read, listed, removed; one by one and many at once."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
import pytest

from callbridge.api import cursors, customer_batches, customers, lookup
from callbridge.api.customers import CustomerDesk
from callbridge.api.local import LocalServer
from callbridge.api.lookup import Lookup
from callbridge.api.server import HttpServer
from callbridge.api.status import DatabaseStatus, Status
from callbridge.api.tokens import TokenKeeper
from callbridge.app.followers import Followers
from callbridge.app.served import served
from callbridge.calls.call import Party
from callbridge.calls.customer import Customer, Known, Match
from callbridge.calls.missed import MissedChanges, MissedRow, MissedState
from callbridge.config import Http
from callbridge.directory.directory import Directory, Ways
from callbridge.directory.own import Own, OwnRung, ends_alike, written
from callbridge.ports import Batch
from callbridge.store import SqlStore
from tests.unit.api.conftest import DEADLINE_S, Api
from tests.unit.api.test_calls import the_call, told
from tests.unit.store.made import AT, SetClock, telling

SILVA: dict[str, Any] = {
    "name": "Silva Lda",
    "type": "vip",
    "tax_id": "PT501234567",
    "owner": "ana",
    "url": "https://crm.example/c/17",
    "country": "PT",
    "phones": ["21 000 00 00"],
    "mobiles": ["00351 912 345 678"],
    "branches": [{"name": "Porto", "phones": ["220000000", "2201"]}],
    "contacts": [{"name": "Zé", "phones": ["+34 600 111 222"]}, {"name": "Ana", "phones": ["930000000"]}],
    "fields": {"since": 1998, "tags": ["a"], "paid": {"in": 30.5}},
}


class Changes:
    """How often the directory was told."""

    count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
async def api(store: SqlStore, clock: SetClock, changes: Changes, tmp_path: Path) -> AsyncIterator[Api]:
    own = Own(store.customers)
    directory = Directory([own], [OwnRung(own, written), OwnRung(own, ends_alike)], Ways("PT", {"spain": "ES"}))
    desk = CustomerDesk(store.customers, clock, "PT", changes)
    more = (
        *customers.resources(desk),
        *customer_batches.resources(desk),
        *lookup.resources(Lookup(directory, store.call_log, store.missed)),
    )
    outside, inside, _ = served(store, Http(), clock, more)
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


async def found(api: Api, query: str) -> list[str]:
    answer = await api.owner("GET", f"/v1/customers?{query}")
    assert answer.status == 200, answer.json
    return [each["id"] for each in answer.json["items"]]


def fields_of(refused: Any) -> list[str]:
    return [each["field"] for each in refused["errors"]]


# ── one by one ────────────────────────────────────────────────────────────────


async def test_a_customer_is_read_as_it_was_put(api: Api, changes: Changes) -> None:
    put = await api.owner("PUT", "/v1/customers/c-17", json=SILVA)

    assert put.status == 201
    at = "2026-11-22T10:00:00.123Z"
    whole = {**SILVA, "id": "c-17", "registered": False, "created_at": at, "changed_at": at}
    assert put.json == whole
    assert (await api.owner("GET", "/v1/customers/c-17")).json == whole
    assert changes.count == 1


async def test_a_customer_put_again_is_whole_as_it_was_put_last(api: Api, clock: SetClock) -> None:
    await api.owner("PUT", "/v1/customers/c-17", json=SILVA)
    clock.passes(60)

    again = await api.owner("PUT", "/v1/customers/c-17", json={"id": "c-17", "phones": ["21 111"]})

    assert again.status == 200
    assert (again.json["name"], again.json["fields"], again.json["mobiles"]) == (None, {}, [])
    assert again.json["phones"] == ["21 111"]
    assert again.json["created_at"] == "2026-11-22T10:00:00.123Z"
    assert again.json["changed_at"] == "2026-11-22T10:01:00.123Z"


@pytest.mark.parametrize("customer_id", ["a/b", "a%2Fb", "Ünïcode 17", "?#&=", "+351", "x" * 200])
async def test_an_id_may_be_any_printable_text(api: Api, customer_id: str) -> None:
    path = f"/v1/customers/{quote(customer_id, safe='')}"

    assert (await api.owner("PUT", path, json={})).json["id"] == customer_id
    assert (await api.owner("GET", path)).status == 200
    assert (await api.owner("DELETE", path)).status == 204
    assert (await api.owner("GET", path)).status == 404


@pytest.mark.parametrize("customer_id", ["%20a", "a%0Ab", "x" * 201, "%E2%80%AE"])
async def test_what_is_not_printable_is_the_id_of_nobody(api: Api, customer_id: str) -> None:
    assert (await api.owner("PUT", f"/v1/customers/{customer_id}", json={})).status == 404


async def test_a_customer_is_removed_once(api: Api, changes: Changes) -> None:
    await api.owner("PUT", "/v1/customers/c-17", json=SILVA)

    assert (await api.owner("DELETE", "/v1/customers/c-17")).status == 204
    refused = await api.owner("DELETE", "/v1/customers/c-17")

    assert (refused.status, refused.json["type"]) == (404, "/problems/not-found")
    assert changes.count == 2


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"id": "other"}, "id", "leave it out"),
        ({"phone": "1"}, "phone", 'did you mean "phones"?'),
        ({"branches": [{"name": "Porto", "phone": "1"}]}, "branches.0.phone", 'did you mean "phones"?'),
        ({"branches": [{"name": " "}]}, "branches.0.name", "must not be empty"),
        ({"country": "pt"}, "country", "ISO 3166"),
        ({"url": "javascript:alert(1)"}, "url", "pattern"),
        ({"name": "a\nb"}, "name", "one line"),
        ({"name": "x" * 301}, "name", "at most 300"),
        ({"phones": ["x" * 65]}, "phones.0", "at most 64"),
        ({"phones": [912345678]}, "phones.0", "valid string"),
        ({"phones": ["1"] * 120, "mobiles": ["1"] * 81}, "", "200 numbers at most"),
        ({"fields": {"x": "y" * 16_400}}, "fields", "16 KiB"),
        ({"fields": {"x": 10**30}}, "fields", "cannot be kept"),
        ({"name": "\0"}, "", "NUL"),
    ],
)
async def test_what_is_wrong_with_a_customer_is_named(api: Api, body: dict[str, Any], field: str, said: str) -> None:
    refused = await api.owner("PUT", "/v1/customers/c-17", json=body)

    assert refused.status == 422
    assert refused.json["errors"][0]["field"] == field
    assert said in refused.json["errors"][0]["message"]
    assert (await api.owner("GET", "/v1/customers/c-17")).status == 404


async def test_empty_texts_and_numbers_are_none(api: Api) -> None:
    body = {"name": "  ", "owner": "", "phones": ["", " 21 000 ", " "], "contacts": [{"name": "Zé", "phones": [""]}]}

    put = await api.owner("PUT", "/v1/customers/c-17", json=body)

    assert (put.json["name"], put.json["owner"], put.json["phones"], put.json["contacts"]) == (
        None,
        None,
        ["21 000"],
        [],
    )


async def test_reading_and_writing_need_their_scopes(api: Api) -> None:
    reader, writer = await api.token("customers:read"), await api.token("customers:write")

    assert (await api.ask("PUT", "/v1/customers/c-17", reader, json={})).json["scope"] == "customers:write"
    assert (await api.ask("PUT", "/v1/customers/c-17", writer, json={})).status == 201
    assert (await api.ask("GET", "/v1/customers/c-17", writer)).json["scope"] == "customers:read"
    assert (await api.ask("GET", "/v1/customers/c-17/calls", reader)).json["scope"] == "calls:read"
    assert (await api.ask("GET", "/v1/customers", reader)).status == 200


# ── listed ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", ["912345678", "%2B351912345678", "+351%20912-345-678", "00351912345678/12"])
async def test_customers_are_found_by_a_number_written_in_any_way(api: Api, number: str) -> None:
    await api.owner("PUT", "/v1/customers/c-17", json=SILVA)
    await api.owner("PUT", "/v1/customers/c-18", json={"phones": ["912345679"]})

    assert await found(api, f"number={number}") == ["c-17"]


async def test_a_private_number_is_found_by_its_exact_text(api: Api) -> None:
    await api.owner("PUT", "/v1/customers/c-17", json=SILVA)

    assert await found(api, "number=2201") == ["c-17"]
    assert await found(api, "number=220") == []


async def test_the_country_of_a_customer_says_how_its_numbers_are_read(api: Api) -> None:
    await api.owner("PUT", "/v1/customers/c-es", json={"country": "ES", "phones": ["600 111 222"]})

    assert await found(api, "number=%2B34600111222") == ["c-es"]
    assert await found(api, "number=600111222") == []


async def test_filters_go_together_and_pages_follow_each_other(api: Api) -> None:
    for place, name in enumerate(("Ávila", "avila", "Braga", None, "Avô")):
        await api.owner("PUT", f"/v1/customers/c-{place}", json={"name": name, "type": "lead" if place else "vip"})

    first = await api.owner("GET", "/v1/customers?limit=2")
    second = await api.owner("GET", f"/v1/customers?limit=2&cursor={first.json['next']}")
    third = await api.owner("GET", f"/v1/customers?limit=2&cursor={second.json['next']}")

    assert [each["id"] for page in (first, second, third) for each in page.json["items"]] == [
        "c-3", "c-0", "c-1", "c-4", "c-2",
    ]  # fmt: skip
    assert third.json["next"] is None
    assert await found(api, "name=AVI&type=lead") == ["c-1"]


async def test_a_cursor_holds_the_longest_name_and_id(api: Api) -> None:
    for name in "🎈🎉":
        await api.owner("PUT", f"/v1/customers/{quote(name * 200)}", json={"name": name * 300})

    first = await api.owner("GET", "/v1/customers?limit=1")
    second = await api.owner("GET", f"/v1/customers?limit=1&cursor={first.json['next']}")

    assert [first.json["items"][0]["name"][0], second.json["items"][0]["name"][0]] == ["🎈", "🎉"]


@pytest.mark.parametrize("cursor", [cursors.cursor("a"), cursors.cursor("a", 1), cursors.cursor(None, "a"), "x"])  # type: ignore[arg-type] # wrong on purpose
async def test_a_cursor_of_another_list_is_refused(api: Api, cursor: str) -> None:
    assert (await api.owner("GET", f"/v1/customers?cursor={cursor}")).status == 422
    odd = cursors.cursor("a\0", "b\0")
    assert (await api.owner("GET", f"/v1/customers?cursor={odd}")).status == 200


# ── many at once ──────────────────────────────────────────────────────────────


async def test_of_many_those_that_are_right_are_taken_and_the_others_named(api: Api, changes: Changes) -> None:
    await api.owner("PUT", "/v1/customers/c-1", json={"name": "Before"})
    many = [
        {"id": "c-1", "name": "After"},
        SILVA | {"id": "c-2"},
        {"name": "Nobody"},
        {"id": "c-3", "phone": "1", "country": "XX"},
        {"id": 4},
    ]

    told = await api.owner("POST", "/v1/customers", json={"customers": many})

    assert told.status == 200
    assert (told.json["new"], told.json["changed"]) == (["c-2"], ["c-1"])
    refused = told.json["refused"]
    assert [(each["place"], each["id"], fields_of(each)) for each in refused] == [
        (2, None, ["id"]),
        (3, "c-3", ["phone", "country"]),
        (4, None, ["id"]),
    ]
    assert refused[0]["errors"][0]["message"] == "is missing"
    assert (await api.owner("GET", "/v1/customers/c-1")).json["name"] == "After"
    assert (await api.owner("GET", "/v1/customers/c-2")).json["branches"] == SILVA["branches"]
    assert changes.count == 2


async def test_nothing_is_told_where_all_are_refused(api: Api, changes: Changes) -> None:
    told = await api.owner("POST", "/v1/customers", json={"customers": [{}]})

    assert (told.status, told.json["new"], len(told.json["refused"])) == (200, [], 1)
    assert changes.count == 0


async def test_five_hundred_fit_into_one_request_and_not_one_more(api: Api) -> None:
    many = [SILVA | {"id": f"c-{place}", "fields": {"note": "x" * 900}} for place in range(501)]

    assert (await api.owner("POST", "/v1/customers", json={"customers": many})).status == 422
    told = await api.owner("POST", "/v1/customers", json={"customers": many[:500]})

    assert (told.status, len(told.json["new"])) == (200, 500)
    assert len((await api.owner("GET", "/v1/customers?limit=200&number=912345678")).json["items"]) == 200


async def test_a_body_of_more_than_a_mebibyte_is_too_large_and_elsewhere_of_64_kib(api: Api) -> None:
    many = orjson.dumps({"customers": [{"id": "c-1", "name": "x" * 2**20}]})
    headers = {"Content-Type": "application/json"}

    assert (await api.owner("POST", "/v1/customers", data=io.BytesIO(many), headers=headers)).status == 413
    assert (await api.owner("PUT", "/v1/customers/c-1", json={"name": "x" * 2**16})).status == 413


async def test_what_came_with_a_key_is_not_done_twice(api: Api, changes: Changes) -> None:
    many, headers = {"customers": [{"id": "c-1"}]}, {"Idempotency-Key": "k"}

    first = await api.owner("POST", "/v1/customers", json=many, headers=headers)
    second = await api.owner("POST", "/v1/customers", json=many, headers=headers)

    assert first.json == second.json == {"new": ["c-1"], "changed": [], "refused": []}
    assert changes.count == 1


# ── tables ────────────────────────────────────────────────────────────────────


async def test_numbers_that_were_read_by_the_same_version_are_taken_as_read(api: Api) -> None:
    said = (await api.owner("GET", "/v1/customer-batches")).json
    assert said["country"] == "PT"
    keys = {"PT": {"21 000": "read before"}, "ES": {"21 000": "in vain"}}
    customers = [{"id": "c-1", "phones": ["21 000", "912345678"]}, {"id": "c-2", "country": "FR", "phones": ["21 000"]}]

    told = await api.owner(
        "POST",
        "/v1/customer-batches",
        json={"customers": customers, "numbers": {"version": said["version"], "keys": keys}},
    )

    assert told.json["new"] == ["c-1", "c-2"]
    assert set(await api.store.customers.by_keys(["read before", "in vain", "21000", "+351912345678"], 5)) == {
        "read before", "21000", "+351912345678",
    }  # fmt: skip


async def test_numbers_that_another_version_read_are_read_again(api: Api) -> None:
    numbers = {"version": "0.0.1", "keys": {"PT": {"21 000": "read before"}}}

    await api.owner(
        "POST", "/v1/customer-batches", json={"customers": [{"id": "c-1", "phones": ["21 000"]}], "numbers": numbers}
    )

    assert set(await api.store.customers.by_keys(["read before", "21000"], 5)) == {"21000"}


async def test_tables_come_over_the_control_socket_alone(api: Api) -> None:
    assert (await api.ask("GET", "/v1/customer-batches", await api.token("admin"))).status == 404


# ── whose number it is, and what calls there were ─────────────────────────────


async def test_whose_number_it_is_is_said_with_the_last_calls(api: Api) -> None:
    await api.owner("PUT", "/v1/customers/c-17", json=SILVA)
    for minute in range(6):
        await api.store.commit(telling(told(the_call(f"{minute}", minute))))

    said = (await api.owner("GET", "/v1/lookup?number=912 345 678&pbx=main")).json

    assert said["number"] == "+351912345678"
    assert (said["customer"]["match"], said["customer"]["id"], said["customer"]["matched"]) == ("one", "c-17", "mobile")
    assert (said["customer"]["source"], said["failed"]) == ("own", False)
    assert [each["id"] for each in said["calls"]] == [f"call_{minute}" for minute in (5, 4, 3, 2, 1)]


async def test_candidates_are_said_and_strangers_are_nobody(api: Api) -> None:
    for place in range(2):
        await api.owner("PUT", f"/v1/customers/c-{place}", json=SILVA)

    many = (await api.owner("GET", "/v1/lookup?number=220000000")).json["customer"]
    alike = (await api.owner("GET", "/v1/lookup?number=%2B1912345678")).json["customer"]
    nobody = (await api.owner("GET", "/v1/lookup?number=%2B34999999999")).json["customer"]

    assert (many["match"], many["id"], [each["id"] for each in many["candidates"]]) == ("many", None, ["c-0", "c-1"])
    assert [(each["matched"], each["at"]) for each in many["candidates"]] == [("branch", "Porto")] * 2
    assert {each["matched"] for each in alike["candidates"]} == {"last_digits"}
    assert (nobody["match"], nobody["id"], nobody["candidates"]) == ("none", None, [])


async def test_a_number_is_read_as_in_the_country_of_its_pbx(api: Api) -> None:
    await api.owner("PUT", "/v1/customers/c-17", json=SILVA)

    assert (await api.owner("GET", "/v1/lookup?number=600111222&pbx=spain")).json["customer"]["id"] == "c-17"
    assert (await api.owner("GET", "/v1/lookup?number=600111222&pbx=main")).json["number"] != "+34600111222"


async def test_calls_are_told_to_whoever_may_read_calls(api: Api) -> None:
    reader, both = await api.token("customers:read"), await api.token("customers:read", "calls:read")

    without = (await api.ask("GET", "/v1/lookup?number=912345678", reader)).json
    assert (without["calls"], without["missed"]) == (None, None)
    within = (await api.ask("GET", "/v1/lookup?number=912345678", both)).json
    assert (within["calls"], within["missed"]) == ([], None)


async def test_what_was_missed_of_a_number_and_is_open_is_said(api: Api) -> None:
    rows = [
        MissedRow(f"mis_{place}", pbx, "+351912345678", Party("+351912345678"), AT, AT, "call_x", state=state)
        for place, (pbx, state) in enumerate((
            ("main", MissedState.OPEN), ("main", MissedState.HIDDEN), ("spain", MissedState.OPEN),
        ))
    ]  # fmt: skip
    await api.store.commit(Batch(missed=MissedChanges(tuple(rows))))

    everywhere = (await api.owner("GET", "/v1/lookup?number=912345678")).json
    there = (await api.owner("GET", "/v1/lookup?number=%2B351912345678&pbx=spain")).json

    assert {each["id"] for each in everywhere["missed"]} == {"mis_0", "mis_2"}
    assert [each["id"] for each in there["missed"]] == ["mis_2"]


async def test_the_calls_with_a_customer_come_the_newest_first_page_after_page(api: Api) -> None:
    with_silva = Known(Match.ONE, Customer("c/17", "Silva"))
    for minute in range(3):
        await api.store.commit(telling(told(the_call(f"{minute}", minute, customer=with_silva))))
    await api.store.commit(telling(told(the_call("other", 9))))

    first = await api.owner("GET", "/v1/customers/c%2F17/calls?limit=2")
    rest = await api.owner("GET", f"/v1/customers/c%2F17/calls?limit=2&cursor={first.json['next']}")

    assert [each["id"] for each in first.json["items"] + rest.json["items"]] == ["call_2", "call_1", "call_0"]
    assert rest.json["next"] is None
    assert (await api.owner("GET", "/v1/customers/nobody/calls")).json == {"items": [], "next": None}
