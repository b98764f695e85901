"""When to ask a silent peer whether it is there, and when to stop believing."""

from enum import StrEnum

from callbridge.asterisk.ami.settings import Patience


class Due(StrEnum):
    NOTHING = "nothing"
    PING = "ping"
    GIVE_UP = "give up"


class Keepalive:
    """Any byte is life: were our Pings lost, so were the acknowledgements without which TCP would stop talking."""

    def __init__(self, patience: Patience, now: float) -> None:
        self.last_heard = now
        self._patience = patience
        self._ping_sent: float | None = None

    def heard(self, now: float) -> None:
        self.last_heard = now

    def ponged(self) -> None:
        self._ping_sent = None

    def next_deadline(self) -> float:
        if self._ping_sent is None:
            return self.last_heard + self._patience.ping_interval_s
        return max(self._ping_sent, self.last_heard) + self._patience.ping_deadline_s

    def due(self, now: float) -> Due:
        """Return what is to be done now. PING is told once, until `ponged`."""
        if now < self.next_deadline():
            return Due.NOTHING
        if self._ping_sent is not None:
            return Due.GIVE_UP
        self._ping_sent = now
        return Due.PING
