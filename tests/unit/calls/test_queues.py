from datetime import UTC, datetime, timedelta

import pytest

from callbridge.calls import facts as f
from callbridge.calls.call import Reason
from callbridge.calls.events import Event
from callbridge.calls.numbers import PbxProfile
from callbridge.calls.queues import EXITS, SETTLE_S
from callbridge.calls.tracker import Tracker

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
CALLER = "1795341600.1"
BORN = f.ChannelBorn("main", AT, CALLER, "PJSIP/trunk-00000001", CALLER, calling=True, number="912345678")
JOINED = f.QueueJoined("main", AT, CALLER, "sales", 1)


def after(*facts: f.Fact) -> list[Event]:
    tracker = Tracker({"main": PbxProfile("main", extensions=("1XXX",), trunks=("PJSIP/trunk*",))})
    return [event for fact in facts for event in tracker.apply(fact)]


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("status", "told", "reason"),
    [
        ("TIMEOUT", "timeout", Reason.TIMEOUT),
        ("FULL", "full", Reason.QUEUE_FULL),
        ("JOINEMPTY", "empty", Reason.QUEUE_EMPTY),
        ("LEAVEEMPTY", "empty", Reason.QUEUE_EMPTY),
        ("JOINUNAVAIL", "empty", Reason.QUEUE_EMPTY),
        ("LEAVEUNAVAIL", "empty", Reason.QUEUE_EMPTY),
        ("WITHDRAW", "transferred", Reason.TRANSFERRED),
        ("ABANDONED", "abandoned", Reason.ABANDONED),
    ],
)
def test_each_word_of_the_pbx_for_an_exit_is_told(status: str, told: str, reason: Reason) -> None:
    *_, left, _ended, missed = after(
        BORN, JOINED, f.QueueEnded("main", later(5), CALLER, status), f.ChannelGone("main", later(6), CALLER, 16)
    )

    assert (left.type, left.details) == ("call.left_queue", {"queue": "sales", "reason": told})
    assert left.call is not None
    assert left.call.wait_s == 5
    assert missed.call is not None
    assert missed.call.reason is reason
    assert len(EXITS) == 8


@pytest.mark.parametrize("status", ["CONTINUE", "", "SOMETHING NEW"])
def test_another_word_is_no_exit(status: str) -> None:
    assert [event.type for event in after(BORN, JOINED, f.QueueEnded("main", later(5), CALLER, status))] == [
        "call.started",
        "call.queued",
    ]


def test_an_exit_of_a_queue_nobody_tried_is_nothing() -> None:
    assert len(after(BORN, f.QueueEnded("main", AT, CALLER, "FULL"))) == 1


@pytest.mark.parametrize(("abandoned", "told"), [(False, "key"), (True, "abandoned")])
def test_an_exit_nobody_gave_a_reason_for_is_told_once_none_can_follow(abandoned: bool, told: str) -> None:  # noqa: FBT001 - a row of the table
    said = [f.QueueAbandoned("main", later(5), CALLER, "sales")] if abandoned else []
    facts = [BORN, JOINED, *said, f.QueueLeft("main", later(5), CALLER, "sales")]

    assert len(after(*facts, f.TimePassed("main", later(5 + SETTLE_S * 0.9)))) == 2
    left = after(*facts, f.TimePassed("main", later(5 + SETTLE_S)))[-1]
    assert (left.type, left.at, left.details["reason"]) == ("call.left_queue", later(5), told)


def test_who_comes_to_another_queue_and_was_not_heard_leaving_the_first_waited_in_both() -> None:
    """As after a gap, of which only the end is known."""
    gone = f.ChannelGone("main", later(9), CALLER, 16)
    *_, ended, _missed = after(BORN, JOINED, f.QueueJoined("main", later(5), CALLER, "support"), gone)

    assert ended.call is not None
    assert ended.call.wait_s == 9


def test_what_is_said_of_the_next_queue_is_no_reason_for_having_left_this_one() -> None:
    """Left by a key, and sent to a queue that is full, in the same moment."""
    moment = later(5 + SETTLE_S / 2)
    facts = [
        BORN,
        JOINED,
        f.QueueLeft("main", later(5), CALLER, "sales"),
        f.QueueTried("main", moment, CALLER, "support"),
    ]
    events = after(*facts, f.QueueEnded("main", moment, CALLER, "FULL"))

    told = [(event.details["queue"], event.details["reason"]) for event in events[2:]]
    assert told == [("sales", "key"), ("support", "full")]
    assert events[-1].call is not None
    assert events[-1].call.wait_s == 5


def test_a_reason_that_comes_a_little_late_is_the_one_that_is_told() -> None:
    facts = [
        BORN,
        JOINED,
        f.QueueAbandoned("main", later(5), CALLER, "sales"),
        f.QueueLeft("main", later(5), CALLER, "sales"),
        f.QueueEnded("main", later(5 + SETTLE_S / 2), CALLER, "TIMEOUT"),
        f.TimePassed("main", later(60)),
    ]

    events = after(*facts)
    assert [event.details.get("reason") for event in events] == [None, None, "timeout"]
    assert events[-1].call is not None
    assert events[-1].call.wait_s == 5


def test_leaving_another_queue_than_the_one_waited_in_is_nothing() -> None:
    facts = (f.QueueLeft("main", later(5), CALLER, "support"), f.TimePassed("main", later(60)))

    assert len(after(BORN, JOINED, *facts)) == 2


def test_a_member_is_known_by_the_name_the_queue_has_for_them() -> None:
    phone = "1795341600.2"
    events = after(
        BORN,
        JOINED,
        f.ChannelBorn("main", AT, phone, "PJSIP/1001-00000002", CALLER, calling=False),
        f.DialBegan("main", AT, phone, CALLER),
        f.ChannelRang("main", AT, phone),
        f.MemberCalled("main", AT, phone, "sales", "Ana Costa"),
        f.TimePassed("main", later(1)),
    )

    assert events[-1].details["ringing"] == (events[-1].call and events[-1].call.legs[1].who,)
    assert events[-1].call is not None
    assert events[-1].call.legs[1].who.name == "Ana Costa"
