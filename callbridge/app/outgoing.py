"""Who is told: a dispatcher for the subscribers of the configuration, and after a reload another in its place."""

from collections.abc import Sequence

from callbridge.app import build
from callbridge.calls.events import Event
from callbridge.clock import Clock
from callbridge.config import Config
from callbridge.delivery.worker import Dispatcher, Status
from callbridge.ports import Store, Told


class Outgoing:
    """Delivers from `run` to `stop`, to whoever subscribes at the time.

    Nothing is lost by a change: undelivered events are in the database, and the
    next dispatcher finds them there. What was on its way to an old URL goes to the
    new one at its next try; what waits for a subscriber that was taken out stays,
    and goes on when one of its name comes back.
    """

    def __init__(self, config: Config, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._dispatcher = self._for(config)
        self._stopping = False

    def route(self, event: Event) -> tuple[str, ...]:
        """Return who is to get an event."""
        return self._dispatcher.route(event)

    def committed(self, told: Sequence[Told]) -> None:
        """Send what has just been committed."""
        self._dispatcher.committed(told)

    async def run(self) -> None:
        """Deliver until `stop`."""
        while not self._stopping:
            await self._dispatcher.run()

    def replace(self, config: Config) -> None:
        """Go on with the subscribers of another configuration, once what is on its way has ended."""
        former, self._dispatcher = self._dispatcher, self._for(config)
        former.stop()

    def stop(self) -> None:
        """Let `run` finish what is on its way, and return."""
        self._stopping = True
        self._dispatcher.stop()

    async def statuses(self) -> Sequence[Status]:
        """Return how each subscriber is doing. Raises StoreUnavailable, TimeoutError."""
        return await self._dispatcher.statuses()

    def _for(self, config: Config) -> Dispatcher:
        subscribers = build.subscribers(config.webhook)
        return Dispatcher(self._store, subscribers, self._clock, own=build.own_addresses(config))
