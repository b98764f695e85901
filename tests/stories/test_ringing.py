"""Ringing is told once for each set of phones, and not before the set is known."""

import pytest

from callbridge.calls import facts as f
from callbridge.calls.ringing import SET_S
from tests.stories.story import Story


def rung(story: Story) -> list[list[str | None]]:
    """Who rang, set by set."""
    sets = []
    for event in story.events:
        if event.type == "call.ringing":
            parties = event.details["ringing"]
            assert isinstance(parties, tuple)
            sets.append([party.extension for party in parties])
    return sets


def test_a_ringing_is_held_back_until_its_set_is_complete(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.waits_in("sales")
    story.someone("1001").rings()
    rang_at = story.now
    story.passes(seconds=SET_S / 2)
    story.someone("1002").is_called()  # dialled after the first one rings already
    assert rung(story) == []
    story.passes(seconds=SET_S)

    assert rung(story) == [["1001", "1002"]]
    assert story.told("call.ringing").at == rang_at


def test_a_set_whose_size_is_known_is_told_as_soon_as_it_is_complete(story: Story) -> None:
    maria = story.someone("912345678").calls("210000010")
    story.says(f.DialTried("main", story.now, maria.channel, 2))
    ana, bruno = story.someone("1001").is_called(), story.someone("1002").is_called()
    ana.rings()
    assert rung(story) == [["1001", "1002"]]
    bruno.rings()
    story.passes(seconds=1)
    assert rung(story) == [["1001", "1002"]]


def test_a_set_that_lacks_a_phone_is_told_a_moment_later(story: Story) -> None:
    maria = story.someone("912345678").calls("210000010")
    story.says(f.DialTried("main", story.now, maria.channel, 2))
    story.someone("1001").rings()
    assert rung(story) == []
    story.passes(seconds=SET_S)
    assert rung(story) == [["1001"]]


def test_an_answer_does_not_overtake_a_ringing_that_is_held_back(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    story.someone("1001").rings().answers()
    maria.hangs_up()

    assert story.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]


def test_a_phone_that_rings_before_it_was_said_to_be_dialled(story: Story) -> None:
    """Newstate comes before DialBegin in one call of three: they are two threads of Asterisk."""
    story.someone("912345678").calls("210000000")
    story.someone("1001").rings()
    *before, dialled, rang = story.facts
    other = Story()
    other.says(*before, rang, dialled)
    other.passes(seconds=1)

    assert other.heard == ["call.started", "call.ringing"]
    assert rung(other) == [["1001"]]
    assert other.call.oddities == 0


@pytest.mark.parametrize("gap_s", [0.02, 0.06])
def test_a_round_that_ends_at_once_does_not_hurry_the_next_one(story: Story, gap_s: float) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.waits_in("support")
    story.someone("1003").rings().is_busy()
    story.passes(seconds=gap_s)
    story.someone("1001").rings()
    story.passes(seconds=SET_S - gap_s / 2)  # past the first round's moment, not past the second's
    story.someone("1002").is_called()
    story.passes(seconds=1)

    assert rung(story) == [["1003"], ["1001", "1002"]]


def test_a_phone_that_rings_twice_is_told_once(story: Story) -> None:
    story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    story.passes(seconds=1)
    ana.rings()
    story.passes(seconds=1)

    assert rung(story) == [["1001"]]


def test_a_second_device_of_somebody_whose_phone_rings_is_nothing_new(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.waits_in("sales")
    story.someone("1001").rings()
    story.passes(seconds=1)
    story.someone("1001").rings()
    story.passes(seconds=1)
    story.someone("1002").rings()
    story.passes(seconds=1)

    assert rung(story) == [["1001"], ["1002"]]


def test_a_phone_that_vanishes_rings_no_longer(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    story.passes(seconds=5)
    story.says(f.ChannelGone("main", story.now, ana.channel, 27))  # its registration ran out, say
    ana.caller = None
    maria.phones.clear()
    story.passes(seconds=5)
    maria.is_hung_up_on()

    assert (story.call.ring_s, story.call.reason) == (5, "unavailable")
