"""One subscriber's line: takes turns from its lanes, tries them, and remembers how it went."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from callbridge.delivery import tried
from callbridge.delivery.bucket import Bucket, Width
from callbridge.delivery.lanes import Lanes
from callbridge.delivery.post import Poster
from callbridge.delivery.record import Record
from callbridge.delivery.retry import Decision, Outcome, decide
from callbridge.delivery.settling import said
from callbridge.delivery.subscriber import Subscriber
from callbridge.delivery.turns import Turn
from callbridge.delivery.wiring import Wiring
from callbridge.errors import StoreUnavailable
from callbridge.logs import Action, logger
from callbridge.ports import STRICT, Attempt, Halt, Standing

log = logger()

GONE: Final = "it answered 410 Gone"
FAILING: Final = "it took nothing for {days:g} days"


class Line:
    """Everything about one subscriber; what goes wrong here stays here."""

    def __init__(self, subscriber: Subscriber, wiring: Wiring) -> None:
        self.subscriber = subscriber
        self.name = subscriber.name
        self.lanes = Lanes(wiring.pace.held_most, wiring.pace.behind_most)
        self.record = Record()
        self.standing = Standing()
        self.survey_at = 0.0
        """Not before this time of the monotonic clock."""
        self.closing = False
        self._wiring = wiring
        self._part = 1.0
        self._equip(subscriber)
        self._group: asyncio.TaskGroup | None = None
        self._turned = asyncio.Event()
        self._settled = asyncio.Event()
        self._strict: bool | None = None
        self._untimely = False
        self._serving = 0
        self._rest_until = 0.0
        self._later: asyncio.TimerHandle | None = None

    def _equip(self, subscriber: Subscriber) -> None:
        self._poster = Poster(subscriber, self._wiring.clock, self._wiring.own)  # raises ConfigError
        self._measure(subscriber)

    def _measure(self, subscriber: Subscriber) -> None:
        """A strict subscriber is served by one process alone."""
        part = 1.0 if subscriber.strict else self._part
        self._bucket = Bucket(subscriber.rate and subscriber.rate * part)
        self._width = Width(max(1, round(subscriber.concurrency * part)))

    def share(self, part: float) -> None:
        """Take a part of the subscriber's rate and concurrency: other processes have the others."""
        if part != self._part:
            self._part = part
            self._measure(self.subscriber)

    @property
    def paused(self) -> str | None:
        """Why nothing is sent, or None."""
        return (self.standing.why or self.standing.halted) if self.standing.halted else None

    @property
    def resting(self) -> bool:
        """Whether it is left alone for a while after failing again and again."""
        return self._wiring.clock.monotonic() < self._rest_until

    @property
    def open(self) -> bool:
        """Whether anything may be sent now."""
        return self._group is not None and self.standing.halted is None and not self.resting

    @property
    def room(self) -> bool:
        """Whether heads of lanes should be read for it from the database."""
        return self.open and self.lanes.held < self._wiring.pace.page

    def quiet_s(self, now: datetime) -> float | None:
        """Return for how long nothing happens here unless something else does; None: for as long as you like."""
        if self._group is None or self.standing.halted:
            return None
        if self.resting:
            return self._rest_until - self._wiring.clock.monotonic()
        at = self.lanes.next_at() if self.room else None
        return None if at is None else max(0.0, (at - now).total_seconds())

    async def run(self) -> None:
        """Send until `close`, then finish what is on the way."""
        self.lanes.restart()
        self._strict = None
        while not self.closing:
            self._turned.clear()
            await self._enlisted()
            await self._send()

    async def _enlisted(self) -> None:
        """Have the database arrange our lanes. What is unsettled is known there by its lane, so it comes first."""
        if self._strict == self.subscriber.strict and not self._untimely:
            return
        self._untimely = False
        await self.idle()
        self.lanes.begin_anew()
        strict = self.subscriber.strict
        standing = await self._standing(strict=strict)
        if self._strict is None:
            self.record.restore(standing)
            if self.standing.halted is None:
                self.standing = standing
        self._strict = strict

    async def _standing(self, *, strict: bool) -> Standing:
        """Ask until the database answers."""
        rest, longest = self._wiring.pace.store_rest_s
        while True:
            try:
                async with asyncio.timeout(self._wiring.pace.store_s):
                    return await self._wiring.enlist(self.name, strict)
            except (StoreUnavailable, TimeoutError) as error:
                log.warning("lanes are not known", action=Action.DELIVERY_READ_FAILED, error=said(error))
            await asyncio.sleep(rest)
            rest = min(rest * 2, longest)

    async def _send(self) -> None:
        """Send to the subscriber as it is now, until that changes; then finish what is on the way."""
        self._serving = 0  # a task cancelled before its first step never counted itself out
        async with self._poster, asyncio.TaskGroup() as group:
            self._group = group
            self._wiring.wake()
            self.start()
            try:
                await self._turned.wait()
            finally:
                self._group = None

    def change(self, subscriber: Subscriber) -> None:
        """Be another from the next try on; what is on the way ends as it began.

        Raises ConfigError, and changes nothing, where its secret cannot be used.
        """
        self._equip(subscriber)
        self.subscriber = subscriber
        self._group = None
        self._turned.set()

    def set_right(self) -> None:
        """Have the database arrange what waits anew: the clock was set back, what was put off waits for too long."""
        self._untimely = True
        self._group = None
        self._turned.set()

    def close(self) -> None:
        """Take no more turns."""
        self.closing = True
        self._group = None
        self._turned.set()

    def reopen(self) -> None:
        """Think better of `close`; what was in memory may be forgotten by the database."""
        if self.closing:
            self.closing = False
            self._strict = None

    async def idle(self) -> None:
        """Wait until the database knows all that came of our tries."""
        while self.lanes.unsettled:
            self._settled.clear()
            await self._settled.wait()

    def offer(self, turn: Turn) -> None:
        """Take an event that was just committed, with its call's lane. Never blocks.

        What counts is how the database has our lanes, not how they are wanted: only `_enlisted` changes them.
        """
        self.lanes.offer(replace(turn, lane=STRICT) if self._strict else turn)
        if self.lanes.looking:
            self._wiring.wake()
        self.start()

    def unsure(self, lane: str) -> None:
        """Know that something may be missing before what is offered next of a lane: read the database for it."""
        self.lanes.unsure(STRICT if self._strict else lane)
        self._wiring.wake()

    def start(self) -> None:
        """Begin as many tries as there are turns and room for."""
        while self._group is not None and self._serving < self._width.now and (turn := self._next()):
            self._serving += 1
            self._group.create_task(self._serve(self._poster, turn))

    def _next(self) -> Turn | None:
        if not self.open or self.lanes.unsettled >= self._wiring.pace.unsettled_most:
            return None
        now = self._wiring.clock.monotonic()
        if self.lanes.held and (wait := self._bucket.wait_s(now)):
            self._start_in(wait)
            return None
        turn = self.lanes.take()
        if turn is not None:
            self._bucket.take(now)
        return turn

    def _start_in(self, wait: float) -> None:
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(wait, self._start_later)

    def _start_later(self) -> None:
        self._later = None
        self.start()

    async def _serve(self, poster: Poster, turn: Turn | None) -> None:
        try:
            while turn is not None:
                self._took(turn, await poster.post(turn.event_id, turn.body))
                turn = self._next() if self._serving <= self._width.now else None
        finally:
            self._serving -= 1
            if not self._serving and self.lanes.catching_up and self.lanes.looking:
                self._wiring.hurry()  # what follows is read once these results are written

    def _took(self, turn: Turn, outcome: Outcome) -> None:
        """Note what came of a try, here and for the database."""
        now = self._wiring.clock.now()
        decision = decide(turn.attempt, outcome, now, self._wiring.clock.jitter())
        self.lanes.done(turn, delivered=decision.delivered, next_at=decision.next_at)
        tried.measure(self._wiring.meters, self.name, turn, outcome, self._wiring.clock.monotonic())
        if decision.delivered:
            self.record.took(now)
            self._width.went_well()
        else:
            self._failed(turn, outcome, decision, now)
        self._wiring.settle(tried.attempt(self.name, turn, outcome, decision, now))

    def _failed(self, turn: Turn, outcome: Outcome, decision: Decision, now: datetime) -> None:
        self.record.refused(now, outcome.error)
        tried.log_failure(self.name, turn, outcome, decision)
        if outcome.pressed:
            self._width.pressed()
        if decision.disable:
            self._disable(GONE, now)
        elif self.record.hopeless(now, self._wiring.pace):
            self._disable(FAILING.format(days=self._wiring.pace.disable_after / timedelta(days=1)), now)
        self._rest(decision.rest, pressed=outcome.pressed)

    def _rest(self, asked: timedelta, *, pressed: bool) -> None:
        """Leave the subscriber alone: as long as it asks, and longer with every failure in a row."""
        wait = self.record.rest_s(self._wiring.pace, self.subscriber.concurrency, asked, pressed=pressed)
        if wait > 0:
            self._rest_until = max(self._rest_until, self._wiring.clock.monotonic() + wait)
            self._wiring.wake()

    def settled(self, attempt: Attempt) -> None:
        """Note that the database knows what came of one try."""
        self.lanes.settled(attempt.lane)
        self._settled.set()
        if self.lanes.looking or attempt.next_at is not None:
            self._wiring.wake()
        if self.lanes.held:
            self.start()

    def _disable(self, why: str, now: datetime) -> None:
        if self.standing.halted is None:
            record = self.record
            self.halt(Standing(Halt.DISABLED, why, now, record.failing_since, record.failures))
            self._wiring.disabled(self.name, self.standing)

    def halt(self, standing: Standing) -> None:
        """Send nothing more until `resume`; events wait in the database."""
        self.standing = standing
        self.lanes.fall_back()
        log.warning("subscriber halted", action=Action.DELIVERY_PAUSED, subscriber=self.name, reason=standing.why)

    def stands(self, standing: Standing) -> None:
        """Be halted, or no longer, as another process has written it down."""
        if standing.halted != self.standing.halted:
            if standing.halted is None:
                self.resume()
            else:
                self.halt(standing)
        elif standing.failing_since is None and self.record.in_a_row == 0:
            self.record.restore(standing)

    def resume(self) -> None:
        """Go on after `halt`, and after resting too."""
        self.standing = Standing()
        self._rest_until = 0.0
        self.record.begin_anew()
        self.lanes.look_again(at_all=True)
        self.start()
        log.info("subscriber resumed", action=Action.DELIVERY_RESUMED, subscriber=self.name)
        self._wiring.wake()
