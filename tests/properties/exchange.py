"""A small Asterisk made of words: phones, lines, a dialplan, queues, car parks, and what AMI says of them.

What people do are methods; what is said of it comes out as facts, in the order in which Asterisk 22 says such
things (the captures beside `tests.lab` are the model). Nobody listens while `linked` is False; the exchange
goes on all the same, and `asked` answers what is true then.
"""

from collections.abc import Sequence
from typing import Final

from callbridge.calls import facts as f
from tests.properties.wiring import AGENTS, NORMAL, Doing, Line, Wiring, caller_of, other_of

ELSEWHERE, GIVEN_UP = 26, 127
REFUSALS: Final = (("BUSY", 17), ("NOANSWER", 21), ("CONGESTION", 34), ("CHANUNAVAIL", 20))
"""What Dial() makes of a refusal, and its Q.850 cause."""


class Exchange(Wiring):
    """What its people and its dialplan do."""

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
