"""Whatever the wire, the clock or a restart does to a tape, the same is told of it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from callbridge.asterisk.ami.wire import AmiParser
from callbridge.asterisk.from_ami import facts_from
from callbridge.asterisk.tape import read
from callbridge.calls import facts as f
from callbridge.calls.events import Event
from tests.effort import some
from tests.properties.swaps import CAR_PARK, MOMENT, SWAPS, channel_of, may_swap, places, swapped, why
from tests.properties.tapes import SOME_TAPES, differences, digests, facts_of, said, tracker, whole
from tests.stories.lives import next_life
from tests.tapes.test_pairs import HERE, TAPES, bodies

ROOT = Path(__file__).parents[2]
PLAY = "from tests.properties.tapes import digests; print(digests())"


@pytest.mark.parametrize("name", SOME_TAPES)
def test_neighbours_that_asterisk_may_swap_may_be_swapped(name: str) -> None:
    facts = facts_of(name)
    expected = said(facts)[1]
    for place in some(places(facts), 12):
        told_so = said(swapped(facts, place))[1]
        assert differences(expected, told_so) == [], f"{facts[place]} and {facts[place + 1]} swapped"


@pytest.mark.parametrize("name", SOME_TAPES)
def test_phones_may_be_heard_before_they_are_said_to_be_dialled(name: str) -> None:
    """Of every phone at once, as early as can be: right after the channel was born."""
    facts = facts_of(name)
    expected = said(facts)[1]
    for place, fact in enumerate(facts):
        back = place
        while back and isinstance(fact, f.ChannelRang) and may_swap(*facts[back - 1 : back + 1]):
            facts, back = swapped(facts, back - 1), back - 1

    assert differences(expected, said(facts)[1]) == []


@pytest.mark.parametrize("name", [name for name in TAPES if b"ParkedCall" in (HERE / f"{name}.tape").read_bytes()])
def test_what_a_car_park_says_may_come_last_of_all(name: str) -> None:
    """All that other threads say in the same moment may be heard before."""
    facts = facts_of(name)
    expected = said(facts)[1]

    listener, told_so = said(later(facts, CAR_PARK, len(facts)))
    assert differences(expected, told_so) == []
    assert not listener.board.oddities


@pytest.mark.parametrize("name", [name for name in TAPES if b"Event: Pickup" in (HERE / f"{name}.tape").read_bytes()])
def test_that_a_call_was_picked_up_may_be_said_last_of_all(name: str) -> None:
    """Once the two channels are one, the thread that says so races with those who take it from there."""
    facts = facts_of(name)
    expected = said(facts)[1]
    for late in range(1, 10):
        listener, told_so = said(later(facts, f.CallPickedUp, late))
        assert [each.type for each in told_so] == [each.type for each in expected], f"{late} facts later"
        assert differences(expected[-1:], told_so[-1:]) == [], f"{late} facts later"
        assert not listener.board.oddities


PLACED_BY_LOCAL = [name for name in TAPES if name.startswith(("13-", "14-")) and "-local" in name]


@pytest.mark.parametrize("name", PLACED_BY_LOCAL)
def test_that_the_pbx_dials_a_local_channel_may_be_said_after_whom_that_dials(name: str) -> None:
    """Whoever places the call says so on a thread of their own."""
    facts = facts_of(name)
    expected = said(facts)[1]
    place = next(place for place, fact in enumerate(facts) if isinstance(fact, f.DialBegan) and fact.source is None)
    for late in range(place, place + 6):
        facts = swapped(facts, late)
        listener, told_so = said(facts)
        assert differences(expected[-1:], told_so[-1:]) == [], f"{late - place} facts later"
        assert not listener.board.oddities


def test_whoever_is_called_back_may_be_dialled_before_the_local_channel_is_said_to_be_gone() -> None:
    """The PBX hangs up its Local channel and dials on one thread; that it leaves its bridge is said by two others."""
    facts = facts_of("18-blonde-by-feature-code-called-back-in-vain")
    (dial,) = [place for place, fact in enumerate(facts) if isinstance(fact, f.DialBegan) and fact.source is None]
    (left,) = [place for place in range(dial - 4, dial) if isinstance(facts[place], f.BridgeLeft)]
    early = (*facts[:left], *facts[dial - 1 : dial + 1], *facts[left : dial - 1], *facts[dial + 1 :])

    listener, told_so = said(early)
    assert [event.type for event in told_so] == [event.type for event in said(facts)[1]]
    assert not listener.board.oddities


def later(facts: Sequence[f.Fact], kind: type[f.Fact] | tuple[type[f.Fact], ...], places: int) -> tuple[f.Fact, ...]:
    """Return the facts with those of one kind said that many places later, but for what comes after their moment."""
    for place in reversed([place for place, fact in enumerate(facts) if isinstance(fact, kind)]):
        said_at, late = facts[place].at, place
        while late + 1 < len(facts) and late < place + places and facts[late + 1].at - said_at <= MOMENT:
            facts, late = swapped(facts, late), late + 1
    return tuple(facts)


@pytest.mark.parametrize(
    "name",
    [name for name in TAPES if any(isinstance(each, f.CallUnparked) and each.retriever for each in facts_of(name))],
)
def test_that_a_call_was_fetched_may_be_said_before_the_channel_that_fetched_it(name: str) -> None:
    """The thread of the channels may be behind that of the car park."""
    facts = facts_of(name)
    expected = said(facts)[1]
    for place, fact in enumerate(facts):
        early = place
        while isinstance(fact, f.CallUnparked) and fact.retriever in {channel_of(each) for each in facts[:early]}:
            facts, early = swapped(facts, early - 1), early - 1

    listener, told_so = said(facts)
    assert differences(expected, told_so) == []
    assert not listener.board.oddities


def test_each_swap_is_tried() -> None:
    """In some tape; with `make quick` in one that is not among those it swaps, maybe."""
    untried = set(SWAPS)
    for name in dict.fromkeys((*SOME_TAPES, *TAPES)):
        for one, other in pairwise(facts_of(name)):
            untried -= why(one, other)
        if not untried:
            break

    assert untried == set()


@pytest.mark.parametrize("name", SOME_TAPES)
def test_what_is_said_twice_is_told_once(name: str) -> None:
    facts, expected = facts_of(name), bodies(said(facts_of(name))[1])
    assert bodies(said([each for fact in facts for each in (fact, fact)])[1]) == expected, "everything twice"
    for place in some(range(len(facts)), 12):
        twice = (*facts[:place], facts[place], *facts[place:])
        assert bodies(said(twice)[1]) == expected, f"{facts[place]} twice"


@pytest.mark.parametrize("name", SOME_TAPES)
def test_a_daemon_that_starts_anew_after_every_word_tells_the_same(name: str) -> None:
    """From what was written down alone, wherever no channel is known that belongs to no call yet."""
    listener, events = tracker(name), list[Event]()
    facts = facts_of(name)
    ends = set(some(range(len(facts)), 30))
    for place, fact in enumerate(facts):
        events.extend(listener.apply(fact))
        if place in ends and all(channel.call_id for channel in listener.board.graph.channels.values()):
            listener = next_life(listener, tracker(name))

    assert bodies(events) == bodies(whole(name))


@pytest.mark.parametrize("name", SOME_TAPES)
def test_a_tape_reads_alike_however_the_network_cuts_it(name: str) -> None:
    heard = list(read(HERE / f"{name}.tape", "main"))
    wire = b"".join(each.message.raw.rstrip(b"\r\n") + b"\r\n\r\n" for each in heard)
    for size in some((7, 1, 2, 3, 64, 1000, 4096), 1):
        parser = AmiParser()
        messages = [
            message for start in range(0, len(wire), size) for message in parser.receive(wire[start : start + size])
        ]
        facts = tuple(
            fact for each, then in zip(messages, heard, strict=True) for fact in facts_from("main", each, then.at)
        )
        assert facts == facts_of(name), f"cut into pieces of {size} bytes"


@pytest.mark.parametrize("name", SOME_TAPES)
def test_a_message_that_is_cut_off_anywhere_stops_nothing(name: str) -> None:
    """It may cost what it said; yet no call is told twice, and all that are told end once all channels are gone."""
    heard = list(read(HERE / f"{name}.tape", "main"))
    facts = [facts_from(each.pbx, each.message, each.at) for each in heard]
    for place in some(range(len(heard)), 5):
        raw, at = heard[place].message.raw, heard[place].at
        for cut in some(range(1, len(raw)), 3, 40):
            left = AmiParser().receive(raw[:cut] + b"\r\n\r\n")
            rest = [facts_from("main", message, at) for message in left]
            all_ends_well([fact for each in (*facts[:place], *rest, *facts[place + 1 :]) for fact in each])


def all_ends_well(facts: list[f.Fact]) -> None:
    """Say it all, then that no channel is left."""
    listener, events = said([*facts, f.StateRead("main", facts[-1].at)])
    kinds = [(event.call.id, event.type) for event in events if event.call is not None]
    begun, over = ([call for call, kind in kinds if kind == word] for word in ("call.started", "call.ended"))
    assert sorted(begun) == sorted(over) == sorted({call for call, _ in kinds})
    assert (listener.live_calls, listener.board.graph.channels) == (0, {})


@pytest.mark.patient
def test_a_tape_plays_to_the_same_bytes_in_every_process_and_time_zone() -> None:
    """In this process, and in one that hashes otherwise and lives elsewhere."""
    environ = os.environ | {"PYTHONHASHSEED": "4711", "TZ": "Asia/Kathmandu", "PYTHONPATH": str(ROOT)}
    there = subprocess.run(
        [sys.executable, "-c", PLAY], cwd=ROOT, env=environ, check=True, capture_output=True, text=True, timeout=60
    ).stdout

    assert len(there.splitlines()) == len(SOME_TAPES)
    assert there == f"{digests()}\n"
