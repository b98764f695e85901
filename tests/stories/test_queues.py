"""Waiting, and all the ways out of a queue."""

import pytest

from callbridge.calls.call import Agent, CallState, Party, Reason, Side
from tests.stories.story import Story

ANA = Party(None, "1001", "Ana Costa", "1001")
BRUNO = Party(None, "1002", "Bruno Reis", "1002")


def test_the_second_of_two_members_answers(story: Story) -> None:
    maria = story.someone("912345678", name="Maria Silva")
    maria.picks_up()
    maria.waits_in("sales", position=3)
    ana = story.someone("1001", name="Ana Costa").is_called()
    ana.rings()
    bruno = story.someone("1002", name="Bruno Reis").is_called()
    bruno.rings()
    story.passes(seconds=9)
    bruno.answers()
    story.passes(seconds=60)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.queued", "call.ringing", "call.answered", "call.ended"]
    assert story.told("call.queued").details == {"queue": "sales", "position": 3}
    assert story.told("call.ringing").details["ringing"] == (ANA, BRUNO)
    assert (story.call.queue, story.call.agent) == ("sales", Agent("1002", "Bruno Reis"))
    assert (story.call.wait_s, story.call.ring_s, story.call.talk_s) == (9, 9, 60)
    assert (story.call.ended_by, story.call.missed) == (Side.CALLER, None)
    assert story.states == ["started", "queued", "ringing", "answered", "completed"]


def test_a_caller_who_gives_up_in_the_queue_is_a_missed_call(story: Story) -> None:
    ana = story.someone("+34600111222")
    ana.picks_up()  # the PBX answers to play music; nobody has answered yet
    ana.waits_in("support")
    story.someone("201", name="Eva Pinto").rings()

    story.passes(seconds=42)
    ana.hangs_up()

    assert story.heard == [
        "call.started",
        "call.queued",
        "call.ringing",
        "call.left_queue",
        "call.ended",
        "call.missed",
    ]
    assert story.told("call.left_queue").details == {"queue": "support", "reason": "abandoned"}
    assert story.call.wait_s == 42
    assert (story.call.state, story.call.reason, story.call.ended_by) == (
        CallState.CANCELLED,
        Reason.ABANDONED,
        Side.CALLER,
    )
    assert story.call.missed is not None
    assert (story.call.missed.queue, story.call.missed.reason) == ("support", Reason.ABANDONED)
    assert story.call.missed.rung == (Party(None, "201", "Eva Pinto", "201"),)


@pytest.mark.parametrize(
    ("status", "told", "reason"),
    [
        ("TIMEOUT", "timeout", Reason.TIMEOUT),
        ("LEAVEEMPTY", "empty", Reason.QUEUE_EMPTY),
        ("LEAVEUNAVAIL", "empty", Reason.QUEUE_EMPTY),
    ],
)
def test_a_queue_that_gives_up_on_its_caller(story: Story, status: str, told: str, reason: Reason) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.waits_in("sales")
    story.someone("1001").rings()
    story.passes(seconds=30)
    maria.is_sent_on_by("sales", status)
    maria.is_hung_up_on()

    assert story.heard == [
        "call.started",
        "call.queued",
        "call.ringing",
        "call.left_queue",
        "call.ended",
        "call.missed",
    ]
    assert story.told("call.left_queue").details == {"queue": "sales", "reason": told}
    assert (story.call.state, story.call.reason, story.call.ended_by) == (CallState.NO_ANSWER, reason, Side.PBX)
    assert (story.call.wait_s, story.call.ring_s) == (30, 30)


@pytest.mark.parametrize(
    ("status", "told", "reason"),
    [
        ("FULL", "full", Reason.QUEUE_FULL),
        ("JOINEMPTY", "empty", Reason.QUEUE_EMPTY),
        ("JOINUNAVAIL", "empty", Reason.QUEUE_EMPTY),
    ],
)
def test_a_queue_that_lets_nobody_in(story: Story, status: str, told: str, reason: Reason) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.is_sent_on_by("strict", status)
    maria.is_hung_up_on()

    assert story.heard == ["call.started", "call.left_queue", "call.ended", "call.missed"]
    assert story.told("call.left_queue").details == {"queue": "strict", "reason": told}
    assert (story.call.state, story.call.reason, story.call.wait_s) == (CallState.NO_ANSWER, reason, 0)
    assert story.call.missed is not None
    assert story.call.missed.queue == "strict"


