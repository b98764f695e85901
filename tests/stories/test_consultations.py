"""Calls that are handed to somebody who was asked first, on a second line; also where half of it is not said."""

from callbridge.calls import facts as f
from callbridge.calls.call import Agent, CallState, Party, Side
from tests.stories.handing import (
    ANA,
    EVA,
    asked,
    asks,
    customers,
    eva_of,
    goes,
    joins,
    leaves,
    now_with,
    say,
    sends,
    talking,
    transfer,
)
from tests.stories.someone import Someone
from tests.stories.story import Story


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


def test_who_brings_two_together_and_stays_has_not_handed_them_on(story: Story) -> None:
    _, ana = talking(story)
    eva = eva_of(story)
    asks(story, ana, eva)
    eva.answers()
    ana.resumes()
    leaves(story, eva)
    say(story, eva, f.BridgeEntered, ana.bridge)

    assert "call.transferred" not in story.heard
    assert story.tracker.live_calls == 2


def test_a_phone_that_hangs_up_its_lines_when_it_has_joined_them_ends_nothing(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    eva.answers()
    say(story, ana, f.HangupAsked)
    say(story, ana, f.AttendedTransferred, line.channel)
    say(story, ana, f.HangupAsked)
    say(story, line, f.HangupAsked)
    goes(story, ana)
    goes(story, line)
    now_with(maria, eva)
    maria.hangs_up()

    assert (customers(story).ended_by, asked(story).ended_by) == (Side.CALLER, Side.CALLER)


# ── blonde ──


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


def test_a_queue_that_is_asked_has_the_customer_wait_in_it(story: Story) -> None:
    maria, ana = talking(story)
    ana.holds()
    line = story.someone("1001", name="Ana Costa").calls("601")
    line.picks_up()
    line.waits_in("support")
    eva = eva_of(story).rings(line)
    story.passes(seconds=3)
    joins(story, (ana, line), maria, eva)
    assert (customers(story).state, customers(story).queue) == (CallState.RINGING, "support")
    story.passes(seconds=4)
    maria.queue = "support"
    eva.answers()
    story.passes(seconds=5)
    maria.hangs_up()

    heard = ["call.transferred", "call.queued", "call.ringing", "call.answered", "call.ended"]
    assert story.heard_of(customers(story))[5:] == heard
    assert transfer(story)["to"] == Party(None, "601")
    assert (customers(story).wait_s, asked(story).wait_s) == (4, 3)
    assert (customers(story).agent, asked(story).state) == (Agent("201", "Eva Pinto"), CallState.COMPLETED)


def test_a_hold_in_what_was_asked_is_over_when_that_is_merged(story: Story) -> None:
    maria, ana = talking(story)
    eva = eva_of(story)
    line = asks(story, ana, eva)
    story.passes(seconds=3)
    eva.answers()
    story.passes(seconds=5)
    line.holds()
    story.passes(seconds=4)
    joins(story, (ana, line), maria, eva)

    assert (asked(story).hold_s, asked(story).talk_s) == (4, 5)
