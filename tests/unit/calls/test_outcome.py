from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from callbridge.calls.call import Call, CallState, Direction, Leg, Missed, Party, Reason, Side
from callbridge.calls.missed import MissedRules
from callbridge.calls.outcome import (
    BY_REASON,
    CAUSES,
    STATUSES,
    Circumstances,
    Outcome,
    conclude,
    missed,
    weightiest,
    why_unanswered,
)

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
CALL = Call("call_1", "main", "20261122-000001", Direction.INBOUND, CallState.STARTED, Party(), Party(), AT)
ANSWERED = replace(CALL, answered_at=AT)
ALL_COUNT = MissedRules()
PHONE = Leg("PJSIP/1001-00000001", "1.1", Side.CALLEE, Party(None, "1001", "Ana", "1001"), rang_at=AT)


def circumstances(
    *tried: Leg,
    gave_up: bool = False,
    queue_exit: Reason | None = None,
    dial_status: str | None = None,
    voicemail: bool = False,
    interrupted: bool = False,
) -> Circumstances:
    return Circumstances(gave_up, queue_exit, tried, dial_status, voicemail, interrupted)


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (1, "unallocated"),
        (2, "unallocated"),
        (3, "unavailable"),
        (17, "busy"),
        (18, "timeout"),
        (19, "timeout"),
        (20, "unavailable"),
        (21, "rejected"),
        (22, "unallocated"),
        (23, "forwarded"),
        (27, "unavailable"),
        (28, "unallocated"),
        (34, "congestion"),
        (38, "congestion"),
        (41, "congestion"),
        (42, "congestion"),
        (44, "congestion"),
        (58, "congestion"),
    ],
)
def test_a_cause_says_why_a_phone_did_not_answer(cause: int, reason: str) -> None:
    assert why_unanswered(replace(PHONE, cause=cause, dial_status="NOANSWER")) == reason
    assert set(CAUSES) == {1, 2, 3, 17, 18, 19, 20, 21, 22, 23, 27, 28, 34, 38, 41, 42, 44, 58}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("BUSY", "busy"),
        ("NOANSWER", "timeout"),
        ("CONGESTION", "congestion"),
        ("CHANUNAVAIL", "unavailable"),
        ("UNAVAILABLE", "unavailable"),
        ("DONTCALL", "rejected"),
        ("TORTURE", "rejected"),
    ],
)
def test_where_the_cause_says_nothing_the_dial_status_does(status: str, reason: str) -> None:
    for nothing in (None, 0, 16, 127):
        assert why_unanswered(replace(PHONE, cause=nothing, dial_status=status)) == reason
    assert conclude(CALL, circumstances(dial_status=status)) == Outcome(BY_REASON[Reason(reason)], Reason(reason))
    assert len(STATUSES) == 7


@pytest.mark.parametrize("status", ["CANCEL", "ANSWER", "", None])
def test_a_call_taken_back_says_nothing_of_the_phone(status: str | None) -> None:
    assert why_unanswered(replace(PHONE, cause=16, dial_status=status)) is None


def test_a_phone_of_ours_that_never_rang_was_not_there_but_a_carrier_may_ring_in_silence() -> None:
    silent = replace(PHONE, rang_at=None, dial_status="NOANSWER")

    assert why_unanswered(silent) is Reason.UNAVAILABLE
    assert why_unanswered(replace(silent, trunk=True)) is Reason.TIMEOUT
    assert why_unanswered(replace(silent, cause=21)) is Reason.REJECTED


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("timeout", "no_answer"),
        ("rejected", "no_answer"),
        ("busy", "busy"),
        ("congestion", "failed"),
        ("unallocated", "failed"),
        ("unavailable", "failed"),
        ("queue_empty", "no_answer"),
        ("queue_full", "no_answer"),
        ("queue_key", "no_answer"),
        ("abandoned", "cancelled"),
        ("transferred", "no_answer"),
        ("voicemail", "no_answer"),
        ("ivr", "no_answer"),
        ("interrupted", "failed"),
    ],
)
def test_each_reason_has_its_end_state(reason: str, state: str) -> None:
    assert BY_REASON[Reason(reason)] == state
    assert set(BY_REASON) == set(Reason), "a reason without a state would raise when a call ends"


@pytest.mark.parametrize(("heavier", "lighter"), list(pairwise(BY_REASON)))
def test_of_several_phones_the_one_that_says_most_decides(heavier: Reason, lighter: Reason) -> None:
    assert weightiest([lighter, None, heavier]) is heavier


