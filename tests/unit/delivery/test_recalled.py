"""A call read back from an event is told again as the same call."""

import json

import pytest

from callbridge.calls.customer import Customer, Known, Match, Matched
from callbridge.calls.events import EventType, call_event
from callbridge.calls.frozen import replace
from callbridge.delivery import samples
from callbridge.delivery.payload import render
from callbridge.delivery.recalled import call_in
from tests.effort import sample
from tests.tapes.test_pairs import HERE, TAPES

from .calls import AT


@pytest.mark.parametrize("name", sample(TAPES))
def test_what_every_tape_tells_of_its_calls(name: str) -> None:
    for line in (HERE / f"{name}.events.jsonl").read_bytes().splitlines():
        told = json.loads(line)["data"].get("call")
        if told is not None:
            again = render(call_event(call_in(line), EventType.CALL_UPDATED, AT))
            assert json.loads(again)["data"]["call"] == told


@pytest.mark.parametrize("kind", samples.BESIDES)
def test_what_every_sample_tells_of_its_call(kind: EventType) -> None:
    event = samples.sample(kind, "main", AT)
    if event.call is not None:
        assert render(replace(event, call=call_in(render(event)))) == render(event)


def test_candidates_and_who_chose() -> None:
    one, two = Customer("c-1", "One", matched=Matched.BRANCH, at="Porto"), Customer("c-2", source="crm")
    for known in (Known(Match.MANY, None, (one, two)), Known(Match.ONE, one, by="Ana"), Known(Match.NONE, by="Ana")):
        call = samples.sample(EventType.CALL_ENDED, "main", AT).call
        assert call is not None
        body = render(call_event(replace(call, customer=known), EventType.CALL_UPDATED, AT))
        assert call_in(body).customer == known
