"""E-mails about missed calls: what is to be sent, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from callbridge.calls.call import Party


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody is to hear of a missed call. Written with the commit of the event `event`, or not at all."""

    recipient: str
    """An address."""
    event: str
    row: str
    """Id of the row of the missed list."""
    caller: str
    """What they are recognised by: nobody is told of the same one twice within some time."""
    pbx: str


@dataclass(frozen=True, slots=True)
class Matter:
    """The open row of the missed list that a notice is about, as it is by now."""

    row: str
    pbx: str
    caller: Party
    customer: str | None
    """The name of whom the last call was with."""
    first_at: datetime
    last_at: datetime
    count: int
    queue: str | None
    rung: tuple[Party, ...] = ()
    calling: tuple[str, ...] = ()
    """Whoever calls them back right now."""


@dataclass(frozen=True, slots=True)
class WaitingNotice:
    """A notice that is neither sent nor given up."""

    number: int
    event: str
    caller: str
    made_at: datetime
    tries: int
    matter: Matter | None
    """None where the row is not open any more: there is nothing to be told."""


@dataclass(frozen=True, slots=True)
class NoticeResult:
    """How a notice stands after it was looked at: sent, to be looked at again at `next_at`, or neither, ever."""

    number: int
    tries: int
    sent_at: datetime | None = None
    next_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class NoticeFigures:
    """How many notices wait, since when the oldest of them does, and when the next one's time comes."""

    waiting: int = 0
    oldest_at: datetime | None = None
    next_at: datetime | None = None


class Notices(Protocol):
    """What is to be sent about some PBXs. Every method may raise errors.StoreUnavailable."""

    async def due(self, pbxs: Sequence[str], now: datetime) -> Sequence[str]:
        """Return the recipients of whom a notice's time has come."""

    async def waiting(self, pbxs: Sequence[str], recipient: str, limit: int) -> Sequence[WaitingNotice]:
        """Return the oldest notices that wait for a recipient, those whose time has not come, too."""

    async def sent_since(self, recipient: str, since: datetime) -> Mapping[str, datetime]:
        """Return for each caller a recipient was told of since then, about whichever PBX, when that was last."""

    async def settle(self, results: Sequence[NoticeResult]) -> None:
        """Write down how some notices stand, in one commit."""

    async def figures(self, pbxs: Sequence[str]) -> NoticeFigures:
        """Return how it stands as a whole."""

    async def forget(self, before: datetime, limit: int) -> int:
        """Forget up to `limit` notices made before a moment, the oldest first; return how many."""