def test_a_phone_that_rang_says_more_than_a_busy_one_and_that_more_than_one_that_is_off() -> None:
    rang, busy, off = (replace(PHONE, cause=cause, dial_status="NOANSWER") for cause in (0, 17, 20))

    assert conclude(CALL, circumstances(off, busy, rang)) == Outcome(CallState.NO_ANSWER, Reason.TIMEOUT)
    assert conclude(CALL, circumstances(off, busy)) == Outcome(CallState.BUSY, Reason.BUSY)
    assert conclude(CALL, circumstances(off)) == Outcome(CallState.FAILED, Reason.UNAVAILABLE)


def test_answered_is_completed_whatever_came_after() -> None:
    for known in (
        circumstances(gave_up=True, queue_exit=Reason.ABANDONED, voicemail=True),
        circumstances(replace(PHONE, cause=17), dial_status="BUSY"),
        circumstances(),
    ):
        assert conclude(ANSWERED, known) == Outcome(CallState.COMPLETED, None)


def test_a_call_the_pbx_died_under_was_interrupted() -> None:
    known = circumstances(gave_up=True, voicemail=True, interrupted=True)

    assert conclude(ANSWERED, known) == Outcome(CallState.COMPLETED, Reason.INTERRUPTED)
    assert conclude(CALL, known) == Outcome(CallState.FAILED, Reason.INTERRUPTED)


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (circumstances(PHONE, gave_up=True), None),
        (circumstances(gave_up=True, queue_exit=Reason.ABANDONED), Reason.ABANDONED),
        (circumstances(PHONE, gave_up=True, queue_exit=Reason.ABANDONED), Reason.ABANDONED),
        (circumstances(PHONE, gave_up=True, queue_exit=Reason.TIMEOUT), None),
        (circumstances(gave_up=True), Reason.IVR),
    ],
)
def test_a_caller_who_gave_up_cancelled_the_call(known: Circumstances, reason: Reason | None) -> None:
    assert conclude(CALL, known) == Outcome(CallState.CANCELLED, reason)


def test_a_message_left_is_no_answer_even_where_the_caller_hung_up() -> None:
    assert conclude(CALL, circumstances(PHONE, gave_up=True, voicemail=True)) == Outcome(
        CallState.NO_ANSWER, Reason.VOICEMAIL
    )


def test_why_a_queue_was_left_says_more_than_its_members_phones() -> None:
    busy = replace(PHONE, cause=17)

    assert conclude(CALL, circumstances(busy, queue_exit=Reason.QUEUE_EMPTY)).reason is Reason.QUEUE_EMPTY


def test_a_call_nobody_was_called_for_met_a_machine() -> None:
    assert conclude(CALL, circumstances()) == Outcome(CallState.NO_ANSWER, Reason.IVR)
    assert conclude(CALL, circumstances(dial_status="CANCEL")) == Outcome(CallState.NO_ANSWER, Reason.IVR)


def test_a_call_that_was_ended_for_whoever_called_was_cancelled_and_met_no_machine() -> None:
    withdrawn = replace(PHONE, dial_status="CANCEL")
    busy = replace(PHONE, dial_status="BUSY")
    assert conclude(CALL, circumstances(withdrawn)) == Outcome(CallState.CANCELLED, None)
    assert conclude(CALL, circumstances(withdrawn, busy)) == Outcome(CallState.BUSY, Reason.BUSY)


def test_missed_is_inbound_and_answered_by_nobody() -> None:
    for direction in Direction:
        assert (missed(replace(CALL, direction=direction), ALL_COUNT) is not None) == (direction is Direction.INBOUND)
        assert missed(replace(ANSWERED, direction=direction), ALL_COUNT) is None


def test_a_missed_call_knows_whose_phones_rang_each_person_once() -> None:
    maria = replace(PHONE, side=Side.CALLER, who=Party("+351912345678"))
    mobile = replace(PHONE, uniqueid="1.2")
    silent = replace(PHONE, uniqueid="1.3", rang_at=None, who=Party(None, "1002", None, "1002"))
    lost = replace(CALL, legs=(maria, PHONE, mobile, silent), queue="sales", reason=Reason.ABANDONED)

    assert missed(lost, ALL_COUNT) == Missed(Reason.ABANDONED, "sales", (PHONE.who,))
