"""How much of a gap the PBX's own log told: a count for whoever hears that the gap is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from callbridge.calls.events import EventType


@dataclass(slots=True)
class Restored:
    """What was told of one gap until it is closed; `complete` is False where the log was not read to its end."""

    started: int = 0
    ended: int = 0
    missed: int = 0
    complete: bool = True

    def count(self, kind: EventType) -> None:
        """Count an event that was told afterwards."""
        name = COUNTED.get(kind)
        if name is not None:
            setattr(self, name, getattr(self, name) + 1)

    def told(self) -> Mapping[str, object]:
        """Return it as `gap.backfilled` has it."""
        return {"complete": self.complete, "started": self.started, "ended": self.ended, "missed": self.missed}


COUNTED: Final[Mapping[EventType, str]] = {
    EventType.CALL_STARTED: "started",
    EventType.CALL_ENDED: "ended",
    EventType.CALL_MISSED: "missed",
}
