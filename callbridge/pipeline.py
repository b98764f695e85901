"""Facts in order → tracker → calls, events and outbox in one group commit → delivery.

While one commit is being written, the next facts are applied; the next commit takes them all.
So a quiet PBX has its events out at once, and a busy one pays for one commit in
hundreds of facts. Nothing is told before it is committed.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from callbridge.calls import removal, snapshot
from callbridge.calls.events import Event, EventType
from callbridge.calls.facts import (
    CustomerChosen,
    DirectoryAnswered,
    Fact,
    LimitsSet,
    LinkDown,
    MissedAttempted,
    MissedExpired,
    MissedHidden,
    MissedRestored,
    MissedRulesSet,
    RecordingGoesOn,
    RecordingMeasured,
    RecordingMissing,
    TimePassed,
)
from callbridge.calls.tracker import Tracker
from callbridge.clock import Clock
from callbridge.errors import StoreUnavailable
from callbridge.logs import Action, logger
from callbridge.meters import Meters
from callbridge.ports import Batch, LiveCall, Memory, Outlets, Store, Told

MOST_FACTS: Final = 500
"""Facts in one commit: some milliseconds of work."""
WAITING_BATCHES: Final = 8
"""Lists of facts that may wait here; past it the links keep theirs, and measure them."""
UNTOLD_S: Final = 0.05
"""How long a change of which nothing is told may wait for the next commit. Committed at once, it
would hold up the event that follows within milliseconds: an answer's BridgeEnter comes 2 ms after its Newstate."""
HEARD_S: Final = 1.0
"""How often it is written down until when a PBX was heard: how exactly the beginning of a gap is known."""
OUR_OWN: Final = (
    *(LinkDown, TimePassed, LimitsSet, RecordingGoesOn, RecordingMeasured, RecordingMissing),
    *(DirectoryAnswered, CustomerChosen, MissedHidden, MissedRestored, MissedAttempted, MissedExpired, MissedRulesSet),
)
"""Facts that no PBX said: they do not mean that it is heard."""
COMMIT_S: Final = 30.0
RETRY_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0)
"""Pauses between tries to commit, the last one for ever: within five seconds of room on the disk it goes on."""

SETTLED_S: Final = 10.0
"""How long whoever waits for a commit does so; what they said is done all the same, later."""
NOTHING: Final = Batch()

LOGGED: Final = {EventType.CALL_STARTED: Action.CALL_STARTED, EventType.CALL_ENDED: Action.CALL_ENDED}

log = logger()


@dataclass(frozen=True, slots=True)
class Offered:
    """Facts of one PBX, and who waits until what they did is committed."""

    facts: Sequence[Fact]
    done: asyncio.Future[None] | None = None


