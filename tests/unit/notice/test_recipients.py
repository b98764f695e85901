"""Who gets an e-mail about which missed call."""

from dataclasses import replace
from typing import Any

import pytest

from callbridge.calls.call import Party
from callbridge.calls.events import EventType
from callbridge.filters import EventFilter
from callbridge.notice.recipients import OLD, Recipient, caller_of, notices

from .made import ANA, AT, minutes, missed


def told(recipient: Recipient, **changes: Any) -> bool:
    return bool(notices([recipient], missed(**changes), AT))


def test_a_missed_call_is_put_for_each_who_wants_it() -> None:
    eva = replace(ANA, address="eva@example.com")

    found = notices([ANA, eva], missed("a"), AT)

    assert [(each.recipient, each.row, each.event, each.pbx) for each in found] == [
        ("ana@example.com", "mis_a", "evt_a_4", "main"),
        ("eva@example.com", "mis_a", "evt_a_4", "main"),
    ]
    assert {each.caller for each in found} == {"+351912345678"}


def test_a_call_that_is_in_no_row_is_nobodys_matter() -> None:
    assert notices([ANA], missed(row={}), AT) == ()


def test_other_events_are_nobodys_matter() -> None:
    assert notices([ANA], replace(missed(), type=EventType.CALL_ENDED), AT) == ()


def test_what_is_told_a_day_late_alarms_nobody() -> None:
    assert notices([ANA], missed(), AT + OLD) != ()
    assert notices([ANA], missed(), AT + OLD + minutes(1)) == ()


@pytest.mark.parametrize(("agent", "wanted"), [("201", True), ("202", False), (None, True)])
def test_an_agent_hears_of_calls_that_rang_there(agent: str | None, *, wanted: bool) -> None:
    assert told(replace(ANA, agent=agent)) is wanted


@pytest.mark.parametrize(
    ("queues", "queue", "wanted"),
    [((), None, True), (("sales",), "sales", True), (("sa*",), "sales", True), (("sales",), None, False)],
)
def test_a_queue_is_chosen_by_name_or_glob(queues: tuple[str, ...], queue: str | None, *, wanted: bool) -> None:
    assert told(replace(ANA, wanted=EventFilter(queues=queues)), queue=queue) is wanted


@pytest.mark.parametrize(("pbxs", "wanted"), [((), True), (("main",), True), (("m*",), True), (("other",), False)])
def test_a_pbx_is_chosen_by_name_or_glob(pbxs: tuple[str, ...], *, wanted: bool) -> None:
    assert told(replace(ANA, wanted=EventFilter(pbxs=pbxs))) is wanted


@pytest.mark.parametrize(
    ("caller", "key"),
    [
        (Party("+351912345678", "912345678"), "+351912345678"),
        (Party(None, "77"), "77"),
        (Party(None, None, "Anonymous"), "call_a"),
    ],
)
def test_a_caller_is_known_by_the_number_and_else_by_the_call(caller: Party, key: str) -> None:
    call = missed(caller=caller).call
    assert call is not None
    assert caller_of(call) == key
