"""Music, menus, announcements and voicemail answer nobody."""

from callbridge.calls import facts as f
from callbridge.calls.call import CallState, Reason, Side
from tests.stories.story import Story


def test_music_is_no_answer(story: Story) -> None:
    ana = story.someone("+34600111222")
    ana.picks_up()  # the PBX goes up to play music
    ana.waits_in("support")
    story.passes(seconds=42)

    assert story.heard == ["call.started", "call.queued"]
    assert story.call.answered_at is None
    assert story.call.state is CallState.QUEUED


def test_a_menu_the_caller_hangs_up_on(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    story.passes(seconds=8)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.ended", "call.missed"]
    assert (story.call.state, story.call.reason, story.call.ended_by) == (CallState.CANCELLED, Reason.IVR, Side.CALLER)
    assert story.call.talk_s == 0


def test_an_announcement_after_which_the_pbx_hangs_up(story: Story) -> None:
    maria = story.someone("912345678")
    maria.picks_up()
    story.passes(seconds=8)
    maria.is_hung_up_on()

    assert story.heard == ["call.started", "call.ended", "call.missed"]
    assert (story.call.state, story.call.reason, story.call.ended_by) == (CallState.NO_ANSWER, Reason.IVR, Side.PBX)


def test_voicemail_after_a_phone_nobody_picked_up(story: Story) -> None:
    maria = story.someone("912345678").calls("210000032")
    ana = story.someone("1001").rings()
    story.passes(seconds=20)
    ana.stops("NOANSWER")
    story.says(f.VoicemailBegan("main", story.now, maria.channel))
    maria.picks_up()
    story.passes(seconds=30)
    maria.hangs_up()

    assert story.heard == ["call.started", "call.ringing", "call.ended", "call.missed"]
    assert (story.call.state, story.call.reason) == (CallState.NO_ANSWER, Reason.VOICEMAIL)
    assert (story.call.ring_s, story.call.answered_at) == (20, None)


def test_an_announcement_after_a_phone_nobody_picked_up(story: Story) -> None:
    maria = story.someone("912345678").calls("210000001")
    ana = story.someone("1001").rings()
    story.passes(seconds=20)
    ana.stops("NOANSWER")
    maria.picks_up()
    story.passes(seconds=3)
    maria.hangs_up()

    assert (story.call.state, story.call.reason, story.call.ended_by) == (
        CallState.NO_ANSWER,
        Reason.TIMEOUT,
        Side.CALLER,
    )


def test_a_phone_that_is_up_has_not_answered_until_it_is_bridged(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    story.passes(seconds=3)
    ana.picks_up()
    maria.picks_up()
    story.passes(seconds=2)
    assert story.heard == ["call.started", "call.ringing"]

    ana.talks_with(maria)
    assert story.heard == ["call.started", "call.ringing", "call.answered"]
    assert (story.call.ring_s, story.call.answered_at) == (5, story.now)


def test_a_bridge_that_holds_joins_nobody(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    ana.picks_up()
    for each in (maria, ana):
        story.says(f.BridgeEntered("main", story.now, each.channel, "parking", holding=True))

    assert "call.answered" not in story.heard


def test_one_side_alone_in_a_bridge_is_no_answer(story: Story) -> None:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    ana.picks_up()
    story.says(f.BridgeEntered("main", story.now, ana.channel, "b1"))
    assert "call.answered" not in story.heard
    story.says(f.BridgeLeft("main", story.now, ana.channel, "b1"))
    story.says(f.BridgeEntered("main", story.now, maria.channel, "b1"))
    assert "call.answered" not in story.heard
    story.says(f.BridgeEntered("main", story.now, ana.channel, "b1"))
    assert story.heard[-1] == "call.answered"


def test_two_phones_that_were_called_and_not_the_caller_are_no_answer(story: Story) -> None:
    story.someone("912345678").calls("210000010")
    ana, bruno = story.someone("1001").rings(), story.someone("1002").rings()
    story.passes(seconds=1)
    ana.talks_with(bruno)

    assert "call.answered" not in story.heard
