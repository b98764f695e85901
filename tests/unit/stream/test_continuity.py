"""Whether anything is missing between two events of a call."""

from callbridge.ports import SHARDS, shard_of
from callbridge.stream.continuity import Continuity, Follows

CALL = f"call_{'ab' * 16}"
OTHER = f"call_{'cd' * 16}"


def test_the_first_event_of_a_call_and_each_that_follows_on_go_directly() -> None:
    heard = Continuity()

    assert [heard.heard(CALL, sequence) for sequence in (1, 2, 3)] == [Follows.ON] * 3
    assert heard.heard(OTHER, 1) is Follows.ON


def test_a_call_that_is_first_heard_in_its_midst_may_miss_something() -> None:
    heard = Continuity()

    assert heard.heard(CALL, 4) is Follows.NOT
    assert heard.heard(CALL, 5) is Follows.ON


def test_a_hole_is_seen_once_and_what_fills_it_later_is_left_to_the_database() -> None:
    heard = Continuity()

    assert [heard.heard(CALL, sequence) for sequence in (1, 3, 2, 3, 4)] == [
        Follows.ON,
        Follows.NOT,
        Follows.AGAIN,
        Follows.AGAIN,
        Follows.ON,
    ]


def test_events_about_no_call_have_nothing_before_them() -> None:
    heard = Continuity()

    assert heard.heard("evt_1", 0) is Follows.ON
    assert heard.heard("evt_1", 0) is Follows.ON


def test_calls_of_a_shard_that_went_are_not_known_when_it_comes_back() -> None:
    heard = Continuity()
    heard.heard(CALL, 1)
    heard.heard(OTHER, 1)

    heard.keep_only(frozenset(range(SHARDS)) - {shard_of(CALL)})

    assert heard.heard(CALL, 2) is Follows.NOT
    assert heard.heard(OTHER, 2) is Follows.ON


def test_of_many_calls_the_oldest_is_forgotten_and_then_read_from_the_database() -> None:
    heard = Continuity(most=1)
    heard.heard(CALL, 1)
    heard.heard(OTHER, 1)

    assert heard.heard(CALL, 2) is Follows.NOT
