"""What else the made-up exchange does: pick-ups, calls it places by itself, conference rooms, recordings."""

from typing import Final

from callbridge.calls import facts as f
from callbridge.calls.call import Limits
from tests.properties.exchange import ELSEWHERE
from tests.properties.handovers import Handovers
from tests.properties.wiring import AGENTS, PBX, Doing, Joint, Line, caller_of

FOLDER: Final = "/var/spool/asterisk/monitor"
NOT_COMING: Final = (("BUSY", 17), ("NOANSWER", 19), ("CONGESTION", 34))
"""What becomes of a first side that does not come, and its Q.850 cause."""


class Services(Handovers):
    """An exchange with all its services."""

    def __init__(self) -> None:
        super().__init__()
        self.rooms: dict[str, Joint] = {}
        self._files = 0

    # ── picking up ──

    def ringing(self) -> list[Line]:
        """The phones whose ringing can be taken over."""
        called = [each for each in self.that(Doing.IS_CALLED) if each.local is None and each.inside]
        return [each for each in called if not caller_of(each).local_half]

    def is_picked_up(self, phone: Line, agent: str, *, by_code: bool) -> None:
        """Somebody takes the call for which `phone` rings: by a code, or by SIP's Replaces, which is not said.

        Of a queue's caller only the code is known to work.
        """
        line = caller_of(phone)
        by_code = by_code or line.queue is not None
        taker = self.calls(agent, agent, f"*8{phone.number}" if by_code else str(phone.number))
        self.goes_up(taker)
        if by_code:
            self.says(f.CallPickedUp, taker, phone.id)
        if line.doing is Doing.DIALS:
            self.says(f.DialFailed, line, "ANSWER")
            self.says(f.DialEnded, taker, line.id, "ANSWER")
        line.phones.remove(phone)
        self._gone(phone, ELSEWHERE)
        for other in list(line.phones):
            self._stops(other, "CANCEL", ELSEWHERE)
        if line.queue is not None:
            self.says(f.QueueLeft, line, line.queue)
            line.queue = None
        if not line.up:
            self.goes_up(line)
        taker.calling = False
        self._join((taker, line))

    # ── calls the PBX places ──

    def places(self, device: str) -> Line:
        """The PBX calls a phone of ours, or somebody outside, to begin with."""
        inside = device in AGENTS
        line = self._born(device if inside else "trunk", device if inside else None, "s", Doing.IS_PLACED)
        self.says(f.DialBegan, line, None, device if inside else f"{device}@trunk")
        return line

    def comes(self, line: Line, wanted: str) -> None:
        """Whom the PBX called first picks up, and goes on in the dialplan."""
        self._order_is_told(line.name, line.id, wanted)
        self.goes_up(line)
        self.says(f.DialEnded, line, None, "ANSWER")
        line.doing, line.calling = Doing.MENU, True

    def does_not_come(self, line: Line, wanted: str, status: str, cause: int, *, told_first: bool = True) -> None:
        if told_first:
            self._order_is_told(line.device, None, wanted)
        self.says(f.HangupAsked, line)
        self.says(f.DialEnded, line, None, status)
        self._gone(line, cause)
        if not told_first:
            self._order_is_told(line.device, None, wanted)

    def _order_is_told(self, device: str, channel: str | None, wanted: str) -> None:
        if self.linked:
            self.said.append(f.CallPlaced(PBX, self.now, device, channel, wanted))

    # ── conference rooms ──

    def meets(self, line: Line, room: str) -> None:
        """Come into a conference room."""
        if not line.up:
            self.goes_up(line)
        joint = self.rooms.get(room)
        if joint is None or not joint.lines:
            joint = self.rooms[room] = self._new_joint(room=True)
        self._enters(line, joint)

    # ── recordings ──

    def records(self, line: Line, *, bridged_only: bool) -> None:
        self._files += 1
        line.files.append(f"{FOLDER}/{self._files}.wav")
        self.says(f.RecordingAsked, line, bridged_only)
        self.says(f.RecordingNamed, line, line.files[-1])
        self.says(f.RecordingBegan, line)

    def stops_recording(self, line: Line) -> None:
        line.files.pop()
        self.says(f.RecordingStopped, line)

    def silences(self, line: Line, direction: str, *, silent: bool) -> None:
        self.says(f.RecordingMuted, line, direction, silent)

    # ── limits ──

    def sets(self, limits: Limits) -> None:
        self.said.append(f.LimitsSet(PBX, self.now, limits))

    # ── the end ──

    def hangs_up(self, line: Line, *, other_goes_on: bool = False) -> None:
        if line.doing is Doing.IS_PLACED:
            self.does_not_come(line, "912345678", "BUSY", 17)
        else:
            super().hangs_up(line, other_goes_on=other_goes_on)

    def starts_anew(self) -> None:
        self.rooms.clear()
        super().starts_anew()
