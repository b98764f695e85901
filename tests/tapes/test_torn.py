"""Every tape, torn: words lost, said twice, out of their order, of another time. Nothing breaks, nothing is left up."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from callbridge.calls import facts as f
from callbridge.calls.events import Event
from tests.effort import cuts
from tests.tapes.test_pairs import SOME_TAPES, facts_of, in_time, told, tracker

Facts = tuple[f.Fact, ...]
Tear = Callable[[Facts, random.Random], Facts]

TRIES: Final = 3
"""Ways in which each tape is torn, each way anew; the same at every run."""


def lost(facts: Facts, chance: random.Random) -> Facts:
    """One word in five is never heard."""
    return tuple(fact for fact in facts if chance.random() > 1 / 5)


def half(facts: Facts, chance: random.Random) -> Facts:
    """Some seconds in the middle are not heard."""
    begin = chance.randrange(len(facts))
    return facts[:begin] + facts[begin + chance.randrange(len(facts) - begin) :]


def ends_unheard(facts: Facts, _: random.Random) -> Facts:
    """No hang-up is heard at all."""
    return tuple(fact for fact in facts if not isinstance(fact, f.ChannelGone))


def bridges_vanish(facts: Facts, _: random.Random) -> Facts:
    """Who leaves a bridge is not heard."""
    return tuple(fact for fact in facts if not isinstance(fact, (f.BridgeLeft, f.BridgeGone)))


def births_unheard(facts: Facts, chance: random.Random) -> Facts:
    """Of every other channel nobody was told."""
    return tuple(fact for fact in facts if not isinstance(fact, f.ChannelBorn) or chance.random() > 1 / 2)


def repeated(facts: Facts, chance: random.Random) -> Facts:
    """Some words are said again, at once or much later."""
    again = [(place + chance.choice((0, 9)), fact) for place, fact in enumerate(facts) if chance.random() < 1 / 4]
    return tuple(fact for _, fact in sorted([*enumerate(facts), *again], key=lambda pair: pair[0]))


def shuffled(facts: Facts, chance: random.Random) -> Facts:
    """Words overtake others by up to four places."""
    places = [(place + 4 * chance.random(), fact) for place, fact in enumerate(facts)]
    return tuple(fact for _, fact in sorted(places, key=lambda pair: pair[0]))


def clock_set(facts: Facts, chance: random.Random) -> Facts:
    """The clock is set by some hours twice, forth and back."""
    places = sorted(chance.randrange(len(facts)) for _ in range(2))
    hours = timedelta(hours=chance.choice((-9, -1, 1, 9)))
    moved = [replace(fact, at=fact.at + hours) for fact in facts[places[0] : places[1]]]
    return (*facts[: places[0]], *moved, *facts[places[1] :])


def ids_mixed_up(facts: Facts, chance: random.Random) -> Facts:
    """Some words are about another channel than they say."""
    channels = [fact.channel for fact in facts if isinstance(fact, f.ChannelFact)]
    return tuple(
        replace(fact, channel=chance.choice(channels))
        if isinstance(fact, f.ChannelFact) and chance.random() < 1 / 10
        else fact
        for fact in facts
    )


TEARS: Final[tuple[Tear, ...]] = (
    lost,
    half,
    ends_unheard,
    bridges_vanish,
    births_unheard,
    repeated,
    shuffled,
    clock_set,
    ids_mixed_up,
)


def holds_together(events: list[Event]) -> None:
    """Check what a subscriber relies on."""
    calls = {event.call.id for event in events if event.call is not None}
    for call_id in calls:
        of_call = [event for event in events if event.call is not None and event.call.id == call_id]
        kinds = [event.type.value for event in of_call]
        assert [event.sequence for event in of_call] == list(range(1, len(of_call) + 1)), kinds
        assert (kinds[0], kinds.count("call.started"), kinds.count("call.ended")) == ("call.started", 1, 1), kinds
        assert kinds[kinds.index("call.ended") + 1 :] in ([], ["call.missed"]), kinds


@pytest.mark.parametrize("tear", TEARS, ids=lambda tear: tear.__name__)
@pytest.mark.parametrize("name", SOME_TAPES)
def test_a_torn_tape_breaks_nothing_and_leaves_no_call_up(name: str, tear: Tear) -> None:
    for seed in range(TRIES):
        listener = tracker()
        facts = tear(facts_of(name), random.Random(f"{name} {seed}"))  # noqa: S311 - for the same tears every time
        events = told(listener, facts)
        last = max((fact.at for fact in facts), default=facts_of(name)[-1].at)
        events += told(listener, (f.StateAsked("main", last), f.ChannelsListed("main", last, frozenset())))
        events += in_time(listener)

        assert (listener.live_calls, listener.board.graph.channels, listener.board.graph.bridges) == (0, {}, {})
        holds_together(events)


@pytest.mark.parametrize("name", SOME_TAPES)
def test_one_word_that_is_never_heard_leaves_no_call_up(name: str) -> None:
    facts = facts_of(name)
    for place in (cut - 1 for cut in cuts(len(facts), 8)):
        listener = tracker()
        events = told(listener, facts[:place] + facts[place + 1 :])
        events += told(
            listener, (f.StateAsked("main", facts[-1].at), f.ChannelsListed("main", facts[-1].at, frozenset()))
        )
        events += in_time(listener)

        assert listener.live_calls == 0, f"without {facts[place]}"
        holds_together(events)
