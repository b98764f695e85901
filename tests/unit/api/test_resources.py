"""What is declared is what is served: the input checked, every mistake named at once, on both doors."""

from typing import Any

import pytest

from callbridge.api.resources import Input, Resource
from tests.docs.api import declared
from tests.unit.api.conftest import Api


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("limit=0", "limit", "greater than or equal to 1"),
        ("limit=201", "limit", "less than or equal to 200"),
        ("limit=many", "limit", "valid integer"),
        ("since=yesterday", "since", "such as 2026-11-22T10:00:00Z"),
        ("since=2026-11-22T10:00:00", "since", "with its zone"),
        ("since=1795341600", "since", "with its zone"),
        ("since=0001-01-01T00:00:00%2B10:00", "since", "out of range"),
        ("state=happy", "state.0", "'started', 'queued'"),
        ("cursor=bm9uZQ", "cursor", "is none of ours"),
        ("cursor=%F0%9F%98%80", "cursor", "is none of ours"),
        ("limit=1&limit=2", "limit", "may be given once only"),
        ("queue=%00", "", "holds a NUL"),
    ],
)
async def test_what_is_wrong_in_the_query_is_named(api: Api, query: str, field: str, said: str) -> None:
    refused = await api.owner("GET", f"/v1/calls?{query}")

    assert (refused.status, refused.json["type"]) == (422, "/problems/invalid-input")
    assert refused.json["errors"][0]["field"] == field
    assert said in refused.json["errors"][0]["message"]


async def test_an_unknown_field_is_refused_by_name_with_the_nearest_one_there_is(api: Api) -> None:
    refused = await api.owner("GET", "/v1/calls?stat=ringing&nonsense=1")

    assert (refused.status, refused.json["type"]) == (422, "/problems/unknown-field")
    assert refused.json["errors"][0] == {"field": "stat", "message": 'is unknown; did you mean "state"?'}
    assert refused.json["errors"][1]["message"].startswith("is unknown; there are since, until, pbx")


async def test_every_mistake_in_a_body_is_named_at_once(api: Api) -> None:
    body = {"name": "?", "scopes": ["calls:read", "calls:eat"], "expires_days": "30", "scope": 1}

    refused = await api.owner("POST", "/v1/tokens", json=body)

    assert refused.status == 422
    assert [each["field"] for each in refused.json["errors"]] == ["scope", "name", "scopes.1", "expires_days"]


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"{", 400, "not-json"),
        (b'{"name": NaN}', 400, "not-json"),
        (b'{"name": "\xff"}', 400, "not-json"),
        (b"[" * 2000, 400, "not-json"),
        (b'{"name": "a\\u0000", "scopes": ["admin"]}', 422, "invalid-input"),
        (b"[]", 422, "invalid-input"),
        (b"x" * 70_000, 413, "too-large"),
    ],
)
async def test_a_body_that_cannot_be_understood_says_why(api: Api, body: bytes, status: int, kind: str) -> None:
    refused = await api.owner("POST", "/v1/tokens", data=body, headers={"Content-Type": "application/json"})

    assert (refused.status, refused.json["type"]) == (status, f"/problems/{kind}")
    assert refused.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("body", [{"name": "a\0"}, {"deep": [{"x": ["\0"]}]}, {"a\0": 1}])
async def test_what_no_database_keeps_is_refused_wherever_it_stands(api: Api, body: dict[str, Any]) -> None:
    refused = await api.owner("POST", "/v1/tokens", json=body)

    assert refused.status == 422
    assert refused.json["errors"] == [{"field": "", "message": "the body holds a NUL, or letters that are no Unicode"}]


async def test_a_body_that_is_not_sent_as_json_is_refused(api: Api) -> None:
    refused = await api.owner("POST", "/v1/tokens", data={"name": "x"})

    assert (refused.status, refused.json["type"]) == (415, "/problems/unsupported-media-type")


async def test_a_body_where_none_is_taken_is_refused(api: Api) -> None:
    assert (await api.owner("GET", "/v1/calls", data=b"{}")).status == 422


async def test_an_unknown_path_and_a_wrong_method_are_problems(api: Api) -> None:
    unknown, wrong = await api.owner("GET", "/v1/cals"), await api.owner("PUT", "/v1/calls")

    assert (unknown.status, unknown.json["type"]) == (404, "/problems/not-found")
    assert (wrong.status, wrong.json["type"], wrong.headers["Allow"]) == (
        405,
        "/problems/method-not-allowed",
        "GET,HEAD",
    )


def test_a_handler_takes_only_what_a_resource_can_give() -> None:
    class Loose(Input):
        pass

    async def handler(body: Loose, path: dict[str, Any]) -> None:
        raise NotImplementedError

    with pytest.raises(TypeError, match="cannot take path"):
        Resource("POST", "/x", handler, None, "Fail.")


def test_no_answer_with_a_secret_is_kept_with_it() -> None:
    """Whatever noun comes: what `Idempotency-Key` keeps lies in the database."""
    answers = [each for each in declared() if each.answer is not None and each.takes_key]
    secrets = [(each, {"secret", "token", "key"} & each.answer.model_fields.keys()) for each in answers if each.answer]

    assert [each.path for each, names in secrets if names] == ["/tokens", "/webhooks", "/webhooks/{name}/rotate"]
    assert [each.path for each, names in secrets if not names <= each.shown_once] == []
