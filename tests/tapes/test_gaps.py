"""Every tape, heard from the middle, or with a gap in it: what an `Exchange` says of itself closes the gap."""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import pytest

from callbridge.asterisk.from_ami import facts_from
from callbridge.asterisk.tape import read
from callbridge.calls import facts as f
from callbridge.calls.arrival import call_id
from callbridge.calls.events import Event
from callbridge.calls.tracker import Tracker
from tests.effort import QUICK, cuts
from tests.stories.lives import next_life
from tests.tapes.exchange import Exchange
from tests.tapes.test_pairs import (
    HERE,
    PROFILES,
    SOME_TAPES,
    called_by_the_pbx,
    ends,
    goes_on,
    in_time,
    told,
    told_of,
    tracker,
    whole,
)

QUIET_S = 0.05
GAPS = 3 if QUICK else 6
"""Places at which a gap begins, and at which it ends."""


@dataclass(frozen=True)
class Moment:
    """A word of a tape, as facts, and what the PBX would answer after it."""

    facts: tuple[f.Fact, ...]
    state: tuple[f.Fact, ...]
    at: datetime


@cache
def moments(name: str) -> tuple[Moment, ...]:
    """Return all that tells something, one by one."""
    exchange = Exchange()
    found = []
    for heard in read(HERE / f"{name}.tape", PROFILES[0].id):
        exchange.hear(heard.message, heard.at)
        facts = facts_from(heard.pbx, heard.message, heard.at)
        if facts:
            found.append(Moment(facts, asyncio.run(exchange.state(heard.pbx)), heard.at))
    return tuple(found)


def is_quiet(name: str, cut: int) -> bool:
    """Tell whether people act next, and not the PBX: else it is in the middle of something it is about to say."""
    rest = moments(name)[cut - 1 :]
    return len(rest) < 2 or (rest[1].at - rest[0].at).total_seconds() > QUIET_S


def said(moments: tuple[Moment, ...]) -> tuple[f.Fact, ...]:
    return tuple(fact for each in moments for fact in each.facts)


def listeners(name: str, places: Collection[int]) -> Iterator[tuple[int, list[Event], Tracker]]:
    """Yield each of the places, what was told before it, and by whom."""
    listener, before = tracker(name), list[Event]()
    for cut, each in enumerate(moments(name), 1):
        before.extend(told(listener, each.facts))
        if cut in places:
            yield cut, before, listener


def left_alone(listener: Tracker) -> tuple[object, ...]:
    board = listener.board
    return listener.live_calls, board.graph.channels, board.graph.bridges, board.asking


def alive(listener: Tracker) -> set[str]:
    return {call_id for call_id, work in listener.board.open.items() if goes_on(listener, work)}


def stand_ins(listener: Tracker) -> set[str]:
    """Return the ids of the calls of those who were called, and whose caller has left."""
    return {call_id(*key) for key, each in listener.board.graph.channels.items() if not each.calling}


@pytest.mark.parametrize("name", SOME_TAPES)
def test_who_begins_to_listen_anywhere_adopts_what_is_there_and_invents_nothing(name: str) -> None:
    for cut, _, listener in listeners(name, cuts(len(moments(name)), 6)):
        new = tracker(name)
        events = told(new, moments(name)[cut - 1].state + said(moments(name)[cut:])) + in_time(new)
        where = f"from {cut} on"
        assert left_alone(new) == (0, {}, {}, {}), where
        assert all(told_of(each, events).count("call.ended") == 1 for each in ends(events)), where
        if not is_quiet(name, cut):
            continue
        assert set(ends(events)) <= set(ends(whole(name))) | stand_ins(listener) | called_by_the_pbx(name), where
        for each in alive(listener):
            kinds, call, adopted = told_of(each, events), ends(whole(name))[each], ends(events)[each]
            assert (kinds[0], kinds.count("call.started"), kinds.count("call.ended")) == ("call.started", 1, 1), where
            assert (adopted.answered_at is None) == (call.answered_at is None), where
            assert (adopted.missed is None) == (call.missed is None), where
            assert adopted.direction == call.direction, where


@pytest.mark.parametrize("name", SOME_TAPES)
def test_a_gap_anywhere_loses_no_call_and_tells_nothing_twice(name: str) -> None:
    all_of_it = moments(name)
    step = max(1, len(all_of_it) // GAPS)
    for begin, before, listener in listeners(name, range(step, len(all_of_it) + 1, step)):
        known = {key for key, work in listener.board.open.items() if work.untold is None}
        for end in range(begin, len(all_of_it) + 1, step):
            new = next_life(listener, tracker(name))
            events = [*before, *told(new, all_of_it[end - 1].state + said(all_of_it[end:])), *in_time(new)]
            where = f"deaf from {begin} to {end}"
            assert left_alone(new) == (0, {}, {}, {}), where
            for each in set(ends(events)):
                kinds = told_of(each, events)
                assert (kinds[0], *map(kinds.count, ("call.started", "call.ended"))) == ("call.started", 1, 1), where
            assert known <= set(ends(events)), where
