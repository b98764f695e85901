"""Calls that nobody dials on a phone: an agent's phone first, or the customer first."""

from datetime import timedelta

import pytest

from callbridge.calls import facts as f
from callbridge.calls.call import Direction
from callbridge.calls.clicks import NAMING_S
from tests.stories.someone import Someone
from tests.stories.story import Story


def click(story: Story) -> Someone:
    """Ana clicks on Maria's number: her own phone rings."""
    return story.someone("1001", name="Ana Costa").is_called_first().rings()


def is_told(story: Story, exten: str, ana: Someone | None, device: str = "PJSIP/1001") -> None:
    """The PBX answers to who asked it: the call was placed from `ana`, or nobody came."""
    story.says(f.CallPlaced("main", story.now, device, ana.channel if ana else None, exten))


def test_a_click_is_one_call_from_the_agent_to_the_customer(story: Story) -> None:
    ana = click(story)
    story.passes(seconds=2)
    ana.comes()
    story.passes(seconds=1)
    maria = story.someone("912345678").rings()
    story.passes(seconds=4)
    maria.answers()
    story.passes(seconds=10)
    ana.hangs_up()

    assert story.heard == ["call.started", "call.ringing", "call.ringing", "call.answered", "call.ended"]
    call = story.call
    assert (call.direction, call.caller.extension, call.callee.number) == ("outbound_manual", "1001", "+351912345678")
    assert (call.agent and call.agent.name, call.ended_by) == ("Ana Costa", "caller")
    assert (call.ring_s, call.talk_s) == (6, 10)
    assert story.told("call.answered").details["by"] == call.callee
    assert story.states == ["started", "ringing", "ringing", "answered", "completed"]


def test_the_agents_phone_rings_first(story: Story) -> None:
    ana = click(story)

    assert story.told("call.ringing").details["ringing"] == (story.call.caller,)
    assert story.call.state == "ringing"
    ana.comes()
    assert story.tracker.board.open[story.call.id].state_now() == "started"


def test_an_agent_who_picks_up_has_not_answered(story: Story) -> None:
    ana = click(story)
    ana.comes()
    story.passes(seconds=3)
    ana.hangs_up()

    assert "call.answered" not in story.heard
    assert (story.call.state, story.call.reason, story.call.ended_by) == ("cancelled", "ivr", "caller")


@pytest.mark.parametrize("said_first", [True, False])
def test_an_agent_who_declines_takes_the_call_back(*, said_first: bool) -> None:
    """The PBX says whom it would have called, right before or right after it hangs up."""
    story = Story()
    ana = click(story)
    story.says(f.HangupAsked("main", story.now, ana.channel), f.DialEnded("main", story.now, ana.channel, None, "BUSY"))
    if said_first:
        is_told(story, "912345678", None)
    ana.is_hung_up_on(17)
    if not said_first:
        is_told(story, "912345678", None)

    assert story.heard == ["call.started", "call.ringing", "call.ended"]
    call = story.call
    assert (call.state, call.reason, call.ended_by) == ("cancelled", "rejected", "caller")
    assert (call.direction, call.callee.number, call.agent and call.agent.extension) == (
        "outbound_manual",
        "+351912345678",
        "1001",
    )


def test_a_number_that_was_dialled_before_it_is_said_is_not_forgotten(story: Story) -> None:
    """What was asked for is a service's number, and the line shows whose it is; two threads of the PBX say so."""
    ana = click(story)
    ana.comes()
    story.someone("912345678").rings()
    is_told(story, "8912345678", ana)
    ana.hangs_up()

    assert (story.call.callee.number, story.call.callee.raw) == ("+351912345678", "8912345678")


def test_an_agent_who_does_not_pick_up_is_no_answer(story: Story) -> None:
    ana = click(story)
    story.passes(seconds=20)
    story.says(f.DialEnded("main", story.now, ana.channel, None, "NOANSWER"))
    ana.is_hung_up_on(0)
    ended = story.now
    story.passes(seconds=NAMING_S)

    assert story.heard == ["call.started", "call.ringing", "call.ended"]
    assert (story.call.state, story.call.reason, story.call.ended_by) == ("no_answer", "timeout", "pbx")
    assert story.call.ended_at == story.events[-1].at == ended
    assert story.call.ring_s == 20


