"""Pairs of what a real Asterisk said (NAME.tape) and what we told of it (NAME.events.jsonl).

Add a pair, get a test. How a tape is made stands in `tests.tapes.make`.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from functools import cache
from pathlib import Path

import pytest

from callbridge.app import build
from callbridge.app.tapes import replay
from callbridge.asterisk.from_ami import facts_from
from callbridge.asterisk.tape import read
from callbridge.calls import facts as f
from callbridge.calls.arrival import call_id as identity
from callbridge.calls.call import Agent, Call
from callbridge.calls.clicks import NAMING_S
from callbridge.calls.events import Event
from callbridge.calls.open_call import OpenCall
from callbridge.calls.tracker import Tracker
from callbridge.config import load_limits, load_profiles
from callbridge.delivery.payload import render
from tests.effort import sample
from tests.stories.lives import next_life, now_true

HERE = Path(__file__).parent
PROFILES = load_profiles(HERE / "pbx.toml")
PBXS = build.profiles(PROFILES)
TAPES = sorted(path.stem for path in HERE.glob("*.tape"))
SOME_TAPES = sample(TAPES)
CALLER_ID_CHOSEN = {
    "11-outbound-with-prefix",
    "11-outbound-with-prefix.asterisk16",
    "13-click-to-dial-caller-id-chosen",
}
"""Where an agent is shown by another name: who listens from there on knows no other."""
COMES_IN = {
    "23-three-way-by-bridge-add",
    "23-three-way-by-bridge-add-and-out",
    "23-three-way-by-bridge-add.asterisk16",
}
"""Where somebody comes into a call: to who never heard of that one, what they dialled is all there is."""
CUTS = 8
"""Places at which a tape is cut; all of them would be thousands."""


def settings(name: str) -> Path:
    """What is known of the PBX of a tape: a file of its own where it has one, as it is about limits."""
    own = HERE / f"{name}.toml"
    return own if own.exists() else HERE / "pbx.toml"


limits_in = cache(load_limits)
profiles_in = cache(load_profiles)


def tracker(name: str = "") -> Tracker:
    return Tracker(PBXS, limits=build.limits(limits_in(settings(name))))


@cache
def facts_of(name: str) -> tuple[f.Fact, ...]:
    tape = read(HERE / f"{name}.tape", PROFILES[0].id)
    return tuple(fact for heard in tape for fact in facts_from(heard.pbx, heard.message, heard.at))


def told(listener: Tracker, facts: tuple[f.Fact, ...]) -> list[Event]:
    return [event for fact in facts for event in listener.apply(fact)]


@cache
def whole(name: str) -> tuple[Event, ...]:
    return tuple(told(tracker(name), facts_of(name)))


def lives(name: str) -> Iterator[tuple[int, list[Event], Tracker]]:
    """Cut a tape at some places: yield where, what was told so far, and the tracker that told it."""
    listener, before = tracker(name), list[Event]()
    step = max(1, len(facts_of(name)) // CUTS)
    for cut, fact in enumerate(facts_of(name), 1):
        before.extend(listener.apply(fact))
        if cut % step == 0:
            yield cut, before, listener


def bodies(events: list[Event] | tuple[Event, ...]) -> list[bytes]:
    """Return what a subscriber gets, but for the count of oddities."""
    return [
        render(each if each.call is None else replace(each, call=replace(each.call, oddities=0))) for each in events
    ]


def ends(events: list[Event] | tuple[Event, ...]) -> dict[str, Call]:
    """Return each call as it was when it was last told."""
    return {event.call.id: event.call for event in events if event.call is not None}


def test_every_tape_has_its_events_and_the_other_way_round() -> None:
    assert {path.name.removesuffix(".events.jsonl") for path in HERE.glob("*.events.jsonl")} == set(TAPES)
    assert len(TAPES) > 50


@pytest.mark.parametrize("name", TAPES)
def test_a_tape_plays_to_what_was_told(name: str) -> None:
    """To the byte, and the second time too."""
    expected, file = (HERE / f"{name}.events.jsonl").read_bytes(), settings(name)
    for _ in range(2):
        lines = replay(HERE / f"{name}.tape", profiles_in(file), limits_in(file))
        assert b"".join(line + b"\n" for line in lines) == expected


@pytest.mark.parametrize("name", SOME_TAPES)
def test_nothing_is_odd_on_a_tape_and_nothing_is_left(name: str) -> None:
    listener = tracker(name)
    told(listener, facts_of(name))

    assert not listener.board.oddities
    assert (listener.live_calls, listener.board.graph.channels, listener.board.graph.bridges) == (0, {}, {})


@pytest.mark.parametrize("name", SOME_TAPES)
def test_a_daemon_that_starts_again_during_a_tape_tells_the_rest_of_it(name: str) -> None:
    """From what was written down, wherever each channel belongs to a call already."""
    expected = bodies(whole(name))
    for cut, before, listener in lives(name):
        if all(channel.call_id for channel in listener.board.graph.channels.values()):
            rest = told(next_life(listener, tracker(name)), facts_of(name)[cut:])
            assert bodies(before + rest) == expected, f"cut after {cut} facts"


@pytest.mark.parametrize("name", SOME_TAPES)
def test_a_daemon_that_starts_again_and_asks_the_pbx_invents_nothing(name: str) -> None:
    """A phone may be found before it was said to be dialled: then its ringing is known some milliseconds sooner."""
    expected = [(event.id, event.type) for event in whole(name)]
    for cut, before, listener in lives(name):
        new = next_life(listener, tracker(name))
        said = told(new, (now_true(listener, "main", facts_of(name)[cut - 1].at),))
        rest = [event for event in said if event.call is not None] + told(new, facts_of(name)[cut:])
        assert [(event.id, event.type) for event in before + rest] == expected, f"cut after {cut} facts"
        assert kernel(before + rest) == kernel(whole(name)), f"cut after {cut} facts"


def kernel(events: list[Event] | tuple[Event, ...]) -> list[object]:
    """Return what became of each call."""
    return [
        (call.id, call.state, call.reason, call.ended_by, by(call), call.queue, call.missed and call.missed.reason)
        for call in ends(events).values()
    ]


@pytest.mark.parametrize("name", SOME_TAPES)
def test_a_daemon_that_first_starts_during_a_tape_adopts_its_calls(name: str) -> None:
    """What was before it cannot know; which way a call goes, who answered it, and that it ends once, it must."""
    for cut, _, listener in lives(name):
        events = heard_from(name, cut, listener)
        for call_id, work in listener.board.open.items():
            if goes_on(listener, work):
                call, adopted, where = ends(whole(name))[call_id], ends(events)[call_id], f"cut after {cut} facts"
                assert told_of(call_id, events).count("call.missed") == int(call.missed is not None), where
                assert (adopted.answered_at is None) == (call.answered_at is None), where
                if not has_left(listener, work, call.agent):
                    assert by(adopted) == by(call), where
                    assert name in CALLER_ID_CHOSEN or adopted.agent == call.agent, where


@pytest.mark.parametrize("name", SOME_TAPES)
def test_a_daemon_that_first_starts_when_somebody_has_left_invents_nothing(name: str) -> None:
    """Where people have left, nobody can say whether they talked; nor which call it was, without its first channel."""
    for cut, _, listener in lives(name):
        events = heard_from(name, cut, listener)
        for call_id, work in listener.board.open.items():
            for adopted in adopted_as(name, call_id, work, events):
                call, kinds, where = ends(whole(name))[call_id], told_of(adopted.id, events), f"cut after {cut} facts"
                once = (kinds[0], kinds.count("call.started"), kinds.count("call.ended"))
                assert once == ("call.started", 1, 1), where
                assert adopted.answered_at is None or call.answered_at is not None, where
                assert by(adopted)[1] in who_had(call_id, name), where
                assert adopted.direction == call.direction or adopted.id != call_id, where


def who_had(call_id: str, name: str) -> set[str | None]:
    """Return at which extensions they are who ever had a call: of a transfer nobody heard, any may seem the last."""
    calls = (event.call for event in whole(name) if event.call is not None and event.call.id == call_id)
    return {None, *(by(call)[1] for call in calls)}


def heard_from(name: str, cut: int, listener: Tracker) -> list[Event]:
    """Return what is told by who asks what is true there, and hears the rest."""
    new = tracker(name)
    events = told(new, (now_true(listener, "main", facts_of(name)[cut - 1].at),))
    return events + told(new, facts_of(name)[cut:]) + in_time(new)


def adopted_as(name: str, call_id: str, work: OpenCall, events: list[Event]) -> list[Call]:
    """Return as which calls one was adopted: itself, or those its people are in that are none of the tape's."""
    people = {channel for _, channel in work.alive}
    found = ends(events).values()
    strange = [each for each in found if each.id not in ends(whole(name))]
    return [each for each in found if each.id == call_id] or [
        each for each in strange if people & {leg.uniqueid for leg in each.legs}
    ]


