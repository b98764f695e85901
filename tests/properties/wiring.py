"""The channels and bridges of a made-up exchange, and the words AMI has for their coming and going."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from callbridge.calls import facts as f

PBX: Final = "main"
BEGIN: Final = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
SOON: Final = timedelta(microseconds=700)
"""From one word to the next."""
NORMAL: Final = 16
AGENTS: Final = ("1001", "1002", "1003", "201")


class Doing(StrEnum):
    MENU = "in the dialplan, and nobody is called"
    DIALS = "in Dial()"
    WAITS = "in Queue()"
    IS_CALLED = "is called, and has not answered"
    TALKS = "in a bridge with another"
    PARKED = "in a car park"
    IS_PLACED = "is called by the PBX itself, and has not come"
    MEETS = "in a conference room"
    ASKS = "in a bridge with a Local channel to whoever they ask"
    IS_LEFT = "alone in a bridge, while the other asks somebody"


@dataclass(eq=False, slots=True)
class Joint:
    """A bridge."""

    id: str
    holding: bool = False
    room: bool = False
    lines: list["Line"] = field(default_factory=list)

    @property
    def makes(self) -> Doing:
        """What those do who are in it."""
        if self.holding:
            return Doing.PARKED
        return Doing.MEETS if self.room else Doing.TALKS


@dataclass(eq=False, slots=True)
class Line:
    """A channel."""

    id: str
    name: str
    number: str | None
    wanted: str | None
    linkedid: str
    calling: bool
    doing: Doing
    up: bool = False
    rang: bool = False
    holds: bool = False
    caller: "Line | None" = None
    """Who calls it; None for one that calls."""
    phones: list["Line"] = field(default_factory=list)
    """Who is called for it, in Dial() or Queue()."""
    joint: Joint | None = None
    queue: str | None = None
    local: "tuple[Line, Line] | None" = None
    """The halves of the Local channel through which it is called: the one beside the caller, the one beside it."""
    asks_for: "Line | None" = None
    """Of a consultation: the same person's line in the call it is about."""
    born: datetime = BEGIN
    waits_since: datetime | None = None
    slot: str | None = None
    """Where it is parked."""
    parker: "str | None" = None
    leaves_message: bool = False
    placed: bool = False
    """The PBX called it by itself."""
    files: list[str] = field(default_factory=list)
    """To which it is recorded now."""
    asked_by: str | None = None
    """Of a half of a Local channel through which somebody asks: the name of their channel."""

    @property
    def device(self) -> str:
        return self.name.rpartition("-")[0]

    @property
    def local_half(self) -> bool:
        return self.name.startswith("Local")

    @property
    def inside(self) -> bool:
        return self.device.partition("/")[2] in AGENTS


class Wiring:
    """What a PBX has, and what it said of it and nobody read yet (`said`)."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.started_at = BEGIN
        self.linked = True
        self.lines: list[Line] = []
        self.said: list[f.Fact] = []
        self._names = 0
        self._bridges = 0

    # ── what it says ──

    def says(self, kind: type[f.ChannelFact], line: Line, *more: object) -> None:
        self.now += SOON
        if self.linked:
            self.said.append(kind(PBX, self.now, line.id, *more))

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        if self.linked:
            self.said.append(f.TimePassed(PBX, self.now))

    def that(self, *doings: Doing) -> list[Line]:
        """The lines that do one of these things; Local channels do nothing of their own."""
        return [each for each in self.lines if each.doing in doings and not each.local_half]

    def talking(self) -> list[Line]:
        """Those who talk to one other, without a Local channel in between."""
        return [each for each in self.that(Doing.TALKS) if not other_of(each).local_half]

    # ── what joins ──

    def _join(self, lines: Sequence[Line], *, holding: bool = False) -> None:
        joint = self._new_joint(holding=holding)
        for line in lines:
            self._enters(line, joint)

    def _new_joint(self, *, holding: bool = False, room: bool = False) -> Joint:
        self._bridges += 1
        return Joint(f"bridge-{self._bridges}", holding, room)

    def _enters(self, line: Line, joint: Joint) -> None:
        line.joint, line.doing = joint, joint.makes
        joint.lines.append(line)
        oldest = min((each.linkedid for each in joint.lines), key=lambda one: int(one.partition(".")[2]))
        for each in joint.lines:
            each.linkedid = oldest
        self.says(f.BridgeEntered, line, joint.id, joint.holding, joint.room)

    def _leaves(self, line: Line) -> None:
        joint, line.joint = line.joint, None
        if joint is None:
            return
        joint.lines.remove(line)
        self.says(f.BridgeLeft, line, joint.id)
        if not joint.lines and self.linked:
            self.said.append(f.BridgeGone(PBX, self.now, joint.id))

    def _born(  # noqa: PLR0913 - what a channel is
        self, device: str, number: str | None, wanted: str, doing: Doing, *, linkedid: str | None = None, half: str = ""
    ) -> Line:
        """A channel exists: one that calls, or is called by the PBX, has its own Linkedid, another its caller's."""
        self._names += half != ";2"
        own = f"{int(self.started_at.timestamp())}.{self._names * 2 + (half == ';2')}"
        name = f"{'' if half else 'PJSIP/'}{device}-{self._names:08x}{half}"
        placed = doing is Doing.IS_PLACED
        line = Line(own, name, number, wanted, linkedid or own, linkedid is None and not placed, doing, placed=placed)
        self.lines.append(line)
        self.says(f.ChannelBorn, line, name, line.linkedid, line.calling or half == ";2", number, None, wanted)
        line.born = self.now
        return line

    def _gone(self, line: Line, cause: int) -> None:
        self._leaves(line)
        self.lines.remove(line)
        self.says(f.ChannelGone, line, cause)


def caller_of(phone: Line) -> Line:
    assert phone.caller is not None, "nobody calls this phone"
    return phone.caller


def other_of(line: Line) -> Line:
    """Who is in a bridge with `line`."""
    assert line.joint is not None, "it talks to nobody"
    (other,) = [each for each in line.joint.lines if each is not line]
    return other