def test_a_key_leads_out_of_the_queue_and_to_somebody_else(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.waits_in("keyed")
    story.someone("1001").rings()
    story.passes(seconds=10)
    maria.presses_a_key_to_leave()
    carla = story.someone("1003").rings()
    story.passes(seconds=2)
    carla.answers()
    story.passes(seconds=5)
    maria.hangs_up()

    assert story.heard == [
        "call.started",
        "call.queued",
        "call.ringing",
        "call.left_queue",
        "call.ringing",
        "call.answered",
        "call.ended",
    ]
    assert story.told("call.left_queue").details == {"queue": "keyed", "reason": "key"}
    assert (story.call.wait_s, story.call.ring_s, story.call.missed) == (10, 12, None)


def test_a_key_after_which_nobody_is_called_is_told_a_moment_later(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.waits_in("keyed")
    story.passes(seconds=10)
    maria.presses_a_key_to_leave()
    left_at = story.now
    assert story.heard == ["call.started", "call.queued"]
    story.passes(seconds=1)

    assert story.heard == ["call.started", "call.queued", "call.left_queue"]
    assert story.told("call.left_queue").at == left_at
    maria.is_hung_up_on()
    assert (story.call.state, story.call.reason) == (CallState.NO_ANSWER, Reason.QUEUE_KEY)


def test_a_member_who_rejects_is_followed_by_one_who_answers(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.waits_in("support")
    ana = story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=2)
    ana.is_busy()
    bruno = story.someone("1002", name="Bruno Reis").rings()
    story.passes(seconds=3)
    bruno.stops("NOANSWER")
    again = story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=4)
    again.answers()
    story.passes(seconds=5)
    again.hangs_up()

    assert story.heard.count("call.answered") == 1
    assert [event.details["ringing"] for event in story.events if event.type == "call.ringing"] == [
        (ANA,),
        (BRUNO,),
        (ANA,),
    ]
    assert (story.call.wait_s, story.call.ring_s, story.call.agent) == (9, 9, Agent("1001", "Ana Costa"))
    assert story.call.ended_by is Side.CALLEE


def test_members_behind_local_channels_are_the_people_themselves(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.waits_in("locals")
    ana = story.someone("1001", name="Ana Costa").is_called_through_local()
    bruno = story.someone("1002", name="Bruno Reis").is_called_through_local()
    ana.rings()
    bruno.rings()
    story.passes(seconds=6)
    bruno.answers()
    story.passes(seconds=20)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.queued", "call.ringing", "call.answered", "call.ended"]
    assert story.told("call.ringing").details["ringing"] == (ANA, BRUNO)
    assert [leg.who.extension for leg in story.call.legs] == [None, "1001", "1002"]
    assert not any("Local" in leg.channel for leg in story.call.legs)
    assert (story.call.wait_s, story.call.talk_s) == (6, 20)


def test_a_second_queue_is_a_second_wait_of_the_same_call(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.waits_in("sales")
    story.passes(seconds=20)
    maria.is_sent_on_by("sales", "TIMEOUT")
    maria.waits_in("support")
    story.passes(seconds=5)
    ana = story.someone("1001").rings()
    story.passes(seconds=1)
    ana.answers()
    maria.hangs_up()

    assert story.heard == [
        "call.started",
        "call.queued",
        "call.left_queue",
        "call.queued",
        "call.ringing",
        "call.answered",
        "call.ended",
    ]
    assert (story.call.wait_s, story.call.queue, story.call.missed) == (26, "support", None)


def test_a_caller_the_queue_gave_up_on_and_somebody_answers_after_all_is_not_missed(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.waits_in("sales")
    story.passes(seconds=20)
    maria.is_sent_on_by("sales", "LEAVEEMPTY")
    eva = story.someone("201", name="Eva Pinto").rings()
    eva.answers()
    story.passes(seconds=5)
    maria.hangs_up()

    assert "call.missed" not in story.heard
    assert (story.call.state, story.call.reason, story.call.wait_s) == (CallState.COMPLETED, None, 20)


def test_who_is_called_after_the_queue_decides_how_it_ended(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.waits_in("sales")
    story.passes(seconds=20)
    maria.is_sent_on_by("sales", "TIMEOUT")
    story.someone("201").is_busy()
    maria.is_hung_up_on(17)

    assert story.told("call.left_queue").details["reason"] == "timeout"
    assert (story.call.state, story.call.reason, story.call.queue) == (CallState.BUSY, Reason.BUSY, "sales")