def test_a_click_whose_number_is_never_said_ends_all_the_same(story: Story) -> None:
    """A call file, say: the PBX answers to nobody."""
    ana = story.someone("1001").is_called_first()
    ana.is_hung_up_on(20)
    assert story.heard == ["call.started"]
    story.passes(seconds=NAMING_S + 0.1)

    assert story.heard == ["call.started", "call.ended"]
    assert (story.call.state, story.call.reason) == ("failed", "unavailable")
    assert story.call.callee.raw is None


def test_of_two_clicks_on_one_phone_a_failure_names_neither(story: Story) -> None:
    one, two = click(story), click(story)
    is_told(story, "912345678", None)
    for phone in (one, two):
        phone.is_hung_up_on(17)
    story.passes(seconds=NAMING_S)

    assert [call.callee.raw for call in story.calls] == [None, None]


def test_a_busy_customer_is_a_busy_call(story: Story) -> None:
    ana = click(story)
    ana.comes()
    story.someone("912345678").is_busy()
    story.passes(seconds=1)
    ana.hangs_up()

    assert story.heard == ["call.started", "call.ringing", "call.ended"]
    assert (story.call.state, story.call.reason, story.call.direction) == ("busy", "busy", "outbound_manual")


def test_a_customer_who_does_not_answer_a_click_is_missed_by_nobody(story: Story) -> None:
    ana = click(story)
    ana.comes()
    maria = story.someone("912345678").rings()
    story.passes(seconds=30)
    maria.stops()
    ana.is_hung_up_on(19)

    assert story.heard == ["call.started", "call.ringing", "call.ringing", "call.ended"]
    assert (story.call.state, story.call.reason, story.call.missed) == ("no_answer", "timeout", None)


def test_an_agent_who_gives_up_while_the_customers_phone_rings(story: Story) -> None:
    ana = click(story)
    ana.comes()
    story.someone("912345678").rings()
    story.passes(seconds=3)
    ana.hangs_up()

    assert (story.call.state, story.call.reason, story.call.ended_by) == ("cancelled", None, "caller")


def test_the_number_is_known_as_soon_as_the_pbx_says_it(story: Story) -> None:
    ana = click(story)
    ana.comes()
    is_told(story, "0912345678", ana)
    story.someone("912345678").rings()
    story.passes(seconds=1)

    assert (story.call.callee.number, story.call.callee.raw) == ("+351912345678", "0912345678")


def test_a_chosen_caller_id_does_not_rename_the_agent() -> None:
    story = Story()
    ana = story.someone("1001", name="Ana Costa")
    ana._is_born(calling=False)
    story.says(f.CallerIdChanged("main", story.now, ana.channel, "210000000", "Lab Lda"))
    story.says(f.DialBegan("main", story.now, ana.channel, None, "1001"))
    story.callers.append(ana)
    ana.rings()

    assert (story.call.caller.raw, story.call.caller.name) == ("1001", "Ana Costa")
    ana.hangs_up()
    story.passes(seconds=1)


def test_a_click_on_a_colleague_stays_inside(story: Story) -> None:
    ana = click(story)
    ana.comes()
    eva = story.someone("201", name="Eva Pinto").rings()
    eva.answers()
    ana.hangs_up()

    call = story.call
    assert (call.direction, call.callee.extension, call.agent and call.agent.extension) == ("internal", "201", "201")


def test_a_click_through_a_local_channel_is_the_same_call(story: Story) -> None:
    ana = story.someone("1001", name="Ana Costa")
    far = ana.is_called_first_through_local()
    ana.rings()
    story.passes(seconds=2)
    ana.comes()
    far.picks_up()
    maria = story.someone("912345678").rings(by=far)
    story.passes(seconds=4)
    maria.answers()
    story.passes(seconds=10)
    maria.hangs_up()
    ana.is_hung_up_on()

    assert story.heard == ["call.started", "call.ringing", "call.ringing", "call.answered", "call.ended"]
    call = story.call
    assert (call.direction, call.caller.extension, call.callee.number) == ("outbound_manual", "1001", "+351912345678")
    assert [leg.side for leg in call.legs] == ["caller", "callee"]
    assert (call.ring_s, call.talk_s, call.ended_by) == (6, 10, "callee")
    assert call.oddities == 0


