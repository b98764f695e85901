"""Whose turn it is at one subscriber: no waiting, no database, no network.

A lane is what must stay in order: one call's events for one subscriber. Events
come by two ways:

- **direct**: the pipeline has committed an event and hands it over (`offer`); it
  goes out from memory, and the database is not read.
- **from the database**: for lanes that are **behind**. After a start, and after
  more came than memory may hold, that is all of them: *catching up*.

The database is always the truth: every row stays there as undelivered until the
try's result is settled, so what is in memory may be dropped at any time.

Why no event is forgotten and none overtakes another of its lane:

1. While not catching up, this holds between any two steps: a lane with undelivered
   rows whose commit was offered is either behind, or all those rows are in
   `_queues[lane]`, in order, but for the ones delivered and not yet settled.
   `offer` keeps it: it appends to the lane's queue, or the lane is behind and the
   row waits in the database. `done` keeps it: a failure makes the lane behind
   before anything else happens, and drops the queue, which the database has too.
   `fall_back` makes every lane behind at once.
2. A lane in `_queues` has one turn on the way at most, the head. A lane is taken from
   the database (`found`) only when it was behind as the read began, and nothing of
   it was queued, on the way or unsettled (`busy`): or else the answer could be older
   than what memory did meanwhile. Nothing but the next answer puts such a lane back
   into `_queues`, so it is still idle now. `due` itself gives heads, and behind a
   head what follows it without a hole, in order.
3. A lane stops being behind in `surveyed` alone. A survey reads every undelivered
   head there is, its time come or not. A lane not among them had nothing when the
   database was read, and nothing since, if no commit was offered meanwhile
   (`_touched`) and nothing of it was queued, on the way or unsettled at the
   beginning: so the next event of the lane is its first undelivered one, and may
   go direct. Of any other lane we do not know, and it stays as it was.
4. A commit that a survey saw and that is offered after it finds its lane behind, so
   it is left to the database: not lost, not doubled. A commit the survey did not
   see was offered during it (touched) or after it (1). And one that is offered so late
   that it has been read from the database before is known by its id (`_read`).
5. A worker hears of commits by the stream, which may lose some: then 1 does not hold of the lane. Its next event shows
   it (`stream.continuity`), and instead of `offer` comes `unsure`, which makes the lane behind. A lane of which
   nothing more comes is found by a survey (3). Lanes that come and go with their shards: `let_go`, which makes every
   lane behind and every answer that is still to come no good.

Two promises are asked of the caller: `offer` is called in commit order, after
each commit; and reads and surveys of one subscriber do not overlap.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from callbridge.delivery.turns import Asking, Turn
from callbridge.ports import Due


class Lanes:
    """The lanes of one subscriber.

    `held_most` bounds the events in memory, `behind_most` the lanes remembered as
    behind; over either, everything comes from the database until it has been
    caught up with.
    """

    def __init__(self, held_most: int = 1000, behind_most: int = 500) -> None:
        self._held_most = held_most
        self.behind_most = behind_most
        self._queues: dict[str, deque[Turn]] = {}
        self._ready: deque[str] = deque()
        self._flying: set[str] = set()
        self._unsettled: Counter[str] = Counter()
        # When the lane's head comes due, where a failure told us; None where only the database knows.
        self._behind: dict[str, datetime | None] | None = None
        self._touched: set[str] | None = None
        self._read: dict[str, None] = {}
        self._read_out = False
        self._age = 0
        self.looking = True
        """Whether the database may hold something that is due and that we have not read."""
        self.doubtful = True
        """Whether a survey could show that a lane is no longer behind."""
        self.held = 0
        """Events in memory that are not delivered."""
        self.unsettled = 0
        """Tries whose result is not yet written."""

    @property
    def catching_up(self) -> bool:
        """Whether every event comes from the database."""
        return self._behind is None

    @property
    def behind(self) -> int:
        """How many lanes are known to be behind; while catching up none is counted."""
        return 0 if self._behind is None else len(self._behind)

    def offer(self, turn: Turn) -> None:
        """Take an event that has just been committed; it may be left to the database."""
        if turn.event_id in self._read:
            del self._read[turn.event_id]
            return
        if self._touched is not None and len(self._touched) <= self.behind_most:
            self._touched.add(turn.lane)
        if self._behind is None or turn.lane in self._behind:
            self.looking |= self._behind is None or self._behind[turn.lane] is None
        elif self.held >= self._held_most:
            self.fall_back()
        else:
            self._append(turn)

    def unsure(self, lane: str) -> None:
        """Know that something of a lane may have been committed and not been offered: it comes from the database."""
        if self._touched is not None and len(self._touched) <= self.behind_most:
            self._touched.add(lane)
        if self._behind is None:
            self.looking = True
            return
        if self._behind.setdefault(lane, None) is None:
            self.looking = True
        if len(self._behind) > self.behind_most:
            self.fall_back()

    def _append(self, turn: Turn) -> None:
        queue = self._queues.get(turn.lane)
        if queue is None:
            queue = self._queues[turn.lane] = deque()
            self._ready.append(turn.lane)
        queue.append(turn)
        self.held += 1

    def take(self) -> Turn | None:
        """Return the next try to make, which is then on the way until `done`; None when there is none."""
        if not self._ready:
            return None
        lane = self._ready.popleft()
        self._flying.add(lane)
        return self._queues[lane][0]

    def done(self, turn: Turn, *, delivered: bool, next_at: datetime | None = None) -> None:
        """Note what came of a try; its lane is unsettled until `settled`."""
        self._flying.discard(turn.lane)
        self._unsettled[turn.lane] += 1
        self.unsettled += 1
        if delivered:
            self._advance(turn.lane)
        else:
            self._drop(turn.lane)
        if self._behind is not None and not delivered:
            self._behind[turn.lane] = next_at
            if len(self._behind) > self.behind_most:
                self.fall_back()

    def _advance(self, lane: str) -> None:
        queue = self._queues[lane]
        queue.popleft()
        self.held -= 1
        if queue:
            self._ready.append(lane)
        else:
            del self._queues[lane]

    def _drop(self, lane: str) -> None:
        self.held -= len(self._queues.pop(lane))

    def settled(self, lane: str) -> None:
        """Note that the database knows what came of one try."""
        self.unsettled -= 1
        self._unsettled[lane] -= 1
        if not self._unsettled[lane]:
            del self._unsettled[lane]
        if self._behind is None or (lane in self._behind and self._behind[lane] is None):
            self.looking = self.doubtful = True

    def fall_back(self) -> None:
        """Forget all that is not on the way: it comes from the database from here on."""
        self._behind = None
        self._read_out = False
        self.looking = self.doubtful = True
        self._ready.clear()
        self._queues = {lane: deque((self._queues[lane][0],)) for lane in self._flying}
        self.held = len(self._queues)

    def restart(self) -> None:
        """The same, after whatever was on the way has been broken off."""
        self._flying.clear()
        self.fall_back()

    def begin_anew(self) -> None:
        """The same, with nothing on the way; and the database arranges the lanes anew: no answer is good any more."""
        self._age += 1
        self.restart()

    def let_go(self) -> None:
        """The same, where lanes are ours no longer, or newly ours: no answer to what was asked before is good."""
        self._age += 1
        self.fall_back()

    def busy_with(self, ours: Callable[[str], bool]) -> bool:
        """Whether anything of some lanes is on the way, or its result not yet written."""
        return any(ours(lane) for lane in self._flying) or any(ours(lane) for lane in self._unsettled)

    def look_again(self, *, at_all: bool = False) -> None:
        """Time has passed, and what only the database knows may have come due.

        `at_all`: it may even hold something for lanes we do not count as behind.
        """
        self.looking |= self._behind is None or None in self._behind.values()
        self.doubtful |= at_all

    def next_at(self) -> datetime | None:
        """Return when the first lane comes due of which a failure or a survey told us."""
        if self._behind is None:
            return None
        known = ((lane, at) for lane, at in self._behind.items() if at is not None)
        # What is unsettled the database would not give: to ask for it again and again is no use.
        return min((at for lane, at in known if lane not in self._queues and lane not in self._unsettled), default=None)

    def wants(self, now: datetime) -> bool:
        """Whether a read of the database would give something to do."""
        if self.looking or self._behind is None:
            return self.looking
        return any(at is not None and at <= now and lane not in self._queues for lane, at in self._behind.items())

    def ask(self, now: datetime) -> Asking:
        """Begin a read; its answer goes to `found`, and when there is none, to `unanswered`."""
        self.looking = False
        return Asking(now, self._busy(), None if self._behind is None else frozenset(self._behind), self._age)

    def unanswered(self) -> None:
        """The database did not answer."""
        self.looking = self.doubtful = True
        self._touched = None

    def found(self, asking: Asking, heads: Collection[Due], *, complete: bool) -> int:
        """Take the heads whose time has come; return how many are new. `complete`: there are no others."""
        if asking.age != self._age:
            self.looking = True
            return 0
        taken = [head for head in heads if self._may_take(asking, head.lane)]
        for head in taken:
            self._append(Turn(head.lane, head.event_id, head.body, head.attempts + 1, sequence=head.sequence))
            self._remember(head.event_id)
        self._read_out = complete
        if not complete:
            self.looking = True
            if not taken and self._behind is not None:
                self.fall_back()  # lanes we do not know of fill the answer
        self._forget_times(asking)
        return len(taken)

    def _remember(self, event_id: str) -> None:
        """It may yet be offered; the oldest of many will not be."""
        self._read[event_id] = None
        if len(self._read) > self._held_most:
            del self._read[next(iter(self._read))]

    def _may_take(self, asking: Asking, lane: str) -> bool:
        return lane not in asking.busy and (asking.behind is None or lane in asking.behind)

    def _forget_times(self, asking: Asking) -> None:
        """A lane that was due by our reckoning and not by the database's is asked for now and then."""
        if self._behind is None:
            return
        for lane, at in self._behind.items():
            if at is not None and at <= asking.now and lane not in asking.busy:
                self._behind[lane] = None

    @property
    def worth_a_survey(self) -> bool:
        """Whether a survey may bring a lane back; while more is due than was read, it would only read the same."""
        return self.doubtful and (self._read_out or not self.catching_up)

    def survey(self, now: datetime) -> Asking:
        """Begin a survey; its answer goes to `surveyed`, and when there is none, to `unanswered`."""
        self.doubtful = False
        self._touched = set()
        return Asking(now, self._busy(), None, self._age)

    def surveyed(self, asking: Asking, heads: Mapping[str, datetime | None], *, complete: bool) -> None:
        """Take the lanes of all undelivered heads but the busy ones, and when each comes due: which ones are behind?"""
        touched, self._touched = self._touched or set(), None
        if len(touched) > self.behind_most or asking.age != self._age:
            self.doubtful = True
            return
        unknown = asking.busy | touched
        behind = {lane: at for lane, at in heads.items() if lane not in unknown}
        self._rest_behind(behind, unknown, complete=complete)

    def _rest_behind(self, found: Mapping[str, datetime | None], unknown: frozenset[str], *, complete: bool) -> None:
        before = dict.fromkeys(unknown) if self._behind is None else self._behind
        kept = {lane: before[lane] for lane in before if lane in unknown}
        if not complete or len(kept) + len(found) > self.behind_most:
            self.doubtful = True
            if self._behind is not None:
                self.fall_back()
            return
        self._behind = {**found, **kept}

    def _busy(self) -> frozenset[str]:
        return frozenset(self._queues).union(self._unsettled)
