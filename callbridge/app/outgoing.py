"""Who is told: the subscribers of the file, which follow a reload, and those kept in the database."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from callbridge import logs
from callbridge.app import build
from callbridge.calls.events import Event
from callbridge.clock import Clock
from callbridge.config import Config, Delivery
from callbridge.delivery.statuses import Status
from callbridge.delivery.subscriber import Subscriber
from callbridge.delivery.worker import Dispatcher
from callbridge.meters import Meters
from callbridge.ports import Store, Told

log = logs.logger()


class Outgoing:
    """Delivers from `run` to `stop`, to whoever subscribes at the time.

    Nothing is lost by a change: undelivered events are in the database. What was on
    its way to an old URL goes to the new one at its next try; what waits for a
    subscriber that was taken out of the file stays, and goes on when one of its name
    comes back.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        clock: Clock,
        meters: Meters | None = None,
        survey_s: float | None = None,
    ) -> None:
        """`survey_s` is `Pace.survey_s`, where it differs."""
        self._file = {each.name: each for each in build.subscribers(config.webhook)}
        self._named = frozenset(each.name for each in config.webhook)
        self._kept: dict[str, Subscriber] = {}
        own = build.own_addresses(config)
        pace = build.pace(config.delivery)
        if survey_s is not None:
            pace = replace(pace, survey_s=survey_s)
        self.dispatcher = Dispatcher(store, tuple(self._file.values()), clock, own=own, pace=pace, meters=meters)

    def route(self, event: Event) -> tuple[str, ...]:
        """Return who is to get an event."""
        return self.dispatcher.route(event)

    def committed(self, told: Sequence[Told]) -> None:
        """Send what has just been committed."""
        self.dispatcher.committed(told)

    def publish_to(self, publish: Callable[[Sequence[Told]], None]) -> None:
        """Have somebody hear of the events that delivery itself tells."""
        self.dispatcher.publish = publish

    async def run(self) -> None:
        """Deliver until `stop`."""
        await self.dispatcher.run()

    def in_file(self, name: str) -> bool:
        """Whether the file has a subscriber of that name, told or not."""
        return name in self._named

    def replace(self, config: Config) -> None:
        """Go on with the subscribers of another configuration; those kept in the database stay."""
        self._file = {each.name: each for each in build.subscribers(config.webhook)}
        self._named = frozenset(each.name for each in config.webhook)
        wanted = {name: each for name, each in self._kept.items() if not self.in_file(name)} | self._file
        told = {each.name: each for each in self.dispatcher.subscribers}
        for name in told.keys() - wanted.keys():
            self.dispatcher.remove(name)
        for name, each in wanted.items():
            if told.get(name) != each:
                self.dispatcher.add(each)

    def go_by(self, delivery: Delivery) -> None:
        """Bear failing subscribers, and keep what is old, as long as another table says."""
        self.dispatcher.go_by(build.pace(delivery))

    def keep(self, subscriber: Subscriber) -> None:
        """Tell somebody who is kept in the database, as it is now. Raises ConfigError where its key cannot be used."""
        if self.in_file(subscriber.name):
            words = "the file has one of the same name, which is told instead"
            log.warning(words, action=logs.Action.CONFIG_WARNING, subscriber=subscriber.name)
        else:
            self.dispatcher.add(subscriber)
        self._kept[subscriber.name] = subscriber

    def forget(self, name: str) -> None:
        """Tell nothing more to somebody who was kept in the database."""
        del self._kept[name]
        if not self.in_file(name):
            self.dispatcher.remove(name)

    def stop(self) -> None:
        """Let `run` finish what is on its way, and return."""
        self.dispatcher.stop()

    async def statuses(self) -> Sequence[Status]:
        """Return how each subscriber is doing. Raises StoreUnavailable, TimeoutError."""
        return await self.dispatcher.statuses()
