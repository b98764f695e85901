"""Calls that go on for too long: told while they still run, once.

The clock runs from the first answer to the end, holds and transfers included:
it is the line that costs, and a reviewer who wants to hear about it. A call
that nobody answered yet is no long call, however long it waits.
"""

from datetime import datetime, timedelta
from typing import Final

from callbridge.calls.call import Call, Direction, Limits, TooLong
from callbridge.calls.events import EventType
from callbridge.calls.facts import Backfilled, ChannelFact, LimitsSet
from callbridge.calls.frozen import replace
from callbridge.calls.open_call import OpenCall
from callbridge.calls.switchboard import Switchboard

BY_DIRECTION: Final = {
    Direction.INBOUND: "inbound_s",
    Direction.OUTBOUND_MANUAL: "outbound_s",
    Direction.OUTBOUND_AUTO: "outbound_s",
    Direction.INTERNAL: "internal_s",
}
"""Direction → its limit, where the call's queue has none of its own."""


def limit_of(limits: Limits, call: Call) -> float | None:
    """Return how many seconds `call` may go on; None: as long as it likes."""
    own: float | None = limits.queues.get(call.queue) if call.queue is not None else None
    return own if own is not None else getattr(limits, BY_DIRECTION[call.direction])


def too_long(limits: Limits, call: Call) -> TooLong | None:
    """Return the limit of an answered call and when it is, or was, passed; None where it has none, or was told."""
    limit_s = limit_of(limits, call)
    if call.answered_at is None or call.too_long is not None or limit_s is None:
        return None
    return TooLong(limit_s, call.answered_at + timedelta(seconds=limit_s))


def watch(board: Switchboard, work: OpenCall, now: datetime) -> None:
    """Tell the call as too long where it is by `now`, else look again when it will be."""
    passed = too_long(board.limits, work.call)
    if passed is None or board.in_doubt(work.call):
        return
    if passed.at > now:
        board.hold_back(work, passed.at, watch, patient=True)
        return
    work.call = replace(work.call, too_long=passed)
    board.tell(work, EventType.CALL_TOO_LONG, now, limit_s=passed.limit_s)


def watch_afterwards(board: Switchboard, said: Backfilled) -> None:
    """Watch the call of a channel the PBX's own log tells of: until then at least it went on."""
    channel = said.fact.channel if isinstance(said.fact, ChannelFact) else None
    work = board.call_of(board.channel(said.pbx, channel))
    if work is not None:
        watch(board, work, said.at)


def limits_set(board: Switchboard, fact: LimitsSet) -> None:
    """Go by other limits from now on, in the calls that go on too: what was told stays told."""
    board.limits = fact.limits
    watch_all(board, fact.pbx, fact.at)


def watch_all(board: Switchboard, pbx: str, now: datetime) -> None:
    """Watch every call of a PBX, each by its own clock."""
    for work in board.open.values():
        if work.call.pbx == pbx:
            watch(board, work, now)
