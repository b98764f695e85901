"""Every story of this folder, told again: in two lives, and twice over. A new story is a new case at once."""

import importlib
import inspect
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from callbridge.calls import facts as f
from callbridge.calls import snapshot
from callbridge.calls.correlation import Channel
from callbridge.calls.events import Event
from callbridge.calls.tracker import Tracker
from callbridge.delivery.payload import render
from tests.stories.story import Story, new_tracker


def stories() -> Iterator[tuple[str, Callable[[Story], None]]]:
    """Return every test that asks for a story and nothing else, by name."""
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        if file.name != Path(__file__).name:
            module = importlib.import_module(f"{__package__}.{file.stem}")
            for name, test in inspect.getmembers(module, inspect.isfunction):
                if name.startswith("test_") and list(inspect.signature(test).parameters) == ["story"]:
                    yield f"{file.stem}::{name}".removeprefix("test_"), test


STORIES = dict(stories())


@cache
def facts_of(name: str) -> tuple[f.Fact, ...]:
    """Return what is said in a story; of one whose promise is broken, as far as it goes."""
    story = Story()
    with suppress(AssertionError):  # told by the test itself
        STORIES[name](story)
    return tuple(story.facts)


@cache
def whole(name: str) -> list[Event]:
    """Return what is told of a story nobody disturbs."""
    return told(new_tracker(), facts_of(name))


def lives(name: str) -> Iterator[tuple[int, list[Event], Tracker]]:
    """Cut a story after each of its facts: yield where, what was told so far, and the tracker that told it."""
    tracker, before = new_tracker(), list[Event]()
    for cut, fact in enumerate(facts_of(name), 1):
        before.extend(tracker.apply(fact))
        yield cut, before, tracker


def test_there_are_stories() -> None:
    assert len(STORIES) > 40


def told(tracker: Tracker, facts: Iterable[f.Fact]) -> list[Event]:
    return [event for fact in facts for event in tracker.apply(fact)]


def bodies(events: Iterable[Event], *, oddities: bool = True) -> list[tuple[str, bytes]]:
    """Return what a subscriber gets."""
    return [(each.id, render(each if oddities else calm(each))) for each in events]


def calm(event: Event) -> Event:
    """Return an event as if nothing had been odd."""
    return event if event.call is None else replace(event, call=replace(event.call, oddities=0))


def next_life(tracker: Tracker) -> Tracker:
    """Return a tracker that knows what was written down of the old one, as JSON."""
    new, old = new_tracker(), tracker.board
    for call_id in old.open:
        memory = snapshot.plain(snapshot.remember(tracker, call_id))
        snapshot.recall(new, json.loads(json.dumps(memory)))
    new.board.protocols.update(old.protocols)
    new.board.heard_until.update(old.heard_until)
    new.board.heard.update(old.heard)
    return new


def now_true(tracker: Tracker, at: datetime) -> list[f.StateRead]:
    """Return what a PBX would say if it were asked now."""
    read = []
    for pbx in ("main", "porto"):
        channels = tracker.board.graph.of_pbx(pbx)
        waits = [work.wait for work in tracker.board.open.values() if work.wait and not work.wait.left_at]
        waiting = {wait.channel: wait.queue for wait in waits}
        read.append(f.StateRead(pbx, at, tuple(map(as_seen, channels)), waiting))
    return read


def as_seen(channel: Channel) -> f.ChannelSeen:
    return f.ChannelSeen(
        channel.key[1],
        channel.name,
        channel.linkedid,
        up=channel.up,
        ringing=channel.rang and not channel.up,
        calling=channel.calling,
        number=channel.number,
        caller_name=channel.caller_name,
        exten=channel.exten,
        bridge=channel.bridge[1] if channel.bridge else None,
    )


@pytest.mark.parametrize("name", STORIES)
def test_a_daemon_that_starts_again_tells_the_rest_of_the_story(name: str) -> None:
    """Asked what is true, the PBX says nothing new; so nothing new is told, and the rest is as it was."""
    facts, expected = facts_of(name), bodies(whole(name), oddities=False)
    for cut, before, tracker in lives(name):
        if tracker.board.heard_until:
            continue  # there is nobody to ask
        new = next_life(tracker)
        said = told(new, now_true(tracker, facts[cut - 1].at))
        new.board.heard = set(tracker.board.heard)
        rest = [event for event in said if event.call is not None] + told(new, facts[cut:])
        assert expected == bodies(before + rest, oddities=False), f"cut after {cut} facts"


@pytest.mark.parametrize("name", STORIES)
def test_what_is_written_down_of_a_call_is_all_there_is_to_know_of_it(name: str) -> None:
    """Without asking the PBX, as long as it has no channel yet that belongs to no call."""
    expected = bodies(whole(name))
    for cut, before, tracker in lives(name):
        if all(channel.call_id for channel in tracker.board.graph.channels.values()):
            rest = told(next_life(tracker), facts_of(name)[cut:])
            assert expected == bodies(before + rest), f"cut after {cut} facts"


@pytest.mark.parametrize("name", STORIES)
def test_what_is_said_twice_changes_nothing(name: str) -> None:
    facts = [fact for fact in facts_of(name) if not isinstance(fact, f.StateRead)]
    twice = [said for fact in facts for said in (fact, fact)]

    assert bodies(told(new_tracker(), twice), oddities=False) == bodies(told(new_tracker(), facts), oddities=False)


@pytest.mark.parametrize("name", STORIES)
def test_the_same_story_is_told_in_the_same_bytes(name: str) -> None:
    facts = facts_of(name)

    assert bodies(told(new_tracker(), facts)) == bodies(told(new_tracker(), facts))
