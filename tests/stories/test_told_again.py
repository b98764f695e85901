"""Every story of this folder, told again: in two lives, and twice over. A new story is a new case at once."""

import importlib
import inspect
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from callbridge.calls import facts as f
from callbridge.calls.events import Event
from callbridge.calls.tracker import Tracker
from callbridge.delivery.payload import render
from tests.effort import cuts
from tests.stories.lives import next_life, now_true
from tests.stories.story import Story, new_tracker


def stories() -> Iterator[tuple[str, Callable[[Story], None]]]:
    """Return every test that asks for a story and nothing else, by name."""
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        if not file.stem.startswith("test_told_"):  # those tell the others' again
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
    """Cut a story after each of its facts: yield where, what was told so far, and the tracker that told it.

    Not where a log is read, which a new life begins to read anew: see `test_told_afterwards`.
    """
    tracker, before = new_tracker(), list[Event]()
    tried = cuts(len(facts_of(name)), 4)
    for cut, fact in enumerate(facts_of(name), 1):
        before.extend(tracker.apply(fact))
        if cut in tried and not tracker.board.restored and not tracker.board.backfilled_until:
            yield cut, before, tracker


def test_there_are_stories() -> None:
    assert len(STORIES) > 40


def told(tracker: Tracker, facts: Iterable[f.Fact]) -> list[Event]:
    return [event for fact in facts for event in tracker.apply(fact)]


def bodies(events: Iterable[Event], *, oddities: bool = True) -> list[tuple[str, bytes]]:
    """Return what a subscriber gets."""
    return [(each.id, render(each if oddities else calm(each))) for each in events]


def kinds(told: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    return [(event_id, json.loads(body)["type"]) for event_id, body in told]


def ends(told: Iterable[tuple[str, bytes]]) -> list[bytes]:
    return [body for _, body in told if json.loads(body)["type"] == "call.ended"]


def calm(event: Event) -> Event:
    """Return an event as if nothing had been odd."""
    return event if event.call is None else replace(event, call=replace(event.call, oddities=0))


@pytest.mark.parametrize("name", STORIES)
def test_a_daemon_that_starts_again_tells_the_rest_of_the_story(name: str) -> None:
    """Asked what is true, the PBX says nothing new; so nothing new is told, and the rest is as it was.

    What it would say a moment later may be seen at once: then it is told at once, with a leg up that is down by then.
    """
    facts, expected = facts_of(name), bodies(whole(name), oddities=False)
    for cut, before, tracker in lives(name):
        if tracker.board.heard_until:
            continue  # there is nobody to ask
        new = next_life(tracker, new_tracker())
        said = told(new, [now_true(tracker, pbx, facts[cut - 1].at) for pbx in ("main", "porto")])
        new.board.heard = set(tracker.board.heard)
        seen = [event for event in said if event.call is not None]
        heard = bodies(before + seen + told(new, facts[cut:]), oddities=False)
        same = heard == expected if not seen else (kinds(heard), ends(heard)) == (kinds(expected), ends(expected))
        assert same, f"cut after {cut} facts: {heard}"


@pytest.mark.parametrize("name", STORIES)
def test_what_is_written_down_of_a_call_is_all_there_is_to_know_of_it(name: str) -> None:
    """Without asking the PBX, as long as it has no channel yet that belongs to no call."""
    expected = bodies(whole(name))
    for cut, before, tracker in lives(name):
        if all(channel.call_id for channel in tracker.board.graph.channels.values()):
            rest = told(next_life(tracker, new_tracker()), facts_of(name)[cut:])
            assert expected == bodies(before + rest), f"cut after {cut} facts"


@pytest.mark.parametrize("name", STORIES)
def test_what_is_said_twice_changes_nothing(name: str) -> None:
    facts = [fact for fact in facts_of(name) if not isinstance(fact, f.StateRead)]
    twice = [said for fact in facts for said in (fact, fact)]

    assert bodies(told(new_tracker(), twice), oddities=False) == bodies(told(new_tracker(), facts), oddities=False)


@pytest.mark.parametrize("name", STORIES)
def test_the_same_story_is_told_in_the_same_bytes(name: str) -> None:
    facts = facts_of(name)

    assert bodies(told(new_tracker(), facts)) == bodies(whole(name))
