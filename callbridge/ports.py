"""What the middle of the house asks of the outside, as Protocols.

The pipeline and the delivery know these shapes only; `store` fulfils them, and
`app` puts both together.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from callbridge.calls.call import Agent, Call
from callbridge.calls.events import Event


@dataclass(frozen=True, slots=True)
class Told:
    """An event with the exact bytes every subscriber gets, and who is to get it."""

    event: Event
    body: bytes
    subscribers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call that is not over: its id, its PBX and the tracker's own memory of it."""

    call_id: str
    pbx: str
    snapshot: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything one group commit writes, all or nothing.

    `calls` holds each changed call once, as it is at the end of the batch;
    `live` the memory of those of them that go on. The memory of a call that is
    over is dropped with the same commit. `protocols` is the highest protocol
    number given out for each day, `{"20261122": 42}`.
    """

    calls: Sequence[Call] = ()
    live: Sequence[LiveCall] = ()
    told: Sequence[Told] = ()
    agents: Sequence[tuple[str, Agent, datetime]] = ()
    """(pbx, agent, last seen)"""
    protocols: Mapping[str, int] = field(default_factory=dict)
    heard: Mapping[str, datetime] = field(default_factory=dict)
    """For each PBX that said something, the time of its last fact: where a gap would begin."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a starting daemon must know of its former life."""

    live: Sequence[LiveCall]
    protocols: Mapping[str, int]
    heard_until: Mapping[str, datetime]
    """For each PBX, when we last heard from it: the beginning of the gap."""
    over: Sequence[str] = ()
    """The ids of the calls that ended last, the latest first: none of them is given again."""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose turn it is: the first undelivered event of its lane.

    A lane is what must stay in order: (subscriber, call). Events about no call
    have a lane of their own each, named by the event's id.
    """

    subscriber: str
    lane: str
    event_id: str
    sequence: int
    """0 for an event about no call."""
    body: bytes
    attempts: int
    """Tries made so far."""
    next_at: datetime | None = None
    """Its time; None behind the head, in a lane that is given in one go."""


STRICT: Final = "*"
"""The lane of a subscriber that gets everything in one order."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one try.

    `next_at` None with `delivered` False means: never again (a dead letter).
    `status` is that of the answer, `answer` its first bytes made printable, `ms`
    how long the try took; `number` is 1 for the first try.
    """

    subscriber: str
    lane: str
    event_id: str
    delivered: bool
    at: datetime
    next_at: datetime | None = None
    error: str | None = None
    number: int = 1
    status: int | None = None
    ms: int = 0
    answer: str | None = None


class Halt(StrEnum):
    """Why nothing is sent to a subscriber: a person said so, or it was given up."""

    PAUSED = "paused"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a subscriber, over all restarts."""

    halted: Halt | None = None
    why: str | None = None
    halted_at: datetime | None = None
    failing_since: datetime | None = None
    """The first failure since the last success."""
    failures: int = 0
    """Since then."""


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Which of a subscriber's dead letters: one by its event, or those told between two moments; all, when neither."""

    event_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was given up for a subscriber. `position` is where a page goes on."""

    position: int
    event_id: str
    type: str
    call_id: str | None
    sequence: int | None
    attempts: int
    told_at: datetime
    tried_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Try:
    """One try as it was written down. `place` is where a page goes on; `type` is the event's."""

    place: int
    event_id: str
    type: str
    attempt: int
    at: datetime
    ms: int
    delivered: bool
    status: int | None
    error: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class KeptWebhook:
    """A subscriber that is kept in the database: `settings` is all but what nobody may see."""

    name: str
    settings: Mapping[str, object]
    secrets: Mapping[str, object] = field(repr=False)
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far behind a subscriber is."""

    subscriber: str
    waiting: int
    dead: int
    oldest_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Token:
    """An API token, without its secret; `digest` is that of the secret: SHA-256, in hexadecimal."""

    id: str
    name: str
    scopes: Sequence[str]
    digest: str = field(repr=False)
    made_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    """When it was last used, to the minute."""
    revoked_at: datetime | None = None

    def good(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered to a request, to be told again; `content_type` is empty where there is no body."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A request that came with a key; `answer` None: it runs, or nobody knows what became of it."""

    fingerprint: str
    begun_at: datetime
    answer: KeptAnswer | None = None


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


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call of the log: `body` is its last event, which has the whole call as it is."""

    id: str
    started_at: datetime
    body: bytes


class Tokens(Protocol):
    """Where API tokens are kept. Every method may raise errors.StoreUnavailable."""

    async def add(self, token: Token) -> None:
        """Keep a new token. Raises Conflicting where one that is not revoked has its name."""

    async def by_digest(self, digest: str) -> Token | None:
        """Return the token of a secret, good or not."""

    async def all(self) -> Sequence[Token]:
        """Return every token, the oldest first."""

    async def revoke(self, name_or_id: str, at: datetime) -> Token:
        """Let a token be good no longer, and return it; one that was revoked before stays as it is. Raises NotThere."""

    async def used(self, token_id: str, at: datetime) -> None:
        """Note that it was used."""


class KeptAnswers(Protocol):
    """What was answered to requests with an `Idempotency-Key`. Every method may raise errors.StoreUnavailable."""

    async def begin(self, who: str, key: str, kept: Kept, forget_before: datetime) -> Kept | None:
        """Write that a request begins, and return None; or return what is there of that key.

        What began before `forget_before` is forgotten, whosever it was.
        """

    async def keep(self, who: str, key: str, answer: KeptAnswer) -> None:
        """Write what was answered."""

    async def forget(self, who: str, key: str) -> None:
        """Let the key be as new."""


class CallLog(Protocol):
    """The calls that were told. Every method may raise errors.StoreUnavailable."""

    async def call(self, call_id: str) -> LoggedCall | None:
        """Return a call; None where no event told of it."""

    async def calls(self, query: CallQuery) -> Sequence[LoggedCall]:
        """Return the calls wanted, the newest first; those that go on are among them."""

    async def events_of(self, call_id: str, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Return the events of a call behind `after`, as (sequence, exact body), in their order."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place between the events, in the order of commits: behind the event `id`."""

    position: int
    id: str


