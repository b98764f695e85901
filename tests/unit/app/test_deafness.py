from callbridge.app.deafness import Deafness


def deaf_after(*looks: tuple[int, int]) -> bool:
    """Compare (calls begun, channels heard of) one after the other; return what the last look said."""
    deafness = Deafness()
    return [deafness.compare(calls, heard) for calls, heard in looks][-1]


def test_a_pbx_with_calls_that_tells_of_none_is_noticed_at_the_second_look() -> None:
    assert not deaf_after((7, 0), (8, 0))
    assert deaf_after((7, 0), (8, 0), (8, 0))


def test_it_stays_noticed_while_nothing_is_heard() -> None:
    assert deaf_after((7, 0), (8, 0), (8, 0), (8, 0), (12, 0))


def test_the_first_channel_heard_of_ends_it() -> None:
    assert not deaf_after((7, 0), (8, 0), (8, 0), (9, 2))


def test_what_is_heard_a_little_late_is_no_deafness() -> None:
    assert not deaf_after((7, 0), (8, 0), (8, 2))


def test_a_quiet_pbx_is_not_suspected() -> None:
    assert not deaf_after((7, 0), (7, 0), (7, 0), (7, 0))


def test_a_pbx_that_counts_anew_is_not_suspected() -> None:
    """It was started again, and we did not hear of it."""
    assert not deaf_after((7, 3), (0, 3), (0, 3))


def test_after_a_lost_link_it_begins_anew() -> None:
    deafness = Deafness()
    deafness.compare(7, 0)
    deafness.compare(8, 0)
    deafness.forget()

    assert not deafness.compare(9, 0)
