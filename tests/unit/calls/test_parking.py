from callbridge.calls import facts as f
from tests.stories.story import Story


def test_a_parked_call_nobody_knows_is_fetched_in_silence() -> None:
    """What was before it cannot be known, and there is no call to the number of a slot."""
    story = Story()
    bruno = story.someone("1002").calls("701")
    bruno.picks_up()
    story.says(f.CallUnparked("main", story.now, "1795341599.9", "701", bruno.channel))
    story.passes(seconds=5)

    assert story.heard == []
    assert story.tracker.live_calls == 0


def test_who_parks_from_a_trunk_is_known_by_their_leg() -> None:
    """A customer's own phone may park, where the dialplan lets it."""
    story = Story()
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001").rings()
    ana.answers()
    ana.is_parked("701", "PJSIP/trunk")

    by = story.told("call.parked").details["by"]
    assert by == story.call.caller
    assert maria.bridge


def test_out_of_a_car_park_nobody_was_in_is_odd() -> None:
    story = Story()
    maria = story.someone("912345678").calls("210000000")
    story.says(f.CallUnparked("main", story.now, maria.channel, "701"))

    assert story.heard == ["call.started"]
    assert story.tracker.board.oddities == {"unparked, but not parked": 1}


def test_who_is_with_a_caller_before_it_is_said_that_they_fetched_them_has_answered() -> None:
    """The bridge and the car park are told by two threads."""
    story = Story()
    maria = story.someone("912345678").calls("210000000")
    maria.picks_up()
    maria.is_parked()
    story.passes(seconds=20)
    bruno = story.someone("1002", name="Bruno Reis").calls("701")
    bruno.picks_up()
    bruno.talks_with(maria)
    bruno.bridge = maria.bridge = None
    maria.is_unparked(by=bruno)
    story.passes(seconds=5)

    assert story.heard == ["call.started", "call.parked", "call.unparked", "call.answered"]
