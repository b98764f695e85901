"""A small Asterisk made of words: phones, lines, a dialplan, queues, car parks, and what AMI says of them.

What people do are methods; what is said of it comes out as facts, in the order in which Asterisk 22 says such
things (the captures beside `tests.lab` are the model). Nobody listens while `linked` is False; the exchange
goes on all the same, and `asked` answers what is true then.
"""

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
NORMAL, BUSY, REJECTED, ELSEWHERE, GIVEN_UP = 16, 17, 21, 26, 127
REFUSALS: Final = (("BUSY", BUSY), ("NOANSWER", REJECTED), ("CONGESTION", 34), ("CHANUNAVAIL", 20))
AGENTS: Final = ("1001", "1002", "1003", "201")


class Doing(StrEnum):
    MENU = "in the dialplan, and nobody is called"
    DIALS = "in Dial()"
    WAITS = "in Queue()"
    IS_CALLED = "is called, and has not answered"
    TALKS = "in a bridge with another"
    PARKED = "in a car park"


@dataclass(eq=False, slots=True)
class Joint:
    """A bridge."""

    id: str
    holding: bool = False
    lines: list["Line"] = field(default_factory=list)


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

    @property
    def device(self) -> str:
        return self.name.rpartition("-")[0]

    @property
    def local_half(self) -> bool:
        return self.name.startswith("Local")

    @property
    def inside(self) -> bool:
        return self.device.partition("/")[2] in AGENTS


