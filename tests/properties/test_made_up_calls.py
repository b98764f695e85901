"""Thousands of calls nobody has made yet."""

from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.effort import QUICK, SLOW
from tests.properties.people import PICK, Talk, can, chosen, room
from tests.properties.users import Use
from tests.properties.wiring import AGENTS, PBX, Doing, Line, other_of
from tests.stories.lives import next_life
from tests.stories.story import new_tracker


class HandOn(Talk):
    """… and are handed on, or parked."""

    @precondition(lambda machine: bool(machine.exchange.talking()))
    @rule(pick=PICK, wanted=st.sampled_from(["1003", "601", "0936000111"]))
    def somebody_sends_the_other_on(self, pick: int, wanted: str) -> None:
        self.exchange.sends_on(chosen(self.exchange.talking(), pick), wanted)

    @room()
    @precondition(lambda machine: bool(machine.askers()))
    @rule(pick=PICK, agent=st.sampled_from(AGENTS))
    def somebody_asks_another(self, pick: int, agent: str) -> None:
        asker = chosen(self.askers(), pick)
        if asker.number != agent:
            self.exchange.dials(self.exchange.asks(asker, agent), [agent])

    def askers(self) -> list[Line]:
        asking = {each.asks_for for each in self.exchange.lines}
        return [each for each in self.exchange.talking() if each.inside and each not in asking and not each.asks_for]

    @precondition(lambda machine: bool(machine.exchange.consultations(Doing.TALKS)))
    @rule(pick=PICK)
    def the_two_are_brought_together(self, pick: int) -> None:
        second = chosen(self.exchange.consultations(Doing.TALKS), pick)
        if second in self.exchange.talking():
            self.exchange.brings_together(second)

    @precondition(lambda machine: bool(machine.exchange.consultations(Doing.DIALS)))
    @rule(pick=PICK)
    def it_is_left_ringing(self, pick: int) -> None:
        second = chosen(self.exchange.consultations(Doing.DIALS), pick)
        if not any(phone.local for phone in second.phones):
            self.exchange.leaves_it_ringing(second)

    @room()
    @precondition(lambda machine: bool(machine.askers()))
    @rule(pick=PICK, agent=st.sampled_from(AGENTS), answered=st.booleans(), recorded=st.booleans())
    def a_call_is_handed_over(self, *, pick: int, agent: str, answered: bool, recorded: bool) -> None:
        """The short cut to an attended transfer, or a blonde one."""
        asker = chosen(self.askers(), pick)
        if asker.number == agent:
            return
        second = self.exchange.asks(asker, agent)
        self.exchange.dials(second, [agent])
        phone = second.phones[0]
        self.exchange.rings(phone)
        self.exchange.passes(2)
        if recorded:
            self.exchange.records(phone if answered else second, bridged_only=True)
        if answered:
            self.exchange.answers(phone)
            self.exchange.brings_together(second)
        else:
            self.exchange.leaves_it_ringing(second)

    @room()
    @precondition(lambda machine: bool(machine.exchange.talking()))
    @rule(pick=PICK, agent=st.sampled_from(AGENTS), answered=st.booleans())
    def somebody_asks_by_feature_code(self, *, pick: int, agent: str, answered: bool) -> None:
        line = chosen(self.exchange.talking(), pick)
        if not line.inside or line.number == agent or other_of(line).holds:
            return
        asking = self.exchange.asks_by_code(line, agent)
        if answered:
            self.exchange.rings(asking.phone)
            self.exchange.passes(2)
            self.exchange.answers(asking.phone)

    @precondition(lambda machine: bool(machine.exchange.askings))
    @rule(pick=PICK, optimised=st.booleans())
    def who_asked_by_feature_code_leaves(self, *, pick: int, optimised: bool) -> None:
        asking = self.exchange.askings[pick % len(self.exchange.askings)]
        if asking.answered:
            self.exchange.leaves_them_together(asking, optimised=optimised)

    @precondition(lambda machine: bool(machine.exchange.askings))
    @rule(pick=PICK)
    def who_asked_by_feature_code_takes_the_call_back(self, pick: int) -> None:
        self.exchange.takes_back(self.exchange.askings[pick % len(self.exchange.askings)])

    @precondition(lambda machine: bool(machine.exchange.askings))
    @rule(pick=PICK)
    def who_waits_meanwhile_hangs_up(self, pick: int) -> None:
        self.exchange.hangs_up(self.exchange.askings[pick % len(self.exchange.askings)].held)

    @precondition(lambda machine: bool(machine.exchange.talking()))
    @rule(pick=PICK)
    def somebody_parks_the_other(self, pick: int) -> None:
        line = chosen(self.exchange.talking(), pick)
        # Whom we called and parked unheard is known once somebody fetches them: nothing says who had called them.
        if line.inside and (self.exchange.linked or other_of(line).calling):
            self.exchange.parks(line)

    @precondition(lambda machine: bool(machine.exchange.talking()))
    @rule(pick=PICK, agent=st.sampled_from(AGENTS))
    def a_call_is_parked_and_fetched(self, *, pick: int, agent: str) -> None:
        """The short cut over a car park."""
        line = chosen(self.exchange.talking(), pick)
        if line.inside:
            other = other_of(line)
            self.exchange.parks(line)
            self.exchange.passes(3)
            self.exchange.fetches(other, agent)

    @can(Doing.PARKED)
    @rule(pick=PICK, agent=st.sampled_from(AGENTS))
    def somebody_fetches_it(self, pick: int, agent: str) -> None:
        self.exchange.fetches(self.line(pick, Doing.PARKED), agent)

    @can(Doing.PARKED)
    @rule(pick=PICK)
    def nobody_fetches_it(self, pick: int) -> None:
        self.exchange.comes_back(self.line(pick, Doing.PARKED))


class Gaps(Talk):
    """… while the link comes and goes, and the PBX with it."""

    @precondition(lambda machine: machine.exchange.linked)
    @rule()
    def the_link_is_lost(self) -> None:
        self.exchange.loses_the_link()

    @precondition(lambda machine: not machine.exchange.linked)
    @rule()
    def the_link_is_found(self) -> None:
        self.exchange.finds_the_link()

    @rule()
    def the_pbx_starts_anew(self) -> None:
        self.exchange.starts_anew()

    @precondition(lambda machine: machine.exchange.linked)
    @rule()
    def the_daemon_starts_anew_and_asks(self) -> None:
        self.what_is_told_makes_sense()
        self.tracker = next_life(self.tracker, new_tracker())
        self.tracker.board.heard_until[PBX] = self.exchange.now
        self.exchange.finds_the_link()


class Everything(HandOn, Use, Gaps):
    """All of it at once."""


EFFORT: Final = settings(
    max_examples=2000 if SLOW else 20 if QUICK else 40,
    stateful_step_count=60 if SLOW else 30,
    deadline=None,
    derandomize=not SLOW,
    suppress_health_check=list(HealthCheck),
)
Talk.TestCase.settings = EFFORT
HandOn.TestCase.settings = EFFORT
Use.TestCase.settings = EFFORT
Gaps.TestCase.settings = EFFORT
Everything.TestCase.settings = EFFORT
TestTalk, TestHandOn, TestUse, TestGaps = Talk.TestCase, HandOn.TestCase, Use.TestCase, Gaps.TestCase
TestEverything = Everything.TestCase
