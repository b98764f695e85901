"""Who is left alone after a blonde transfer by feature code that nobody answers: the PBX calls for them by itself."""

import pytest

from callbridge.calls import facts as f
from callbridge.calls.call import Agent, Direction
from tests.stories.handing import ByCode, customers, enters, eva_of, goes, leaves, now_with, say, talking
from tests.stories.someone import Someone
from tests.stories.story import Story


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


def left_alone(story: Story) -> tuple[Someone, str]:
    """Ana has left while Eva's phone rang, which nobody answered; return Maria, and the bridge she waits in."""
    maria, ana = talking(story)
    eva = eva_of(story)
    code = ByCode(story, ana, maria)
    code.rings(eva)
    code.leaves(eva)
    story.passes(seconds=5)
    say(story, eva, f.DialEnded, code.far.channel, "BUSY")
    goes(story, eva)
    code.is_gone()
    return maria, code.held_in


def local(story: Story, wanted: str) -> tuple[Someone, Someone]:
    """A Local channel the PBX makes, of which it does not say for whom."""
    near, far = story.someone(None), story.someone(None)
    for half, which in ((near, ";1"), (far, ";2")):
        half.channel, _ = story.new_channel("main")
        name = f"Local/{wanted}@from-phones-00000009{which}"
        say(story, half, f.ChannelBorn, name, near.channel, which == ";2", None, None, wanted)
    say(story, near, f.LocalJoined, far.channel)
    return near, far


def is_dialled_by(story: Story, far: Someone) -> Someone:
    """Eva's phone, called by a Local channel whose Linkedid it has."""
    eva = eva_of(story)
    eva.channel, count = story.new_channel("main")
    channel = story.tracker.board.channel("main", far.channel)
    assert channel is not None
    say(story, eva, f.ChannelBorn, f"PJSIP/201-{count:08x}", channel.linkedid, False, "201", "Eva Pinto", "s")
    say(story, eva, f.DialBegan, far.channel, "201")
    say(story, eva, f.ChannelRang)
    return eva


@pytest.mark.parametrize("heard", ["first", "while it rings", "last"])
def test_whoever_is_called_once_more_for_somebody_left_alone_answers_that_call(story: Story, heard: str) -> None:
    """The near half comes to her by a thread of its own, which a busy machine may run later than the dial."""
    maria, held_in = left_alone(story)
    near, far = local(story, "201")
    if heard == "first":
        enters(story, near, held_in)
    eva = is_dialled_by(story, far)
    if heard == "while it rings":
        enters(story, near, held_in)
    eva.picks_up()
    say(story, eva, f.DialEnded, far.channel, "ANSWER")
    bridge = story.new_bridge()
    enters(story, eva, bridge)
    enters(story, far, bridge)
    if heard == "last":
        enters(story, near, held_in)
    story.passes(seconds=1)
    leaves(story, near)
    enters(story, eva, held_in)
    for half in (near, far):
        goes(story, half)
    now_with(maria, eva)
    maria.hangs_up()

    assert len(story.calls) == 2
    assert story.heard_of(customers(story))[5:] == [
        "call.transferred",
        "call.ringing",
        "call.ringing",
        "call.answered",
        "call.ended",
    ]
    assert customers(story).agent == Agent("201", "Eva Pinto")


@pytest.mark.parametrize("said", ["before", "after"])
def test_a_call_that_is_placed_while_somebody_waits_alone_is_one_of_its_own(story: Story, said: str) -> None:
    left_alone(story)
    near, far = local(story, "201")
    if said == "before":
        say(story, near, f.DialBegan, None, "201@from-phones")
    is_dialled_by(story, far)
    if said == "after":
        say(story, near, f.DialBegan, None, "201@from-phones")

    placed = story.calls[-1]
    assert story.heard_of(placed) == ["call.started"]
    assert (len(story.calls), placed.direction, placed.agent) == (
        3,
        Direction.OUTBOUND_MANUAL,
        Agent("201", "Eva Pinto"),
    )
