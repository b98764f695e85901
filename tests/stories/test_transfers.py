"""Calls that are handed on: blind, attended, blonde; also where half of it is not said."""

from callbridge.calls import facts as f
from callbridge.calls.call import Agent, Call, CallState, Direction, Party, Reason, Side
from tests.stories.handing import ByCode, asks, goes, joins, leaves, now_with, say, sends
from tests.stories.someone import Someone
from tests.stories.story import Story

ANA = Party(None, "1001", "Ana Costa", "1001")
EVA = Party(None, "201", "Eva Pinto", "201")
BEGINNING = ["call.started", "call.ringing", "call.answered"]


def talking(story: Story) -> tuple[Someone, Someone]:
    """Maria calls, Ana answers; they talk for ten seconds."""
    maria = story.someone("912345678", name="Maria Silva").calls("210000000")
    ana = story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=2)
    ana.answers()
    story.passes(seconds=10)
    return maria, ana


def eva_of(story: Story) -> Someone:
    return story.someone("201", name="Eva Pinto")


def transfer(story: Story) -> dict[str, object]:
    told = story.told("call.transferred").details["transfer"]
    assert isinstance(told, dict)
    return told


def customers(story: Story) -> Call:
    return story.calls[0]


def asked(story: Story) -> Call:
    _, call = story.calls
    return call


# ── blind ──


def test_a_blind_transfer_is_told_once_the_next_phone_rings(story: Story) -> None:
    maria, ana = talking(story)
    sends(story, ana, maria, "201")
    assert story.heard == BEGINNING
    eva = eva_of(story).rings(maria)
    story.passes(seconds=3)
    eva.answers()
    story.passes(seconds=20)
    maria.hangs_up()

    assert story.heard == [*BEGINNING, "call.transferred", "call.ringing", "call.answered", "call.ended"]
    assert transfer(story) == {"kind": "blind", "by": ANA, "from": ANA, "to": EVA}
    assert story.told("call.answered").details["by"] == EVA
    assert (story.call.state, story.call.reason, story.call.ended_by) == (CallState.COMPLETED, None, Side.CALLER)
    assert story.call.agent == Agent("201", "Eva Pinto")
    assert (story.call.ring_s, story.call.talk_s, story.call.hold_s) == (2, 33, 0)


def test_while_the_next_phone_rings_the_call_rings_and_is_still_with_who_had_it(story: Story) -> None:
    maria, ana = talking(story)
    first_answer = story.call.answered_at
    sends(story, ana, maria, "201")
    eva = eva_of(story).rings(maria)
    story.passes(seconds=1)

    assert (story.call.state, story.call.agent) == (CallState.RINGING, Agent("1001", "Ana Costa"))
    eva.answers()
    assert (story.call.state, story.call.answered_at) == (CallState.ANSWERED, first_answer)


def test_a_blind_transfer_nobody_answers_leaves_an_answered_call(story: Story) -> None:
    maria, ana = talking(story)
    sends(story, ana, maria, "201")
    eva = eva_of(story).rings(maria)
    story.passes(seconds=15)
    eva.stops("NOANSWER")
    maria.is_hung_up_on()

    assert story.heard == [*BEGINNING, "call.transferred", "call.ringing", "call.ended"]
    assert (story.call.state, story.call.reason, story.call.missed) == (CallState.COMPLETED, None, None)
    assert (story.call.ended_by, story.call.agent) == (Side.PBX, Agent("1001", "Ana Costa"))


def test_a_blind_transfer_to_a_busy_phone_is_told_as_soon_as_it_failed(story: Story) -> None:
    maria, ana = talking(story)
    sends(story, ana, maria, "201")
    eva_of(story).is_called(maria).is_busy()

    assert story.heard == [*BEGINNING, "call.transferred"]
    assert transfer(story)["to"] == EVA
    maria.hangs_up()
    assert (story.call.state, story.call.ended_by) == (CallState.COMPLETED, Side.CALLER)


def test_a_blind_transfer_to_a_menu_is_told_when_nobody_was_dialled(story: Story) -> None:
    maria, ana = talking(story)
    sends(story, ana, maria, "700")
    story.passes(seconds=0.9)
    assert "call.transferred" not in story.heard
    story.passes(seconds=0.2)

    assert story.heard == [*BEGINNING, "call.transferred"]
    assert transfer(story)["to"] == Party(None, "700")
    maria.hangs_up()


