"""A PBX that is not heard for a while, and what is made of it."""

from dataclasses import replace
from datetime import timedelta

from callbridge.calls import facts as f
from callbridge.calls.call import CallState, Direction, Reason
from tests.stories.story import Story


def test_calls_that_vanished_in_the_gap_were_interrupted(story: Story) -> None:
    story.link_comes()
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    rui = story.someone("936000111").calls("210000000")
    story.passes(seconds=2)
    ana.answers()
    story.passes(seconds=5)
    story.link_goes()
    lost_at = story.now
    story.passes(seconds=60)
    story.link_comes(rui)

    vanished, alive = story.calls
    assert (vanished.state, vanished.reason) == (CallState.COMPLETED, Reason.INTERRUPTED)
    assert not alive.over
    assert story.told("pbx.connected").details["gap"] == {
        "from": lost_at,
        "to": story.now,
        "restarted": False,
        "ended": 1,
        "adopted": 0,
        "backfilled": None,
    }
    assert maria.bridge


def test_an_unanswered_call_that_vanished_failed_and_was_missed(story: Story) -> None:
    story.someone("912345678").calls("210000000")
    story.someone("1001").rings()
    story.passes(seconds=2)
    story.link_comes()

    assert story.heard == ["call.started", "call.ringing", "call.ended", "call.missed", "pbx.connected"]
    assert (story.call.state, story.call.reason) == (CallState.FAILED, Reason.INTERRUPTED)


