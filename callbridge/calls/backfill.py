"""Calls told afterwards: what the PBX's own log says of a gap, where it is news.

A gap has two ends, and none is sharp: the log's clock may know whole seconds
only, and what was heard last may not have been written down. So what the log
says is told only where it changes something; and what is heard live just after
the gap is left out where the log has told it. Both ask `NEWS`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from callbridge.calls import facts as f
from callbridge.calls.arrival import call_id
from callbridge.calls.call import CallState, LegState
from callbridge.calls.correlation import Channel
from callbridge.calls.events import Event
from callbridge.calls.frozen import replace
from callbridge.calls.restored import Restored
from callbridge.calls.switchboard import Switchboard

SEAM_S: Final = 2.0
"""How far around the ends of a gap something may be said twice: a log of whole seconds, and some."""


SKEW_S: Final = 0.05
"""How much later AMI may say what the log has with its exact time."""


def done(board: Switchboard, fact: f.BackfillDone) -> None:
    """Leave out, from now on and for a moment, what the log has told already."""
    board.backfilled_until[fact.pbx] = fact.at
    restored(board, fact.pbx).complete &= fact.complete


def failed(board: Switchboard, fact: f.BackfillFailed) -> None:
    """Remember that a gap is not told to its end."""
    restored(board, fact.pbx).complete = False


def restored(board: Switchboard, pbx: str) -> Restored:
    """Return how much of a PBX's gap was told from its log."""
    return board.restored.setdefault(pbx, Restored())


def is_told(board: Switchboard, said: f.Backfilled) -> bool:
    """Tell whether something the log says of a gap is known already, or is about a channel nobody knows."""
    fact = said.fact
    if isinstance(fact, f.ChannelBorn):
        return is_known(board, fact)
    if in_doubt(board, fact) and is_older(board, fact, said.blur_s):
        return True
    if isinstance(fact, f.DialBegan) and fact.source is not None and board.channel(fact.pbx, fact.source) is None:
        return True
    if isinstance(fact, f.ChannelFact):
        return board.channel(fact.pbx, fact.channel) is None or not is_news(board, fact)
    return False


def was_told(board: Switchboard, fact: f.Fact) -> bool:
    """Tell whether something heard live just after a gap was told already, from the log."""
    until = board.backfilled_until.get(fact.pbx)
    if until is None or not isinstance(fact, f.ChannelFact):
        return False
    if fact.at > until + timedelta(seconds=SEAM_S):
        del board.backfilled_until[fact.pbx]
        return False
    gone = (fact.pbx, fact.channel) in board.graph.gone or is_older(board, fact, 0.0)
    return gone or (board.channel(fact.pbx, fact.channel) is not None and not is_news(board, fact))


def is_older(board: Switchboard, fact: f.Fact, blur_s: float) -> bool:
    """Tell whether something later was told of the call already: then this is known, told or not."""
    work = board.call_of(board.channel(fact.pbx, fact.channel)) if isinstance(fact, f.ChannelFact) else None
    if work is None or work.told_at is None:
        return False
    return fact.at + timedelta(seconds=blur_s + SKEW_S) < work.told_at


def is_known(board: Switchboard, fact: f.ChannelBorn) -> bool:
    """Tell whether a channel is there already, or was."""
    key = (fact.pbx, fact.channel)
    if key in board.graph.channels or key in board.graph.gone or call_id(*key) in board.over:
        return True
    return any(fact.channel in work.legs for work in board.open.values() if work.call.pbx == fact.pbx)


def is_news(board: Switchboard, fact: f.ChannelFact) -> bool:
    """Tell whether `fact` changes anything about a channel that is known."""
    channel, news = board.channel(fact.pbx, fact.channel), NEWS.get(type(fact))
    return channel is None or news is None or news(board, channel, fact)


def _joins_anew(board: Switchboard, channel: Channel, fact: f.QueueJoined) -> bool:
    work = board.call_of(channel)
    if work is None or (work.wait is not None and work.wait.queue == fact.queue):
        return False
    told = [each.at for each in work.call.timeline if each.state is CallState.QUEUED]
    return work.call.queue != fact.queue or not any(near(at, fact.at) for at in told)


def near(one: datetime, other: datetime) -> bool:
    """Tell whether two times may be the same moment, told by two clocks."""
    return abs((one - other).total_seconds()) < SEAM_S