def test_a_blind_transfer_to_a_queue(story: Story) -> None:
    maria, ana = talking(story)
    sends(story, ana, maria, "601")
    maria.waits_in("support")
    assert (story.call.state, transfer(story)["to"]) == (CallState.QUEUED, Party(None, "601"))
    eva = eva_of(story).rings(maria)
    story.passes(seconds=4)
    eva.answers()
    maria.hangs_up()

    heard = ["call.transferred", "call.queued", "call.ringing", "call.answered", "call.ended"]
    assert story.heard == [*BEGINNING, *heard]
    assert (story.call.queue, story.call.wait_s, story.call.ring_s) == ("support", 4, 2)


def test_who_gives_up_in_the_queue_they_were_sent_to_was_answered_before(story: Story) -> None:
    maria, ana = talking(story)
    sends(story, ana, maria, "601")
    maria.waits_in("support")
    eva_of(story).rings(maria)
    story.passes(seconds=4)
    maria.hangs_up()

    heard = ["call.transferred", "call.queued", "call.ringing", "call.left_queue", "call.ended"]
    assert story.heard == [*BEGINNING, *heard]
    assert story.told("call.left_queue").details["reason"] == Reason.ABANDONED
    assert (story.call.state, story.call.reason, story.call.missed) == (CallState.COMPLETED, None, None)


def test_a_queue_that_was_joined_before_the_transfer_was_said_waits_for_it(story: Story) -> None:
    maria, ana = talking(story)
    leaves(story, ana)
    leaves(story, maria)
    now_with(maria, ana)
    maria.phones = []
    maria.waits_in("support")
    assert story.heard == BEGINNING
    say(story, ana, f.BlindTransferred, "601")
    goes(story, ana)
    story.passes(seconds=0.2)

    assert story.heard == [*BEGINNING, "call.transferred", "call.queued"]
    assert transfer(story)["to"] == Party(None, "601")
    maria.hangs_up()


def test_a_blind_transfer_to_several_phones_goes_to_what_was_dialled(story: Story) -> None:
    maria, ana = talking(story)
    sends(story, ana, maria, "661")
    eva, bruno = eva_of(story).is_called(maria), story.someone("1002").is_called(maria)
    eva.rings()
    bruno.rings()
    story.passes(seconds=1)
    bruno.answers()
    maria.hangs_up()

    assert story.heard == [*BEGINNING, "call.transferred", "call.ringing", "call.answered", "call.ended"]
    assert transfer(story)["to"] == Party(None, "661")
    assert story.call.agent == Agent("1002")


def test_a_blind_transfer_to_outside_keeps_the_agent(story: Story) -> None:
    maria, ana = talking(story)
    sends(story, ana, maria, "936000111")
    rui = story.someone("936000111").rings(maria)
    story.passes(seconds=1)
    rui.answers()
    rui.hangs_up()

    outside = Party("+351936000111", "936000111")
    assert (transfer(story)["to"], story.told("call.answered").details["by"]) == (outside, outside)
    assert (story.call.agent, story.call.direction) == (Agent("1001", "Ana Costa"), Direction.INBOUND)
    assert story.call.ended_by is Side.CALLEE


def test_a_call_goes_back_to_who_transferred_it(story: Story) -> None:
    maria, ana = talking(story)
    sends(story, ana, maria, "201")
    eva = eva_of(story).rings(maria)
    eva.answers()
    sends(story, eva, maria, "1001")
    again = story.someone("1001", name="Ana Costa").rings(maria)
    story.passes(seconds=1)
    again.answers()
    again.hangs_up()

    handed = ["call.transferred", "call.ringing", "call.answered"]
    assert story.heard == [*BEGINNING, *handed, *handed, "call.ended"]
    assert transfer(story) == {"kind": "blind", "by": EVA, "from": EVA, "to": ANA}
    assert (story.call.agent, story.call.ended_by) == (Agent("1001", "Ana Costa"), Side.CALLEE)


