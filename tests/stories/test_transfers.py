"""Calls that are sent on unasked; also where half of it is not said."""

from callbridge.calls import facts as f
from callbridge.calls.call import Agent, CallState, Direction, Party, Reason, Side
from tests.stories.handing import ANA, BEGINNING, EVA, eva_of, goes, leaves, now_with, say, sends, talking, transfer
from tests.stories.story import Story


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


def test_a_blind_transfer_to_a_line_that_is_slow_to_ring_is_told_when_it_rings(story: Story) -> None:
    maria, ana = talking(story)
    sends(story, ana, maria, "936000111")
    rui = story.someone("936000111").is_called(maria)
    story.passes(seconds=4)
    assert story.heard == BEGINNING
    rui.rings()
    story.passes(seconds=1)

    assert story.heard == [*BEGINNING, "call.transferred", "call.ringing"]
    maria.hangs_up()


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


# ── half heard ──


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
