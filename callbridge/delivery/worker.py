"""Delivery as one thing: what is committed goes out, to everyone, at least once, in order.

The pipeline calls `route` before a commit and `committed` after it; `app` runs
`run`. How order is kept and nothing is forgotten is told in `lanes`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from callbridge.calls.events import Event
from callbridge.clock import Clock
from callbridge.delivery.lanes import Turn
from callbridge.delivery.line import Line, Wiring
from callbridge.delivery.pace import Pace
from callbridge.delivery.post import Poster
from callbridge.delivery.reading import Reader
from callbridge.delivery.settling import Settler
from callbridge.delivery.subscriber import Subscriber, route
from callbridge.logs import Action, logger
from callbridge.ports import Attempt, Store, Told

log = logger()


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


class Dispatcher:
    """Sends committed events to subscribers.

    `own` are (address, port) pairs no webhook may lead to: our own, AMI's, ARI's.
    """

    def __init__(
        self,
        store: Store,
        subscribers: Sequence[Subscriber],
        clock: Clock,
        *,
        own: Collection[tuple[str, int]] = (),
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._subscribers = tuple(subscribers)
        self._pace = pace = pace or Pace()
        self._settler = Settler(store, pace, self._settled)
        self._reader = Reader(store, clock, pace)
        wiring = Wiring(clock, pace, self._settler.add, self._reader.wake)
        self._lines = {one.name: Line(one, Poster(one, clock, own), wiring) for one in subscribers}
        self._stopping = asyncio.Event()

    def route(self, event: Event) -> tuple[str, ...]:
        """Return the names of the subscribers who are to get `event`."""
        return route(self._subscribers, event)

    def committed(self, told: Sequence[Told]) -> None:
        """Send what has just been committed. Never blocks, never raises.

        To be called after every commit, in the order of the commits. Where a
        commit's fate was never learnt, call `look_again`.
        """
        for one in told:
            event = one.event
            turn = Turn(event.id if event.call is None else event.call.id, event.id, one.body)
            for name in one.subscribers:
                if (line := self._lines.get(name)) is not None:
                    line.offer(turn)

    async def run(self) -> None:
        """Deliver until `stop`. Cancelled, it breaks off what is on the way, to be sent again in the next life."""
        async with asyncio.TaskGroup() as group:
            settling = group.create_task(self._kept_up("results", self._settler.run))
            reading = group.create_task(self._kept_up("reader", lambda: self._reader.run(self._lines)))
            lines = [group.create_task(self._kept_up(line.name, line.run)) for line in self._lines.values()]
            await self._stopping.wait()
            reading.cancel()
            for line in self._lines.values():
                line.close()
            await self._ended(lines)
            self._settler.close()
            if not await self._ended([settling]):
                log.warning("results left unwritten: some events will be sent twice", action=Action.DELIVERY_UNSETTLED)

    def stop(self) -> None:
        """Make `run` finish what is on the way, within `Pace.grace_s`, and return."""
        self._stopping.set()

    async def _ended(self, tasks: Sequence[asyncio.Task[None]]) -> bool:
        """Give the tasks their time to end, and cancel those that take longer; return whether none did."""
        if not tasks:
            return True
        _, late = await asyncio.wait(tasks, timeout=self._pace.grace_s)
        for task in late:
            task.cancel()
        return not late

    async def _kept_up(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run one part, again when it breaks: a fault in one subscriber's line is nobody else's."""
        while True:
            try:
                return await run()
            except Exception:  # the supervisor: what broke is logged whole and started again
                log.exception("started again", action=Action.DELIVERY_RESTARTED, part=name)
            await asyncio.sleep(self._pace.restart_s)

    def _settled(self, attempt: Attempt) -> None:
        self._lines[attempt.subscriber].settled(attempt)

    def look_again(self) -> None:
        """Look for events `committed` was not told of: set back by a replay, or of a commit whose fate is unknown."""
        for line in self._lines.values():
            line.lanes.fall_back()
        self._reader.wake()

    def pause(self, name: str, why: str) -> None:
        """Send nothing more to a subscriber until `resume`."""
        self._lines[name].pause(why)

    def resume(self, name: str) -> None:
        """Go on sending to a subscriber, at once."""
        self._lines[name].resume()

    async def statuses(self) -> Sequence[Status]:
        """Return how each subscriber is doing; StoreUnavailable when the database is away."""
        async with asyncio.timeout(self._pace.store_s):
            backlogs = {backlog.subscriber: backlog for backlog in await self._store.backlogs()}
        return [
            Status(
                name,
                line.paused,
                line.resting,
                line.lanes.catching_up,
                line.record.delivered,
                line.record.failed,
                line.record.last_error or (backlogs[name].last_error if name in backlogs else None),
                line.record.last_ok_at,
                backlogs[name].waiting if name in backlogs else 0,
                backlogs[name].dead if name in backlogs else 0,
                backlogs[name].oldest_at if name in backlogs else None,
            )
            for name, line in self._lines.items()
        ]