def test_who_was_called_is_handed_on_and_their_new_partner_takes_the_callers_side(story: Story) -> None:
    ana = story.someone("1001", name="Ana Costa").calls("912345678")
    maria = story.someone("912345678").rings()
    maria.answers()
    story.passes(seconds=5)
    sends(story, ana, maria, "201")
    eva = eva_of(story).rings(maria)
    story.passes(seconds=1)
    eva.answers()
    story.passes(seconds=5)
    eva.hangs_up()

    assert story.heard == [*BEGINNING, "call.transferred", "call.ringing", "call.answered", "call.ended"]
    assert (story.call.direction, story.call.agent) == (Direction.OUTBOUND_MANUAL, Agent("201", "Eva Pinto"))
    assert (story.call.ended_by, story.call.talk_s) == (Side.CALLER, 11)
    assert [leg.side for leg in story.call.legs] == [Side.CALLER, Side.CALLEE, Side.CALLER]
    assert story.call.callee.number == "+351912345678"


def test_who_was_called_is_handed_on_to_a_phone_that_refuses_and_then_hangs_up(story: Story) -> None:
    ana = story.someone("1001", name="Ana Costa").calls("912345678")
    maria = story.someone("912345678").rings()
    maria.answers()
    sends(story, ana, maria, "201")
    eva_of(story).is_called(maria).rejects()
    maria.hangs_up()

    assert (story.call.state, story.call.ended_by) == (CallState.COMPLETED, Side.CALLEE)


def test_hold_ends_with_a_blind_transfer_though_nobody_says_so(story: Story) -> None:
    maria, ana = talking(story)
    ana.holds()
    story.passes(seconds=7)
    sends(story, ana, maria, "201")
    eva = eva_of(story).rings(maria)
    eva.answers()
    story.passes(seconds=5)
    maria.hangs_up()

    assert story.heard[3:] == [
        "call.held",
        "call.resumed",
        "call.transferred",
        "call.ringing",
        "call.answered",
        "call.ended",
    ]
    assert (story.call.hold_s, story.call.talk_s) == (7, 15)


# ── blind, half heard ──


def test_a_blind_transfer_that_is_not_said_is_known_by_who_is_called_next(story: Story) -> None:
    maria, ana = talking(story)
    sends(story, ana, maria, "201", said=False)
    eva = eva_of(story).rings(maria)
    story.passes(seconds=1)
    eva.answers()
    maria.hangs_up()

    assert story.heard == [*BEGINNING, "call.transferred", "call.ringing", "call.answered", "call.ended"]
    assert transfer(story) == {"kind": "blind", "by": ANA, "from": ANA, "to": EVA}
    assert story.call.agent == Agent("201", "Eva Pinto")


def test_a_blind_transfer_that_is_said_late_is_told_once(story: Story) -> None:
    maria, ana = talking(story)
    leaves(story, ana)
    leaves(story, maria)
    maria.phones = []
    eva = eva_of(story).is_called(maria)
    say(story, ana, f.BlindTransferred, "201")
    goes(story, ana)
    eva.rings()
    eva.answers()
    maria.hangs_up()

    assert story.heard == [*BEGINNING, "call.transferred", "call.ringing", "call.answered", "call.ended"]
    assert transfer(story)["to"] == EVA


def test_a_blind_transfer_of_which_nothing_more_is_heard_is_told_with_the_end(story: Story) -> None:
    maria, ana = talking(story)
    sends(story, ana, maria, "201")
    maria.is_hung_up_on()

    assert story.heard == [*BEGINNING, "call.transferred", "call.ended"]
    assert transfer(story)["to"] == Party(None, "201", None, "201")


def test_a_dialplan_that_goes_on_after_the_agent_hung_up_is_no_transfer(story: Story) -> None:
    maria, ana = talking(story)
    say(story, ana, f.HangupAsked)
    goes(story, ana)
    leaves(story, maria)
    maria.phones = []
    eva = eva_of(story).rings(maria)
    story.passes(seconds=1)
    eva.answers()
    story.passes(seconds=4)
    maria.hangs_up()

    assert story.heard == [*BEGINNING, "call.ringing", "call.answered", "call.ended"]
    assert (story.call.agent, story.call.ended_by) == (Agent("201", "Eva Pinto"), Side.CALLER)


# ── attended, by REFER ──


