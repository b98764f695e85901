"""What makes a row of the missed list, and what makes it good: the law, as a table, and the calls it is about.

A caller nobody answered has a row, one at each PBX, however often they try. It
leaves the list when somebody of ours speaks to them, in a call to them or in one
of theirs. Only what came after the last try makes it good: a conversation that
began before says nothing of it. And a try that is told late, from before a
conversation that is known, was made good already: it opens no row.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from callbridge.calls.call import Call, Direction, Missed
from callbridge.calls.enquiries import asked_for
from callbridge.calls.events import EventType
from callbridge.calls.frozen import replace
from callbridge.calls.missed import Attempt, AttemptKind, Callback, MissedRow, MissedState, MissedStatus, RecoveredBy
from callbridge.calls.open_call import OpenCall, seconds_between
from callbridge.calls.open_missed import Caller, OpenMissed

MOST_NAMED: Final = 20
"""Queues and phones a row names: the latest of them."""

T = TypeVar("T")


class Step(StrEnum):
    """What happens to a caller who was missed."""

    MISSED = "missed"
    CALLED = "called"
    """Somebody calls them back."""
    CALLED_BACK = "called_back"
    """… and they answer."""
    GOT_THROUGH = "got_through"
    MESSAGED = "messaged"
    NOTED = "noted"
    HIDDEN = "hidden"
    RESTORED = "restored"
    EXPIRED = "expired"


_OPEN, _RECOVERED = MissedState.OPEN, MissedState.RECOVERED
_HIDDEN, _EXPIRED = MissedState.HIDDEN, MissedState.EXPIRED

MOVES: Final[Mapping[tuple[MissedState | None, Step], MissedState]] = {
    (None, Step.MISSED): _OPEN,
    (_OPEN, Step.MISSED): _OPEN,
    (_OPEN, Step.CALLED): _OPEN,
    (_OPEN, Step.CALLED_BACK): _RECOVERED,
    (_OPEN, Step.GOT_THROUGH): _RECOVERED,
    (_OPEN, Step.HIDDEN): _HIDDEN,
    (_OPEN, Step.EXPIRED): _EXPIRED,
    (_RECOVERED, Step.RESTORED): _OPEN,
    (_HIDDEN, Step.RESTORED): _OPEN,
    (_EXPIRED, Step.RESTORED): _OPEN,
    **{(state, step): state for state in MissedState for step in (Step.MESSAGED, Step.NOTED)},
}
"""State of the row, None where there is none, and what happens → its state then. What has no row here does nothing."""

STATUSES: Final[Mapping[Step, MissedStatus]] = {
    Step.CALLED: MissedStatus.CALLED,
    Step.CALLED_BACK: MissedStatus.CALLED_BACK,
    Step.GOT_THROUGH: MissedStatus.GOT_THROUGH,
    Step.MESSAGED: MissedStatus.MESSAGED,
}
"""What happens → the last that was tried; all else leaves that as it is."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """A row that was made good by the call that is being told."""

    row: MissedRow
    by: RecoveredBy

    def details(self) -> Mapping[str, object]:
        """Return what stands in `call.recovered`."""
        row = self.row
        missed = {
            "id": row.id,
            "number": row.caller.number,
            "count": row.count,
            "first_at": row.first_at,
            "last_at": row.last_at,
            "last_call": row.last_call,
            "queue": row.queue,
            "reason": row.reason,
        }
        return {"missed": missed, "recovery_s": row.recovery_s, "by": self.by}


def stepped(row: MissedRow, step: Step) -> MissedRow | None:
    """Return a row after a step; None where MOVES has none."""
    state = MOVES.get((row.state, step))
    return None if state is None else replace(row, state=state, status=STATUSES.get(step, row.status))


def key_of(call: Call) -> str:
    """Return what a caller's calls are recognised by; whoever withholds their number is somebody else each time."""
    return asked_for(call) or call.id


# ── missed


def missed(listed: OpenMissed, call: Call, lost: Missed, at: datetime) -> MissedRow | None:
    """Put a call that was missed on the list, and return its row; None where they were spoken to since."""
    caller = (call.pbx, key_of(call))
    row = listed.open.get(caller)
    if row is not None and row.last_call == call.id:
        return row
    if row is None and listed.was_reached_after(caller, at):
        return None
    row = opened(call, caller, at) if row is None else raised(row, call, at)
    row = replace(row, queues=named(row.queues, (call.queue,)), rung=named(row.rung, lost.rung))
    return listed.add(row, Attempt(row.id, 0, AttemptKind.MISSED, at, call.id))


def opened(call: Call, caller: Caller, at: datetime) -> MissedRow:
    """Return a caller's first row; its id is that of its first call, so it is the same after a crash."""
    row_id, (pbx, key) = f"missed_{call.id.removeprefix('call_')}", caller
    return MissedRow(row_id, pbx, key, call.caller, at, at, call.id, call.reason, call.queue, attempts=0)


def raised(row: MissedRow, call: Call, at: datetime) -> MissedRow:
    """Return a row with one try more; one that is told late is not the last."""
    row = replace(row, count=row.count + 1, first_at=min(row.first_at, at))
    if at < row.last_at:
        return row
    known = replace(call.caller, name=call.caller.name or row.caller.name)
    return replace(row, last_at=at, last_call=call.id, reason=call.reason, queue=call.queue, caller=known)


def named(known: Iterable[T | None], more: Iterable[T | None]) -> tuple[T, ...]:
    """Return what is known with what is new, each once; the earliest go where there are too many."""
    together = dict.fromkeys(one for one in (*known, *more) if one is not None)
    return tuple(together)[-MOST_NAMED:]


