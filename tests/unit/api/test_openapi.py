"""The OpenAPI document: valid, whole, and true to what is served."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from callbridge.api import openapi
from callbridge.api.call_object import CallObject, EventObject
from callbridge.api.described import described
from callbridge.api.problems import KINDS
from callbridge.api.scopes import Scope
from tests.docs.api import declared
from tests.unit.api.conftest import Api

TAPES = Path(__file__).parents[2] / "tapes"


@pytest.fixture
def document() -> dict[str, Any]:
    """Of every noun there is."""
    return dict(orjson.loads(orjson.dumps(openapi.document(described(declared())))))


async def test_it_is_served_as_json_and_describes_what_is_served(api: Api) -> None:
    answer = await api.ask("GET", "/v1/openapi.json")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert {"/v1/openapi.json", "/v1/calls"} <= answer.json["paths"].keys()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, methods in document["paths"].items() for method, each in methods.items()]


def test_it_is_an_openapi_document(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


@pytest.mark.patient
def test_the_validator_does_find_mistakes(document: dict[str, Any]) -> None:
    document["paths"]["/v1/calls/{id}"]["get"]["parameters"] = []

    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == [
        "Path parameter 'id' for 'get' operation in '/v1/calls/{id}' was not resolved"
    ]


def test_what_is_the_control_sockets_alone_is_not_in_it(document: dict[str, Any]) -> None:
    assert not [path for path in document["paths"] if "token" in path]


def test_every_operation_says_what_it_is_for_which_scope_it_needs_and_how_it_is_refused(
    document: dict[str, Any],
) -> None:
    for path, method, operation in operations(document):
        assert operation["summary"], (method, path)
        assert {"401", "422", "429", "500", "503"} <= operation["responses"].keys(), (method, path)
        scopes = re.findall(r"`([a-z:]+)`", operation.get("description", ""))
        assert scopes == [] if path == "/v1/openapi.json" else [Scope(scopes[0])] == scopes
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)


def test_no_schema_is_left_over_and_none_is_missing(document: dict[str, Any]) -> None:
    used = set(re.findall(r"#/components/schemas/([\w.-]+)", str(document)))

    assert used == document["components"]["schemas"].keys()


def test_a_parameter_is_never_null(document: dict[str, Any]) -> None:
    parameters = [each for _, _, operation in operations(document) for each in operation["parameters"]]

    assert parameters
    assert not [each for each in parameters if "null" in str(each["schema"])]


def test_every_tapes_calls_and_events_are_as_the_document_says() -> None:
    """The answers are made of events, and the models say what they are."""
    seen = 0
    for file in TAPES.glob("*.events.jsonl"):
        for line in file.read_bytes().splitlines():
            event = EventObject.model_validate_json(line)
            if "call" in event.data:
                CallObject.model_validate(event.data["call"])
                seen += 1
    assert seen > 1000


def test_every_problem_is_one_the_page_explains() -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text()

    assert [kind for kind in KINDS if f"`/problems/{kind}`" not in page] == []
