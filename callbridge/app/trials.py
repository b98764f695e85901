"""Samples for subscribers that are told, and for those that may be: fulfils `trials.Trials`."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final, Protocol

from callbridge import logs
from callbridge.api.problems import too_many
from callbridge.calls.events import EventType
from callbridge.clock import Clock
from callbridge.delivery.subscriber import Subscriber
from callbridge.delivery.trial import tried
from callbridge.errors import NotThere, StoreUnavailable
from callbridge.ports import Attempt
from callbridge.trials import Candidate, Trial

NOT_TOLD: Final = (
    'There is no webhook "{name}" that is told of anything. '
    "`callbridge webhook list` has those there are; one with enabled = false in the file is none of them."
)
MOST: Final = 8
"""Samples under way at one time."""
AGAIN_S: Final = 5.0
BUSY: Final = f"{MOST} samples are under way."
NOTE_S: Final = 2.0
"""How long whoever waits for the result may wait for the log."""

log = logs.logger()


class Told(Protocol):
    """Who is told of events now."""

    @property
    def subscribers(self) -> Sequence[Subscriber]: ...


class Notes(Protocol):
    """The log of tries."""

    async def note_try(self, attempt: Attempt) -> None:
        """Write one down that is of no event. Raises StoreUnavailable."""


class WebhookTrials:
    """Sends samples from where the daemon is, with its way to the world and its guard; several at once."""

    def __init__(self, told: Told, notes: Notes, clock: Clock, own: Collection[tuple[str, int]]) -> None:
        self._told, self._notes, self._clock, self._own = told, notes, clock, own
        self._under_way = 0

    async def _tried(self, subscriber: Subscriber, kind: EventType) -> Trial:
        """Raises Refused where too many are under way: each may take as long as a receiver likes."""
        if self._under_way >= MOST:
            raise too_many(AGAIN_S, BUSY)
        self._under_way += 1
        try:
            return await tried(subscriber, kind, self._clock, self._own)
        finally:
            self._under_way -= 1

    async def of(self, name: str, kind: EventType) -> Trial:
        subscriber = next((each for each in self._told.subscribers if each.name == name), None)
        if subscriber is None:
            raise NotThere(NOT_TOLD.format(name=name))
        trial = await self._tried(subscriber, kind)
        await self._note(name, trial)
        return trial

    async def at(self, candidate: Candidate, kind: EventType) -> Trial:
        subscriber = Subscriber("", candidate.url, candidate.secret, allow_private=candidate.allow_private)
        return await self._tried(subscriber, kind)

    async def _note(self, name: str, trial: Trial) -> None:
        attempt = Attempt(
            *(name, trial.event_id, trial.event_id, trial.taken, trial.at),
            error=None if trial.taken else trial.said,
            status=trial.status,
            ms=trial.ms,
            answer=trial.answer,
        )
        try:
            async with asyncio.timeout(NOTE_S):
                await self._notes.note_try(attempt)
        except (StoreUnavailable, TimeoutError) as error:
            why = str(error) or "no answer"
            log.warning("a sample is not in the log of tries", action=logs.Action.DELIVERY_SETTLE_FAILED, error=why)