def test_an_attended_transfer_merges_what_was_asked_into_the_call_on_hold(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    story.passes(seconds=3)
    eva.answers()
    story.passes(seconds=7)
    joins(story, (ana, line), maria, eva)
    story.passes(seconds=20)
    maria.hangs_up()

    assert story.heard_of(customers(story))[3:] == ["call.held", "call.resumed", "call.transferred", "call.ended"]
    assert story.heard_of(asked(story)) == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert transfer(story) == {"kind": "attended", "by": ANA, "from": ANA, "to": EVA}
    assert (asked(story).merged_into, customers(story).merged_into) == (customers(story).id, None)
    assert (asked(story).state, asked(story).missed, asked(story).talk_s) == (CallState.COMPLETED, None, 7)
    assert (customers(story).hold_s, customers(story).talk_s) == (10, 30)
    assert customers(story).agent == Agent("201", "Eva Pinto")
    assert [leg.who.extension for leg in customers(story).legs] == [None, "1001", "201"]


def test_after_an_attended_transfer_the_call_may_be_handed_on_again(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    eva.answers()
    joins(story, (ana, line), maria, eva)
    sends(story, eva, maria, "1002")
    bruno = story.someone("1002", name="Bruno Reis").rings(maria)
    story.passes(seconds=1)
    bruno.answers()
    bruno.hangs_up()

    kinds = [event.details["transfer"]["kind"] for event in story.events if event.type == "call.transferred"]  # type: ignore[index]  # a mapping, by the contract
    assert kinds == ["attended", "blind"]
    assert (customers(story).agent, customers(story).ended_by) == (Agent("1002", "Bruno Reis"), Side.CALLEE)


def test_an_attended_transfer_that_is_not_said_is_known_by_who_hears_whom(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    eva.answers()
    joins(story, (ana, line), maria, eva, said=False)
    maria.hangs_up()

    assert transfer(story) == {"kind": "attended", "by": ANA, "from": ANA, "to": EVA}
    assert asked(story).merged_into == customers(story).id
    assert story.tracker.live_calls == 0


def test_an_attended_transfer_that_is_said_and_not_seen_is_told(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    eva.answers()
    say(story, ana, f.AttendedTransferred, line.channel)
    goes(story, ana)
    goes(story, line)
    now_with(maria, eva)
    maria.hangs_up()

    assert transfer(story) == {"kind": "attended", "by": ANA, "from": ANA, "to": EVA}
    assert asked(story).merged_into == customers(story).id
    assert story.tracker.live_calls == 0


def test_a_consultation_that_is_cancelled_ends_like_any_other_call(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    eva.answers()
    story.passes(seconds=7)
    line.hangs_up()
    ana.resumes()
    story.passes(seconds=1)
    maria.hangs_up()

    assert "call.transferred" not in story.heard
    assert (asked(story).state, asked(story).merged_into, asked(story).ended_by) == (
        CallState.COMPLETED,
        None,
        Side.CALLER,
    )
    assert (customers(story).agent, customers(story).hold_s) == (Agent("1001", "Ana Costa"), 7)


def test_who_is_asked_and_does_not_answer_is_no_miss(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    story.passes(seconds=9)
    line.hangs_up()
    ana.resumes()
    maria.hangs_up()

    assert (asked(story).state, asked(story).missed) == (CallState.CANCELLED, None)
    assert customers(story).state is CallState.COMPLETED


def test_a_customer_who_hangs_up_while_somebody_is_asked_leaves_two_to_talk(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    eva.answers()
    maria.hangs_up()
    story.passes(seconds=5)
    line.hangs_up()

    assert (customers(story).state, customers(story).ended_by) == (CallState.COMPLETED, Side.CALLER)
    assert (asked(story).state, asked(story).talk_s, asked(story).merged_into) == (CallState.COMPLETED, 5, None)


def test_who_is_asked_may_have_called_themselves(story: Story) -> None:
    maria, ana = talking(story)
    ana.holds()
    eva = eva_of(story).calls("1001")
    line = story.someone("1001", name="Ana Costa").rings(eva)
    line.answers()
    joins(story, (ana, line), maria, eva)
    maria.hangs_up()

    assert transfer(story) == {"kind": "attended", "by": ANA, "from": ANA, "to": EVA}
    assert (customers(story).agent, asked(story).merged_into) == (Agent("201", "Eva Pinto"), customers(story).id)


def test_the_older_call_goes_on_whichever_of_them_was_referred(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    eva.answers()
    joins(story, (line, ana), eva, maria)
    maria.hangs_up()

    assert customers(story).agent == Agent("201", "Eva Pinto")
    assert asked(story).merged_into == customers(story).id


def test_a_queue_call_keeps_its_queue_when_it_is_handed_on(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.waits_in("sales")
    ana = story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=5)
    ana.answers()
    eva = eva_of(story)
    line = asks(story, ana, eva)
    eva.answers()
    joins(story, (ana, line), maria, eva)
    maria.hangs_up()

    assert (customers(story).queue, customers(story).wait_s) == ("sales", 5)
    assert customers(story).agent == Agent("201", "Eva Pinto")
    assert "call.left_queue" not in story.heard


def test_two_people_who_meet_without_whoever_had_both_are_no_transfer_of_two_others(story: Story) -> None:
    maria, ana = talking(story)
    rui = story.someone("936000111").calls("210000000")
    bruno = story.someone("1002").rings(rui)
    bruno.answers()
    bridge = rui.bridge
    leaves(story, ana)
    leaves(story, maria)
    say(story, maria, f.BridgeEntered, bridge)

    assert "call.transferred" not in story.heard
    assert story.tracker.live_calls == 2


# ── blonde, by REFER ──


def blonde(story: Story, *, said: bool = True) -> tuple[Someone, Someone]:
    """Ana leaves while Eva's phone rings."""
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    story.passes(seconds=4)
    joins(story, (ana, line), maria, eva, said=said)
    return maria, eva


def test_a_blonde_transfer_lets_the_customer_hear_it_ring(story: Story) -> None:
    maria, eva = blonde(story)
    assert customers(story).state is CallState.RINGING
    story.passes(seconds=3)
    eva.answers()
    story.passes(seconds=5)
    maria.hangs_up()

    heard = ["call.held", "call.resumed", "call.transferred", "call.ringing", "call.answered", "call.ended"]
    assert story.heard_of(customers(story))[3:] == heard
    assert transfer(story) == {"kind": "blonde", "by": ANA, "from": ANA, "to": EVA}
    assert (asked(story).state, asked(story).answered_at) == (CallState.COMPLETED, None)
    assert asked(story).merged_into == customers(story).id
    assert (customers(story).hold_s, customers(story).talk_s) == (4, 18)
    assert customers(story).agent == Agent("201", "Eva Pinto")


def test_a_blonde_transfer_nobody_answers(story: Story) -> None:
    maria, eva = blonde(story)
    story.passes(seconds=9)
    eva.stops("NOANSWER")
    maria.is_hung_up_on()

    assert (customers(story).state, customers(story).missed) == (CallState.COMPLETED, None)
    assert (customers(story).agent, customers(story).ended_by) == (Agent("1001", "Ana Costa"), Side.PBX)
    assert story.tracker.live_calls == 0


def test_a_blonde_transfer_that_is_not_said_is_known_when_the_phone_is_another_calls(story: Story) -> None:
    maria, eva = blonde(story, said=False)
    story.passes(seconds=3)
    eva.answers()
    maria.hangs_up()

    assert transfer(story) == {"kind": "blonde", "by": ANA, "from": ANA, "to": EVA}
    assert customers(story).agent == Agent("201", "Eva Pinto")
    assert asked(story).merged_into == customers(story).id
    assert story.tracker.live_calls == 0


# ── by feature code ──


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


def test_a_feature_code_that_nobody_answers_rings_back(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    code.leaves(eva)
    story.passes(seconds=5)
    say(story, eva, f.DialEnded, code.far.channel, "NOANSWER")
    goes(story, eva)
    code.is_gone()
    again = story.someone("1001", name="Ana Costa")
    again.channel, _ = story.new_channel("main")
    say(story, again, f.ChannelBorn, "PJSIP/1001-00000009", again.channel, False, "1001", "Ana Costa", "s")
    say(story, again, f.DialBegan, None, "1001")
    say(story, again, f.ChannelRang)
    story.passes(seconds=2)
    again.picks_up()
    say(story, again, f.BridgeEntered, code.held_in)
    again.bridge = code.held_in
    now_with(maria, again)
    maria.hangs_up()

    assert len(story.calls) == 2
    heard = ["call.transferred", "call.ringing", "call.ringing", "call.answered", "call.ended"]
    assert story.heard_of(customers(story))[5:] == heard
    assert customers(story).agent == Agent("1001", "Ana Costa")


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