def in_doubt(board: Switchboard, fact: f.Fact) -> bool:
    """Tell whether `fact` is from the end of a gap where it may have been told before."""
    lost_at = board.heard_until.get(fact.pbx)
    return fact.pbx in board.backfilled_until or (
        lost_at is not None and fact.at <= lost_at + timedelta(seconds=SEAM_S)
    )


def _leaves(board: Switchboard, channel: Channel, fact: f.QueueLeft | f.QueueAbandoned) -> bool:
    work = board.call_of(channel)
    return work is not None and work.wait is not None and work.wait.queue == fact.queue


def _is_let_go(board: Switchboard, channel: Channel, fact: f.QueueEnded) -> bool:
    work = board.call_of(channel)
    if work is None:
        return False
    if work.wait is None:
        return work.queue_tried is not None and (work.queue_exit is None or not in_doubt(board, fact))
    return work.wait.left_at is not None or work.wait.joined_at < fact.at


def _dials_anew(board: Switchboard, channel: Channel, _: f.DialTried) -> bool:
    work = board.call_of(channel)
    return work is not None and not (channel.real and work.being_called())


def _tries_anew(board: Switchboard, channel: Channel, fact: f.QueueTried) -> bool:
    work = board.call_of(channel)
    return work is not None and (work.queue_exit is None or work.call.queue != fact.queue)


def _leg_is(*states: LegState) -> Callable[[Switchboard, Channel, f.ChannelFact], bool]:
    def is_one_of(board: Switchboard, channel: Channel, fact: f.ChannelFact) -> bool:
        work = board.call_of(channel)
        leg = work.legs.get(fact.channel) if work is not None else None
        return leg is None or leg.state in states

    return is_one_of


def _holds_anew(board: Switchboard, channel: Channel, fact: f.ChannelHeld) -> bool:
    """Tell whether a hold is news; who asks by feature code holds the one call, and is in the other at once."""
    work = board.call_of(channel)
    asks = work is not None and work.consults_for is not None and near(work.call.started_at, fact.at)
    return not asks and _leg_is(LegState.UP)(board, channel, fact)


NEWS: Final[Mapping[type[f.Fact], Callable[[Switchboard, Channel, Any], bool]]] = {
    f.ChannelBorn: lambda _, __, ___: False,
    f.LocalJoined: lambda _, channel, __: channel.other_half is None,
    f.DialTried: _dials_anew,
    f.DialBegan: lambda _, channel, __: channel.call_id is None,
    f.ChannelRang: lambda _, channel, __: not channel.rang and not channel.up,
    f.ChannelUp: lambda _, channel, __: not channel.up,
    f.BridgeEntered: lambda _, channel, fact: channel.bridge != (fact.pbx, fact.bridge),
    f.BridgeLeft: lambda _, channel, fact: channel.bridge == (fact.pbx, fact.bridge),
    f.ConsultationBegan: lambda _, channel, __: channel.bridge is None,
    f.ChannelHeld: _holds_anew,
    f.ChannelResumed: _leg_is(LegState.HELD),
    f.QueueTried: _tries_anew,
    f.QueueJoined: _joins_anew,
    f.QueueLeft: _leaves,
    f.QueueAbandoned: _leaves,
    f.QueueEnded: _is_let_go,
}
"""When a fact about a known channel is news; all others may be said twice without harm."""


def marked(board: Switchboard, fact: f.Fact, events: Iterable[Event]) -> tuple[Event, ...]:
    """Return events as told afterwards, those that are; their calls remember it.

    What was held back of the last moments of a gap is told by what comes after it.
    """
    until = board.backfilled_until.get(fact.pbx)
    late = isinstance(fact, f.Backfilled)
    if late:
        restored(board, fact.pbx)
    return tuple(_marked(board, each) if late or (until is not None and each.at <= until) else each for each in events)


def _marked(board: Switchboard, event: Event) -> Event:
    if event.call is None:
        return event
    if event.pbx in board.restored:
        board.restored[event.pbx].count(event.type)
    call = replace(event.call, backfilled=True)
    if call.id in board.changed:
        board.changed[call.id] = replace(board.changed[call.id], backfilled=True)
    work = board.open.get(call.id)
    if work is not None:
        work.call = replace(work.call, backfilled=True)
    return replace(event, call=call, details={**event.details, "backfilled": True})
