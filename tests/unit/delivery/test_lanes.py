"""Order and memory of one subscriber's lanes, in thousands of interleavings drawn at random."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from callbridge.delivery.lanes import Lanes
from callbridge.delivery.turns import Asking, Turn
from callbridge.ports import Due

from .calls import AT

EVER = timedelta(days=400)
PAGE = 3
HELD = 6
BEHIND = 3
NAMES = ("a", "b", "c", "d", "e")


@dataclass
class Row:
    """What the database holds of an event."""

    lane: str
    number: int
    next_at: timedelta
    open: bool = True
    attempts: int = 0

    @property
    def event_id(self) -> str:
        return f"{self.lane}{self.number}"


@dataclass
class Settling:
    """A result on its way to the database."""

    row: Row
    delivered: bool
    next_at: timedelta | None = None


@dataclass
class Reading:
    """A read in three steps: asked, answered by the database, taken."""

    asking: Asking
    survey: bool
    answer: list[Due] | None = None
    complete: bool = True


@dataclass
class Life:
    """What a daemon that dies forgets."""

    lanes: Lanes = field(default_factory=lambda: Lanes(HELD, BEHIND))
    unoffered: deque[Row] = field(default_factory=deque)
    on_the_way: list[Turn] = field(default_factory=list)
    settling: deque[Settling] = field(default_factory=deque)
    reading: Reading | None = None
    received: set[str] = field(default_factory=set)


class World:
    """One subscriber, its database, the pipeline and the receiver, each moving one step at a time."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - interleavings, and the same ones for the same seed
        self.rows: dict[str, Row] = {}
        self.now = timedelta(0)
        self.received: set[str] = set()
        self.life = Life()
        self.moves: dict[Callable[[], None], float] = {
            self.commit: 3,
            self.offer: 4,
            self.read: 6,
            self.take: 5,
            self.succeed: 4,
            self.fail: 1,
            self.settle: 5,
            self.pass_time: 1,
            self.come_to_rest: 0.3,
            self.tick: 0.3,
            self.lose_the_answer: 0.1,
            self.drop_memory: 0.05,
            self.break_the_line: 0.05,
            self.die: 0.05,
        }

    def live(self, steps: int) -> None:
        for move in self.dice.choices(tuple(self.moves), tuple(self.moves.values()), k=steps):
            move()
            assert self.life.lanes.held <= HELD + PAGE
            assert self.life.lanes.behind <= BEHIND

    # The pipeline.

    def commit(self) -> None:
        lane = self.dice.choice(NAMES)
        row = Row(lane, sum(row.lane == lane for row in self.rows.values()) + 1, self.now)
        self.rows[row.event_id] = row
        self.life.unoffered.append(row)

    def offer(self) -> None:
        if self.life.unoffered:
            row = self.life.unoffered.popleft()
            self.life.lanes.offer(Turn(row.lane, row.event_id, b""))

    # The reader: asks, then the database answers, then the answer is taken.

    def read(self) -> None:
        reading, lanes = self.life.reading, self.life.lanes
        if reading is None:
            self.ask()
        elif reading.answer is None:
            self.answer(reading)
        elif reading.survey:
            self.life.reading = None
            times = {due.lane: due.next_at for due in reading.answer}
            lanes.surveyed(reading.asking, times, complete=reading.complete)
        else:
            self.life.reading = None
            lanes.found(reading.asking, reading.answer, complete=reading.complete)

    def ask(self) -> None:
        lanes, now = self.life.lanes, AT + self.now
        if lanes.wants(now) and lanes.held < PAGE:
            self.life.reading = Reading(lanes.ask(now), survey=False)
        elif lanes.worth_a_survey:
            self.life.reading = Reading(lanes.survey(now), survey=True)

    def answer(self, reading: Reading) -> None:
        now = EVER if reading.survey else reading.asking.now - AT
        first: dict[str, Row] = {}
        for row in self.rows.values():
            if row.open:
                first.setdefault(row.lane, row)
        due = [row for row in first.values() if row.next_at <= now and row.lane not in reading.asking.busy]
        most = BEHIND + 1 if reading.survey else PAGE
        reading.complete = len(due) < most
        reading.answer = [
            Due("crm", row.lane, row.event_id, row.number, b"", row.attempts, AT + row.next_at) for row in due[:most]
        ]

    # The worker and the receiver.

    def take(self) -> None:
        turn = self.life.lanes.take()
        if turn is not None:
            assert turn.lane not in {other.lane for other in self.life.on_the_way}, "two of a lane on the way"
            assert turn.event_id not in self.life.received, f"{turn.event_id} is sent twice in one life"
            earlier = f"{turn.lane}{self.rows[turn.event_id].number - 1}"
            assert earlier in self.received or earlier not in self.rows, f"{turn.event_id} overtakes {earlier}"
            assert turn.attempt == self.rows[turn.event_id].attempts + 1, "the count of attempts is wrong"
            assert self.rows[turn.event_id].next_at <= self.now, f"{turn.event_id} is tried before its time"
            self.life.on_the_way.append(turn)

    def landed(self) -> Turn | None:
        way = self.life.on_the_way
        return way.pop(self.dice.randrange(len(way))) if way else None

    def succeed(self) -> None:
        turn = self.landed()
        if turn is not None:
            self.received.add(turn.event_id)
            self.life.received.add(turn.event_id)
            self.life.lanes.done(turn, delivered=True)
            self.life.settling.append(Settling(self.rows[turn.event_id], delivered=True))

    def fail(self) -> None:
        turn = self.landed()
        if turn is not None:
            next_at = self.now + timedelta(seconds=self.dice.randint(1, 20))
            self.life.lanes.done(turn, delivered=False, next_at=AT + next_at)
            self.life.settling.append(Settling(self.rows[turn.event_id], delivered=False, next_at=next_at))

    def settle(self) -> None:
        if self.life.settling:
            result = self.life.settling.popleft()
            result.row.attempts += 1
            result.row.open = not result.delivered
            result.row.next_at = result.next_at or result.row.next_at
            self.life.lanes.settled(result.row.lane)

    # Time and trouble.

    def pass_time(self) -> None:
        self.now += timedelta(seconds=self.dice.randint(1, 15))

    def tick(self) -> None:
        self.life.lanes.look_again(at_all=self.dice.random() < 0.3)

    def lose_the_answer(self) -> None:
        if self.life.reading is not None:
            self.life.reading = None
            self.life.lanes.unanswered()

    def drop_memory(self) -> None:
        self.life.lanes.fall_back()

    def break_the_line(self) -> None:
        self.life.on_the_way.clear()
        self.life.lanes.restart()

    def die(self) -> None:
        self.life = Life()

    # The end.

    def come_to_rest(self) -> None:
        """Let an hour go by without trouble: all is delivered, and memory is enough again."""
        self.now += timedelta(hours=1)
        self.life.lanes.look_again()
        for _ in range(100 + 10 * len(self.rows)):
            for move in (self.offer, self.take, self.succeed, self.settle, self.read):
                move()
        assert [row.event_id for row in self.rows.values() if row.open] == [], "forgotten"
        lanes = self.life.lanes
        assert lanes.held == lanes.unsettled == lanes.behind == 0
        assert not lanes.catching_up
        assert not lanes.looking
        assert not lanes.doubtful


