"""People of the made-up exchange who use its services: pick-ups, placed calls, conference rooms, recordings, limits."""

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from callbridge.calls.call import Limits
from tests.properties.people import BOOL, PICK, Talk, can, chosen, room
from tests.properties.services import NOT_COMING
from tests.properties.wiring import AGENTS, Doing, Line

CALLED_FIRST: Final = st.sampled_from([*AGENTS, "912345678"])
THERE: Final = (Doing.MENU, Doing.DIALS, Doing.WAITS, Doing.TALKS, Doing.PARKED, Doing.MEETS)


class Use(Talk):
    """… and are picked up by others, placed by the PBX, moved into conference rooms, recorded, or too long."""

    # ── pick-ups ──

    @room()
    @precondition(lambda machine: bool(machine.exchange.ringing()))
    @rule(pick=PICK, agent=st.sampled_from(AGENTS), by_code=BOOL)
    def somebody_picks_up_what_rings_elsewhere(self, *, pick: int, agent: str, by_code: bool) -> None:
        phone = chosen(self.exchange.ringing(), pick)
        if phone.number != agent:
            self.exchange.is_picked_up(phone, agent, by_code=by_code)

    # ── calls the PBX places ──

    @room()
    @rule(device=CALLED_FIRST)
    def the_pbx_calls_somebody(self, device: str) -> None:
        self.exchange.places(device)

    @room()
    @rule(agent=st.sampled_from(AGENTS), wanted=st.sampled_from(["912345678", "1003"]))
    def somebody_clicks_to_dial(self, agent: str, wanted: str) -> None:
        """The short cut to a click-to-dial that comes about."""
        if agent == wanted:
            return
        line = self.exchange.places(agent)
        self.exchange.rings(line)
        self.exchange.passes(1)
        self.exchange.comes(line, wanted)
        self.exchange.dials(line, [wanted])
        self.is_answered_soon(line)

    @can(Doing.IS_PLACED)
    @rule(pick=PICK)
    def whom_the_pbx_calls_is_rung(self, pick: int) -> None:
        self.exchange.rings(self.line(pick, Doing.IS_PLACED))

    @can(Doing.IS_PLACED)
    @rule(pick=PICK, wanted=st.sampled_from(["912345678", "1003", "600"]))
    def whom_the_pbx_calls_comes(self, pick: int, wanted: str) -> None:
        self.exchange.comes(self.line(pick, Doing.IS_PLACED), wanted)

    @can(Doing.IS_PLACED)
    @rule(pick=PICK, how=st.sampled_from(NOT_COMING), told_first=BOOL)
    def whom_the_pbx_calls_does_not_come(self, *, pick: int, how: tuple[str, int], told_first: bool) -> None:
        self.exchange.does_not_come(self.line(pick, Doing.IS_PLACED), "912345678", *how, told_first=told_first)

    # ── conference rooms ──

    @can(Doing.MENU)
    @rule(pick=PICK, name=st.sampled_from(["blue", "red"]))
    def somebody_comes_into_a_room(self, pick: int, name: str) -> None:
        self.exchange.meets(self.line(pick, Doing.MENU), name)

    @room()
    @rule(agent=st.sampled_from(AGENTS), name=st.sampled_from(["blue", "red"]))
    def one_of_us_dials_into_a_room(self, agent: str, name: str) -> None:
        self.exchange.meets(self.exchange.calls(agent, agent, "650"), name)

    @can(Doing.MEETS)
    @rule(pick=PICK)
    def somebody_leaves_the_room(self, pick: int) -> None:
        self.exchange.hangs_up(self.line(pick, Doing.MEETS))

    # ── recordings ──

    @can(*THERE)
    @rule(pick=PICK, bridged_only=BOOL)
    def somebody_is_recorded(self, *, pick: int, bridged_only: bool) -> None:
        self.exchange.records(self.line(pick, *THERE), bridged_only=bridged_only)

    @precondition(lambda machine: bool(machine.recorded()))
    @rule(pick=PICK)
    def a_recording_is_stopped(self, pick: int) -> None:
        self.exchange.stops_recording(chosen(self.recorded(), pick))

    @precondition(lambda machine: bool(machine.recorded()))
    @rule(pick=PICK, direction=st.sampled_from(["read", "write", "both"]), silent=BOOL)
    def a_recording_is_silenced_or_not(self, *, pick: int, direction: str, silent: bool) -> None:
        self.exchange.silences(chosen(self.recorded(), pick), direction, silent=silent)

    def recorded(self) -> list[Line]:
        return [each for each in self.exchange.that(*THERE) if each.files]

    # ── limits ──

    @rule(limits=st.sampled_from([Limits(inbound_s=30), Limits(outbound_s=1, internal_s=60), Limits()]))
    def other_limits_are_set(self, limits: Limits) -> None:
        self.exchange.sets(limits)
