"""How often, how many, how long: the figures of delivery, in one place for tests to change."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Pace:
    """Bounds and waits. The defaults are for production."""

    page: int = 384
    """Events read from the database at once for one subscriber, where few have something to read."""
    pages: int = 1280
    """Events read at once for all of them,"""
    page_least: int = 128
    """where that leaves each so many."""
    following: int = 7
    """How many of them may follow the head of their lane: few, so that a page has enough lanes for all connections."""
    held_most: int = 1000
    """Events in memory for one subscriber; over it they are left to the database."""
    behind_most: int = 500
    """Calls remembered as held back by an undelivered event; over it everything comes from the database."""
    unsettled_most: int = 500
    """Results not yet written for one subscriber; over it that subscriber waits."""
    linger_s: float = 0.1
    """How long results are gathered before they are written, so that one commit serves many and the pipeline's commits
    have the database to themselves most of the time. What was delivered in it is delivered twice if we are killed."""
    linger_most: int = 400
    """Results that are written without waiting for more."""
    poll_s: float = 1.0
    """How often the database is asked for what only it knows: retries of a former life."""
    survey_s: float = 60.0
    """How often it is asked for what nobody told us of, such as events set back by `webhook replay`."""
    crowded_s: float = 5.0
    """The least time between two surveys when the last found too many lanes behind."""
    store_s: float = 30.0
    """The deadline of one read or write of the database."""
    store_rest_s: tuple[float, float] = (0.1, 5.0)
    """First and longest wait before asking a database again that could not be reached."""
    failures: int = 8
    """Failures in a row after which a subscriber is left alone for a while: a dead one costs next to nothing then."""
    rest_s: tuple[float, float] = (1.0, 30.0)
    """First and longest such rest; it doubles."""
    restart_s: float = 1.0
    """The wait before a part that broke is started again."""
    grace_s: float = 5.0
    """How long a stop waits for what is on the way, and for its results to be written."""
    disable_after: timedelta = timedelta(days=5)
    """A subscriber that took nothing for so long, in so many tries at least, is disabled."""
    disable_tries: int = 12
    """More than one event's."""
    keep_tries: timedelta = timedelta(days=14)
    """How long it is remembered what came of a try."""
    keep_waiting: timedelta = timedelta(days=30)
    """How long an event waits for a subscriber to whom nothing is sent."""
    keep_dead: timedelta = timedelta(days=90)
    """How long after an event its dead letter is kept."""
    prune_s: float = 60.0
    """How often what is older is looked for."""
    prune_most: int = 2000
    """Rows forgotten in one commit: a few milliseconds' worth."""
