"""A telephone exchange made of words: people act, and the tracker hears what a PBX would say of it.

    maria = story.someone("912345678")
    maria.calls("210000000")
    story.someone("201").rings()
    story.passes(seconds=5)
    maria.hangs_up()
    assert story.heard == ["call.started", "call.ringing", "call.ended", "call.missed"]

No AMI here, facts only, in the order in which Asterisk 22 says such things.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from callbridge.calls import facts as f
from callbridge.calls.call import Call, Limits
from callbridge.calls.events import Event
from callbridge.calls.numbers import PbxProfile
from callbridge.calls.switchboard import NO_LIMITS
from callbridge.calls.tracker import Tracker
from callbridge.directory.e164 import number_plan
from tests.stories.someone import Someone

BEGIN = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)


def profile(pbx: str) -> PbxProfile:
    """The company all stories happen in: Portuguese, 0 for an outside line."""
    return PbxProfile(
        pbx, "0", ("1XXX", "2XX"), ("PJSIP/trunk*",), timezone=ZoneInfo("Europe/Lisbon"), to_e164=number_plan("PT")
    )


PBXS = {pbx: profile(pbx) for pbx in ("main", "porto")}


def new_tracker(limits: Limits = NO_LIMITS) -> Tracker:
    return Tracker(PBXS, limits=limits)


class Story:
    """What happens, what was said of it (`facts`) and what was told of it (`events`)."""

    def __init__(self, begin: datetime = BEGIN) -> None:
        self.tracker = new_tracker()
        self.now = begin
        self.facts: list[f.Fact] = []
        self.events: list[Event] = []
        self.callers: list[Someone] = []
        self._channels = {"main": 0, "porto": 0}
        self._bridges = 0

    # ── who and when ──

    def someone(self, number: str | None, *, name: str | None = None, pbx: str = "main") -> Someone:
        """Somebody with one phone: inside where the number is an extension, else outside; None is withheld."""
        return Someone(self, number, name, pbx)

    def passes(self, *, seconds: float) -> None:
        """Let time pass on every PBX that is heard of."""
        self.now += timedelta(seconds=seconds)
        for pbx in {fact.pbx: None for fact in self.facts} or ("main",):
            self.says(f.TimePassed(pbx, self.now))

    # ── what was told ──

    @property
    def heard(self) -> list[str]:
        return [event.type.value for event in self.events]

    def heard_of(self, call: Call) -> list[str]:
        return [event.type.value for event in self.events if event.call is not None and event.call.id == call.id]

    @property
    def calls(self) -> list[Call]:
        """Every call told of, as last told, in the order in which they began."""
        latest = {event.call.id: event.call for event in self.events if event.call is not None}
        return list(latest.values())

    @property
    def call(self) -> Call:
        """The only call of this story."""
        (only,) = self.calls
        return only

    def told(self, kind: str) -> Event:
        """The last event of that kind."""
        return next(event for event in reversed(self.events) if event.type == kind)

    @property
    def states(self) -> list[str]:
        """The timeline of the only call."""
        return [moment.state.value for moment in self.call.timeline]

    # ── what is said ──

    def says(self, *facts: f.Fact) -> None:
        for fact in facts:
            self.facts.append(fact)
            self.events.extend(self.tracker.apply(fact))

    def new_channel(self, pbx: str) -> tuple[str, int]:
        self._channels[pbx] += 1
        return f"{int(BEGIN.timestamp())}.{self._channels[pbx]}", self._channels[pbx]

    def new_bridge(self) -> str:
        self._bridges += 1
        return f"bridge-{self._bridges}"

    # ── the PBX ──

    def link_goes(self, pbx: str = "main") -> None:
        self.says(f.LinkDown(pbx, self.now, "the peer closed the connection"))

    def link_comes(
        self,
        *people: Someone,
        pbx: str = "main",
        waiting: dict[str, str] | None = None,
        started: datetime | None = None,
    ) -> None:
        """Hear the PBX, which was `started` then, again; what it has now is `people`, as they are."""
        self.says(f.LinkUp(pbx, self.now, started))
        self.says(f.StateRead(pbx, self.now, tuple(each.as_seen() for each in people), waiting or {}))
