"""Waiting in a queue, and how it ended.

Asterisk tells exits thinly: leaving, the reason and an abandon are separate
words that may be missing, late or wrong (an abandon is told of time-outs too). So
a wait stays open until one of these settles it: the caller is answered, the
QUEUESTATUS variable says why, the caller is gone, or a moment passes after the
leaving without any of these: then the caller left by a key.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from callbridge.calls import transfers
from callbridge.calls.call import CallState, Leg, Reason
from callbridge.calls.events import EventType
from callbridge.calls.facts import MemberCalled, QueueAbandoned, QueueEnded, QueueJoined, QueueLeft, QueueTried
from callbridge.calls.frozen import replace
from callbridge.calls.open_call import TALKING, Joining, OpenCall, QueueWait, marked
from callbridge.calls.switchboard import Switchboard

SETTLE_S: Final = 0.5
"""How long the reason may lag behind the leaving: it is the very next word, but a busy PBX may be long about it."""
TRANSFER_S: Final = 0.1
"""How long the word for the transfer that led into a queue may lag behind the joining."""

EXITS: Final[Mapping[str, Reason]] = {
    "TIMEOUT": Reason.TIMEOUT,
    "FULL": Reason.QUEUE_FULL,
    "JOINEMPTY": Reason.QUEUE_EMPTY,
    "LEAVEEMPTY": Reason.QUEUE_EMPTY,
    "JOINUNAVAIL": Reason.QUEUE_EMPTY,
    "LEAVEUNAVAIL": Reason.QUEUE_EMPTY,
    "WITHDRAW": Reason.TRANSFERRED,
    "ABANDONED": Reason.ABANDONED,
}
"""QUEUESTATUS → reason. CONTINUE follows an answer and is no exit."""


def tried(board: Switchboard, fact: QueueTried) -> None:
    """Remember which queue the dialplan tries: one that is full or empty lets nobody in, and says no name.

    Of the queue before it no reason will come any more.
    """
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    if work is not None:
        settle(board, work, fact.at)
        work.queue_tried, work.phones_to_come = fact.queue, None


def joined(board: Switchboard, fact: QueueJoined) -> None:
    """Tell that the caller waits. Waiting anew closes what was open."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    if work is None:
        return board.odd("queue.join of an unknown channel")
    if work.wait is not None and work.wait.queue == fact.queue and work.wait.left_at is None:
        return board.odd("queue.join told twice", work)
    settle(board, work, fact.at)
    transfers.moves_on(board, work, board.channel(fact.pbx, fact.channel), fact.at)
    work.stops_waiting(fact.at)  # in a queue that was left unheard
    work.wait = QueueWait(fact.queue, fact.channel, fact.at)
    work.queue_exit, work.queue_tried, work.round = None, None, ()
    work.call = replace(work.call, queue=fact.queue)
    if work.awaits_answer:
        work.call = marked(work.call, CallState.QUEUED, fact.at)
    work.joined_untold = Joining(fact.position, fact.at)
    if work.handover is None or work.handover.wanted is not None:
        return tell_joined(board, work, fact.at)
    return hold_joined(board, work)


def hold_joined(board: Switchboard, work: OpenCall) -> None:
    """Hold the beginning of a wait back, until the PBX has said of the transfer before it where that was to go.

    Asterisk's word for it and the queue's own come from two threads.
    """
    if work.joined_untold is not None:
        board.hold_back(work, work.joined_untold.at + timedelta(seconds=TRANSFER_S), tell_joined)
        board.touch(work)


def tell_joined(board: Switchboard, work: OpenCall, _: datetime) -> None:
    """Tell that the call waits in its queue, if that is not told yet; and before it the transfer that led there."""
    joining, work.joined_untold = work.joined_untold, None
    if joining is not None:
        transfers.tell_blind(board, work)
        queue = work.call.queue
        board.tell(work, EventType.CALL_QUEUED, joining.at, queue=queue, position=joining.position)


def abandoned(board: Switchboard, fact: QueueAbandoned) -> None:
    """Note that the wait may have been given up: Asterisk says so of time-outs and empty queues too."""
    work = waiting_in(board, fact)
    if work is not None and work.wait is not None:
        work.wait = replace(work.wait, abandoned=True)
        board.touch(work)


def left(board: Switchboard, fact: QueueLeft) -> None:
    """Stop the clock of the wait. Why it ended is said a moment later, or never: then it was a key.

    A caller who leaves while a member has picked up is being connected: no exit.
    """
    work = waiting_in(board, fact)
    if work is None or work.wait is None or any(picked_up(work, leg) for leg in work.legs.values()):
        return
    work.wait = replace(work.wait, left_at=fact.at)
    board.hold_back(work, fact.at + timedelta(seconds=SETTLE_S), settle)
    board.touch(work)


def stay(work: OpenCall) -> None:
    """Take back that the caller has left, as long as no reason was told: somebody answers them."""
    if work.wait is not None and work.wait.left_at is not None:
        work.wait = replace(work.wait, left_at=None)


def picked_up(work: OpenCall, leg: Leg) -> bool:
    """Tell whether a phone that was called for whoever waits is up."""
    waits = work.legs.get(work.wait.channel if work.wait is not None else "", work.caller_leg)
    return leg.side is not waits.side and leg.state in TALKING


def settle(board: Switchboard, work: OpenCall, _: datetime) -> None:
    """Tell an exit nobody gave a reason for."""
    if work.wait is not None and work.wait.left_at is not None:
        leave(board, work, Reason.ABANDONED if work.wait.abandoned else Reason.QUEUE_KEY, work.wait.left_at)


def ended(board: Switchboard, fact: QueueEnded) -> None:
    """Settle the wait by the PBX's own word for it. A caller who was never let in did not wait, but left."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    reason = EXITS.get(fact.status)
    if work is not None and reason is not None and (work.wait is not None or work.queue_tried is not None):
        left_at = None if work.wait is None else work.wait.left_at
        leave(board, work, reason, left_at or fact.at)


def waiting_in(board: Switchboard, fact: QueueAbandoned | QueueLeft) -> OpenCall | None:
    """Return the call of a caller who waits in the queue the fact is about."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    return work if work is not None and work.wait is not None and work.wait.queue == fact.queue else None


def leave(board: Switchboard, work: OpenCall, reason: Reason, at: datetime) -> None:
    """Tell that the caller left the queue unanswered; of a queue its reasons are told as full, empty and key."""
    queue = work.wait.queue if work.wait is not None else work.queue_tried
    if queue is None:
        return
    work.stops_waiting(at)
    board.release(work, at)
    work.stops_ringing(at)
    work.queue_exit, work.queue_tried = reason, None
    work.gave_up = work.gave_up or reason is Reason.ABANDONED
    work.call = replace(work.call, queue=queue)
    board.tell(work, EventType.CALL_LEFT_QUEUE, at, queue=queue, reason=reason.removeprefix("queue_"))


def member_called(board: Switchboard, fact: MemberCalled) -> None:
    """Learn the name the queue knows a member by."""
    channel = board.channel(fact.pbx, fact.channel)
    if channel is None or channel.extension is None:
        return
    board.roster.learn(fact.pbx, channel.extension, fact.member, fact.at)
    work = board.call_of(channel)
    leg = work.legs.get(fact.channel) if work is not None else None
    if work is not None and leg is not None:
        work.legs[fact.channel] = replace(leg, who=board.roster.party(fact.pbx, channel.extension))
