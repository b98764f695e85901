"""Two calls of one person become one: the held call goes on with whoever was asked, without or with who asked them."""

from datetime import datetime

from callbridge.calls import merging, queues, recording_files, recordings, ringing, transfers
from callbridge.calls.call import CallState, Leg, LegState, Side, TransferKind
from callbridge.calls.frozen import replace
from callbridge.calls.open_call import TALKING, Joining, OpenCall, QueueWait, ThreeWay, marked
from callbridge.calls.switchboard import Switchboard


def hand_over(board: Switchboard, one: OpenCall, other: OpenCall, both: tuple[str, str], at: datetime) -> None:
    """Let the older of two calls go on with the people of the younger; `both` are the legs of whoever held them."""
    (held, holds), (asked, asks) = sorted(((one, both[0]), (other, both[1])), key=lambda each: age(each[0]))
    by = held.legs.get(holds)
    if by is None:
        return board.odd("transfer by nobody's leg", held)
    board.release(asked, at)
    board.release(held, at)
    kind = transfers.KINDS[True, asked.call.answered_at is not None]
    targets = tuple(leg for leg in asked.legs.values() if leg.uniqueid != asks and leg.state is not LegState.DOWN)
    transfers.release_hold(board, held, by, at)
    take_people(board, held, asked, targets, by)
    recordings.merge(board, asked, asks, held, at)
    wait, left = asked.wait, has_left(asked, asks)
    merging.end_as_part(board, over(asked, asks, at), held, at)
    merging.forget(board, asked)
    recording_files.linger(board, asked, at)
    who = targets[0].who if len(targets) == 1 and wait is None else asked.call.callee
    held.passed_on_by, held.let_go = by.uniqueid, (*held.let_go, by.uniqueid)
    go_on(board, held, targets, kind, at)
    held.hung_up_by = by.side if left else None
    if wait is not None:
        wait_on(held, wait, by, at)
    transfers.tell(board, held, kind, by.who, who, at)
    return ring_on(board, held, at)


def has_left(asked: OpenCall, asks: str) -> bool:
    """Tell whether whoever was asked, and had answered, hung up in the moment in which they were to get the call."""
    asking = asked.legs.get(asks)
    return asked.call.answered_at is not None and asking is not None and asked.hung_up_by not in {None, asking.side}


def bring_in(board: Switchboard, asked: OpenCall, held: OpenCall, both: tuple[str, str], at: datetime) -> None:
    """Let whoever was asked join the held call, and who asked them stay: all three talk, until one of them leaves."""
    asks, by = both[0], held.legs.get(both[1])
    targets = tuple(leg for leg in asked.legs.values() if leg.uniqueid != asks and leg.state is not LegState.DOWN)
    if by is None or not targets:
        return board.odd("brought in by nobody's leg", held)
    board.release(asked, at)
    board.release(held, at)
    take_people(board, held, asked, targets, by)
    transfers.release_hold(board, held, by, at)
    recordings.move(board, asked, held)
    merging.end_as_part(board, over(asked, asks, at), held, at)
    merging.forget(board, asked)
    held.hung_up_by, held.three_way = None, ThreeWay(by.uniqueid, targets[0].uniqueid)
    return board.touch(held)


def age(work: OpenCall) -> tuple[datetime, int, str]:
    """Return what sorts the older call first. After a gap times are whole seconds: then the PBX's own counting does."""
    first = next(iter(work.legs))
    return work.call.started_at, len(first), first


def take_people(board: Switchboard, held: OpenCall, asked: OpenCall, targets: tuple[Leg, ...], by: Leg) -> None:
    """Make all channels of one call part of the other, and whoever was asked a leg of it, in the place of `by`."""
    for key in sorted(asked.alive):
        channel = board.graph.channels[key]
        channel.call_id = held.call.id
        held.alive.add(key)
    for leg in targets:
        called = leg.called
        held.legs[leg.uniqueid] = replace(leg, side=by.side, placed=called and by.side is Side.CALLER)


def over(asked: OpenCall, asks: str, at: datetime) -> OpenCall:
    """Close every leg of a call that goes on in another; whoever asked ended it."""
    asked.hangs_up_all(at)
    asked.hung_up_by = asked.legs[asks].side if asks in asked.legs else asked.hung_up_by
    return asked


def go_on(board: Switchboard, held: OpenCall, targets: tuple[Leg, ...], kind: TransferKind, at: datetime) -> None:
    """Note who has the call now; while their phones ring, nobody has."""
    if transfers.LEADS_TO[kind] is not CallState.ANSWERED:
        held.round = tuple(leg.uniqueid for leg in targets)
        held.ringing_since = at if held.ringing() else None
        return
    held.passed_on_by = None
    talking = next((leg for leg in targets if leg.state in TALKING), None)
    if talking is not None and talking.who.extension is not None:
        agent = board.roster.agent(held.call.pbx, talking.who.extension)
        held.call = replace(held.call, agent=agent)


def wait_on(held: OpenCall, wait: QueueWait, by: Leg, at: datetime) -> None:
    """Let whoever was handed on wait in the place of `by`, from now on."""
    there = (leg for leg in held.legs.values() if leg.side is not by.side and leg.state is not LegState.DOWN)
    held.wait = QueueWait(wait.queue, next(there, held.caller_leg).uniqueid, at)
    held.call = marked(replace(held.call, queue=wait.queue), CallState.QUEUED, at)
    held.joined_untold = Joining(None, at)


def ring_on(board: Switchboard, held: OpenCall, at: datetime) -> None:
    """Tell what the one who was handed on hears now: a queue's music, or the phones that ring already."""
    queues.tell_joined(board, held, at)
    if held.passed_on_by is not None and held.ringing():
        held.ring_held_at = at
        ringing.tell_ringing(board, held, at)
