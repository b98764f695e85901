"""Conference rooms, and three who talk."""

from callbridge.calls import facts as f
from callbridge.calls.call import CallState, Direction, Side
from tests.stories.someone import Someone
from tests.stories.story import Story


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


def test_a_call_sent_into_a_room_by_transfer_is_answered_by_who_is_there(story: Story) -> None:
    bruno = story.someone("1002", name="Bruno Reis")
    bruno.dials_into("room")
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001", name="Ana Costa").rings()
    ana.answers()
    story.passes(seconds=10)
    story.says(f.BlindTransferred("main", story.now, ana.channel, "650"))
    ana.is_hung_up_on()
    maria.enters_room("room")
    story.passes(seconds=10)
    maria.leaves_room()
    bruno.leaves_room()

    call = next(each for each in story.calls if each.direction is Direction.INBOUND)
    assert story.heard_of(call)[2:] == ["call.answered", "call.transferred", "call.answered", "call.ended"]
    assert call.agent
    assert call.agent.extension == "1002"


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
