"""How lines of the made-up exchange are handed on: blind, attended, blonde, and over a car park."""

from datetime import timedelta
from typing import Final

from callbridge.calls import facts as f
from tests.properties.exchange import Exchange
from tests.properties.wiring import NORMAL, PBX, Doing, Line, other_of

CAR_PARK: Final = "700"


class Handovers(Exchange):
    """An exchange with features. Only those who talk without a Local channel in between use them."""

    # ── blind ──

    def sends_on(self, line: Line, wanted: str) -> Line:
        """Blind transfer: the other side goes on in the dialplan. Return it."""
        other = self._lets_go(line)
        self._leaves(line)
        self.says(f.BlindTransferred, line, wanted)
        self._gone(line, NORMAL)
        self._leaves(other)
        self.says(f.DialFailed, other, "ANSWER")
        other.doing = Doing.MENU
        return other

    def _lets_go(self, line: Line) -> Line:
        if line.holds:
            self.resumes(line)
        return other_of(line)

    # ── attended ──

    def asks(self, line: Line, wanted: str) -> Line:
        """The person at `line` puts the other on hold and calls somebody on a second line. Return that."""
        if not line.holds:
            self.holds(line)
        second = self.calls(line.device.partition("/")[2], line.number, wanted)
        second.asks_for = line
        return second

    def consultations(self, doing: Doing) -> list[Line]:
        """The second lines that do `doing`, while the call they are about still goes on."""
        return [each for each in self.that(doing) if each.asks_for in self.talking() and not each.local_half]

    def brings_together(self, second: Line) -> None:
        """Attended transfer: who was on hold talks to who was asked."""
        first = self._first(second)
        held, asked = self._lets_go(first), other_of(second)
        if second.holds:
            self.resumes(second)
        joint = asked.joint
        assert joint is not None, "they talk"
        self._leaves(held)
        self._leaves(second)
        self._enters(held, joint)
        self.says(f.AttendedTransferred, first, second.id)
        self._leaves(first)
        self._gone(first, NORMAL)
        self._gone(second, NORMAL)

    def leaves_it_ringing(self, second: Line) -> None:
        """Blonde transfer: who was on hold hears the phones of the consultation ring."""
        first = self._first(second)
        held = self._lets_go(first)
        self._leaves(held)
        self.says(f.AttendedTransferred, first, second.id)
        self._leaves(first)
        self._gone(first, NORMAL)
        self.says(f.DialTried, held, len(second.phones))
        self.says(f.DialTried, second, len(second.phones))
        self.says(f.DialFailed, second, "ANSWER")
        held.doing, held.phones, second.phones = Doing.DIALS, second.phones, []
        for phone in held.phones:
            phone.caller = held
        self._gone(second, NORMAL)

    def _first(self, second: Line) -> Line:
        assert second.asks_for is not None, "it asks for nobody"
        return second.asks_for

    # ── car parks ──

    def parks(self, line: Line) -> None:
        other = self._lets_go(line)
        other.slot, other.parker = self._free_slot(), line.device
        self.says(f.CallParked, other, other.slot, line.device)
        self.says(f.BlindTransferred, line, CAR_PARK)
        self._leaves(other)
        self._join((other,), holding=True)
        self._leaves(line)
        self._gone(line, NORMAL)

    def _free_slot(self) -> str:
        taken = {each.slot for each in self.that(Doing.PARKED)}
        return next(slot for slot in map(str, range(701, 799)) if slot not in taken)

    def fetches(self, parked: Line, agent: str) -> None:
        """Somebody dials the slot."""
        line = self.calls(agent, agent, parked.slot or "")
        self.goes_up(line)
        self.says(f.CallUnparked, parked, parked.slot, line.id)
        self._leaves(parked)
        self._join((parked, line))

    def comes_back(self, parked: Line) -> None:
        """Nobody did: whoever parked the call is called."""
        self.says(f.CallUnparked, parked, parked.slot, None)
        self._leaves(parked)
        self.dials(parked, [(parked.parker or "").partition("/")[2]])

    # ── the link ──

    def loses_the_link(self) -> None:
        self.now += timedelta(milliseconds=1)
        self.said.append(f.LinkDown(PBX, self.now, "the peer closed the connection"))
        self.linked = False

    def finds_the_link(self) -> None:
        self.now += timedelta(milliseconds=1)
        self.linked = True
        self.said += [f.LinkUp(PBX, self.now, self.started_at), f.StateAsked(PBX, self.now), self.asked()]

    def starts_anew(self) -> None:
        """Asterisk is killed and started again."""
        if self.linked:
            self.loses_the_link()
        self.now += timedelta(seconds=5)
        self.started_at = self.now
        self.lines.clear()
        self.finds_the_link()

    def asked(self) -> f.StateRead:
        """What the exchange has now."""
        waiting = [each for each in self.lines if each.queue is not None]
        parked = self.that(Doing.PARKED)
        return f.StateRead(
            PBX,
            self.now,
            tuple(seen(each) for each in self.lines),
            {each.id: str(each.queue) for each in waiting},
            holding_bridges=frozenset(each.joint.id for each in parked if each.joint),
            rooms=frozenset(each.joint.id for each in self.that(Doing.MEETS) if each.joint),
            waits_since={each.id: each.waits_since for each in waiting if each.waits_since},
            parked={each.id: str(each.slot) for each in parked},
        )


def seen(line: Line) -> f.ChannelSeen:
    held = line.doing is Doing.IS_LEFT or (line.doing is Doing.TALKS and other_of(line).holds)
    return f.ChannelSeen(
        line.id,
        line.name,
        line.linkedid,
        up=line.up,
        ringing=line.rang and not line.up,
        calling=(line.calling and not line.placed) or line.name.endswith(";2"),
        number=line.number,
        exten=line.wanted,
        bridge=line.joint.id if line.joint else None,
        since=line.born,
        on_hold=held,
        placed=line.placed,
        voicemail=line.leaves_message,
        queue=line.queue,
        recording=line.files[-1] if line.files else None,
        asked_by=line.asked_by,
    )
