"""Conference rooms, and three who talk."""

import pytest

from callbridge.calls import facts as f
from callbridge.calls.call import Agent, CallState, Direction, Party, Side
from tests.stories.handing import (
    ANA,
    BEGINNING,
    EVA,
    ByCode,
    asked,
    asks,
    customers,
    enters,
    eva_of,
    goes,
    leaves,
    say,
    talking,
    transfer,
)
from tests.stories.lives import next_life
from tests.stories.someone import Someone
from tests.stories.story import Story, new_tracker


def maria_and_ana(story: Story) -> tuple[Someone, Someone]:
    """Maria waits in the room for 20 s, then Ana comes."""
    maria, ana = story.someone("912345678", name="Maria Silva"), story.someone("1001", name="Ana Costa")
    maria.dials_into("room", "210000050")
    story.passes(seconds=20)
    ana.dials_into("room")
    return maria, ana


def extension_of(party: object) -> object:
    return getattr(party, "extension", None)


def test_who_is_alone_in_a_room_is_answered_when_somebody_comes(story: Story) -> None:
    maria, ana = maria_and_ana(story)
    story.passes(seconds=10)
    maria.leaves_room()
    story.passes(seconds=5)
    ana.leaves_room()

    hers, anas = story.calls
    assert story.heard_of(hers) == story.heard_of(anas) == ["call.started", "call.answered", "call.ended"]
    assert (hers.talk_s, anas.talk_s, hers.missed) == (10, 15, None)
    assert (hers.direction, anas.direction) == (Direction.INBOUND, Direction.INTERNAL)
    assert hers.agent
    assert hers.agent.extension == "1001"


def test_who_comes_third_is_answered_at_once_and_nobody_else_anew(story: Story) -> None:
    maria, ana = maria_and_ana(story)
    story.passes(seconds=10)
    bruno = story.someone("1002", name="Bruno Reis")
    bruno.dials_into("room")
    story.passes(seconds=10)
    for each in (maria, ana, bruno):
        each.leaves_room()

    assert story.heard.count("call.answered") == 3
    assert [call.state for call in story.calls] == [CallState.COMPLETED] * 3
    assert [call.talk_s for call in story.calls] == [20, 20, 10]
    assert [call.ended_by for call in story.calls] == [Side.CALLER] * 3


def test_each_of_our_own_has_their_own_call(story: Story) -> None:
    maria, ana = maria_and_ana(story)
    maria.leaves_room()
    ana.leaves_room()

    assert extension_of(story.events[-2].call and story.events[-2].call.agent) == "1001"
    assert [extension_of(call.agent) for call in story.calls] == ["1001", "1001"]


def test_a_caller_who_meets_nobody_was_missed(story: Story) -> None:
    maria = story.someone("912345678")
    maria.dials_into("room", "210000050")
    story.passes(seconds=20)
    maria.leaves_room()

    assert story.heard == ["call.started", "call.ended", "call.missed"]


