"""Whom a call is with: what the directory says before it, during it and after it, and what a person says.

Of a `house` that has a directory: told again is what a PBX says, and it says none of this.
"""

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


@pytest.fixture(name="house")
def _house() -> Iterator[Story]:
    """A company with a directory, which makes customers of nobody."""
    house = Story()
    asks(house)
    yield house
    assert not house.tracker.board.oddities


def asks(house: Story, *registers: Direction) -> None:
    profiles = house.tracker.board.profiles
    for pbx, known in profiles.items():
        profiles[pbx] = replace(known, asks=True, registers=frozenset(registers), register_type="lead")


def answer(house: Story, known: Known, number: str = MARIA, *, failed: bool = False) -> None:
    house.says(f.DirectoryAnswered("main", house.now, number, known, failed=failed))


def choose(house: Story, call: Call, customer: Customer | None, told: Call | None = None) -> None:
    house.says(f.CustomerChosen("main", house.now, call.id, customer, "Ana", told))


def test_who_is_known_at_once_is_in_the_first_event(house: Story) -> None:
    answer(house, ONE)
    house.someone("912345678").calls("210000000")

    assert house.heard == ["call.started"]
    assert house.call.customer == ONE
    assert not house.tracker.wanted()


def test_who_is_not_known_at_once_is_told_afterwards(house: Story) -> None:
    maria = house.someone("912345678")
    maria.calls("210000000")

    assert house.call.customer.match is Match.PENDING
    assert house.tracker.wanted() == {("main", MARIA): (house.call.id,)}
    answer(house, ONE)
    assert house.heard == ["call.started", "call.updated"]
    assert house.told("call.updated").details == {"changed": ("customer",)}
    assert house.call.customer == ONE
    assert not house.tracker.awaits_directory
    maria.hangs_up()
    assert house.call.customer == ONE


def test_an_answer_that_comes_when_the_call_is_over_is_told_all_the_same(house: Story) -> None:
    maria = house.someone("912345678")
    maria.calls("210000000")
    maria.hangs_up()
    answer(house, MANY)

    assert house.heard == ["call.started", "call.ended", "call.missed", "call.updated"]
    assert house.call.customer == MANY
    assert [event.sequence for event in house.events] == [1, 2, 3, 4]
    assert not house.tracker.board.settling, "it was kept for the answer alone"


def test_a_directory_that_never_answers_keeps_no_call(house: Story) -> None:
    maria = house.someone("912345678")
    maria.calls("210000000")
    maria.hangs_up()
    house.passes(seconds=61)

    assert house.heard[-1] == "call.updated"
    assert house.call.customer == NOBODY
    assert not house.tracker.board.settling
    assert not house.tracker.awaits_directory


def test_one_answer_is_for_all_calls_of_a_number(house: Story) -> None:
    house.someone("912345678").calls("210000000")
    house.someone("912345678").calls("210000000")
    answer(house, ONE)

    assert [call.customer for call in house.calls] == [ONE, ONE]
    assert house.heard == ["call.started", "call.started", "call.updated", "call.updated"]


def test_an_answer_is_for_the_pbx_that_asked_alone(house: Story) -> None:
    house.someone("912345678").calls("210000000")
    house.someone("912345678", pbx="porto").calls("210000000")
    answer(house, ONE)

    assert [call.customer.match for call in house.calls] == [Match.ONE, Match.PENDING]


def test_nobody_is_asked_for_a_withheld_number(house: Story) -> None:
    house.someone(None).calls("210000000")

    assert house.call.customer == NOBODY
    assert not house.tracker.awaits_directory


def test_nobody_is_asked_for_a_call_inside_the_house(house: Story) -> None:
    house.someone("1001").calls("1002")

    assert house.call.customer == NOBODY
    assert not house.tracker.awaits_directory


def test_who_is_called_out_is_looked_up_too(house: Story) -> None:
    house.someone("1001").calls("0912345678")

    assert house.tracker.wanted() == {("main", MARIA): (house.call.id,)}
    answer(house, ONE)
    assert house.call.customer == ONE


