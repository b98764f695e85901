"""Which events somebody wants to hear of: one law for webhooks and for streams."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

import orjson

from callbridge.calls.events import Event

NO_QUEUE = ""
"""Of an event about a call that is in no queue and never was. None: it is about neither a call nor a queue."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Patterns such as `call.*`; of `pbxs` and `queues` none means all.

    What is about no PBX is for everybody, and so is what is about no call and no
    queue: without it, nobody knows of a gap.
    """

    types: tuple[str, ...] = ("*",)
    pbxs: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()

    def wants(self, kind: str, pbx: str, queue: str | None) -> bool:
        if not fits(self.types, kind):
            return False
        if self.pbxs and pbx and not fits(self.pbxs, pbx):
            return False
        return not self.queues or queue is None or (queue != NO_QUEUE and fits(self.queues, queue))


@lru_cache(maxsize=1024)
def fits(patterns: tuple[str, ...], word: str) -> bool:
    """Whether one of the patterns fits."""
    return any(fnmatchcase(word, pattern) for pattern in patterns)


def queue_of(event: Event) -> str | None:
    """Return the queue an event is about, as `wants` takes it."""
    if event.call is not None:
        return event.call.queue or NO_QUEUE
    queue = event.details.get("queue")
    return queue if isinstance(queue, str) else None


def queue_in(body: bytes) -> str | None:
    """Return the same of an event as it was told."""
    data = orjson.loads(body)["data"]
    if "call" in data:
        return data["call"]["queue"] or NO_QUEUE
    queue = data.get("queue")
    return queue if isinstance(queue, str) else None
