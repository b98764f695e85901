"""The calls that were told, to be asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CallQuery:
    """Which calls of the log are wanted; None and () mean: whichever.

    `before` is the last call of the page before, as (started_at, id).
    """

    limit: int
    before: tuple[datetime, str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Calls that began before then."""
    pbx: str | None = None
    states: Sequence[str] = ()
    directions: Sequence[str] = ()
    queue: str | None = None
    agent: str | None = None
    number: str | None = None
    """E.164 of either side, or an extension of either side or of the agent."""
    customer: str | None = None
    """Its id."""
    matches: Sequence[str] = ()
    """How many customers the number led to: `calls.customer.Match`."""
    reasons: Sequence[str] = ()
    missed: bool | None = None
    dialled: str | None = None
    """E.164, or what the PBX wrote."""
    protocol: str | None = None
    min_talk_s: float | None = None
    min_wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call of the log: `body` is its last event, which has the whole call as it is."""

    id: str
    started_at: datetime
    body: bytes


class CallLog(Protocol):
    """The calls that were told. Every method may raise errors.StoreUnavailable, and `calls` errors.TooMuch."""

    async def call(self, call_id: str) -> LoggedCall | None:
        """Return a call; None where no event told of it."""

    async def calls(self, query: CallQuery) -> Sequence[LoggedCall]:
        """Return the calls wanted, the newest first; those that go on are among them."""

    async def events_of(self, call_id: str, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Return the events of a call behind `after`, as (sequence, exact body), in their order."""