def test_of_an_agents_two_devices_the_one_that_comes_calls(story: Story) -> None:
    desk, mobile = story.someone("1001", name="Ana Costa"), story.someone("1001", name="Ana Costa")
    far = desk.is_called_first_through_local()
    mobile.is_called(by=desk.local)
    desk.rings()
    mobile.rings()
    story.passes(seconds=2)
    mobile.local, desk.local, desk.caller = desk.local, None, mobile.caller
    mobile.comes()
    desk.stops("CANCEL", 26)
    far.picks_up()
    maria = story.someone("912345678").rings(by=far)
    story.passes(seconds=1)
    maria.answers()
    mobile._says(f.HangupAsked)
    maria.is_hung_up_on()
    far.is_hung_up_on()
    mobile.is_hung_up_on()

    assert story.heard == ["call.started", "call.ringing", "call.ringing", "call.answered", "call.ended"]
    assert story.events[1].details["ringing"] == (story.call.caller,)
    assert [leg.side for leg in story.call.legs] == ["caller", "caller", "callee"]
    assert (story.call.ring_s, story.call.ended_by) == (3, "caller")


def test_the_customer_first_is_a_call_of_the_systems_own(story: Story) -> None:
    maria = story.someone("912345678").is_called_first().rings()
    story.passes(seconds=3)
    maria.comes()
    maria.waits_in("sales")
    ana, bruno = story.someone("1001").rings(), story.someone("1002", name="Bruno Reis").rings()
    story.passes(seconds=5)
    bruno.answers()
    story.passes(seconds=10)
    maria.hangs_up()

    assert ana.channel
    assert story.heard == [
        "call.started",
        "call.ringing",
        "call.queued",
        "call.ringing",
        "call.answered",
        "call.ended",
    ]
    call = story.call
    assert (call.direction, call.callee.number, call.queue) == (Direction.OUTBOUND_AUTO, "+351912345678", "sales")
    assert (call.agent and call.agent.name, call.wait_s, call.ring_s, call.talk_s) == ("Bruno Reis", 5, 8, 10)
    assert story.told("call.answered").details["by"] == call.legs[2].who
    assert [leg.side for leg in call.legs] == ["callee", "caller", "caller"]
    assert call.ended_by == "callee"


def test_a_customer_who_comes_to_nobody_has_talked_to_nobody(story: Story) -> None:
    maria = story.someone("912345678").is_called_first().rings()
    maria.comes()
    maria.waits_in("sales")
    story.someone("1001").rings()
    story.passes(seconds=9)
    maria.hangs_up()

    assert story.heard[-2:] == ["call.left_queue", "call.ended"]
    call = story.call
    assert (call.state, call.reason, call.ended_by, call.missed) == ("cancelled", "abandoned", "callee", None)


@pytest.mark.parametrize(
    ("status", "cause", "state", "reason"), [("BUSY", 17, "busy", "busy"), ("NOANSWER", 0, "no_answer", "timeout")]
)
def test_a_customer_the_system_does_not_reach(status: str, cause: int, state: str, reason: str) -> None:
    story = Story()
    maria = story.someone("912345678").is_called_first().rings()
    story.says(f.DialEnded("main", story.now, maria.channel, None, status))
    maria.is_hung_up_on(cause)

    assert story.heard == ["call.started", "call.ringing", "call.ended"]
    assert (story.call.state, story.call.reason, story.call.ended_by) == (state, reason, "pbx")


def test_an_agent_who_came_in_a_gap_does_not_ring_on(story: Story) -> None:
    story.link_comes()
    ana = story.someone("1001").is_called_first().rings()
    story.passes(seconds=3)
    story.link_goes()
    ana.is_up = True
    story.now += timedelta(seconds=5)
    story.link_comes(ana)
    story.passes(seconds=20)
    ana.hangs_up()

    assert story.heard[-2:] == ["pbx.connected", "call.ended"]
    assert story.call.ring_s == 3


def test_a_dial_by_nobody_for_a_call_that_is_there_already_begins_none(story: Story) -> None:
    """What a consultation by feature code begins with: a Local channel with the Linkedid of the call."""
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    ana.answers()
    half = ana._half(";1", beside=maria)
    half._says(f.DialBegan, None, "201@from-phones")
    half._is_gone(16)
    maria.hangs_up()

    assert len(story.calls) == 1