def test_nobody_is_said_to_have_given_up_a_queue_that_was_not_heard(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    maria.waits_in("sales")
    story.passes(seconds=5)
    story.link_comes()

    assert "call.left_queue" not in story.heard
    assert (story.call.state, story.call.reason, story.call.wait_s) == (CallState.FAILED, Reason.INTERRUPTED, 5)


def test_a_call_that_lost_its_caller_in_the_gap_ends_with_its_last_phone(story: Story) -> None:
    story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    ana.answers()
    story.passes(seconds=5)
    story.link_comes(ana)
    assert "call.ended" not in story.heard
    story.says(f.ChannelGone("main", story.now, ana.channel, 16))

    assert (story.call.state, story.call.reason) == (CallState.COMPLETED, None)


def test_a_call_that_began_unheard_is_adopted_and_told_once(story: Story) -> None:
    silent = Story()
    maria = silent.someone("912345678", name="Maria Silva").calls("210000000")
    ana = silent.someone("1001", name="Ana Costa").rings()
    ana.answers()

    story.link_comes(maria, ana)
    assert story.heard == ["call.started", "call.answered", "pbx.connected"]
    assert story.call.id == silent.call.id
    assert story.call.direction is Direction.INBOUND
    assert (story.call.agent, story.call.caller) == (silent.call.agent, silent.call.caller)
    story.link_goes()
    story.link_comes(maria, ana)
    assert story.heard.count("call.started") == 1

    story.says(f.ChannelGone("main", story.now, maria.channel, 16), f.ChannelGone("main", story.now, ana.channel, 16))
    assert (story.heard[-1], story.call.state) == ("call.ended", CallState.COMPLETED)


def test_an_adopted_call_began_when_its_channel_did(story: Story) -> None:
    maria = story.someone("912345678")
    maria.channel = "1795341600.1"
    began = story.now - timedelta(seconds=90)
    seen = f.ChannelSeen(
        maria.channel, "PJSIP/trunk-00000001", maria.channel, up=True, ringing=False, calling=True, since=began
    )
    story.says(f.StateRead("main", story.now, (seen,)))

    assert story.call.started_at == began


def test_a_caller_found_waiting_is_queued(story: Story) -> None:
    silent = Story()
    maria = silent.someone("912345678")
    maria.picks_up()
    maria.waits_in("sales")
    ana = silent.someone("1001").rings()

    story.link_comes(maria, ana, waiting={maria.channel: "sales"})
    story.passes(seconds=3)
    maria.hangs_up()  # said to the silent story only
    story.says(*silent.facts[-6:])

    assert [kind for kind in story.heard if kind != "pbx.connected"] == [
        "call.started",
        "call.queued",
        "call.ringing",
        "call.left_queue",
        "call.ended",
        "call.missed",
    ]


def test_a_call_through_local_channels_is_adopted_whatever_its_linkedid_is_named_after(story: Story) -> None:
    """The far half of a Local channel calls too, and after a transfer nobody has the Linkedid for its own id."""
    silent = Story()
    maria = silent.someone("912345678").calls("210000000")
    ana = silent.someone("1001", name="Ana Costa").is_called_through_local()
    ana.rings()
    ana.answers()
    near = ana.local
    assert near is not None
    assert near.local is not None
    found = [replace(each.as_seen(), linkedid="1795341599.9") for each in (maria, near.local, near, ana)]
    found[2] = replace(found[2], calling=True)
    story.says(f.StateRead("main", story.now, tuple(found)))

    assert story.heard == ["call.started", "call.answered", "pbx.connected"]
    assert story.call.agent == silent.call.agent


def test_a_call_that_was_known_goes_on_after_the_gap(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    story.passes(seconds=2)
    story.link_goes()
    before = story.heard.copy()
    ana.is_up = maria.is_up = True
    ana.bridge = maria.bridge = "unheard"
    story.link_comes(maria, ana)
    ana.hangs_up()

    assert before == ["call.started", "call.ringing"]
    assert [kind for kind in story.heard if kind.startswith("call")] == [*before, "call.answered", "call.ended"]


def test_a_lost_link_is_told_once_however_often_it_fails_to_come_back(story: Story) -> None:
    story.link_comes()
    story.link_goes()
    story.link_goes()
    story.passes(seconds=9)
    story.link_goes()
    story.link_comes()

    assert story.heard == ["pbx.connected", "pbx.disconnected", "pbx.connected"]


def test_the_gap_of_one_pbx_is_not_the_others(story: Story) -> None:
    story.someone("912345678", pbx="porto").calls("220000000")
    story.link_comes()

    assert "call.ended" not in story.heard


def test_whoever_is_called_after_the_customer_came_unheard_is_on_the_other_side(story: Story) -> None:
    silent = Story()
    maria = silent.someone("912345678").is_called_first().rings()
    story.says(*silent.facts)
    story.link_goes()
    story.passes(seconds=3)
    silent.passes(seconds=3)
    maria.comes()
    maria.waits_in("sales")
    ana, bruno = silent.someone("1001").rings(), silent.someone("1002", name="Bruno Reis").rings()
    story.link_comes(maria, ana, bruno, waiting={maria.channel: "sales"})
    heard = len(silent.facts)
    story.passes(seconds=5)
    silent.passes(seconds=5)
    bruno.answers()
    maria.hangs_up()
    story.says(*silent.facts[heard:])

    assert [leg.side for leg in story.call.legs] == ["callee", "caller", "caller"]
    assert (story.call.agent, story.call.state) == (silent.call.agent, CallState.COMPLETED)
    assert (story.call.queue, story.call.ended_by, story.call.oddities) == ("sales", "callee", 0)
    assert "call.left_queue" not in story.heard


def test_nobody_is_said_to_have_handed_on_a_call_who_left_it_unheard(story: Story) -> None:
    """They may have hung up, too, and the dialplan have gone on with whoever was left."""
    story.link_comes()
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    ana.answers()
    story.link_goes()
    story.now += timedelta(seconds=5)
    maria.bridge = None
    story.link_comes(maria, waiting={maria.channel: "sales"})
    story.passes(seconds=5)
    story.says(f.HangupAsked("main", story.now, maria.channel), f.ChannelGone("main", story.now, maria.channel, 16))

    heard = ["call.answered", "pbx.disconnected", "call.queued", "pbx.connected", "call.left_queue", "call.ended"]
    assert story.heard[-6:] == heard
    assert (story.call.state, story.call.missed) == (CallState.COMPLETED, None)
    assert ana.bridge
