"""Every story told afterwards, from the PBX's own log, with both ends of the gap told twice."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Final

import pytest

from callbridge.calls import facts as f
from callbridge.calls.events import Event, EventType
from callbridge.calls.tracker import Tracker
from callbridge.delivery.payload import render
from tests.effort import cuts
from tests.stories import test_told_again
from tests.stories.lives import next_life
from tests.stories.story import new_tracker
from tests.stories.test_told_again import STORIES, calm, told

AGAIN: Final = 4
AGAIN_S: Final = 1.0
"""How many facts around each end of the gap are told twice, and over how much time at most."""

NOT_IN_A_LOG: Final = (f.StateRead, f.StateAsked, f.ChannelsListed, f.LinkDown, f.LinkUp)
"""What a gap is made of, in which a log comes: a story that is about one is no story of a log."""

UNSAID: Final = (
    f.RecordingAsked,
    f.RecordingNamed,
    f.RecordingBegan,
    f.RecordingMuted,
    f.RecordingStopped,
)
"""What CEL does not say (docs/facts.md): the rest of such a story is told without it."""

OURS: Final = (f.LimitsSet, f.EndpointsLearnt)
"""What no PBX logs: our own configuration, and what was asked of the PBX live."""


@cache
def facts_of(name: str) -> tuple[f.Fact, ...]:
    """Return what a log can say of a story."""
    return tuple(fact for fact in test_told_again.facts_of(name) if not isinstance(fact, UNSAID))


@cache
def whole(name: str) -> list[Event]:
    """Return what is told where just that is heard."""
    return told(new_tracker(), facts_of(name))


def has_a_log(name: str) -> bool:
    """Tell whether one PBX's log could say a story.

    Not that a call is too long: while it is not known whether it still goes on, that is held back (docs/calls.md).
    """
    facts = test_told_again.facts_of(name)
    one_pbx = all(fact.pbx == "main" and not isinstance(fact, NOT_IN_A_LOG) for fact in facts)
    return (
        one_pbx
        and not gives_an_id_twice(facts)
        and all(event.type is not EventType.CALL_TOO_LONG for event in whole(name))
    )


def gives_an_id_twice(facts: Iterable[f.Fact]) -> bool:
    """Tell whether a Uniqueid is given again after its channel has gone: in a log that is one channel, told twice."""
    gone = set[str]()
    for fact in facts:
        if isinstance(fact, f.ChannelBorn) and fact.channel in gone:
            return True
        if isinstance(fact, f.ChannelGone):
            gone.add(fact.channel)
    return False


TOLD: Final = [name for name in STORIES if has_a_log(name)]


def lives(name: str) -> Iterator[tuple[int, list[Event], Tracker]]:
    """Cut a story after some of its facts: yield where, what was told so far, and the tracker that told it."""
    tracker, before = new_tracker(), list[Event]()
    tried = cuts(len(facts_of(name)), 4)
    for cut, fact in enumerate(facts_of(name), 1):
        before.extend(tracker.apply(fact))
        if cut in tried:
            yield cut, before, tracker


def afterwards(facts: Iterable[f.Fact]) -> list[f.Fact]:
    """Return facts as the log says them."""
    said = (fact for fact in facts if not isinstance(fact, f.TimePassed))
    return [fact if isinstance(fact, OURS) else f.Backfilled(fact.pbx, fact.at, fact) for fact in said]


def bodies(events: Iterable[Event]) -> list[bytes]:
    """Return what a subscriber gets, but for the mark and the count of oddities."""
    return [render(replace(calm(event), details=without_mark(event))) for event in events]


def without_mark(event: Event) -> dict[str, object]:
    return {key: value for key, value in event.details.items() if key != "backfilled"}


def before_and_after(cut: int, facts: tuple[f.Fact, ...]) -> tuple[int, int]:
    """Return from where and to where something may be told twice, around a cut."""
    near = [
        place
        for place in range(max(0, cut - AGAIN), min(len(facts), cut + AGAIN))
        if abs((facts[place].at - facts[cut].at).total_seconds()) < AGAIN_S
    ]
    until = max(near) + 1
    return min(near), until + isinstance(facts[until - 1], f.QueueTried)  # the log says in one row what comes of it


def whole_before(cut: int, facts: tuple[f.Fact, ...], tracker: Tracker) -> bool:
    """Tell whether every channel there is belongs to a call, so that what is written down is all there is to know."""
    return all(channel.call_id for channel in tracker.board.graph.channels.values()) and cut < len(facts)


def test_there_are_stories_to_tell_afterwards() -> None:
    assert len(TOLD) > 150


@pytest.mark.parametrize("name", TOLD)
def test_the_rest_of_a_story_is_told_from_the_log(name: str) -> None:
    """Wherever the daemon was killed; what it had told before is told no more, though the log says it, too."""
    facts, expected = facts_of(name), bodies(whole(name))
    for cut, before, tracker in lives(name):
        if whole_before(cut, facts, tracker):
            new = next_life(tracker, new_tracker())
            new.board.heard_until["main"] = facts[cut - 1].at
            end = facts[-1].at
            said = [
                *afterwards(facts[before_and_after(cut, facts)[0] :]),
                f.BackfillDone("main", end),
                f.TimePassed("main", end),
            ]
            rest = told(new, said)
            assert bodies([*before, *rest]) == expected, f"cut after {cut} facts"
            assert all(event.details.get("backfilled") for event in rest if event.call is not None)


@pytest.mark.parametrize("name", TOLD)
def test_the_end_of_a_gap_says_how_much_of_it_the_log_told(name: str) -> None:
    facts = facts_of(name)
    listener = new_tracker()
    listener.board.heard_until["main"] = facts[0].at
    end = facts[-1].at + timedelta(minutes=1)
    read_at = end + timedelta(milliseconds=1)
    events = told(listener, [*afterwards(facts), f.BackfillDone("main", end), f.StateRead("main", read_at)])
    kinds = Counter(event.type for event in events if event.details.get("backfilled"))

    assert events[-1].details["gap"] == {
        "from": facts[0].at,
        "to": read_at,
        "restarted": False,
        "ended": sum(event.type == "call.ended" for event in events) - kinds[EventType.CALL_ENDED],
        "adopted": 0,
        "backfilled": {
            "complete": True,
            "started": kinds[EventType.CALL_STARTED],
            "ended": kinds[EventType.CALL_ENDED],
            "missed": kinds[EventType.CALL_MISSED],
        },
    }
    assert kinds[EventType.CALL_STARTED]


@pytest.mark.parametrize("name", TOLD)
def test_what_is_heard_live_after_a_gap_is_not_told_again(name: str) -> None:
    """The log has said some of it already."""
    facts, expected = facts_of(name), bodies(whole(name))
    for cut in cuts(len(facts) - 1, 6):
        new = new_tracker()
        said = afterwards(facts[: before_and_after(cut, facts)[1]])
        events = told(new, [*said, f.BackfillDone("main", facts[cut].at), *facts[cut:]])
        assert bodies(events) == expected, f"heard from fact {cut} on"
