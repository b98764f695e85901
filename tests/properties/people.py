"""People of a made-up exchange who do what comes to their minds, and what must hold of what is told of them."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.properties.codes import Codes
from tests.properties.exchange import REFUSALS
from tests.properties.watcher import Watcher
from tests.properties.wiring import AGENTS, Doing, Line
from tests.stories.lives import next_life
from tests.stories.story import new_tracker

Deed = TypeVar("Deed", bound=Callable[..., Any])

PICK: Final = st.integers(0, 11)
BOOL: Final = st.booleans()
SOME_AGENTS: Final = st.lists(st.sampled_from(AGENTS), min_size=1, max_size=3, unique=True)
MOST_LINES: Final = 12


def can(*doings: Doing) -> Callable[[Deed], Deed]:
    """The rule can be followed while some line does one of these."""
    return precondition(lambda machine: bool(machine.exchange.that(*doings)))


def room() -> Callable[[Deed], Deed]:
    return precondition(lambda machine: len(machine.exchange.lines) < MOST_LINES)


def chosen(lines: Sequence[Line], pick: int) -> Line:
    return lines[pick % len(lines)]


class Talk(RuleBasedStateMachine):
    """Calls that begin, are answered or not, and end."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange = Codes()
        self.tracker = new_tracker()
        self.watcher = Watcher()
        self.exchange.finds_the_link()

    def line(self, pick: int, *doings: Doing) -> Line:
        return chosen(self.exchange.that(*doings), pick)

    @invariant()
    def what_is_told_makes_sense(self) -> None:
        said, self.exchange.said = self.exchange.said, []
        for fact in said:
            for event in self.tracker.apply(fact):
                self.watcher.hears(event)
            self.watcher.looks_at(self.tracker.board)
        self.nothing_is_odd()

    def nothing_is_odd(self) -> None:
        assert not self.tracker.board.oddities

    # ── calls begin ──

    @room()
    @rule(number=st.sampled_from(["912345678", "936000111", None]))
    def somebody_calls_us(self, number: str | None) -> None:
        self.exchange.calls("trunk", number, "210000000")

    @room()
    @rule(agent=st.sampled_from(AGENTS), wanted=st.sampled_from(["0912345678", "1002", "601", "*97"]))
    def one_of_us_calls(self, agent: str, wanted: str) -> None:
        self.exchange.calls(agent, agent, wanted)

    @room()
    @rule(agent=st.sampled_from(AGENTS), queue=st.sampled_from([None, "sales"]), local=BOOL, early=BOOL)
    def a_customer_talks_to_us(self, *, agent: str, queue: str | None, local: bool, early: bool) -> None:
        """A short cut: what comes after an answer is where the trouble is."""
        line = self.exchange.calls("trunk", "912345678", "210000000")
        if queue is not None:
            self.exchange.waits_in(line, queue)
            self.exchange.calls_members(line, [agent], early=early, local=local)
        else:
            self.exchange.dials(line, [agent], early=early, local=local)
        self.is_answered_soon(line)

    @room()
    @rule(agent=st.sampled_from(AGENTS), wanted=st.sampled_from(["0912345678", "1003"]))
    def one_of_us_talks_to(self, agent: str, wanted: str) -> None:
        line = self.exchange.calls(agent, agent, wanted)
        self.exchange.dials(line, [wanted])
        self.is_answered_soon(line)

    def is_answered_soon(self, line: Line) -> None:
        self.exchange.rings(line.phones[0])
        self.exchange.passes(1)
        self.exchange.answers(line.phones[0])

    # ── the dialplan ──

    @can(Doing.MENU)
    @rule(pick=PICK)
    def the_dialplan_picks_up(self, pick: int) -> None:
        line = self.line(pick, Doing.MENU)
        if not line.up:
            self.exchange.goes_up(line)

    @room()
    @can(Doing.MENU)
    @rule(pick=PICK, agents=SOME_AGENTS, early=BOOL, local=BOOL)
    def the_dialplan_dials(self, *, pick: int, agents: list[str], early: bool, local: bool) -> None:
        self.exchange.dials(self.line(pick, Doing.MENU), agents, early=early, local=local)

    @room()
    @can(Doing.MENU)
    @rule(pick=PICK, early=BOOL)
    def the_dialplan_dials_out(self, *, pick: int, early: bool) -> None:
        self.exchange.dials(self.line(pick, Doing.MENU), ["912345678"], early=early)

    @can(Doing.MENU)
    @rule(pick=PICK)
    def the_dialplan_finds_nobody(self, pick: int) -> None:
        self.exchange.finds_nobody(self.line(pick, Doing.MENU))

    @can(Doing.MENU)
    @rule(pick=PICK)
    def the_dialplan_takes_a_message(self, pick: int) -> None:
        self.exchange.voicemail(self.line(pick, Doing.MENU))

    @can(Doing.MENU)
    @rule(pick=PICK)
    def the_dialplan_is_over(self, pick: int) -> None:
        self.exchange.is_hung_up(self.line(pick, Doing.MENU))

    @can(Doing.DIALS)
    @rule(pick=PICK)
    def dialling_takes_too_long(self, pick: int) -> None:
        self.exchange.gives_up_dialling(self.line(pick, Doing.DIALS))

    # ── queues ──

    @can(Doing.MENU)
    @rule(pick=PICK, queue=st.sampled_from(["sales", "support"]))
    def somebody_waits(self, pick: int, queue: str) -> None:
        self.exchange.waits_in(self.line(pick, Doing.MENU), queue)

    @can(Doing.MENU)
    @rule(pick=PICK, status=st.sampled_from(["FULL", "JOINEMPTY"]))
    def the_queue_lets_nobody_in(self, pick: int, status: str) -> None:
        self.exchange.is_not_let_in(self.line(pick, Doing.MENU), "sales", status)

    @room()
    @can(Doing.WAITS)
    @rule(pick=PICK, agents=SOME_AGENTS, early=BOOL, local=BOOL)
    def members_are_called(self, *, pick: int, agents: list[str], early: bool, local: bool) -> None:
        line = self.line(pick, Doing.WAITS)
        if not line.phones:
            self.exchange.calls_members(line, agents, early=early, local=local)

    @can(Doing.WAITS)
    @rule(pick=PICK)
    def members_do_not_pick_up(self, pick: int) -> None:
        self.exchange.gives_up_members(self.line(pick, Doing.WAITS))

    @can(Doing.WAITS)
    @rule(pick=PICK, status=st.sampled_from(["TIMEOUT", "LEAVEEMPTY", None]))
    def the_queue_lets_go(self, pick: int, status: str | None) -> None:
        self.exchange.leaves_queue(self.line(pick, Doing.WAITS), status)

    # ── phones ──

    @can(Doing.IS_CALLED)
    @rule(pick=PICK)
    def a_phone_rings(self, pick: int) -> None:
        self.exchange.rings(self.line(pick, Doing.IS_CALLED))

    @can(Doing.IS_CALLED)
    @rule(pick=PICK, callee_first=BOOL)
    def a_phone_answers(self, *, pick: int, callee_first: bool) -> None:
        self.exchange.answers(self.line(pick, Doing.IS_CALLED), callee_first=callee_first)

    @can(Doing.IS_CALLED)
    @rule(pick=PICK, how=st.sampled_from(REFUSALS))
    def a_phone_refuses(self, pick: int, how: tuple[str, int]) -> None:
        self.exchange.refuses(self.line(pick, Doing.IS_CALLED), *how)

    @can(Doing.TALKS)
    @rule(pick=PICK)
    def somebody_holds_or_resumes(self, pick: int) -> None:
        line = self.line(pick, Doing.TALKS)
        (self.exchange.resumes if line.holds else self.exchange.holds)(line)

    @can(Doing.MENU, Doing.DIALS, Doing.WAITS, Doing.TALKS, Doing.PARKED)
    @rule(pick=PICK, other_goes_on=BOOL)
    def somebody_hangs_up(self, *, pick: int, other_goes_on: bool) -> None:
        line = self.line(pick, Doing.MENU, Doing.DIALS, Doing.WAITS, Doing.TALKS, Doing.PARKED)
        self.exchange.hangs_up(line, other_goes_on=other_goes_on)

    # ── time ──

    @rule(seconds=st.sampled_from([0.01, 0.06, 0.2, 1.5, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.exchange.passes(seconds)

    @rule()
    def the_daemon_starts_anew(self) -> None:
        """It remembers what was committed; a channel of no call yet, only the PBX can tell of."""
        if all(channel.call_id for channel in self.tracker.board.graph.channels.values()):
            self.tracker = next_life(self.tracker, new_tracker())

    def teardown(self) -> None:
        self.what_is_told_makes_sense()
        if not self.exchange.linked:
            self.exchange.finds_the_link()
        self.exchange.passes(2)
        for line in [each for each in self.exchange.that(*Doing) if each.doing is not Doing.IS_CALLED]:
            if line in self.exchange.lines:
                self.exchange.hangs_up(line)
        assert self.exchange.lines == [], "the exchange itself is at fault"
        self.exchange.passes(60)
        self.what_is_told_makes_sense()
        self.watcher.sees_the_end(self.tracker)
