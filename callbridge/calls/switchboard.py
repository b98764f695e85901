"""Everything that is going on now: channels, bridges, open calls, and what was told of them.

The laws (arrival, ringing, answering, queues, ending) are functions over this;
`tracker` maps each fact to its law.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from callbridge.calls import recovery
from callbridge.calls.agents import Roster
from callbridge.calls.asking import Asking
from callbridge.calls.call import Call, Leg, Limits
from callbridge.calls.correlation import Channel, ChannelGraph, Key
from callbridge.calls.customer import Customer
from callbridge.calls.enquiries import Enquiries
from callbridge.calls.events import Event, EventType, call_event
from callbridge.calls.facts import ChannelFact
from callbridge.calls.frozen import replace
from callbridge.calls.lifecycle import advance
from callbridge.calls.missed import MissedRules
from callbridge.calls.numbers import PbxProfile
from callbridge.calls.open_call import OpenCall
from callbridge.calls.open_missed import OpenMissed
from callbridge.calls.restored import Restored

NO_LIMITS: Final = Limits()
ALL_COUNT: Final = MissedRules()
MOST_OVER: Final = 10_000
"""Ended calls whose ids are remembered, so that none is given again."""
JUMP: Final = timedelta(seconds=2)
"""How far a PBX's clock may go back from one word to the next: threads overtake one another by milliseconds."""

Law = Callable[["Switchboard", OpenCall, datetime], None]


@dataclass(frozen=True, slots=True)
class Registered:
    """A customer made of a call: `number` is what they called from, or were called at."""

    customer: Customer
    number: str
    at: datetime


@dataclass(frozen=True, slots=True, order=True)
class Deadline:
    """Something a call waits for. Deadlines due at once fall in the order in which they were set.

    A patient one comes with its time alone, whatever else is told of the call before.
    """

    at: datetime
    order: int
    call_id: str = field(compare=False)
    law: Law = field(compare=False)
    patient: bool = field(default=False, compare=False)


