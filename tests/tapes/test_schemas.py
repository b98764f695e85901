"""What is told fits the schemas that are published of it: every event of every tape."""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from callbridge.calls.events import EventType
from callbridge.delivery.payload import render
from callbridge.delivery.samples import sample
from callbridge.delivery.schemas import TOLD, event_schema
from callbridge.delivery.shapes import CHANGED
from tests.effort import sample as part_of

AT: Final = datetime(2026, 11, 22, 10, tzinfo=UTC)
HERE = Path(__file__).parent
PAIRS = part_of(sorted(HERE.glob("*.events.jsonl")))


@cache
def validator(kind: str, *, closed: bool) -> Draft202012Validator:
    schema = event_schema(EventType(kind), closed=closed)
    if not closed:  # as it is published; the other one only lets less pass
        Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name.removesuffix(".events.jsonl"))
def test_what_is_told_of_a_tape_is_as_the_schemas_say(pair: Path) -> None:
    for line in pair.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)

        assert not [error.message for error in validator(event["type"], closed=True).iter_errors(event)], line


@pytest.mark.parametrize("kind", TOLD)
def test_a_sample_of_every_event_is_as_the_schemas_say(kind: EventType) -> None:
    assert not [error.message for error in validator(kind, closed=True).iter_errors(sample_of(kind))]


@pytest.mark.parametrize("kind", TOLD)
def test_a_schema_lets_pass_what_a_later_callbridge_adds(kind: EventType) -> None:
    event = sample_of(kind) | {"new": 1}
    event["data"]["new"] = {"also": "new"}

    assert validator(kind, closed=False).is_valid(event)
    assert not validator(kind, closed=True).is_valid(event)


@pytest.mark.parametrize("kind", TOLD)
def test_a_schema_refuses_what_lacks_a_key(kind: EventType) -> None:
    event = sample_of(kind)
    for key in event["data"].keys() - CHANGED.keys():
        short = {name: value for name, value in event["data"].items() if name != key}

        assert not validator(kind, closed=False).is_valid(event | {"data": short}), key


def sample_of(kind: EventType) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(render(sample(kind, "main", AT)))
    return event