def told_of(call_id: str, events: list[Event]) -> list[str]:
    return [event.type.value for event in events if event.call is not None and event.call.id == call_id]


def has_left(listener: Tracker, work: OpenCall, agent: Agent | None) -> bool:
    """Tell whether nobody could know by now who had the call: they handed it to somebody outside."""
    phones = {leg.uniqueid for leg in work.legs.values() if agent is not None and leg.who.extension == agent.extension}
    caller = listener.board.channel(work.call.pbx, work.caller_leg.uniqueid)
    if not phones or caller is None or work.call.answered_at is None:
        return False
    return not phones & {each.key[1] for each in listener.board.graph.joined_with(caller)}


def in_time(listener: Tracker) -> list[Event]:
    """Return what is told when nothing more is said: the rest of what was held back."""
    events = list[Event]()
    while (at := listener.next_deadline("main")) is not None:
        events.extend(told(listener, (f.TimePassed("main", at),)))
    return events


def goes_on(listener: Tracker, work: OpenCall) -> bool:
    """Tell whether a call is told, and not in its last milliseconds, when somebody has left already.

    Nor is it one whose id nobody can know, as the channel is gone that it was made of.
    """
    if work.untold is not None or work.call.id not in {identity(*key) for key in work.alive}:
        return False
    caller = listener.board.channel(work.call.pbx, work.caller_leg.uniqueid)
    if caller is None or caller.call_id != work.call.id or work.call.answered_at is None:
        return caller is not None and caller.call_id == work.call.id
    return len(listener.board.graph.joined_with(caller)) > 1


