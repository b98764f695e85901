"""How subscribers are doing: what their lines know, and what the database says of what waits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from callbridge.delivery.line import Line
from callbridge.ports import Backlog, Standing


@dataclass(frozen=True, slots=True)
class Status:
    """How a subscriber is doing."""

    name: str
    paused: str | None
    """Why nothing is sent to it, or None."""
    resting: bool
    """Left alone for some seconds, because it failed again and again."""
    catching_up: bool
    delivered: int
    failed: int
    last_error: str | None
    last_ok_at: datetime | None
    waiting: int
    """Undelivered events in the database."""
    dead: int
    """Events given up."""
    oldest_at: datetime | None
    standing: Standing
    failing_since: datetime | None


def statuses(lines: Iterable[Line], backlogs: Iterable[Backlog]) -> Sequence[Status]:
    """Return how each is doing, but for those who are leaving."""
    known = {backlog.subscriber: backlog for backlog in backlogs}
    return [_status(line, known) for line in lines if not line.closing]


def _status(line: Line, known: Mapping[str, Backlog]) -> Status:
    backlog = known.get(line.name) or Backlog(line.name, 0, 0, None, None)
    return Status(
        line.name,
        line.paused,
        line.resting,
        line.lanes.catching_up,
        line.record.delivered,
        line.record.failed,
        line.record.last_error or backlog.last_error,
        line.record.last_ok_at,
        backlog.waiting,
        backlog.dead,
        backlog.oldest_at,
        line.standing,
        line.record.failing_since,
    )
