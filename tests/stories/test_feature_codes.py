"""Calls that are handed to somebody who was asked by feature code, with one channel for both calls."""

from callbridge.calls import facts as f
from callbridge.calls.call import Agent, CallState, Direction, Reason, Side
from tests.stories.handing import (
    ANA,
    EVA,
    ByCode,
    asked,
    customers,
    eva_of,
    goes,
    say,
    talking,
    transfer,
)
from tests.stories.lives import now_true
from tests.stories.story import Story


def test_a_consultation_by_feature_code_is_a_call_of_its_own(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    story.passes(seconds=2)
    code.answers(eva)
    story.passes(seconds=6)
    code.leaves(eva)
    story.passes(seconds=1)
    code.is_optimised(eva)
    story.passes(seconds=5)
    maria.hangs_up()

    assert story.heard_of(customers(story))[3:] == ["call.held", "call.resumed", "call.transferred", "call.ended"]
    assert story.heard_of(asked(story)) == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert transfer(story) == {"kind": "attended", "by": ANA, "from": ANA, "to": EVA}
    assert (asked(story).caller, asked(story).callee) == (ANA, EVA)
    assert (asked(story).direction, asked(story).merged_into) == (Direction.INTERNAL, customers(story).id)
    assert (customers(story).hold_s, customers(story).talk_s) == (8, 16)
    assert [leg.who.extension for leg in customers(story).legs] == [None, "1001", "201"]


def test_a_feature_code_taken_back(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    code.answers(eva)
    story.passes(seconds=6)
    code.comes_back()
    code.is_gone()
    eva.is_hung_up_on()
    story.passes(seconds=5)
    maria.hangs_up()

    assert "call.transferred" not in story.heard
    assert (asked(story).state, asked(story).ended_by) == (CallState.COMPLETED, Side.CALLER)
    assert (customers(story).agent, customers(story).hold_s) == (Agent("1001", "Ana Costa"), 6)
    assert story.heard_of(customers(story))[3:] == ["call.held", "call.resumed", "call.ended"]


def test_somebody_between_two_calls_by_feature_code_and_back(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    code.answers(eva)
    story.passes(seconds=6)
    code.comes_back()
    story.passes(seconds=2)
    say(story, ana, f.BridgeLeft, code.held_in)
    say(story, ana, f.BridgeEntered, code.asked_in)
    ana.bridge = code.asked_in
    story.passes(seconds=3)
    code.leaves(eva)
    code.is_optimised(eva)
    maria.hangs_up()

    heard = ["call.held", "call.resumed", "call.held", "call.resumed", "call.transferred", "call.ended"]
    assert story.heard_of(customers(story))[3:] == heard
    assert (customers(story).hold_s, asked(story).merged_into) == (9, customers(story).id)


def test_who_does_not_answer_a_feature_code(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    story.passes(seconds=6)
    say(story, eva, f.DialEnded, code.far.channel, "NOANSWER")
    code.comes_back()
    code.is_gone()
    goes(story, eva)
    maria.hangs_up()

    assert (asked(story).state, asked(story).reason) == (CallState.NO_ANSWER, Reason.TIMEOUT)
    assert (asked(story).missed, asked(story).ended_by) == (None, Side.PBX)


def test_a_customer_who_hangs_up_during_a_consultation_by_feature_code(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    code.answers(eva)
    story.passes(seconds=1)
    maria.phones = []
    maria.hangs_up()
    assert story.heard[-1] == "call.ended"
    assert all(leg.state == "down" for leg in customers(story).legs)
    story.passes(seconds=5)
    ana.hangs_up()
    code.is_gone()

    assert (asked(story).talk_s, asked(story).ended_by, asked(story).merged_into) == (6, Side.CALLER, None)
    assert story.tracker.live_calls == 0


def test_a_blonde_transfer_by_feature_code(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    story.passes(seconds=2)
    code.leaves(eva)
    assert customers(story).state is CallState.RINGING
    story.passes(seconds=2)
    eva.caller = maria
    eva.picks_up()
    say(story, eva, f.DialEnded, code.far.channel, "ANSWER")
    bridge = story.new_bridge()
    say(story, eva, f.BridgeEntered, bridge)
    say(story, code.far, f.BridgeEntered, bridge)
    code.is_optimised(eva)
    maria.hangs_up()

    heard = ["call.resumed", "call.transferred", "call.ringing", "call.answered", "call.ended"]
    assert story.heard_of(customers(story))[4:] == heard
    assert transfer(story)["kind"] == "blonde"
    assert (customers(story).hold_s, customers(story).agent) == (2, Agent("201", "Eva Pinto"))


def test_a_transfer_by_feature_code_of_which_only_the_bridges_are_heard(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    code.answers(eva)
    code.leaves(eva, said=False)
    code.is_optimised(eva)
    maria.hangs_up()

    assert transfer(story)["kind"] == "attended"
    assert asked(story).merged_into == customers(story).id
    assert story.tracker.live_calls == 0


def test_a_transfer_by_feature_code_of_which_only_the_word_is_heard(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    code.answers(eva)
    code.leaves(eva, joined=False)
    maria.hangs_up()
    code.is_gone()

    assert transfer(story)["kind"] == "attended"
    assert asked(story).merged_into == customers(story).id
    assert story.tracker.live_calls == 0


def test_a_consultation_that_was_on_when_the_daemon_began_is_told_apart_from_the_call_it_is_about(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    code.answers(eva)
    found = now_true(story.tracker, "main", story.now)
    later = Story(story.now)
    later.says(found)
    calls = {call.direction: call for call in later.calls}

    assert calls[Direction.INBOUND].agent == Agent("1001", "Ana Costa")
    assert (calls[Direction.INTERNAL].caller, calls[Direction.INTERNAL].agent) == (ANA, Agent("201", "Eva Pinto"))
    assert {call.id for call in later.calls} == {call.id for call in story.calls}
    maria.hangs_up()