class Pipeline:
    """One ordered way for all PBXs. `offer` facts to it while `run` runs."""

    def __init__(
        self, tracker: Tracker, store: Store, outlets: Outlets, clock: Clock, meters: Meters | None = None
    ) -> None:
        self._meters = meters or Meters()
        self._tracker = tracker
        self._store = store
        self._outlets = outlets
        self._clock = clock
        self._waiting: asyncio.Queue[Offered] = asyncio.Queue(WAITING_BATCHES)
        self._promised: list[asyncio.Future[None]] = []
        self._pbx_clocks: dict[str, tuple[datetime, float]] = {}
        self._heard: dict[str, datetime] = {}
        self._heard_due = 0.0
        self._untold_since: float | None = None
        self._committing: asyncio.Task[None] | None = None
        self._stopping = False
        self.store_error: str | None = None
        """Why the last try to commit failed; None while all is well."""
        self.idle_since = clock.monotonic()
        """When the loop last came round, for the watchdog."""

    def restore(self, memory: Memory) -> None:
        """Take up the calls of the former life. Before `run`."""
        board = self._tracker.board
        board.protocols.update(memory.protocols)
        board.heard_until.update(memory.heard_until)
        board.over.update(dict.fromkeys(reversed(memory.over)))
        for live in memory.live:
            try:
                snapshot.recall(self._tracker, orjson.loads(live.snapshot))
            except (ValueError, KeyError, TypeError) as error:
                log.warning(
                    "its memory cannot be read; the PBX will be asked",
                    action=Action.CALL_ODDITY,
                    call=live.call_id,
                    error=str(error),
                )
        board.missed.restore(memory.missed)
        removal.end_lost(board)

    async def offer(self, facts: Sequence[Fact]) -> None:
        """Take facts of one PBX in their order; waits while the database cannot follow."""
        if facts:
            await self._waiting.put(Offered(facts))

    async def settled(self, facts: Sequence[Fact]) -> None:
        """Take facts, and return once what they did is committed. Raises StoreUnavailable where that takes too long.

        With no facts: once all that was offered before is committed.
        """
        done = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(SETTLED_S):
                await self._waiting.put(Offered(facts, done))
                await done
        except TimeoutError:
            raise StoreUnavailable("The database does not take anything now; it will be done once it does.") from None

    async def stop(self) -> None:
        """Have `run` commit what was offered so far, and return."""
        self._stopping = True
        await self._waiting.put(Offered(()))

    def healthy(self, within_s: float) -> bool:
        """Tell whether the loop came round within some seconds, where there was anything to do."""
        return self._waiting.empty() or self._clock.monotonic() - self.idle_since < within_s

    async def run(self) -> None:
        """Work until `stop`. What the database will never take ends it, with an ExceptionGroup."""
        async with asyncio.TaskGroup() as commits:
            while not (self._stopping and self._waiting.empty()):
                facts = await self._outlets.informed(await self._next_facts())
                self.idle_since = self._clock.monotonic()
                await self._work(facts, commits)

    async def _next_facts(self) -> list[Fact]:
        """Return all facts that wait, up to a bound; those that the time brings, where it comes first."""
        try:
            async with asyncio.timeout(self._until_deadline()):
                offered = [await self._waiting.get()]
        except TimeoutError:
            return self._time_passed()
        count = len(offered[0].facts)
        while count < MOST_FACTS and not self._waiting.empty():
            offered.append(self._waiting.get_nowait())
            count += len(offered[-1].facts)
        self._promised += [each.done for each in offered if each.done is not None]
        return [fact for each in offered for fact in each.facts]

    async def _work(self, facts: Sequence[Fact], commits: asyncio.TaskGroup) -> None:
        """Apply facts while the batch before is being written; then have theirs written."""
        now = self._clock.monotonic()
        self._pbx_clocks.update({fact.pbx: (fact.at, now) for fact in facts})
        events = [event for fact in facts for event in self._apply(fact)]
        self._heard.update({fact.pbx: fact.at for fact in facts if not isinstance(fact, OUR_OWN)})
        if not (events or self._promised) and self._may_wait(facts):
            return
        batch = self._batch(events)
        promised, self._promised = self._promised, []
        if self._committing is not None:
            await self._committing
        self._committing = commits.create_task(self._commit_and_tell(batch, promised), name="commit")

    async def _commit_and_tell(self, batch: Batch, promised: Sequence[asyncio.Future[None]]) -> None:
        began = self._clock.monotonic()
        if batch != NOTHING:
            await self._commit(batch)
        for done in promised:
            if not done.done():
                done.set_result(None)
        took_s = self._clock.monotonic() - began
        self._outlets.committed(batch.told)
        await asyncio.sleep(0)  # what was just told goes out first
        self._meters.committed([told.event for told in batch.told], took_s)
        for told in batch.told:
            _log_call(told.event)

    def _may_wait(self, facts: Sequence[Fact]) -> bool:
        """Tell whether what changed without an event may wait for the next one, and remember since when it does."""
        now = self._clock.monotonic()
        if facts and self._untold_since is None:
            self._untold_since = now
        return not self._stopping and (self._untold_since is None or now < self._untold_since + UNTOLD_S)

    def _apply(self, fact: Fact) -> Sequence[Event]:
        try:
            return self._tracker.apply(fact)
        except Exception:  # a mistake of ours in one law must not end the daemon, nor the other calls
            self._tracker.board.odd("law broken")
            log.exception("a fact was left out", action=Action.CALL_ODDITY, pbx=fact.pbx, fact=type(fact).__name__)
            return ()

    def _batch(self, events: Sequence[Event]) -> Batch:
        changes = self._tracker.take_changes()
        self._untold_since = None
        return Batch(
            calls=changes.calls,
            live=tuple(self._memory_of(call.id, call.pbx) for call in changes.calls if self._tracker.remembers(call)),
            told=tuple(Told(event, self._outlets.render(event), self._outlets.route(event)) for event in events),
            agents=changes.agents,
            protocols=changes.protocols,
            heard=self._take_heard(),
            notices=tuple(notice for event in events for notice in self._outlets.notify(event)),
            registered=changes.registered,
            amended=changes.amended,
            missed=changes.missed,
        )

    def _take_heard(self) -> Mapping[str, datetime]:
        now = self._clock.monotonic()
        if now < self._heard_due and not self._stopping:
            return {}
        self._heard_due = now + HEARD_S
        heard, self._heard = self._heard, {}
        return heard

    def _memory_of(self, call_id: str, pbx: str) -> LiveCall:
        memory = snapshot.remember(self._tracker, call_id)
        return LiveCall(call_id, pbx, orjson.dumps(memory, default=sorted))  # orjson knows all but sets

    async def _commit(self, batch: Batch) -> None:
        """Commit, however long the database is away. Facts wait meanwhile, at last in the links."""
        tries = 0
        while (error := await self._try_commit(batch)) is not None:
            self.store_error = error
            self._meters.not_committed()
            log.error("nothing is told until this works", action=Action.STORE_UNAVAILABLE, error=error)
            await asyncio.sleep(RETRY_S[min(tries, len(RETRY_S) - 1)])
            self.idle_since = self._clock.monotonic()
            tries += 1
        if self.store_error is not None:
            log.info("committed again", action=Action.STORE_RECOVERED, tries=tries)
        self.store_error = None

    async def _try_commit(self, batch: Batch) -> str | None:
        """Return None once the batch is safe, else why it is not known to be."""
        try:
            async with asyncio.timeout(COMMIT_S):
                await self._store.commit(batch)
        except (StoreUnavailable, TimeoutError) as error:
            return str(error) or f"no answer within {COMMIT_S:.0f} s"
        return None

    def _until_deadline(self) -> float | None:
        waits = [self._wait_for(pbx, at) for pbx, at in self._deadlines().items()]
        if self._untold_since is not None:
            waits.append(self._untold_since + UNTOLD_S - self._clock.monotonic())
        return max(0.0, min(waits)) if waits else None

    def _wait_for(self, pbx: str, deadline: datetime) -> float:
        """Return the seconds until a PBX's clock shows `deadline`; its clock is known by the last fact."""
        shown, when = self._pbx_clocks.get(pbx, (deadline, self._clock.monotonic()))
        return (deadline - shown).total_seconds() - (self._clock.monotonic() - when)

    def clock_of(self, pbx: str) -> datetime:
        """Return what a PBX's clock shows, as far as it was heard; else what ours does."""
        if pbx not in self._pbx_clocks:
            return self._clock.now()
        shown, when = self._pbx_clocks[pbx]
        return shown + timedelta(seconds=self._clock.monotonic() - when)

    def _deadlines(self) -> Mapping[str, datetime]:
        known = {pbx: self._tracker.next_deadline(pbx) for pbx in self._pbx_clocks}
        return {pbx: at for pbx, at in known.items() if at is not None}

    def _time_passed(self) -> list[Fact]:
        due: list[tuple[datetime, Any]] = [
            (at, TimePassed(pbx, at)) for pbx, at in self._deadlines().items() if self._wait_for(pbx, at) <= 0
        ]
        return [fact for _, fact in sorted(due, key=lambda one: one[0])]


def _log_call(event: Event) -> None:
    action = LOGGED.get(event.type)
    if action is not None and event.call is not None:
        call = event.call
        log.info(call.direction, action=action, pbx=call.pbx, call=call.id, state=call.state, reason=call.reason)
