"""The calls of the benchmark are what they pass for: as many as it counts, each a call of its own."""

from itertools import pairwise
from pathlib import Path

import pytest

from callbridge.app import build
from callbridge.asterisk.ami.wire import AmiParser
from callbridge.asterisk.from_ami import facts_from
from callbridge.calls.events import Event
from callbridge.calls.tracker import Tracker
from tests.bench.long_tape import BEGAN, SEED, LongTape, Said, needed_only
from tests.bench.whole_way import PBX

CALLS = range(7, 27)
TOLD = ("call.started", "call.ringing", "call.answered", "call.ended")


@pytest.fixture(params=["everything said", "only what is needed"])
def said(request: pytest.FixtureRequest, tmp_path: Path) -> list[Said]:
    seed = SEED if request.param == "everything said" else needed_only(SEED, tmp_path)
    return list(LongTape(seed).say(CALLS))


def tell(said: list[Said]) -> list[Event]:
    tracker = Tracker(build.profiles([PBX]))
    messages = AmiParser().receive(b"".join(each.raw for each in said))
    told = [e for m in messages for fact in facts_from("main", m, BEGAN) for e in tracker.apply(fact)]
    assert not tracker.board.oddities
    assert tracker.live_calls == 0
    return told


def test_each_copy_is_a_call_of_its_own(said: list[Said]) -> None:
    calls = [event.call for event in tell(said) if event.call is not None and event.call.over]
    assert len({call.id for call in calls}) == len(CALLS)
    assert len({leg.channel for call in calls for leg in call.legs}) == 2 * len(CALLS)
    assert {call.talk_s for call in calls} == {calls[0].talk_s}


def test_every_webhook_belongs_to_the_event_that_is_said_to_bring_it_about(said: list[Said]) -> None:
    told = [(event.type.value, event.call.legs[0].uniqueid) for event in tell(said) if event.call is not None]
    assert told == [each.webhook for each in said if each.webhook is not None]
    assert len(told) == len(TOLD) * len(CALLS)


def test_time_goes_on(said: list[Said]) -> None:
    assert all(one.after_s <= other.after_s for one, other in pairwise(said))
    stamps = [float(m["Timestamp"]) for each in said for m in AmiParser().receive(each.raw)]
    assert all(one <= other + 1e-6 for one, other in pairwise(stamps))


def test_calls_overlap_as_on_a_busy_pbx(said: list[Said]) -> None:
    first_end = next(each.after_s for each in said if each.webhook is not None and each.webhook[0] == "call.ended")
    begun = [each for each in said if each.webhook is not None and each.webhook[0] == "call.started"]
    assert [each.after_s < first_end for each in begun].count(True) == len(CALLS)
