"""A call that turns out to be part of another: somebody fetched a call instead of making one."""

from datetime import datetime

from callbridge.calls import recordings
from callbridge.calls.call import CallState, Side
from callbridge.calls.ending import closed
from callbridge.calls.events import EventType
from callbridge.calls.frozen import replace
from callbridge.calls.open_call import OpenCall
from callbridge.calls.outcome import Outcome
from callbridge.calls.switchboard import Switchboard


def merge(board: Switchboard, part: OpenCall, into: OpenCall, side: Side, at: datetime) -> None:
    """Make everybody of `part` a leg of `into`, on that side; `part` ends, silently where it was not told yet."""
    linkedid = next((board.graph.channels[key].linkedid for key in sorted(into.alive)), into.caller_leg.uniqueid)
    for key in sorted(part.alive):
        channel = board.graph.channels[key]
        channel.call_id, channel.calling, channel.linkedid = into.call.id, False, linkedid
        into.alive.add(key)
        if key[1] in part.legs:
            into.legs[key[1]] = replace(part.legs[key[1]], side=side)
    recordings.move(board, part, into)
    board.touch(into)
    if part.untold is None:
        end_as_part(board, part, into, at)
    forget(board, part)


def end_as_part(board: Switchboard, part: OpenCall, into: OpenCall, at: datetime) -> None:
    """Tell the end of a call that goes on in another. Nobody missed it."""
    board.release(part, at)
    part.stops_ringing(at)
    part.stops_waiting(at)
    part.stops_holding(at)
    part.hangs_up_all(at)
    ended = closed(part, Outcome(CallState.COMPLETED, None), None, at)
    part.call = replace(ended, merged_into=into.call.id)
    board.tell(part, EventType.CALL_ENDED, at)


def withdraw(board: Switchboard, part: OpenCall | None) -> None:
    """Forget a call that was not told yet and is part of one we never heard of: nothing true can be told of it."""
    if part is not None and part.untold is not None:
        for key in part.alive:
            board.graph.channels[key].call_id = None
        forget(board, part)


def forget(board: Switchboard, part: OpenCall) -> None:
    """Take a call out of those that go on."""
    part.alive.clear()
    board.close(part)
