"""How often one may ask, and how often with a wrong token."""

import pytest
from aiohttp import web

from callbridge.api.limits import Buckets, neighbourhood
from callbridge.config import Http
from tests.unit.api.conftest import Api


class Watch:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def test_a_bucket_that_becomes_smaller_or_larger_keeps_what_fits() -> None:
    watch = Watch()
    buckets = Buckets(1.0, 3, watch)
    assert buckets.take("a") == 0

    buckets.change(4.0, 1)
    assert [buckets.take("a"), buckets.take("a")] == [0, 0.25]

    buckets.change(1.0, 10)
    assert buckets.take("a") == 1
    watch.at += 3600
    assert [buckets.take("a") for _ in range(11)] == [0] * 10 + [1]


def test_a_bucket_gives_its_burst_at_once_and_then_what_flows_in() -> None:
    watch = Watch()
    buckets = Buckets(2.0, 3, watch)

    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.take("b") == 0
    watch.at += 0.5
    assert [buckets.take("a"), buckets.take("a")] == [0, 0.5]
    watch.at += 3600
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_however_many_ask_memory_is_bounded_and_who_asked_last_is_remembered() -> None:
    buckets = Buckets(1.0, 1, Watch(), most=3)

    for name in "abcd":
        buckets.take(name)

    assert len(buckets._levels) == 3
    assert [buckets.wait(name) > 0 for name in "abcd"] == [False, True, True, True]


@pytest.mark.parametrize(
    ("address", "known_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, ""),
    ],
)
def test_a_host_cannot_hide_behind_its_many_addresses(address: str | None, known_as: str) -> None:
    assert neighbourhood(address) == known_as


@pytest.fixture
def http() -> Http:
    return Http(requests_per_s=0.01, requests_burst=3, failures_per_minute=2)


async def test_a_token_that_asks_too_often_is_told_when_to_come_back_and_others_go_on(api: Api) -> None:
    busy, other = await api.token("calls:read"), await api.token("calls:read")

    statuses = [(await api.ask("GET", "/v1/calls", busy)).status for _ in range(4)]
    refused = await api.ask("GET", "/v1/calls", busy)

    assert statuses == [200, 200, 200, 429]
    assert refused.json["type"] == "/problems/too-many-requests"
    assert 90 < int(refused.headers["Retry-After"]) <= 100
    assert (await api.ask("GET", "/v1/calls", other)).status == 200


async def test_an_address_with_wrong_tokens_is_heard_no_more_but_for_tokens_that_were_good(api: Api) -> None:
    good, late = await api.token("calls:read"), await api.token("calls:read")
    assert (await api.ask("GET", "/v1/calls", good)).status == 200

    wrong = [await api.ask("GET", "/v1/calls", "cb_" + "x" * 43) for _ in range(3)]

    assert [each.status for each in wrong] == [401, 401, 429]
    assert 1 <= int(wrong[-1].headers["Retry-After"]) <= 30
    assert (await api.ask("GET", "/v1/calls", good)).status == 200
    assert (await api.ask("GET", "/v1/calls", late)).status == 429


async def test_the_document_needs_no_token_on_this_host_and_one_from_elsewhere(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await api.ask("GET", "/v1/openapi.json")).status == 200
    monkeypatch.setattr(web.Request, "remote", "203.0.113.7")

    assert (await api.ask("GET", "/v1/openapi.json")).status == 401
    assert (await api.ask("GET", "/v1/openapi.json", await api.token("stats:read"))).status == 200