class Switchboard:
    """The state of all PBXs, as far as we were told."""

    def __init__(
        self,
        profiles: Mapping[str, PbxProfile],
        protocols: Mapping[str, int] | None = None,
        limits: Limits = NO_LIMITS,
        missed_rules: MissedRules = ALL_COUNT,
    ) -> None:
        self.limits = limits
        self.profiles = dict(profiles)
        self.graph = ChannelGraph()
        self.open: dict[str, OpenCall] = {}
        self.protocols: dict[str, int] = dict(protocols or {})
        """The last attendance number of each day, `{"20261122": 42}`; of a PBX with a series: `"20261122/3"`."""
        self.new_protocols: dict[str, int] = {}
        """Those of them that are not written down yet."""
        self.roster = Roster()
        self.heard: set[str] = set()
        """The PBXs we hear now."""
        self.heard_until: dict[str, datetime] = {}
        """For a PBX we do not hear, or did not hear yet: when we last did."""
        self.heard_since: dict[str, datetime] = {}
        """For a PBX we hear: since when."""
        self.started: dict[str, datetime] = {}
        """When each PBX was started: another start is another PBX."""
        self.restarted: dict[str, int] = {}
        """For a PBX that was started anew and whose state is not known yet: the calls that ended with it."""
        self.asking: dict[str, Asking] = {}
        """For a PBX that is being asked for its state: what is said meanwhile."""
        self.settling: dict[str, OpenCall] = {}
        """The calls that are over but for the files of their recordings."""
        self.unsettled: dict[str, str] = {}
        """The recordings that are over and whose file is awaited; with the call of each."""
        self.fetches: dict[Key, str] = {}
        """The channels of which it was said that they fetched a call, and no more yet; with the call."""
        self.over: dict[str, None] = {}
        """The calls that ended lately, in the order in which they did."""
        self.backfilled_until: dict[str, datetime] = {}
        """For a PBX whose gap was told from its own log: until when. Gone soon after."""
        self.restored: dict[str, Restored] = {}
        """For a PBX whose gap is not closed yet: how much of it its own log told."""
        self.reads_log = False
        """Whether what is told now is from a PBX's own log: there a call goes on until its end is read."""
        self.enquiries = Enquiries()
        self.missed = OpenMissed(missed_rules)
        self.registered: dict[str, Registered] = {}
        """Customers made of unknown callers, that are not written down yet."""
        self.amended: dict[str, Call] = {}
        """Calls that were over and changed afterwards, as they are told now."""
        self.oddities: Counter[str] = Counter()
        self._shown: dict[str, datetime] = {}
        self._order = 0
        self._held: dict[str, list[Deadline]] = {}
        self._deadlines: dict[str, list[Deadline]] = {}
        self.told: list[Event] = []
        self.changed: dict[str, Call] = {}
        """By id, as they were when last told or touched."""

    def profile(self, pbx: str) -> PbxProfile:
        """Return what is known of a PBX; a tape may name one that is in no configuration."""
        return self.profiles.setdefault(pbx, PbxProfile(pbx))

    def channel(self, pbx: str, channel: str | None) -> Channel | None:
        """Return a channel that is alive, None where we never heard of it or it is gone."""
        return None if channel is None else self.graph.channels.get((pbx, channel))

    def call_of(self, channel: Channel | None) -> OpenCall | None:
        """Return the open call a channel belongs to, None while it belongs to none."""
        return self.open.get(channel.call_id) if channel is not None and channel.call_id else None

    def move(self, fact: ChannelFact) -> tuple[OpenCall, Leg] | None:
        """Move the leg `fact` is about, as MOVES says; return it with its call.

        None where the channel is nobody's leg, or has no such move: that is an oddity of its call.
        """
        work = self.call_of(self.channel(fact.pbx, fact.channel))
        leg = work.legs.get(fact.channel) if work is not None else None
        if work is None or leg is None:
            return None
        after = advance(leg, fact)
        if after is None:
            self.odd(f"{type(fact).__name__} of a leg that is {leg.state}", work)
            return None
        work.legs[fact.channel] = after
        self.touch(work)
        return work, after

    def hold_back(self, work: OpenCall, until: datetime, law: Law, *, patient: bool = False) -> None:
        """Apply `law` to the call when its PBX's clock reaches `until`, or, unless `patient`, when it is released.

        A call waits for each law once: what it waited for before is settled by now.
        """
        self._order += 1
        due = Deadline(until, self._order, work.call.id, law, patient)
        waiting = [each for each in self._held.get(work.call.id, ()) if each.law is not law]
        self._held[work.call.id] = [*waiting, due]
        heapq.heappush(self._deadlines.setdefault(work.call.pbx, []), due)

    def pass_time(self, pbx: str, now: datetime) -> None:
        """Apply every law whose time has come on this PBX."""
        waiting = self._deadlines.get(pbx)
        while waiting and waiting[0].at <= now:
            due = heapq.heappop(waiting)
            if self._awaited(due):
                self._held[due.call_id].remove(due)
                due.law(self, self.open.get(due.call_id) or self.settling[due.call_id], due.at)

    def look_at_clock(self, pbx: str, shown: datetime) -> None:
        """Notice a PBX's clock that is set back: what waits for a time waits no longer than before."""
        before = self._shown.get(pbx, shown)
        self._shown[pbx] = shown
        if shown + JUMP < before:
            self._turn_back(pbx, before - shown)
            for work in tuple(self.open.values()):
                if work.call.pbx == pbx:
                    self.odd("clock set back", work)

    def _turn_back(self, pbx: str, by: timedelta) -> None:
        turned = {due.order: replace(due, at=due.at - by) for due in self._deadlines.get(pbx, ())}
        self._deadlines[pbx] = sorted(turned.values())
        for call_id, waiting in self._held.items():
            self._held[call_id] = [turned.get(due.order, due) for due in waiting]

    def _awaited(self, due: Deadline) -> bool:
        """Tell whether a call still waits for `due`; forget what calls waited for that are over."""
        if due.call_id not in self.open and due.call_id not in self.settling:
            self._held.pop(due.call_id, None)
        return due in self._held.get(due.call_id, ())

    def next_deadline(self, pbx: str) -> datetime | None:
        """Return when something next waits for its time on this PBX."""
        waiting = self._deadlines.get(pbx)
        while waiting and not self._awaited(waiting[0]):
            heapq.heappop(waiting)
        return waiting[0].at if waiting else None

    def next_telling(self, pbx: str) -> datetime | None:
        """Return when the next of what has happened on this PBX is told; None where nothing is held back."""
        held = (due for due in self._deadlines.get(pbx, ()) if not due.patient and self._awaited(due))
        return min((due.at for due in held), default=None)

    def release(self, work: OpenCall, at: datetime) -> None:
        """Tell now what was held back of a call, in the order in which it happened."""
        waiting = self._held.pop(work.call.id, [])
        patient = [due for due in waiting if due.patient]
        if patient:
            self._held[work.call.id] = patient
        for due in waiting:
            if not due.patient:
                due.law(self, work, at)

    def in_doubt(self, call: Call) -> bool:
        """Tell whether a call may be over unheard: one from before a gap, as long as that is not closed."""
        since = self.heard_since.get(call.pbx)
        return not self.reads_log and call.pbx in self.heard_until and (since is None or call.started_at < since)

    def drop_held(self, work: OpenCall) -> None:
        """Forget what was held back of a call that is no more."""
        self._held.pop(work.call.id, None)

    def close(self, work: OpenCall) -> None:
        """Take a call out of those that go on."""
        del self.open[work.call.id]
        self.drop_held(work)
        if work.call.over:
            self.over[work.call.id] = None
        if len(self.over) > MOST_OVER:
            del self.over[next(iter(self.over))]

    def calls_among(self, channels: Iterable[Channel]) -> list[OpenCall]:
        """Return the calls that go on of some channels, each once, in their order."""
        return [self.open[key] for key in dict.fromkeys(each.call_id for each in channels) if key in self.open]

    def remembered(self, call_id: str) -> OpenCall | None:
        """Return a call that goes on, or is over but for its recordings; None for any other."""
        return self.open.get(call_id) or self.settling.get(call_id)

    def settled(self, work: OpenCall) -> None:
        """Forget a call that is over, with its recordings."""
        del self.settling[work.call.id]
        self.drop_held(work)

    def tell(self, work: OpenCall, kind: EventType, at: datetime, **details: object) -> None:
        """Tell the world: the call's next event, with the call as it is now."""
        self.tell_start(work)
        profile = self.profile(work.call.pbx)
        if profile.asks:
            self.enquiries.look(work, profile)
        work.call = work.refreshed(work.call.sequence + 1)
        work.told_at = max(at, work.told_at or at)
        self.changed[work.call.id] = work.call
        self.told.append(call_event(work.call, kind, at, **details))
        recovered = recovery.follow(self.missed, work, kind, at)
        if recovered is not None:
            self.tell(work, EventType.CALL_RECOVERED, at, **recovered.details())

    def tell_amended(self, call: Call, kind: EventType, at: datetime, **details: object) -> None:
        """Tell of a call that is over, and of which nothing is remembered but what was told last."""
        self.amended[call.id] = call
        self.told.append(call_event(call, kind, at, **details))

    def tell_start(self, work: OpenCall) -> None:
        """Tell that a call began, where that was held back."""
        begun, work.untold = work.untold, None
        if begun is not None:
            self.changed[begun.id] = begun
            self.told.append(call_event(begun, EventType.CALL_STARTED, begun.started_at))

    def touch(self, work: OpenCall) -> None:
        """Note that a call must be written down though nothing is told of it; not before it is told at all."""
        if work.untold is None:
            self.changed[work.call.id] = work.call

    def odd(self, what: str, work: OpenCall | None = None) -> None:
        """Keep an oddity: counted here, and on the call where it is about one."""
        self.oddities[what] += 1
        if work is not None:
            work.call = replace(work.call, oddities=work.call.oddities + 1)
            self.touch(work)
