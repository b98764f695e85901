"""Whom a call is with: what the directory says before it, during it and after it, and what a person says."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from callbridge.calls import facts as f
from callbridge.calls.call import Call, Direction
from callbridge.calls.customer import NOBODY, Customer, Known, Match, Matched
from tests.stories.lives import next_life
from tests.stories.story import Story, new_tracker

MARIA = "+351912345678"
SILVA = Customer("c-17", "Silva Lda", "vip", matched=Matched.MOBILE, source="own")
COSTA = Customer("c-18", "Costa SA", matched=Matched.BRANCH, at="Porto", source="own")
ONE = Known(Match.ONE, SILVA)
MANY = Known(Match.MANY, None, (SILVA, COSTA))


@pytest.fixture(name="story")
def _story() -> Iterator[Story]:
    """A company with a directory, which makes customers of nobody."""
    story = Story()
    asks(story)
    yield story
    assert not story.tracker.board.oddities


def asks(story: Story, *registers: Direction) -> None:
    profiles = story.tracker.board.profiles
    for pbx, known in profiles.items():
        profiles[pbx] = replace(known, asks=True, registers=frozenset(registers), register_type="lead")


def answer(story: Story, known: Known, number: str = MARIA, *, failed: bool = False) -> None:
    story.says(f.DirectoryAnswered("main", story.now, number, known, failed=failed))


def choose(story: Story, call: Call, customer: Customer | None, told: Call | None = None) -> None:
    story.says(f.CustomerChosen("main", story.now, call.id, customer, "Ana", told))


def test_who_is_known_at_once_is_in_the_first_event(story: Story) -> None:
    answer(story, ONE)
    story.someone("912345678").calls("210000000")

    assert story.heard == ["call.started"]
    assert story.call.customer == ONE
    assert not story.tracker.wanted()


def test_who_is_not_known_at_once_is_told_afterwards(story: Story) -> None:
    maria = story.someone("912345678")
    maria.calls("210000000")

    assert story.call.customer.match is Match.PENDING
    assert story.tracker.wanted() == {("main", MARIA): (story.call.id,)}
    answer(story, ONE)
    assert story.heard == ["call.started", "call.updated"]
    assert story.told("call.updated").details == {"changed": ("customer",)}
    assert story.call.customer == ONE
    assert not story.tracker.awaits_directory
    maria.hangs_up()
    assert story.call.customer == ONE


def test_an_answer_that_comes_when_the_call_is_over_is_told_all_the_same(story: Story) -> None:
    maria = story.someone("912345678")
    maria.calls("210000000")
    maria.hangs_up()
    answer(story, MANY)

    assert story.heard == ["call.started", "call.ended", "call.missed", "call.updated"]
    assert story.call.customer == MANY
    assert [event.sequence for event in story.events] == [1, 2, 3, 4]
    assert not story.tracker.board.settling, "it was kept for the answer alone"


def test_a_directory_that_never_answers_keeps_no_call(story: Story) -> None:
    maria = story.someone("912345678")
    maria.calls("210000000")
    maria.hangs_up()
    story.passes(seconds=61)

    assert story.heard[-1] == "call.updated"
    assert story.call.customer == NOBODY
    assert not story.tracker.board.settling
    assert not story.tracker.awaits_directory


def test_one_answer_is_for_all_calls_of_a_number(story: Story) -> None:
    story.someone("912345678").calls("210000000")
    story.someone("912345678").calls("210000000")
    answer(story, ONE)

    assert [call.customer for call in story.calls] == [ONE, ONE]
    assert story.heard == ["call.started", "call.started", "call.updated", "call.updated"]


def test_an_answer_is_for_the_pbx_that_asked_alone(story: Story) -> None:
    story.someone("912345678").calls("210000000")
    story.someone("912345678", pbx="porto").calls("210000000")
    answer(story, ONE)

    assert [call.customer.match for call in story.calls] == [Match.ONE, Match.PENDING]


def test_nobody_is_asked_for_a_withheld_number(story: Story) -> None:
    story.someone(None).calls("210000000")

    assert story.call.customer == NOBODY
    assert not story.tracker.awaits_directory


def test_nobody_is_asked_for_a_call_inside_the_house(story: Story) -> None:
    story.someone("1001").calls("1002")

    assert story.call.customer == NOBODY
    assert not story.tracker.awaits_directory


def test_who_is_called_out_is_looked_up_too(story: Story) -> None:
    story.someone("1001").calls("0912345678")

    assert story.tracker.wanted() == {("main", MARIA): (story.call.id,)}
    answer(story, ONE)
    assert story.call.customer == ONE


def test_a_restart_asks_again_what_was_not_answered(story: Story) -> None:
    story.someone("912345678").calls("210000000")
    again = new_tracker()
    next_life(story.tracker, again)
    for pbx, known in again.board.profiles.items():
        again.board.profiles[pbx] = replace(known, asks=True)

    assert again.wanted() == {("main", MARIA): (story.call.id,)}
    (told,) = again.apply(f.DirectoryAnswered("main", story.now, MARIA, ONE))
    assert (told.type, told.sequence) == ("call.updated", 2)


def test_a_person_relinks_a_call_while_it_goes_on(story: Story) -> None:
    maria = story.someone("912345678")
    answer(story, MANY)
    maria.calls("210000000")
    choose(story, story.call, COSTA)

    assert story.told("call.updated").details == {"changed": ("customer",), "by": "Ana"}
    assert story.call.customer == Known(Match.ONE, replace(COSTA, matched=Matched.CHOSEN), by="Ana")
    maria.hangs_up()
    assert story.call.customer.by == "Ana"


def test_a_persons_word_stands_above_the_directorys(story: Story) -> None:
    story.someone("912345678").calls("210000000")
    choose(story, story.call, None)
    answer(story, ONE)

    assert story.call.customer == Known(Match.NONE, by="Ana")
    assert story.heard == ["call.started", "call.updated"]


def test_a_person_relinks_a_call_that_is_over(story: Story) -> None:
    answer(story, ONE)
    maria = story.someone("912345678")
    maria.calls("210000000")
    maria.hangs_up()
    story.tracker.take_changes()
    choose(story, story.call, COSTA, told=story.call)
    changes = story.tracker.take_changes()

    assert [event.sequence for event in story.events] == [1, 2, 3, 4]
    assert changes.calls == ()
    assert changes.amended == (story.call,)
    assert story.call.customer.customer == replace(COSTA, matched=Matched.CHOSEN)


def test_an_unknown_caller_becomes_a_customer_where_that_is_wanted(story: Story) -> None:
    asks(story, Direction.INBOUND)
    story.someone("912345678", name="Maria Silva").calls("210000000")
    answer(story, NOBODY)

    assert story.heard == ["call.started", "customer.created", "call.updated"]
    (made,) = story.tracker.take_changes().registered
    assert (made.customer.name, made.customer.type, made.number) == ("Maria Silva", "lead", MARIA)
    assert story.told("customer.created").details == {"customer": made.customer}
    assert story.call.customer == Known(Match.ONE, made.customer)


@pytest.mark.parametrize("number", ["123", "sales@example.com"])
def test_what_is_no_public_number_is_not_registered(story: Story, number: str) -> None:
    asks(story, Direction.INBOUND)
    story.someone(number).calls("210000000")
    answer(story, NOBODY, number)

    assert "customer.created" not in story.heard


def test_nobody_is_registered_in_other_directions(story: Story) -> None:
    asks(story, Direction.INBOUND)
    story.someone("1001").calls("0912345678")
    answer(story, NOBODY)

    assert story.heard == ["call.started", "call.updated"]
    assert story.call.customer == NOBODY


def test_nobody_is_registered_while_a_source_cannot_say(story: Story) -> None:
    asks(story, Direction.INBOUND)
    story.someone("912345678").calls("210000000")
    answer(story, NOBODY, failed=True)

    assert story.heard == ["call.started", "call.updated"]


def test_who_is_known_at_once_as_nobody_is_registered_too(story: Story) -> None:
    asks(story, Direction.INBOUND)
    answer(story, NOBODY)
    story.someone("912345678").calls("210000000")
    assert story.call.customer.match is Match.PENDING
    answer(story, NOBODY)

    assert story.heard == ["call.started", "customer.created", "call.updated"]


def test_two_calls_of_one_stranger_make_one_customer(story: Story) -> None:
    asks(story, Direction.INBOUND)
    story.someone("912345678").calls("210000000")
    story.someone("912345678").calls("210000000")
    answer(story, NOBODY)

    assert len(story.tracker.take_changes().registered) == 1
    assert len({call.customer for call in story.calls}) == 1