class Exchange:
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

    # ── calling ──

    def calls(self, device: str, number: str | None, wanted: str) -> Line:
        """A device calls: from outside (`trunk`) or one of ours."""
        return self._born(device, number, wanted, Doing.MENU)

    def goes_up(self, line: Line) -> None:
        """The dialplan picks up, to play something."""
        line.up = True
        self.says(f.ChannelUp, line)

    def dials(self, line: Line, targets: Sequence[str], *, early: bool = False, local: bool = False) -> None:
        """Dial() calls some phones; where `early`, each rings before it is said to be dialled."""
        self.says(f.DialTried, line, len(targets))
        line.doing = Doing.DIALS
        for target in targets:
            self._calls(line, target, early=early, local=local)

    def finds_nobody(self, line: Line) -> None:
        """Dial() of a phone that is not registered: there is no second channel."""
        self.says(f.DialTried, line, 1)
        self.says(f.DialFailed, line, "CHANUNAVAIL")

    def voicemail(self, line: Line) -> None:
        line.leaves_message = True
        self.says(f.VoicemailBegan, line)
        if not line.up:
            self.goes_up(line)

    def _calls(self, line: Line, target: str, *, early: bool = False, local: bool = False) -> None:
        outside = target not in AGENTS
        source = self._halves(line, target) if local and not outside else None
        device, number = ("trunk", None) if outside else (target, target)
        phone = self._born(device, number, "s", Doing.IS_CALLED, linkedid=line.linkedid)
        phone.caller, phone.local = line, source
        line.phones.append(phone)
        if early:
            phone.rang = True
            self.says(f.ChannelRang, phone)
        if line.queue is not None and source is None:
            self.says(f.MemberCalled, phone, line.queue, target)
        self.says(f.DialBegan, phone, (source[1] if source else line).id, f"{target}@trunk" if outside else target)

    def _halves(self, line: Line, target: str) -> tuple[Line, Line]:
        """A Local channel towards a phone: one half is dialled, the other dials."""
        far, near = (
            self._born(f"Local/{target}@members", None, target, Doing.IS_CALLED, linkedid=line.linkedid, half=half)
            for half in (";1", ";2")
        )
        self.says(f.LocalJoined, far, near.id)
        if line.queue is not None:
            self.says(f.MemberCalled, far, line.queue, target)
        self.says(f.DialTried, near, 1)
        self.says(f.DialBegan, far, line.id, f"Local/{target}@members/n")
        return far, near

    # ── what a phone does ──

    def rings(self, phone: Line) -> None:
        phone.rang = True
        self.says(f.ChannelRang, phone)
        self.says(f.ChannelRang, phone)

    def answers(self, phone: Line, *, callee_first: bool = True) -> None:
        """Pick up and talk: all other phones fall silent, the caller leaves the queue."""
        line = caller_of(phone)
        self.goes_up(phone)
        if line.doing is Doing.DIALS:
            self.says(f.DialFailed, line, "ANSWER")
        self._dial_ended(phone, "ANSWER")
        for other in [each for each in line.phones if each is not phone]:
            self._stops(other, "CANCEL", ELSEWHERE)
        if line.queue is not None:
            self.says(f.QueueLeft, line, line.queue)
            line.queue = None
        if not line.up:
            self.goes_up(line)
        line.phones, phone.caller = [], None
        if phone.local is None:
            self._join((phone, line) if callee_first else (line, phone))
        else:
            far, near = phone.local
            self._join((phone, near))
            self._join((far, line))

    def refuses(self, phone: Line, status: str, cause: int) -> None:
        line = caller_of(phone)
        self.says(f.HangupAsked, phone)
        self._stops(phone, status, cause)
        if not line.phones and line.doing is Doing.DIALS:
            self._dial_is_over(line, "BUSY" if status == "BUSY" else "CHANUNAVAIL")

    def gives_up_dialling(self, line: Line) -> None:
        """Dial() has waited long enough."""
        for phone in list(line.phones):
            self._stops(phone, "NOANSWER", 0)
        self._dial_is_over(line, "NOANSWER")

    def _dial_is_over(self, line: Line, status: str) -> None:
        self.says(f.DialFailed, line, status)
        line.doing = Doing.MENU

    def _dial_ended(self, phone: Line, status: str) -> None:
        line = caller_of(phone)
        if phone.local is None:
            self.says(f.DialEnded, phone, line.id, status)
        else:
            far, near = phone.local
            self.says(f.DialEnded, phone, near.id, status)
            if status == "ANSWER":
                for half in (near, far):
                    self.goes_up(half)
            self.says(f.DialEnded, far, line.id, status)

    def _stops(self, phone: Line, status: str, cause: int) -> None:
        """The PBX no longer calls a phone."""
        line = caller_of(phone)
        self._dial_ended(phone, status)
        line.phones.remove(phone)
        for half in phone.local or ():
            self._gone(half, cause)
        self._gone(phone, cause)

    # ── queues ──

    def waits_in(self, line: Line, queue: str) -> None:
        if not line.up:
            self.goes_up(line)
        line.queue, line.doing, line.waits_since = queue, Doing.WAITS, self.now
        self.says(f.QueueTried, line, queue)
        self.says(f.QueueJoined, line, queue, 1)

    def is_not_let_in(self, line: Line, queue: str, status: str) -> None:
        self.says(f.QueueTried, line, queue)
        self.says(f.QueueEnded, line, status)

    def calls_members(self, line: Line, members: Sequence[str], *, early: bool = False, local: bool = False) -> None:
        for member in members:
            self._calls(line, member, early=early, local=local)

    def gives_up_members(self, line: Line) -> None:
        """Nobody picked up: the caller waits on."""
        for phone in list(line.phones):
            self._stops(phone, "NOANSWER", 0)

    def leaves_queue(self, line: Line, status: str | None) -> None:
        """The queue lets the caller go on in the dialplan, `status` says why; None is a key."""
        for phone in list(line.phones):
            self._stops(phone, "CANCEL" if status is None else "NOANSWER", 0)
        if status is not None:
            self.says(f.QueueAbandoned, line, line.queue)
        self.says(f.QueueLeft, line, line.queue)
        if status is not None:
            self.says(f.QueueEnded, line, status)
        line.queue, line.doing = None, Doing.MENU

    # ── talking ──

    def holds(self, line: Line) -> None:
        line.holds = True
        self.says(f.ChannelHeld, line)

    def resumes(self, line: Line) -> None:
        line.holds = False
        self.says(f.ChannelResumed, line)

    # ── the end ──

    def hangs_up(self, line: Line, *, other_goes_on: bool = False) -> None:
        """Somebody puts the phone down. A caller may be led on by the dialplan when the other side does."""
        self.says(f.HangupAsked, line)
        other = self.far_side_of(line) if line.doing is Doing.TALKS else None
        if other is not None and other_goes_on and other.calling and not other.holds:
            self._part(line)
            self._gone(line, NORMAL)
            other.doing = Doing.MENU
        elif other is not None:
            self._part(line)
            self._gone(line, NORMAL)
            self._gone(other, NORMAL)
        else:
            self._leaves_alone(line)

    def is_hung_up(self, line: Line, cause: int = NORMAL) -> None:
        """The dialplan is over."""
        self._gone(line, cause)

    def _leaves_alone(self, line: Line) -> None:
        phones = list(line.phones)
        for phone in phones:
            self._stops(phone, "CANCEL", GIVEN_UP)
        if line.doing is Doing.DIALS:
            self.says(f.DialFailed, line, "CANCEL")
        if line.queue is not None:
            self.says(f.QueueAbandoned, line, line.queue)
            self.says(f.QueueLeft, line, line.queue)
        if line.joint is not None:
            self._leaves(line)
        self._gone(line, GIVEN_UP if phones else NORMAL)

    def far_side_of(self, line: Line) -> Line:
        """Who hears `line`, through a Local channel or not."""
        other = other_of(line)
        return other_of(self._twin(other)) if other.local_half else other

    def _twin(self, half: Line) -> Line:
        name = f"{half.name[:-1]}{'2' if half.name.endswith('1') else '1'}"
        return next(each for each in self.lines if each.name == name)

    def _part(self, line: Line) -> None:
        """Take both out of their bridge, and any Local channel between them down."""
        other = other_of(line)
        self._leaves(line)
        self._leaves(other)
        if other.local_half:
            far = self._twin(other)
            self._leaves(other_of(far))
            self._gone(other, NORMAL)
            self._gone(far, NORMAL)

    # ── what joins ──

    def _join(self, lines: Sequence[Line], *, holding: bool = False) -> None:
        self._bridges += 1
        joint = Joint(f"bridge-{self._bridges}", holding)
        for line in lines:
            self._enters(line, joint)

    def _enters(self, line: Line, joint: Joint) -> None:
        line.joint, line.doing = joint, Doing.PARKED if joint.holding else Doing.TALKS
        joint.lines.append(line)
        oldest = min((each.linkedid for each in joint.lines), key=lambda one: int(one.partition(".")[2]))
        for each in joint.lines:
            each.linkedid = oldest
        self.says(f.BridgeEntered, line, joint.id, joint.holding)

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
        """A channel exists: one that calls has a Linkedid of its own, one that is called its caller's."""
        self._names += half != ";2"
        own = f"{int(self.started_at.timestamp())}.{self._names * 2 + (half == ';2')}"
        name = f"{'' if half else 'PJSIP/'}{device}-{self._names:08x}{half}"
        line = Line(own, name, number, wanted, linkedid or own, linkedid is None, doing)
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