@pytest.mark.parametrize("seed", range(300))
def test_no_event_is_forgotten_sent_twice_or_overtakes_another_of_its_call(seed: int) -> None:
    world = World(seed)
    world.live(steps=400)
    world.come_to_rest()


def direct() -> Lanes:
    """Lanes that have caught up."""
    lanes = Lanes(held_most=3, behind_most=2)
    lanes.found(lanes.ask(AT), [], complete=True)
    lanes.surveyed(lanes.survey(AT), {}, complete=True)
    assert not lanes.catching_up
    return lanes


def test_what_is_offered_after_catching_up_goes_out_from_memory() -> None:
    lanes = direct()
    turn = Turn("a", "a1", b"")
    lanes.offer(turn)
    assert lanes.take() == turn
    assert not lanes.looking


def test_before_the_first_survey_nothing_goes_out_from_memory() -> None:
    lanes = Lanes()
    lanes.offer(Turn("a", "a1", b""))
    assert lanes.take() is None
    assert lanes.wants(AT)


def test_an_undelivered_event_holds_back_its_own_call_alone() -> None:
    lanes = direct()
    lanes.offer(Turn("a", "a1", b""))
    first = lanes.take()
    assert first is not None
    lanes.offer(Turn("a", "a2", b""))
    lanes.done(first, delivered=False, next_at=AT + timedelta(minutes=5))
    lanes.offer(Turn("a", "a3", b""))
    lanes.offer(Turn("b", "b1", b""))
    taken = lanes.take()
    assert taken is not None
    assert taken.event_id == "b1"
    assert lanes.take() is None


def test_an_event_committed_while_a_survey_reads_does_not_go_out_twice() -> None:
    """The survey saw a1 and its lane became behind; being offered afterwards adds nothing."""
    lanes = Lanes()
    lanes.found(lanes.ask(AT), [], complete=True)
    lanes.surveyed(lanes.survey(AT), {"a": None}, complete=True)
    lanes.offer(Turn("a", "a1", b""))
    assert lanes.take() is None
    assert lanes.wants(AT)


def test_a_lane_offered_to_during_a_survey_stays_behind() -> None:
    """The survey's answer may be older than the commit, and an earlier event of the lane may still be undelivered."""
    lanes = Lanes()
    lanes.found(lanes.ask(AT), [], complete=True)
    asking = lanes.survey(AT)
    lanes.offer(Turn("a", "a1", b""))
    lanes.surveyed(asking, {}, complete=True)
    assert lanes.behind == 1
    lanes.offer(Turn("a", "a2", b""))
    assert lanes.take() is None


