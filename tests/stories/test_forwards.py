"""Calls that go on to somebody else before anybody answers."""

from typing import Any

import pytest

from callbridge.calls.call import CallState, Direction, Party, Reason
from tests.stories.someone import Someone
from tests.stories.story import Story


def forwards(story: Story) -> list[tuple[str | None, str | None, str]]:
    """Every forward told: from whom, to whom, why."""
    told: list[Any] = [event.details["forwarded"] for event in story.events if event.type == "call.updated"]
    return [(place(each["from"]), place(each["to"]), each["reason"]) for each in told]


def place(party: Party) -> str | None:
    return party.extension or party.number


def maria_calls(story: Story) -> Someone:
    return story.someone("912345678", name="Maria Silva").calls("210000000")


def test_a_phone_that_sends_its_caller_on_is_told_and_who_answers_is_the_agent(story: Story) -> None:
    maria = maria_calls(story)
    story.someone("1001").forwards_to("201")
    eva = story.someone("201", name="Eva Pinto").is_called_through_local()
    eva.rings()
    story.passes(seconds=3)
    eva.answers()
    story.passes(seconds=10)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.updated", "call.ringing", "call.answered", "call.ended"]
    assert forwards(story) == [("1001", "201", "phone")]
    assert story.told("call.updated").details["changed"] == ("forwarded",)
    assert story.call.agent
    assert (story.call.agent.extension, story.call.state) == ("201", CallState.COMPLETED)


def test_a_phone_dialled_before_the_way_to_it_was_is_part_of_the_call(story: Story) -> None:
    """The two ends of a Local channel are told by two threads."""
    maria = maria_calls(story)
    eva = story.someone("201", name="Eva Pinto").is_called_through_local(phone_first=True)
    eva.rings()
    eva.answers()
    maria.hangs_up()

    assert story.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert story.tracker.board.oddities == {}
    assert story.call.agent
    assert story.call.agent.extension == "201"


def test_a_chain_of_forwards_is_told_step_by_step(story: Story) -> None:
    maria = maria_calls(story)
    story.someone("1001").forwards_to("1002")
    story.someone("1002").forwards_to("201")
    eva = story.someone("201").rings()
    eva.answers()
    maria.hangs_up()

    assert forwards(story) == [("1001", "1002", "phone"), ("1002", "201", "phone")]


def test_a_loop_of_forwards_ends_as_no_answer(story: Story) -> None:
    maria = maria_calls(story)
    for _ in range(9):
        story.someone("1001").forwards_to("1002")
        story.someone("1002").forwards_to("1001")
    maria.is_hung_up_on(34)

    assert forwards(story) == [("1001", "1002", "phone"), ("1002", "1001", "phone")]
    assert (story.call.state, story.call.reason) == (CallState.NO_ANSWER, Reason.FORWARDED)
    assert story.heard[-1] == "call.missed"


def test_a_forward_to_outside_is_answered_by_whoever_is_there() -> None:
    story = Story()  # not told again in two lives: a line found before it is said to be dialled has no number
    rui = story.someone("936000111").calls("210000000")
    story.someone("1001").forwards_to("912345678")
    maria = story.someone("912345678").rings()
    maria.answers()
    story.passes(seconds=10)
    rui.hangs_up()

    assert forwards(story) == [("1001", "+351912345678", "phone")]
    assert (story.call.direction, story.call.agent) == (Direction.INBOUND, None)
    assert getattr(story.told("call.answered").details["by"], "number", None) == "+351912345678"


@pytest.mark.parametrize(
    ("status", "why"), [("NOANSWER", "no_answer"), ("BUSY", "busy"), ("CONGESTION", "unavailable")]
)
def test_the_dialplan_sends_a_caller_on(status: str, why: str) -> None:
    story = Story()
    maria = maria_calls(story)
    story.someone("1001").rings()
    story.passes(seconds=15)
    maria.phones[0].stops(status)
    eva = story.someone("201").rings()
    eva.answers()
    maria.hangs_up()

    assert forwards(story) == [("1001", "201", why)]
    assert story.heard[1:4] == ["call.ringing", "call.updated", "call.ringing"]


def test_a_colleague_whose_calls_always_go_elsewhere(story: Story) -> None:
    carla = story.someone("1003").calls("204")
    eva = story.someone("201").rings()
    eva.answers()
    carla.hangs_up()

    assert forwards(story) == [("204", "201", "always")]
    assert story.call.callee.extension == "204"


def test_a_colleague_whose_calls_always_go_to_outside_was_called_all_the_same() -> None:
    story = Story()  # not told again in two lives: a line found before it is said to be dialled has no number
    carla = story.someone("1003", name="Carla Nunes").calls("203")
    maria = story.someone("912345678").rings()
    maria.answers()
    carla.hangs_up()

    assert forwards(story) == [("203", "+351912345678", "always")]
    assert story.call.direction is Direction.INTERNAL
    assert story.call.agent
    assert story.call.agent.extension == "1003"


def test_a_call_to_a_person_is_forwarded_by_nobody(story: Story) -> None:
    carla = story.someone("1003").calls("1001")
    ana = story.someone("1001").rings()
    ana.stops("NOANSWER")
    again = story.someone("1001").rings()
    again.answers()
    carla.hangs_up()

    assert forwards(story) == []


def test_the_members_of_a_queue_are_no_forward_to_one_another(story: Story) -> None:
    maria = story.someone("912345678")
    maria.waits_in("sales")
    story.someone("1001").rings()
    story.passes(seconds=5)
    maria.phones[0].stops()
    bruno = story.someone("1002").rings()
    bruno.answers()
    maria.hangs_up()

    assert forwards(story) == []


def test_a_group_of_which_nobody_answers_is_no_person_that_forwards(story: Story) -> None:
    maria = maria_calls(story)
    story.someone("1001").rings()
    story.someone("1002").rings()
    story.passes(seconds=5)
    for phone in list(maria.phones):
        phone.stops()
    eva = story.someone("201").rings()
    eva.answers()
    maria.hangs_up()

    assert forwards(story) == []


def test_what_a_menu_leads_to_is_no_forward(story: Story) -> None:
    carla = story.someone("1003").calls("1700")
    carla.picks_up()
    story.passes(seconds=5)
    story.someone("1001").rings()
    carla.hangs_up()

    assert forwards(story) == []
