"""How a call is handed on: blind, attended, blonde.

    Ana sends Maria to Eva                       blind: told once Eva's phone rings, or it is clear that it does not
    Ana asks Eva first, who answers              attended: what Ana asked was a call of its own, and is merged
    Ana asks Eva, and leaves while Eva's rings   blonde: the same, and Maria hears it ring

Asterisk's own words (BlindTransfer, AttendedTransfer) come before, between or
after what the channels do. So a transfer is known by either: by the words, or
by where the channels are afterwards. Whichever comes first tells it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from callbridge.calls.call import CallState, Leg, LegState, Party, TransferKind
from callbridge.calls.correlation import Channel, Key
from callbridge.calls.events import EventType
from callbridge.calls.facts import BlindTransferred, DialBegan
from callbridge.calls.frozen import replace
from callbridge.calls.open_call import TALKING, Handover, OpenCall
from callbridge.calls.switchboard import Switchboard

KINDS: Final[Mapping[tuple[bool, bool], TransferKind]] = {
    (False, False): TransferKind.BLIND,
    (True, False): TransferKind.BLONDE,
    (True, True): TransferKind.ATTENDED,
}
"""(was whoever gets the call asked before, had they answered then) → the kind."""

LEADS_TO: Final[Mapping[TransferKind, CallState]] = {
    TransferKind.BLIND: CallState.RINGING,
    TransferKind.BLONDE: CallState.RINGING,
    TransferKind.ATTENDED: CallState.ANSWERED,
}
"""What the call is then for whoever was handed on: answered at once, or on the way to somebody."""

NOBODY_DIALLED_S: Final = 1.0
"""How long a blind transfer waits for somebody to be dialled: a menu dials nobody, and a dialplan may look things up
before it does."""
ON_THE_WAY: Final = timedelta(seconds=10)
"""How long it waits where it is seen not to have gone its way: on a machine that has a second for nobody."""


def blind(board: Switchboard, fact: BlindTransferred) -> None:
    """Keep that somebody let go of the call; it is told when its new way is known."""
    work = call_let_go(board, fact)
    leg = work.legs.get(fact.channel) if work is not None else None
    if work is None or leg is None:
        return board.odd("blind transfer by an unknown channel")
    if work.parked is not None:
        return None  # to a car park: that is told as such
    if work.passed_on_by == fact.channel:
        return name_wanted(work, fact.wanted)
    pass_on(board, work, leg, fact.at)
    channel = board.channel(fact.pbx, fact.channel)
    return announce(board, work, Handover(leg.who, fact.wanted, fact.at, channel.bridge if channel else None))


def call_let_go(board: Switchboard, fact: BlindTransferred) -> OpenCall | None:
    """Return the call that was let go of. On a busy PBX whoever did so may be gone before it is said (22.10)."""
    channel = board.channel(fact.pbx, fact.channel)
    if channel is not None:
        return board.call_of(channel)
    calls = (work for work in board.open.values() if work.call.pbx == fact.pbx)
    return next((work for work in calls if fact.channel in work.legs), None)


def name_wanted(work: OpenCall, wanted: str | None) -> None:
    """Learn the number of a transfer that was seen before it was said."""
    if work.handover is not None:
        work.handover = replace(work.handover, wanted=work.handover.wanted or wanted)


def pass_on(board: Switchboard, work: OpenCall, leg: Leg, at: datetime) -> None:
    """Let the call be without `leg`, and wait for somebody else to answer it."""
    work.passed_on_by, work.let_go = leg.uniqueid, (*work.let_go, leg.uniqueid)
    work.round, work.dial_status, work.phones_to_come = (), None, None
    work.queue_exit, work.hung_up_by = None, None
    release_hold(board, work, leg, at)
    board.touch(work)


def release_hold(board: Switchboard, work: OpenCall, leg: Leg, at: datetime) -> None:
    """Take the call off hold: who put it there has left it."""
    if leg.state is LegState.HELD:
        work.legs[leg.uniqueid] = replace(leg, state=LegState.UP)
    if work.held_since is not None and not any(each.state is LegState.HELD for each in work.legs.values()):
        work.stops_holding(at)
        board.tell(work, EventType.CALL_RESUMED, at, by=leg.who)


def announce(board: Switchboard, work: OpenCall, handover: Handover) -> None:
    """Hold a blind transfer back until its way is known."""
    work.handover = handover
    board.hold_back(work, handover.at + timedelta(seconds=NOBODY_DIALLED_S), settle)


def settle(board: Switchboard, work: OpenCall, at: datetime) -> None:
    """Tell a blind transfer for which nobody was dialled; of any other, the phones say when."""
    handover = work.handover
    if work.being_called():
        return
    # A clock that was set back shows less than `handover.at`, for years perhaps: waited for is no longer then.
    if handover is not None and abs(at - handover.at) < ON_THE_WAY and is_on_the_way(board, work, handover):
        board.hold_back(work, at + timedelta(seconds=NOBODY_DIALLED_S), settle)
    else:
        tell_blind(board, work)


def is_on_the_way(board: Switchboard, work: OpenCall, handover: Handover) -> bool:
    """Tell whether a busy PBX has not brought them where they were sent, or not said yet that this is a car park."""
    channels = (board.graph.channels[key] for key in work.alive if key[1] != work.passed_on_by)
    bridges = [board.graph.bridges[each.bridge] for each in channels if each.bridge in board.graph.bridges]
    return any(each.key == handover.bridge or each.holding for each in bridges)


def tell_blind(board: Switchboard, work: OpenCall) -> None:
    """Tell a blind transfer that was held back, if there is one: what follows may be told then."""
    handover, work.handover = work.handover, None
    if handover is not None:
        tell(board, work, TransferKind.BLIND, handover.by, gets_it(board, work, handover), handover.at)


def gets_it(board: Switchboard, work: OpenCall, handover: Handover) -> Party:
    """Return who gets the call: the one person whose phone is called, else what was dialled."""
    called = {leg.who for leg in map(work.legs.get, work.round) if leg is not None}
    if len(called) == 1 and work.wait is None:
        return called.pop()
    return board.profile(work.call.pbx).dialled(handover.wanted)


def tell(board: Switchboard, work: OpenCall, kind: TransferKind, by: Party, to: Party, at: datetime) -> None:  # noqa: PLR0913, PLR0917 - what a transfer is
    """Tell that the call was handed on, by whoever had it, to somebody else."""
    board.tell(work, EventType.CALL_TRANSFERRED, at, transfer={"kind": kind, "by": by, "from": by, "to": to})


def called_back(board: Switchboard, target: Channel | None, fact: DialBegan) -> OpenCall | None:
    """Return the call for which the PBX rings whoever let go of it, because nobody answered; None where it does not.

    After a blonde transfer by feature code Asterisk does so by itself, and says nothing of the call it is for.
    """
    if fact.source is not None or target is None or target.extension is None or target.call_id is not None:
        return None
    return next((work for work in board.open.values() if is_left_alone(board, work, fact.pbx, target.extension)), None)


def is_left_alone(board: Switchboard, work: OpenCall, pbx: str, extension: str | None = None) -> bool:
    """Tell whether a call that somebody (at `extension`) let go of waits, and no phone is called for it."""
    let_go = work.legs.get(work.passed_on_by or "")
    if work.call.pbx != pbx or let_go is None or extension not in {None, let_go.who.extension}:
        return False
    return not work.being_called() and any(is_alone(board, each) for each in work.alive)


def is_alone(board: Switchboard, key: Key) -> bool:
    """Tell whether a channel is kept in a bridge where nobody else stays; in a menu or a queue it would be in none."""
    channel = board.graph.channels[key]
    bridge = board.graph.bridges.get(channel.bridge) if channel.bridge else None
    if not channel.real or bridge is None or bridge.holding:
        return False
    return all(each == key or board.graph.channels[each].leaving for each in bridge.channels)


def moves_on(board: Switchboard, work: OpenCall, channel: Channel | None, at: datetime) -> None:
    """Notice, when `channel` dials or queues, that an answered call goes on without whoever had it.

    Unless that one hung up, the call was transferred and nobody said so (yet):
    the dialplan goes on with a call whose other side has hung up, too. Which of
    the two it was nobody knows of whoever left in a gap: no transfer is told then.
    """
    if channel is None or work.awaits_answer or work.parked is not None:
        return
    left = who_left(board, work, channel)
    if left is None:
        return
    unheard = left.state is LegState.DOWN and left.cause is None
    sent = work.hung_up_by is None and not unheard
    pass_on(board, work, left, at)
    if sent:
        announce(board, work, Handover(left.who, None, at))


def who_left(board: Switchboard, work: OpenCall, channel: Channel) -> Leg | None:
    """Return the last one who talked with `channel`; None where somebody still does, or nobody did."""
    staying = [each for each in board.graph.joined_with(channel) if each.key[1] in work.legs]
    stays = work.legs.get(staying[0].key[1]) if len(staying) == 1 else None
    if stays is None or stays.state not in TALKING:
        return None
    others = [leg for leg in work.legs.values() if leg.side is not stays.side and leg.up_at is not None]
    return others[-1] if others else None