# ── made good


def follow(listed: OpenMissed, work: OpenCall, kind: EventType, at: datetime) -> Recovery | None:
    """Follow a call by what is told of it; return the row that this makes good."""
    call = work.call
    if call.direction is Direction.INBOUND:
        return got_through(listed, call, at) if kind is EventType.CALL_ANSWERED else None
    if call.direction is Direction.INTERNAL and work.calls_back is None:
        return None
    return called_back(listed, work, kind, at)


def got_through(listed: OpenMissed, call: Call, at: datetime) -> Recovery | None:
    """Take a caller off the list who was answered."""
    row = spoken_to(listed, call, at)
    if row is None:
        return None
    agent = call.agent
    by, name = (agent.extension, agent.name) if agent is not None else (None, None)
    line = Attempt(row.id, 0, AttemptKind.GOT_THROUGH, at, call.id, by, name)
    return recovered(listed, listed.add(row, line), Step.GOT_THROUGH, call, at)


def called_back(listed: OpenMissed, work: OpenCall, kind: EventType, at: datetime) -> Recovery | None:
    """Follow a call to somebody outside: as long as it goes on, it shows in the row of whom it is to."""
    begun = begin(listed, work)
    if begun is not None and listed.rules.recovered_when_dialled:
        return recovered(listed, begun, Step.CALLED_BACK, work.call, at)
    if kind is EventType.CALL_ANSWERED:
        return answered(listed, work, at)
    if work.call.over:
        end(listed, work)
    return None


def begin(listed: OpenMissed, work: OpenCall) -> MissedRow | None:
    """Show in a row that they are called back, where that is news; return the row."""
    call, number = work.call, asked_for(work.call)
    row = None if number is None else listed.open.get((call.pbx, number))
    line = work.calls_back
    if line is not None and not is_of(listed, line, number):
        end(listed, work)
        line = work.calls_back = None
    if row is None or line is not None or call.over:
        return None
    if call.answered_at is not None and call.answered_at < row.last_at:
        return None
    return show(listed, work, row)


def is_of(listed: OpenMissed, line: Attempt, number: str | None) -> bool:
    """Tell whether a call is to whom it was to: of one the PBX places, the number may be learnt twice."""
    row = listed.row(line.row)
    return row is None or row.key == number


def show(listed: OpenMissed, work: OpenCall, row: MissedRow) -> MissedRow | None:
    """Write down that a call back began."""
    after, call, agent = stepped(row, Step.CALLED), work.call, work.call.agent
    if after is None:
        return None
    by, name = (agent.extension, agent.name) if agent is not None else (None, None)
    number = row.attempts + 1
    work.calls_back = Attempt(row.id, number, AttemptKind.CALLBACK, call.started_at, call.id, by, name)
    back = Callback(call.id, call.started_at, by, name, number)
    return listed.add(replace(after, callbacks=(*row.callbacks, back)), work.calls_back)


def going_on(row: MissedRow, works: Iterable[OpenCall]) -> tuple[Callback, ...]:
    """Return the calls back that go on of a row that was off the list for a while."""
    lines = [work.calls_back for work in works if work.calls_back is not None]
    return tuple(
        Callback(line.call_id or "", line.at, line.by, line.by_name, line.number)
        for line in lines
        if line.row == row.id and line.answered is None
    )


def answered(listed: OpenMissed, work: OpenCall, at: datetime) -> Recovery | None:
    """Take somebody off the list who was called back, and answered."""
    settle(listed, work, answered=True)
    row = spoken_to(listed, work.call, at)
    return None if row is None else recovered(listed, row, Step.CALLED_BACK, work.call, at)


def end(listed: OpenMissed, work: OpenCall) -> None:
    """End a call back with its call: however that ended, nobody is calling any more."""
    line = work.calls_back
    if line is None:
        return
    settle(listed, work, answered=False)
    row = listed.row(line.row)
    if row is not None and row.callbacks:
        left = tuple(each for each in row.callbacks if each.call_id != work.call.id)
        if left != row.callbacks:
            listed.put(replace(row, callbacks=left))


def settle(listed: OpenMissed, work: OpenCall, *, answered: bool) -> None:
    """Write down how a call back went, where that was not known."""
    if work.calls_back is not None and work.calls_back.answered is None:
        work.calls_back = replace(work.calls_back, answered=answered)
        listed.write(work.calls_back)


def spoken_to(listed: OpenMissed, call: Call, at: datetime) -> MissedRow | None:
    """Remember that whoever is outside was spoken to; return the row that makes good, None where it is known, or none.

    A call that is handed on is answered again: a row that was put back by hand meanwhile stays.
    """
    number, spoken = asked_for(call), call.answered_at
    if number is None or spoken is None or spoken != at:
        return None
    listed.reach((call.pbx, number), spoken)
    row = listed.open.get((call.pbx, number))
    return row if row is not None and row.last_at <= spoken else None


def recovered(listed: OpenMissed, row: MissedRow, step: Step, call: Call, at: datetime) -> Recovery | None:
    """Take a row off the list that is made good by `call`."""
    after = stepped(row, step)
    if after is None:
        return None
    by = RecoveredBy.CALLER if step is Step.GOT_THROUGH else RecoveredBy.CALLBACK
    after = replace(
        after,
        callbacks=(),
        closed_at=at,
        recovered_by=by,
        recovered_call=call.id,
        recovery_s=seconds_between(row.last_at, at),
    )
    listed.put(after)
    return Recovery(after, by)