def test_more_than_memory_may_hold_is_left_to_the_database() -> None:
    lanes = direct()
    for number in range(1, 10):
        lanes.offer(Turn(f"lane{number}", f"e{number}", b""))
    assert lanes.catching_up
    assert lanes.held == 0
    assert lanes.take() is None


def test_a_failed_lane_is_read_when_its_time_has_come_and_not_before() -> None:
    lanes = direct()
    lanes.offer(Turn("a", "a1", b""))
    turn = lanes.take()
    assert turn is not None
    later = AT + timedelta(seconds=5)
    lanes.done(turn, delivered=False, next_at=later)
    lanes.settled("a")
    assert not lanes.wants(later - timedelta(seconds=1))
    assert lanes.wants(later)
    lanes.found(lanes.ask(later), [Due("crm", "a", "a1", 1, b"", 1)], complete=True)
    assert lanes.take() == Turn("a", "a1", b"", 2, sequence=1)


def due(lane: str, number: int = 1) -> Due:
    return Due("crm", lane, f"{lane}{number}", number, b"", 0)


def one_behind() -> Lanes:
    """Lanes that have caught up but for lane `a`, of which only the database knows when it comes due."""
    lanes = Lanes(held_most=5, behind_most=2)
    lanes.found(lanes.ask(AT), [], complete=True)
    lanes.surveyed(lanes.survey(AT), {"a": None}, complete=True)
    return lanes


def test_a_head_the_database_gives_although_it_is_being_served_is_not_sent_beside_it() -> None:
    lanes = one_behind()
    lanes.found(lanes.ask(AT), [due("a")], complete=True)
    lanes.found(lanes.ask(AT), [due("a")], complete=True)
    assert lanes.held == 1
    turn = lanes.take()
    assert turn is not None
    lanes.done(turn, delivered=True)
    lanes.found(lanes.ask(AT), [due("a")], complete=True)
    assert lanes.held == 0


def test_an_answer_older_than_a_delivery_does_not_bring_the_event_back() -> None:
    lanes = one_behind()
    lanes.found(lanes.ask(AT), [due("a")], complete=True)
    turn = lanes.take()
    assert turn is not None
    asking = lanes.ask(AT)
    lanes.done(turn, delivered=True)
    lanes.settled("a")
    lanes.found(asking, [due("a")], complete=True)
    assert lanes.held == 0


def test_an_answer_full_of_lanes_we_do_not_know_of_sends_everything_through_the_database() -> None:
    """Events were set back by another program: the ones we know of may be hidden behind them for ever."""
    lanes = one_behind()
    lanes.found(lanes.ask(AT), [due("x"), due("y")], complete=False)
    assert lanes.catching_up


def test_a_survey_during_which_too_much_was_committed_decides_nothing() -> None:
    lanes = one_behind()
    asking = lanes.survey(AT)
    for lane in ("p", "q", "r", "a"):
        lanes.offer(Turn(lane, f"{lane}2", b""))
    lanes.surveyed(asking, {}, complete=True)
    assert lanes.behind == 1
    assert lanes.doubtful


def test_a_lane_that_is_not_due_by_the_databases_clock_is_not_asked_for_without_end() -> None:
    lanes = direct()
    lanes.offer(Turn("a", "a1", b""))
    turn = lanes.take()
    assert turn is not None
    later = AT + timedelta(seconds=5)
    lanes.done(turn, delivered=False, next_at=later)
    lanes.settled("a")
    lanes.found(lanes.ask(later), [], complete=True)
    assert not lanes.wants(later)
    lanes.look_again()
    assert lanes.wants(later)


def test_an_event_read_from_the_database_before_it_is_offered_goes_out_once() -> None:
    lanes = one_behind()
    lanes.found(lanes.ask(AT), [due("a")], complete=True)
    turn = lanes.take()
    assert turn is not None
    lanes.done(turn, delivered=True)
    lanes.settled("a")
    lanes.surveyed(lanes.survey(AT), {}, complete=True)
    assert lanes.behind == 0
    lanes.offer(Turn("a", "a1", b""))
    assert lanes.take() is None
    lanes.offer(Turn("a", "a2", b""))
    assert lanes.take() == Turn("a", "a2", b"")


def test_the_ids_read_from_the_database_are_not_kept_without_end() -> None:
    lanes = Lanes(held_most=3)
    for number in range(1, 50):
        lanes.found(lanes.ask(AT), [due("a", number)], complete=True)
        turn = lanes.take()
        assert turn is not None
        lanes.done(turn, delivered=True)
        lanes.settled("a")
    assert len(lanes._read) == 3