def test_a_call_moved_into_a_room_goes_on(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001", name="Ana Costa").rings()
    ana.answers()
    story.passes(seconds=10)
    maria.enters_room("room")
    ana.enters_room("room")
    story.passes(seconds=10)
    bruno = story.someone("1002", name="Bruno Reis")
    bruno.dials_into("room")
    story.passes(seconds=10)
    bruno.leaves_room()
    ana.leaves_room()
    maria.leaves_room()

    call, brunos = story.calls
    assert story.heard_of(call) == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert story.heard_of(brunos) == ["call.started", "call.answered", "call.ended"]
    assert (call.talk_s, brunos.talk_s) == (30, 10)


@pytest.mark.parametrize("word", ["first", "between", "last"])
def test_a_call_sent_into_a_room_by_transfer_is_answered_by_who_is_there(story: Story, word: str) -> None:
    bruno = story.someone("1002", name="Bruno Reis")
    bruno.dials_into("room")
    maria, ana = talking(story)
    leaves(story, ana)
    if word == "first":
        say(story, ana, f.BlindTransferred, "650")
    maria.enters_room("room")
    if word == "between":
        say(story, ana, f.BlindTransferred, "650")
    goes(story, ana)
    if word == "last":
        say(story, ana, f.BlindTransferred, "650")
    story.passes(seconds=10)
    maria.leaves_room()
    bruno.leaves_room()

    call = next(each for each in story.calls if each.direction is Direction.INBOUND)
    assert story.heard_of(call)[2:] == ["call.answered", "call.transferred", "call.answered", "call.ended"]
    assert story.told("call.answered").details["by"] == Party(None, "1002", "Bruno Reis", "1002")
    assert (call.agent, call.ended_by, call.oddities) == (Agent("1002", "Bruno Reis"), Side.CALLER, 0)
    assert not story.tracker.board.oddities


def test_a_room_found_after_a_gap_unites_nobodys_calls(story: Story) -> None:
    maria, ana = maria_and_ana(story)
    story.link_goes()
    story.passes(seconds=5)
    bruno = story.someone("1002", name="Bruno Reis").calls("650")
    bruno.picks_up()
    bruno.bridge = "room"
    people = tuple(each.as_seen() for each in (maria, ana, bruno))
    story.says(f.LinkUp("main", story.now))
    story.says(f.StateRead("main", story.now, people, rooms=frozenset({"room"})))
    for each in (maria, ana, bruno):
        each.leaves_room()

    assert [call.merged_into for call in story.calls] == [None] * 3
    assert [call.state for call in story.calls] == [CallState.COMPLETED] * 3


def test_of_three_who_talk_the_first_to_leave_does_not_end_it(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001", name="Ana Costa").rings()
    ana.answers()
    eva = story.someone("201", name="Eva Pinto").is_called(maria)
    eva.picks_up()
    eva.joins(ana)
    story.passes(seconds=10)
    ana.leaves_room()
    story.passes(seconds=10)
    maria.hangs_up()

    assert (story.call.ended_by, story.call.talk_s) == (Side.CALLER, 20)


# ── three by feature code ─────────────────────────────────────────────────────


def three(story: Story, *, said: bool = True, first: bool = False) -> tuple[Someone, Someone, Someone]:
    """Maria talks to Ana, who asks Eva for 6 s by feature code, and has all three talk; 10 s go by."""
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    code.answers(eva)
    story.passes(seconds=6)
    code.brings_in(eva, said=said, first=first)
    story.passes(seconds=10)
    return maria, ana, eva


def hangs_up(story: Story, *people: Someone) -> None:
    """The first one hangs up, and the others are hung up on."""
    say(story, people[0], f.HangupAsked)
    for each in people:
        goes(story, each)


def test_who_is_brought_in_is_of_the_call_that_was_held_and_who_brought_them_stays(story: Story) -> None:
    three(story)

    assert story.heard_of(customers(story)) == [*BEGINNING, "call.held", "call.resumed", "call.updated"]
    assert story.told("call.updated").details == {"changed": ("joined",), "joined": EVA}
    assert story.heard_of(asked(story)) == [*BEGINNING, "call.ended"]
    assert (asked(story).state, asked(story).merged_into) == (CallState.COMPLETED, customers(story).id)
    assert [leg.who.extension for leg in customers(story).legs] == [None, "1001", "201"]
    assert {leg.state for leg in customers(story).legs} == {"up"}
    assert (customers(story).agent, customers(story).hold_s) == (Agent("1001", "Ana Costa"), 6)


@pytest.mark.parametrize(("said", "first"), [(True, False), (False, False), (True, True), (False, True)])
def test_three_who_talk_are_told_the_same_by_either_half_of_what_is_said(
    story: Story, *, said: bool, first: bool
) -> None:
    maria, ana, eva = three(story, said=said, first=first)
    hangs_up(story, ana)
    hangs_up(story, maria, eva)

    heard = ["call.held", "call.resumed", "call.updated", "call.transferred", "call.ended"]
    assert story.heard_of(customers(story))[3:] == heard
    assert story.heard_of(asked(story)) == [*BEGINNING, "call.ended"]
    assert (asked(story).ended_by, asked(story).merged_into) == (Side.CALLER, customers(story).id)
    assert (customers(story).hold_s, customers(story).talk_s, customers(story).oddities) == (6, 20, 0)


def test_three_talk_where_only_the_word_for_it_is_heard(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    code.answers(eva)
    say(story, ana, f.AttendedTransferred, ana.channel, True)
    assert asked(story).merged_into == customers(story).id
    assert story.heard[-1] == "call.updated"
    goes(story, ana)

    assert transfer(story) == {"kind": "attended", "by": ANA, "from": ANA, "to": EVA}


def test_who_leaves_the_other_two_alone_has_handed_the_call_over(story: Story) -> None:
    maria, ana, eva = three(story)
    hangs_up(story, ana)
    assert transfer(story) == {"kind": "attended", "by": ANA, "from": ANA, "to": EVA}
    assert story.told("call.transferred").at == story.now
    story.passes(seconds=5)
    hangs_up(story, maria, eva)

    assert story.heard_of(customers(story))[6:] == ["call.transferred", "call.ended"]
    assert (customers(story).agent, customers(story).ended_by) == (Agent("201", "Eva Pinto"), Side.CALLER)
    assert (customers(story).hold_s, customers(story).talk_s) == (6, 25)


def test_who_was_brought_in_and_leaves_first_changes_nothing(story: Story) -> None:
    maria, ana, eva = three(story)
    hangs_up(story, eva)
    story.passes(seconds=5)
    hangs_up(story, ana, maria)

    assert "call.transferred" not in story.heard
    assert (customers(story).agent, customers(story).ended_by) == (Agent("1001", "Ana Costa"), Side.CALLEE)


def test_a_call_goes_on_between_two_colleagues_when_the_customer_leaves_three(story: Story) -> None:
    maria, ana, eva = three(story)
    hangs_up(story, maria)
    story.passes(seconds=5)
    assert customers(story).ended_at is None
    hangs_up(story, eva, ana)

    assert story.heard_of(customers(story))[6:] == ["call.ended"]
    assert (customers(story).ended_by, customers(story).talk_s) == (Side.CALLEE, 25)


def test_who_has_the_call_after_three_is_known_over_a_restart(story: Story) -> None:
    _, ana, _ = three(story)
    story.tracker = next_life(story.tracker, new_tracker())
    hangs_up(story, ana)

    assert transfer(story)["to"] == EVA


def test_who_completes_a_transfer_by_a_code_and_is_moved_out_last_has_handed_it_over(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    code.answers(eva)
    enters(story, code.near, code.held_in)
    assert "call.transferred" not in story.heard
    say(story, ana, f.AttendedTransferred, ana.channel)
    assert "call.updated" not in story.heard
    assert transfer(story) == {"kind": "attended", "by": ANA, "from": ANA, "to": EVA}
    leaves(story, ana)
    hangs_up(story, ana)
    code.is_optimised(eva)
    story.passes(seconds=5)
    hangs_up(story, maria, eva)

    assert story.heard.count("call.transferred") == 1
    assert (customers(story).agent, customers(story).ended_by) == (Agent("201", "Eva Pinto"), Side.CALLER)


# ── who comes in ──────────────────────────────────────────────────────────────


def bruno_comes_in(story: Story, *, after_s: float = 0.0) -> tuple[Someone, Someone, Someone]:
    """Maria and Ana talk; Bruno dials a code that puts him beside them (BridgeAdd); 10 s go by."""
    maria, ana = talking(story)
    bruno = story.someone("1002", name="Bruno Reis").calls("*551001")
    bruno.picks_up()
    story.passes(seconds=after_s)
    bruno.joins(ana)
    story.passes(seconds=10)
    return maria, ana, bruno


def test_who_comes_in_by_a_code_is_of_the_call_and_has_none_of_their_own(story: Story) -> None:
    maria, ana, bruno = bruno_comes_in(story)
    assert story.told("call.updated").details["joined"] == Party(None, "1002", "Bruno Reis", "1002")
    assert story.call.agent == Agent("1001", "Ana Costa")
    hangs_up(story, ana)
    story.passes(seconds=5)
    assert story.call.ended_at is None
    hangs_up(story, maria, bruno)

    assert story.heard == [*BEGINNING, "call.updated", "call.ended"]
    assert [(leg.who.extension, leg.side) for leg in story.call.legs][2] == ("1002", Side.CALLEE)
    assert (story.call.agent, story.call.ended_by) == (Agent("1002", "Bruno Reis"), Side.CALLER)
    assert story.call.talk_s == 25


def test_who_comes_in_late_ends_what_was_told_of_their_dialling(story: Story) -> None:
    bruno_comes_in(story, after_s=2)
    his = asked(story)

    assert story.heard_of(his) == ["call.started", "call.ended"]
    assert (his.state, his.merged_into) == (CallState.COMPLETED, customers(story).id)


def test_who_came_in_and_goes_leaves_the_others_their_call(story: Story) -> None:
    maria, ana, bruno = bruno_comes_in(story)
    hangs_up(story, bruno)
    story.passes(seconds=5)
    hangs_up(story, ana, maria)

    assert (story.call.agent, story.call.ended_by) == (Agent("1001", "Ana Costa"), Side.CALLEE)
    assert story.call.talk_s == 25


def test_a_customer_who_comes_in_stands_on_the_customers_side(story: Story) -> None:
    _, ana = talking(story)
    rui = story.someone("936000111", name="Rui Sousa").calls("210000099")
    rui.picks_up()
    rui.joins(ana)

    assert [(leg.who.number, leg.side) for leg in customers(story).legs][2] == ("+351936000111", Side.CALLER)


def test_who_only_listens_is_in_nobodys_call(story: Story) -> None:
    maria, ana = talking(story)
    bruno = story.someone("1002", name="Bruno Reis").calls("*561001")
    bruno.picks_up()
    story.passes(seconds=10)
    hangs_up(story, maria, ana)
    bruno.is_hung_up_on()

    assert story.heard_of(customers(story)) == [*BEGINNING, "call.ended"]
    assert story.heard_of(asked(story)) == ["call.started", "call.ended"]
    assert (asked(story).answered_at, asked(story).missed, len(customers(story).legs)) == (None, None, 2)


def bridged(story: Story, those: tuple[Someone, Someone], others: tuple[Someone, Someone], *, late: bool) -> None:
    """An admin bridges two people (AMI's Bridge); the others are hung up, before or after the second one is there."""
    bridge = story.new_bridge()
    enters(story, those[0], bridge)
    for who in (those[1], *others) if late else (*others, those[1]):
        if who is those[1]:
            enters(story, who, bridge)
        else:
            goes(story, who)


@pytest.mark.parametrize("late", [True, False])
def test_two_calls_of_which_one_each_are_bridged_go_on_as_that_of_the_caller_who_is_left(
    story: Story, *, late: bool
) -> None:
    rui = story.someone("936000111", name="Rui Sousa").calls("210000062")
    bruno = story.someone("1002", name="Bruno Reis").rings()
    bruno.answers()
    story.passes(seconds=10)
    maria, ana = talking(story)
    ana.holds()
    story.passes(seconds=5)
    bridged(story, (maria, bruno), (ana, rui), late=late)
    story.passes(seconds=5)
    hangs_up(story, maria, bruno)

    ruis, marias = story.calls
    assert story.heard_of(marias) == [*BEGINNING, "call.held", "call.resumed", "call.updated", "call.ended"]
    assert story.told("call.updated").details["joined"] == Party(None, "1002", "Bruno Reis", "1002")
    assert (marias.agent, marias.ended_by) == (Agent("1002", "Bruno Reis"), Side.CALLER)
    assert (marias.hold_s, marias.talk_s) == (5, 15)
    assert story.heard_of(ruis) == [*BEGINNING, "call.ended"]
    assert (ruis.state, ruis.merged_into, ruis.talk_s) == (CallState.COMPLETED, marias.id, 27)
    assert {leg.state for leg in ruis.legs} == {"down"}


@pytest.mark.parametrize("late", [True, False])
def test_two_whom_somebody_had_on_two_lines_are_bridged_by_an_admin_as_if_they_had_transferred(
    story: Story, *, late: bool
) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    eva.answers()
    story.passes(seconds=6)
    bridged(story, (maria, eva), (ana, line), late=late)
    hangs_up(story, maria, eva)

    heard = ["call.held", "call.resumed", "call.transferred", "call.ended"]
    assert story.heard_of(customers(story))[3:] == heard
    assert transfer(story) == {"kind": "attended", "by": ANA, "from": ANA, "to": EVA}
    assert (asked(story).merged_into, asked(story).ended_by) == (customers(story).id, Side.CALLER)


def test_who_waits_in_a_car_park_is_fetched_and_not_united_though_the_parker_goes_in_between(story: Story) -> None:
    maria, ana = talking(story)
    leaves(story, maria)
    maria.is_parked("701", "PJSIP/1001")
    bruno = story.someone("1002", name="Bruno Reis").calls("701")
    bruno.picks_up()
    bridge = story.new_bridge()
    for each in (maria, bruno):
        enters(story, each, bridge)
    goes(story, ana)
    say(story, maria, f.CallUnparked, "701", bruno.channel)

    assert story.heard_of(customers(story)) == [*BEGINNING, "call.parked", "call.unparked"]
    assert story.told("call.unparked").details["by"] == Party(None, "1002", "Bruno Reis", "1002")
