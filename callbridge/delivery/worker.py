"""Delivery as one thing: what is committed goes out, to everyone, at least once, in order.

The pipeline calls `route` before a commit and `committed` after it; `app` runs
`run`. How order is kept and nothing is forgotten is told in `lanes`. Subscribers
come, change and go while it runs.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from callbridge.calls.events import Event
from callbridge.clock import Clock
from callbridge.delivery import disabling
from callbridge.delivery.keeping import Keeper
from callbridge.delivery.line import Line
from callbridge.delivery.pace import Pace
from callbridge.delivery.reading import Reader
from callbridge.delivery.settling import Settler, said
from callbridge.delivery.statuses import Status, statuses
from callbridge.delivery.subscriber import Subscriber, route
from callbridge.delivery.supervising import ended, kept_up
from callbridge.delivery.turns import Turn
from callbridge.delivery.wiring import Wiring
from callbridge.errors import NotThere, StoreError
from callbridge.logs import Action, logger
from callbridge.meters import Meters
from callbridge.ports import STRICT, Attempt, DeadLetters, Halt, Standing, Store, Told

log = logger()

REPLAYED_AT_ONCE = 500
"""Dead letters set back in one commit."""


class Dispatcher:
    """Sends committed events to subscribers.

    `own` are (address, port) pairs no webhook may lead to: our own, AMI's, ARI's.
    """

    def __init__(  # noqa: PLR0913 - what it is connected to
        self,
        store: Store,
        subscribers: Sequence[Subscriber],
        clock: Clock,
        *,
        own: Collection[tuple[str, int]] = (),
        pace: Pace | None = None,
        meters: Meters | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self.publish: Callable[[Sequence[Told]], None] = lambda _: None
        """Hears of the events that delivery itself tells: `webhook.disabled`."""
        self._pace = pace = pace or Pace()
        self._settler = Settler(store, pace, self._settled)
        self._reader = Reader(store, clock, pace)
        self._keeper = Keeper(store, clock, pace)
        enlist = lambda name, strict: store.enlist(name, strict=strict)  # noqa: E731 - one line
        self._wiring = Wiring(
            *(clock, pace, own, self._settler.add, self._settler.hurry, self._reader.wake, enlist, self._disabled),
            meters or Meters(),
        )
        self._lines = {one.name: Line(one, self._wiring) for one in subscribers}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._works: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._stopping = asyncio.Event()
        self._part = 1.0

    @property
    def subscribers(self) -> Sequence[Subscriber]:
        """Who is told."""
        return [line.subscriber for line in self._lines.values() if not line.closing]

    def route(self, event: Event) -> tuple[str, ...]:
        """Return the names of the subscribers who are to get `event`."""
        return route(self.subscribers, event)

    def committed(self, told: Sequence[Told]) -> None:
        """Send what has just been committed. Never blocks, never raises.

        To be called after every commit, in the order of the commits. Where a
        commit's fate was never learnt, call `look_again`.
        """
        now = self._clock.monotonic()
        for one in told:
            event = one.event
            lane = event.id if event.call is None else event.call.id
            turn = Turn(lane, event.id, one.body, told_at=now)
            for name in one.subscribers:
                if (line := self._lines.get(name)) is not None:
                    line.offer(turn)

    def offer(self, turn: Turn, names: Collection[str]) -> None:
        """Take one event that another process has committed, the next of its call. Never blocks, never raises.

        What is missing before it is told with `unsure`. A strict subscriber's one order only the database knows.
        """
        for name in names:
            if (line := self._lines.get(name)) is None:
                continue
            if line.subscriber.strict:
                line.unsure(turn.lane)
            else:
                line.offer(turn)

    def unsure(self, lane: str) -> None:
        """Know that events of a call may have been committed that were not offered."""
        for line in self._lines.values():
            line.unsure(lane)

    def serve(self, part: float) -> None:
        """Go on with other lanes than before, which the store knows: so large a part of all of them."""
        for line in self._lines.values():
            line.share(part)
            line.lanes.let_go()
        self._part = part
        self._reader.wake()

    def busy_with(self, ours: Callable[[str, str], bool]) -> bool:
        """Whether anything of some lanes, told by subscriber and lane, is on the way or not yet written."""
        return any(line.lanes.busy_with(partial(ours, line.name)) for line in self._lines.values())

    async def run(self) -> None:
        """Deliver until `stop`. Cancelled, it breaks off what is on the way, to be sent again in the next life."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            settling = group.create_task(kept_up("results", self._settler.run, self._pace.restart_s))
            others = [
                group.create_task(kept_up("reader", lambda: self._reader.run(self._lines), self._pace.restart_s)),
                group.create_task(kept_up("keeping", self._keeper.run, self._pace.restart_s)),
            ]
            for line in self._lines.values():
                self._begin(line)
            await self._stopping.wait()
            self._group = None
            for other in others:
                other.cancel()
            for line in self._lines.values():
                line.close()
            await ended(list(self._tasks.values()), self._pace.grace_s)
            for work in self._works:
                work.cancel()
            self._settler.close()
            if not await ended([settling], self._pace.grace_s):
                log.warning("results left unwritten: some events will be sent twice", action=Action.DELIVERY_UNSETTLED)

    def stop(self) -> None:
        """Make `run` finish what is on the way, within `Pace.grace_s`, and return."""
        self._stopping.set()

    # Who is told.

    def add(self, subscriber: Subscriber) -> None:
        """Tell somebody else too: of the next event, and of what waits under the name. Raises ConfigError."""
        line = self._lines.get(subscriber.name)
        if line is None:
            line = self._lines[subscriber.name] = Line(subscriber, self._wiring)
            line.share(self._part)
        else:  # it is still leaving, or there already
            line.change(subscriber)
            line.reopen()
        self._begin(line)

    def change(self, subscriber: Subscriber) -> None:
        """Have a subscriber be another from the next try on. Raises ConfigError, and NotThere."""
        self._line(subscriber.name).change(subscriber)

    def remove(self, name: str) -> None:
        """Tell a subscriber nothing more; what is on its way ends, and what waits for it stays. Raises NotThere."""
        line = self._line(name)
        line.close()
        self._spawn(self._left(line))
        if self._group is None:
            del self._lines[name]

    async def _left(self, line: Line) -> None:
        """Forget a line once nothing of it is on the way: results still come in for it until then."""
        if (task := self._tasks.get(line.name)) is not None:
            await asyncio.wait([task])
        await line.idle()
        if line.closing and self._lines.get(line.name) is line:
            del self._lines[line.name]
            self._tasks.pop(line.name, None)

    def _begin(self, line: Line) -> None:
        task = self._tasks.get(line.name)
        if self._group is not None and (task is None or task.done()):
            self._tasks[line.name] = self._group.create_task(kept_up(line.name, line.run, self._pace.restart_s))

    def _line(self, name: str) -> Line:
        line = self._lines.get(name)
        if line is None or line.closing:
            raise NotThere(f'There is no webhook "{name}".')
        return line

    def go_by(self, pace: Pace) -> None:
        """Bear failing subscribers, and keep what is old, as long as another pace says; nothing else of it counts."""
        self._wiring.pace = self._keeper.pace = pace

    # What a person may do.

    async def pause(self, name: str, why: str) -> None:
        """Send nothing more to a subscriber until `resume`, over restarts too. Raises NotThere, StoreUnavailable."""
        line = self._line(name)
        record = line.record
        standing = Standing(Halt.PAUSED, why, self._clock.now(), record.failing_since, record.failures)
        await self._store.halt(name, standing)
        line.halt(standing)

    async def resume(self, name: str) -> None:
        """Go on sending to a subscriber, at once. Raises NotThere, StoreUnavailable."""
        line = self._line(name)
        await self._store.halt(name, Standing())
        line.resume()

    async def replay(self, name: str, which: DeadLetters) -> int:
        """Send dead letters again, with the same ids and bytes; return how many. Raises NotThere, StoreUnavailable."""
        line = self._line(name)
        count = 0
        while set_back := await self._store.replay(name, which, REPLAYED_AT_ONCE):
            count += set_back
        line.lanes.fall_back()
        self._reader.wake()
        return count

    # Within.

    def _disabled(self, name: str, standing: Standing) -> None:
        """Write down, and tell the others, that a subscriber was given up."""
        self._spawn(self._tell_disabled(self._lines[name], standing))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._group is None:
            work.close()  # it will be found out again in the next life
        else:
            task = self._group.create_task(work)
            self._works.add(task)
            task.add_done_callback(self._works.discard)

    async def _tell_disabled(self, line: Line, standing: Standing) -> None:
        event = disabling.event(line.name, standing)
        names = tuple(name for name in self.route(event) if name != line.name)
        told = [disabling.told(event, names)]
        rest, longest = self._pace.store_rest_s
        while line.standing is standing:
            try:
                async with asyncio.timeout(self._pace.store_s):
                    await self._store.halt(line.name, standing, told)
            except (StoreError, TimeoutError) as error:
                log.warning("not written: disabled", action=Action.DELIVERY_SETTLE_FAILED, error=said(error))
            else:
                # Its commit was between others of whose order nobody knows here: so it is read.
                self.look_again()
                self.publish(told)
                return
            await asyncio.sleep(rest)
            rest = min(rest * 2, longest)

    def _settled(self, attempt: Attempt) -> None:
        self._lines[attempt.subscriber].settled(attempt)

    def survey(self) -> None:
        """Look whether the database has what nobody told us of; what is in memory stays."""
        for line in self._lines.values():
            line.lanes.look_again(at_all=True)
        self._reader.wake()

    def stands(self, standings: Mapping[str, Standing]) -> None:
        """Take over what another process wrote down of some subscribers: who is halted, and who no longer."""
        for name, standing in standings.items():
            if (line := self._lines.get(name)) is not None:
                line.stands(standing)

    def news(self, names: Collection[str]) -> None:
        """Know that strict subscribers have something to get, which only the database has in its order."""
        for name in names:
            if (line := self._lines.get(name)) is not None:
                line.unsure(STRICT)

    def look_again(self) -> None:
        """Look for events `committed` was not told of: set back by a replay, or of a commit whose fate is unknown."""
        for line in self._lines.values():
            line.lanes.fall_back()
        self._reader.wake()

    async def statuses(self) -> Sequence[Status]:
        """Return how each subscriber is doing; StoreUnavailable when the database is away."""
        async with asyncio.timeout(self._pace.store_s):
            backlogs = await self._store.backlogs()
        return statuses(self._lines.values(), backlogs)
