"""One subscriber's line: takes turns from its lanes, tries them, and remembers how it went."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from callbridge.clock import Clock
from callbridge.delivery.lanes import Lanes, Turn
from callbridge.delivery.pace import Pace
from callbridge.delivery.post import Poster
from callbridge.delivery.retry import Decision, Outcome, decide
from callbridge.delivery.subscriber import Subscriber
from callbridge.logs import Action, logger
from callbridge.ports import Attempt

log = logger()


@dataclass(slots=True)
class Record:
    """How deliveries to a subscriber have gone since the start."""

    delivered: int = 0
    failed: int = 0
    in_a_row: int = 0
    """Failures since the last success."""
    last_error: str | None = None
    last_ok_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a line is connected to."""

    clock: Clock
    pace: Pace
    settle: Callable[[Attempt], None]
    wake: Callable[[], None]
    """Asks for the database to be read."""


class Line:
    """Everything about one subscriber; what goes wrong here stays here."""

    def __init__(self, subscriber: Subscriber, poster: Poster, wiring: Wiring) -> None:
        self.subscriber = subscriber
        self.name = subscriber.name
        self.lanes = Lanes(wiring.pace.held_most, wiring.pace.behind_most)
        self.record = Record()
        self.paused: str | None = None
        """Why nothing is sent, or None."""
        self.survey_at = 0.0
        """Not before this time of the monotonic clock."""
        self._poster = poster
        self._wiring = wiring
        self._group: asyncio.TaskGroup | None = None
        self._closing = asyncio.Event()
        self._serving = 0
        self._rest_until = 0.0

    @property
    def resting(self) -> bool:
        """Whether it is left alone for a while after failing again and again."""
        return self._wiring.clock.monotonic() < self._rest_until

    @property
    def open(self) -> bool:
        """Whether anything may be sent now."""
        return self._group is not None and self.paused is None and not self.resting

    @property
    def room(self) -> bool:
        """Whether heads of lanes should be read for it from the database."""
        return self.open and self.lanes.held < self._wiring.pace.page

    async def run(self) -> None:
        """Send until `close`, then finish what is on the way."""
        self.lanes.restart()
        self._serving = 0  # a task cancelled before its first step never counted itself out
        async with self._poster, asyncio.TaskGroup() as group:
            self._group = group
            self._wiring.wake()
            try:
                await self._closing.wait()
            finally:
                self._group = None

    def close(self) -> None:
        """Take no more turns."""
        self._closing.set()

    def offer(self, turn: Turn) -> None:
        """Take an event that was just committed. Never blocks."""
        self.lanes.offer(turn)
        if self.lanes.looking:
            self._wiring.wake()
        self.start()

    def start(self) -> None:
        """Begin as many tries as there are turns and room for."""
        while self._group is not None and self._serving < self.subscriber.concurrency and (turn := self._next()):
            self._serving += 1
            self._group.create_task(self._serve(turn))

    def _next(self) -> Turn | None:
        if not self.open or self.lanes.unsettled >= self._wiring.pace.unsettled_most:
            return None
        return self.lanes.take()

    async def _serve(self, turn: Turn | None) -> None:
        try:
            while turn is not None:
                self._took(turn, await self._poster.post(turn.event_id, turn.body))
                turn = self._next()
        finally:
            self._serving -= 1

    def _took(self, turn: Turn, outcome: Outcome) -> None:
        """Note what came of a try, here and for the database."""
        now = self._wiring.clock.now()
        decision = decide(turn.attempt, outcome, now, self._wiring.clock.jitter())
        self.lanes.done(turn, delivered=decision.delivered, next_at=decision.next_at)
        if decision.delivered:
            self._succeeded(turn, now)
        else:
            self._failed(turn, outcome, decision)
        self._wiring.settle(
            Attempt(self.name, turn.lane, turn.event_id, decision.delivered, now, decision.next_at, outcome.error),
        )

    def _succeeded(self, turn: Turn, now: datetime) -> None:
        log.debug("delivered", action=Action.DELIVERY_DONE, subscriber=self.name, event_id=turn.event_id)
        self.record.delivered += 1
        self.record.in_a_row = 0
        self.record.last_ok_at = now

    def _failed(self, turn: Turn, outcome: Outcome, decision: Decision) -> None:
        self.record.failed += 1
        self.record.in_a_row += 1
        self.record.last_error = outcome.error
        self._log_failure(turn, outcome, decision)
        if decision.disable:
            self.pause("it answered 410 Gone")
        self._rest(decision.rest)

    def _log_failure(self, turn: Turn, outcome: Outcome, decision: Decision) -> None:
        action = Action.DELIVERY_FAILED if decision.next_at else Action.DELIVERY_GIVEN_UP
        log.warning(
            "not delivered",
            action=Action.DELIVERY_FORBIDDEN if outcome.forbidden else action,
            subscriber=self.name,
            event_id=turn.event_id,
            attempt=turn.attempt,
            error=outcome.error,
            next_at=decision.next_at,
        )

    def _rest(self, asked: timedelta) -> None:
        """Leave the subscriber alone: as long as it asks, and longer with every failure in a row."""
        first, longest = self._wiring.pace.rest_s
        over = self.record.in_a_row - self._wiring.pace.failures
        wait = 0.0 if over < 0 else min(first * 2 ** min(over // self.subscriber.concurrency, 16), longest)
        wait = max(wait, min(asked.total_seconds(), longest))
        if wait > 0:
            self._rest_until = max(self._rest_until, self._wiring.clock.monotonic() + wait)

    def settled(self, attempt: Attempt) -> None:
        """Note that the database knows what came of one try."""
        self.lanes.settled(attempt.lane)
        if self.lanes.looking:
            self._wiring.wake()
        self.start()

    def pause(self, why: str) -> None:
        """Send nothing more until `resume`; events wait in the database."""
        self.paused = why
        self.lanes.fall_back()
        log.warning("subscriber paused", action=Action.DELIVERY_PAUSED, subscriber=self.name, reason=why)

    def resume(self) -> None:
        """Go on after `pause`, and after resting too."""
        self.paused = None
        self._rest_until = 0.0
        self.record.in_a_row = 0
        self.lanes.look_again(at_all=True)
        self.start()
        log.info("subscriber resumed", action=Action.DELIVERY_RESUMED, subscriber=self.name)
        self._wiring.wake()
