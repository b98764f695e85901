"""Consultations by feature code: a phone's one channel goes into a second bridge, with a Local channel in it."""

from dataclasses import dataclass

from callbridge.calls import facts as f
from tests.properties.exchange import GIVEN_UP
from tests.properties.services import Services
from tests.properties.wiring import NORMAL, Doing, Joint, Line, other_of


@dataclass(eq=False, slots=True)
class Asking:
    """Somebody asks somebody, while another waits."""

    by: Line
    held: Line
    home: Joint
    near: Line
    far: Line
    phone: Line

    @property
    def answered(self) -> bool:
        return self.phone.up


class Codes(Services):
    """An exchange whose phones have feature codes, too."""

    def __init__(self) -> None:
        super().__init__()
        self.askings: list[Asking] = []

    def asks_by_code(self, line: Line, wanted: str) -> Asking:
        if not line.holds:
            self.holds(line)
        held, home = other_of(line), line.joint
        assert home is not None, "they talk"
        near, far = (
            self._born(f"Local/{wanted}@from-phones", None, wanted, doing, linkedid=line.linkedid, half=half)
            for half, doing in ((";1", Doing.IS_CALLED), (";2", Doing.DIALS))
        )
        near.asked_by = far.asked_by = line.name
        self.says(f.ConsultationBegan, near, line.name)
        self.says(f.ConsultationBegan, far, line.name)
        self.says(f.LocalJoined, near, far.id)
        joint = self._new_joint()
        self._enters(near, joint)
        self._leaves(line)
        self._enters(line, joint)
        line.doing, held.doing = Doing.ASKS, Doing.IS_LEFT
        self.dials(far, [wanted])
        asking = Asking(line, held, home, near, far, far.phones[0])
        self.askings.append(asking)
        return asking

    def leaves_them_together(self, asking: Asking, *, optimised: bool) -> None:
        """Whoever asked hangs up, and the other two talk."""
        self.askings.remove(asking)
        by, held, near, far = asking.by, asking.held, asking.near, asking.far
        self.says(f.HangupAsked, by)
        self._leaves(by)
        self._leaves(near)
        self._enters(near, asking.home)
        self.says(f.AttendedTransferred, by, by.id)
        self._gone(by, NORMAL)
        held.doing = Doing.TALKS
        if optimised and far.joint is not None:
            there = far.joint
            self._leaves(held)
            self._leaves(far)
            self._enters(held, there)
            self._gone(far, NORMAL)
            self._gone(near, NORMAL)

    def takes_back(self, asking: Asking) -> None:
        """Whoever asked has the held call again; who was asked is hung up on."""
        self.askings.remove(asking)
        by, near, far, phone = asking.by, asking.near, asking.far, asking.phone
        if phone in self.lines and not asking.answered:
            self._stops(phone, "CANCEL", GIVEN_UP)
        self._leaves(by)
        self._enters(by, asking.home)
        asking.held.doing = Doing.TALKS
        self.resumes(by)
        self._gone(near, NORMAL)
        self.says(f.DialFailed, far, "ANSWER" if asking.answered else "CANCEL")
        self._gone(far, NORMAL)
        if phone in self.lines:
            self._gone(phone, NORMAL)

    def is_left_by_who_waited(self, asking: Asking) -> None:
        """Whoever was held hangs up: the consultation is a call like any other from then on."""
        self.askings.remove(asking)
        self.says(f.HangupAsked, asking.held)
        self._gone(asking.held, NORMAL)
        asking.by.doing, asking.by.holds = Doing.TALKS, False

    # ── what people do without a thought of it ──

    def answers(self, phone: Line, *, callee_first: bool = True) -> None:
        asking = self._about(phone)
        super().answers(phone, callee_first=callee_first)
        if asking is not None:
            self.goes_up(asking.near)
            self.says(f.DialEnded, asking.near, None, "ANSWER")

    def refuses(self, phone: Line, status: str, cause: int) -> None:
        asking = self._about(phone)
        super().refuses(phone, status, cause)
        if asking is not None:
            self.takes_back(asking)

    def hangs_up(self, line: Line, *, other_goes_on: bool = False) -> None:
        asking = self._about(line)
        if asking is None:
            super().hangs_up(line, other_goes_on=other_goes_on)
        elif line is asking.phone:
            self.says(f.HangupAsked, line)
            self.takes_back(asking)
        elif line is asking.held and asking.answered:
            self.is_left_by_who_waited(asking)
        else:
            self.takes_back(asking)
            super().hangs_up(line, other_goes_on=other_goes_on)

    def starts_anew(self) -> None:
        self.askings.clear()
        super().starts_anew()

    def _about(self, line: Line) -> Asking | None:
        return next((each for each in self.askings if line in {each.by, each.held, each.phone}), None)