def test_a_restart_asks_again_what_was_not_answered(house: Story) -> None:
    house.someone("912345678").calls("210000000")
    again = new_tracker()
    next_life(house.tracker, again)
    for pbx, known in again.board.profiles.items():
        again.board.profiles[pbx] = replace(known, asks=True)

    assert again.wanted() == {("main", MARIA): (house.call.id,)}
    (told,) = again.apply(f.DirectoryAnswered("main", house.now, MARIA, ONE))
    assert (told.type, told.sequence) == ("call.updated", 2)


def test_a_person_relinks_a_call_while_it_goes_on(house: Story) -> None:
    maria = house.someone("912345678")
    answer(house, MANY)
    maria.calls("210000000")
    choose(house, house.call, COSTA)

    assert house.told("call.updated").details == {"changed": ("customer",), "by": "Ana"}
    assert house.call.customer == Known(Match.ONE, replace(COSTA, matched=Matched.CHOSEN), by="Ana")
    maria.hangs_up()
    assert house.call.customer.by == "Ana"


def test_a_persons_word_stands_above_the_directorys(house: Story) -> None:
    house.someone("912345678").calls("210000000")
    choose(house, house.call, None)
    answer(house, ONE)

    assert house.call.customer == Known(Match.NONE, by="Ana")
    assert house.heard == ["call.started", "call.updated"]


def test_a_person_relinks_a_call_that_is_over(house: Story) -> None:
    answer(house, ONE)
    maria = house.someone("912345678")
    maria.calls("210000000")
    maria.hangs_up()
    house.tracker.take_changes()
    choose(house, house.call, COSTA, told=house.call)
    changes = house.tracker.take_changes()

    assert [event.sequence for event in house.events] == [1, 2, 3, 4]
    assert changes.calls == ()
    assert changes.amended == (house.call,)
    assert house.call.customer.customer == replace(COSTA, matched=Matched.CHOSEN)


def test_an_unknown_caller_becomes_a_customer_where_that_is_wanted(house: Story) -> None:
    asks(house, Direction.INBOUND)
    house.someone("912345678", name="Maria Silva").calls("210000000")
    answer(house, NOBODY)

    assert house.heard == ["call.started", "customer.created", "call.updated"]
    (made,) = house.tracker.take_changes().registered
    assert (made.customer.name, made.customer.type, made.number) == ("Maria Silva", "lead", MARIA)
    assert house.told("customer.created").details == {"customer": made.customer}
    assert house.call.customer == Known(Match.ONE, made.customer)


@pytest.mark.parametrize("number", ["123", "sales@example.com"])
def test_what_is_no_public_number_is_not_registered(house: Story, number: str) -> None:
    asks(house, Direction.INBOUND)
    house.someone(number).calls("210000000")
    answer(house, NOBODY, number)

    assert "customer.created" not in house.heard


def test_nobody_is_registered_in_other_directions(house: Story) -> None:
    asks(house, Direction.INBOUND)
    house.someone("1001").calls("0912345678")
    answer(house, NOBODY)

    assert house.heard == ["call.started", "call.updated"]
    assert house.call.customer == NOBODY


def test_nobody_is_registered_while_a_source_cannot_say(house: Story) -> None:
    asks(house, Direction.INBOUND)
    house.someone("912345678").calls("210000000")
    answer(house, NOBODY, failed=True)

    assert house.heard == ["call.started", "call.updated"]


def test_who_is_known_at_once_as_nobody_is_registered_too(house: Story) -> None:
    asks(house, Direction.INBOUND)
    answer(house, NOBODY)
    house.someone("912345678").calls("210000000")
    assert house.call.customer.match is Match.PENDING
    answer(house, NOBODY)

    assert house.heard == ["call.started", "customer.created", "call.updated"]


def test_two_calls_of_one_stranger_make_one_customer(house: Story) -> None:
    asks(house, Direction.INBOUND)
    house.someone("912345678").calls("210000000")
    house.someone("912345678").calls("210000000")
    answer(house, NOBODY)

    assert len(house.tracker.take_changes().registered) == 1
    assert len({call.customer for call in house.calls}) == 1