BEGINNING: Final = Place(0, "evt_0")
"""Before the first event ever; no event has this id."""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event as it stands in the database, with the exact bytes; `pbx` is empty where it is about none."""

    position: int
    id: str
    type: str
    pbx: str
    body: bytes


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events behind a place; none between it and the position `upto` is missing but those nobody asked for."""

    events: Sequence[LoggedEvent]
    upto: int
    more: bool
    """Whether there was anything behind `upto` when it was read."""


class Feed(Protocol):
    """Whoever hears of events at once when they are in the database."""

    def committed(self, events: Sequence[tuple[int, Told]]) -> None:
        """Take events with their positions, in the order of commits, each once."""

    def lost(self) -> None:
        """Know that there may be a hole: a write had failed, and nobody knows what it wrote. Read the log."""


class EventLog(Protocol):
    """Everything ever told, in the order of commits. Every method but `follow` may raise errors.StoreUnavailable."""

    async def newest(self) -> Place:
        """Return the place behind the newest event."""

    async def find(self, event_id: str) -> Place | None:
        """Return the place behind an event; None where it is not kept, or never was."""

    async def before(self, at: datetime) -> Place:
        """Return the place before the first event that happened at `at` or later."""

    async def behind(self, position: int, types: Sequence[str] | None) -> EventPage:
        """Return a page of the events behind a position, those of some types or all."""

    def follow(self, feed: Feed) -> None:
        """Have `feed` hear of every commit from now on."""


class CelTable(Protocol):
    """A table Asterisk writes its channel events to, in a database of its own. Raises errors.CelUnreadable."""

    async def columns(self) -> Sequence[str]:
        """Return the names of its columns, in small letters."""

    def pages(self, since: datetime) -> AsyncIterator[Sequence[Mapping[str, object]]]:
        """Yield the rows written from `since` on, in their order, each as column → value."""

    async def newest(self) -> Mapping[str, object] | None:
        """Return the row written last; None where there is none."""

    async def has_key(self) -> bool:
        """Tell whether the order of writing can be known: within one second only a key tells it."""

    async def close(self) -> None:
        """Give back every connection. Safe to call twice."""


class Webhooks(Protocol):
    """The subscribers that are kept in the database, and what was done for any. May raise errors.StoreUnavailable."""

    async def webhooks(self) -> Sequence[KeptWebhook]:
        """Return the subscribers kept here, by name."""

    async def standings(self) -> Mapping[str, Standing]:
        """Return how it stands with those of whom there is something to say."""

    async def keep_webhook(self, webhook: KeptWebhook) -> None:
        """Write a subscriber, anew or as it is now."""

    async def drop_webhook(self, name: str) -> None:
        """Forget a subscriber with all that waits for it, its dead letters and its tries."""

    async def dead_letters(self, name: str, after: int, limit: int) -> Sequence[DeadLetter]:
        """Return up to `limit` dead letters behind a position, 0 for the first, the oldest first."""

    async def tries(self, name: str, before: int | None, limit: int) -> Sequence[Try]:
        """Return up to `limit` tries before a place, None for the last, the newest first."""


class Store(Protocol):
    """The database, as the daemon needs it. Every method may raise errors.StoreUnavailable."""

    async def remember(self) -> Memory:
        """Return what the last life left: asked once, before anything is committed."""

    async def commit(self, batch: Batch) -> None:
        """Write `batch`, all or nothing, and return once it is safe on disk.

        Events the database already has are left as they were and told to
        nobody again, so after StoreUnavailable or a crash the same batch may
        simply be committed once more: it may or may not have been written.
        """

    async def heard(self, pbx: str, at: datetime) -> None:
        """Note that the link to `pbx` was alive at `at`."""

    async def due(self, now: datetime, limit: int, busy: frozenset[tuple[str, str]]) -> Sequence[Due]:
        """Return up to `limit` heads of lanes whose time has come, oldest first, without those in `busy`.

        `busy` holds (subscriber, lane). When more than `limit` are due, the
        subscribers are served in turn, so that one with thousands due leaves
        room for the others.
        """

    async def settle(self, attempts: Sequence[Attempt]) -> None:
        """Write what came of some tries, in one commit."""

    async def backlogs(self) -> Sequence[Backlog]:
        """Return how far behind each subscriber with anything waiting or dead is."""

    async def enlist(self, name: str, *, strict: bool) -> Standing:
        """Have what waits for a subscriber, now and later, in one lane (`strict`) or one for each call.

        To be asked while nothing of it is on the way or unsettled; asked again, it changes nothing.
        """

    async def halt(self, name: str, standing: Standing, told: Sequence[Told] = ()) -> None:
        """Write down that a subscriber is halted, or no longer, and tell `told` with the same commit."""

    async def replay(self, name: str, which: DeadLetters, limit: int) -> int:
        """Have up to `limit` dead letters sent again, now, as if they had never been tried; return how many."""

    async def prune_tries(self, before: datetime, limit: int) -> int:
        """Forget up to `limit` tries made before a moment, the oldest first; return how many."""

    async def call_events(self, call_id: str) -> Sequence[bytes]:
        """Return the bodies of a call's events in order."""

    async def close(self) -> None:
        """Give back every connection. Safe to call twice."""