def by(call: Call) -> tuple[bool, str | None]:
    """Return whether a call was answered, and at which extension its agent is."""
    return call.answered_at is not None, call.agent.extension if call.agent else None


@pytest.mark.parametrize("name", SOME_TAPES)
def test_a_tape_that_begins_anywhere_does_no_harm(name: str) -> None:
    """Nobody is asked what was before: what cannot be known is not told, and nothing stays behind."""
    for cut in range(1, len(facts_of(name))):
        listener = tracker(name)
        events = told(listener, facts_of(name)[cut:])
        events += told(listener, (f.TimePassed("main", facts_of(name)[-1].at + timedelta(seconds=NAMING_S)),))
        assert listener.live_calls == 0, f"from fact {cut} on"
        assert listener.board.graph.channels == {}, f"from fact {cut} on"
        assert set(ends(events)) <= set(ends(whole(name))) | called_by_the_pbx(name) | who_come_in(name)


def called_by_the_pbx(name: str) -> set[str]:
    """Return the ids calls would have that the PBX makes by itself.

    It does so also to call back whoever handed a call on: who never heard of that call must think it is placed.
    """
    alone = (fact for fact in facts_of(name) if isinstance(fact, f.DialBegan) and fact.source is None)
    again = [fact for fact in facts_of(name) if isinstance(fact, f.DialBegan) and "called-back-twice" in name]
    return {identity("main", fact.channel) for fact in (*alone, *again)}


def who_come_in(name: str) -> set[str]:
    """Return the ids calls would have of those who dial, where they come into another's call."""
    callers = (fact for fact in facts_of(name) if isinstance(fact, f.ChannelBorn) and fact.calling)
    return {identity("main", fact.channel) for fact in callers} if name in COMES_IN else set()


@pytest.mark.parametrize("name", SOME_TAPES)
def test_times_are_the_pbxs_own(name: str) -> None:
    assert {event.at.tzinfo for event in whole(name)} == {UTC}
