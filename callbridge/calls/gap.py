"""The link to a PBX going and coming, and joining what we knew with what is true now.

When the link goes, `pbx.disconnected` is told. When it comes, a PBX that was
started anew has none of the calls it had. Then it is asked for its state, and
from the answer what is over ends, what is new is adopted (`adoption`), each
channel is brought to where it is (`joining`), and `pbx.connected` tells the gap.
"""

from datetime import datetime

from callbridge.calls import ending, limits, recording_files, removal, reunion
from callbridge.calls.adoption import adopt_unheard
from callbridge.calls.asking import Asking
from callbridge.calls.correlation import Channel, Key
from callbridge.calls.events import EventType, pbx_event
from callbridge.calls.facts import (
    ChannelGone,
    ChannelsListed,
    EndpointsLearnt,
    LinkDown,
    LinkUp,
    Nonsense,
    StateAsked,
    StateRead,
    TimePassed,
)
from callbridge.calls.joining import join
from callbridge.calls.switchboard import Switchboard


def link_down(board: Switchboard, fact: LinkDown) -> None:
    """Tell that a PBX is no longer heard: once, however often a new try fails."""
    board.asking.pop(fact.pbx, None)
    if fact.pbx in board.heard:
        board.heard.discard(fact.pbx)
        board.heard_since.pop(fact.pbx, None)
        board.heard_until[fact.pbx] = fact.at
        board.told.append(pbx_event(fact.pbx, EventType.PBX_DISCONNECTED, fact.at, reason=fact.reason))


def link_up(board: Switchboard, fact: LinkUp) -> None:
    """Note that the PBX is heard; end all its calls where it was started anew.

    That it is heard is told once its state was read: only then the gap is closed.
    """
    board.heard.add(fact.pbx)
    recording_files.wait_anew(board, fact.pbx, fact.at)
    board.heard_since[fact.pbx] = fact.at
    before = board.started.get(fact.pbx)
    if fact.started_at is not None:
        board.started[fact.pbx] = fact.started_at
    if before is not None and fact.started_at not in {None, before}:
        restarted(board, fact)


def restarted(board: Switchboard, fact: LinkUp) -> None:
    """End all calls of a PBX that was started anew, as of when it was last heard: a new one may use their ids again.

    Those that its own log has begun since may be the new one's: which of them go on, its state tells.
    """
    lost_at = min(board.heard_until.get(fact.pbx, fact.at), fact.at)
    known = [each.key for each in board.graph.of_pbx(fact.pbx) if not may_be_new(board, each, lost_at)]
    board.restarted[fact.pbx] = board.restarted.get(fact.pbx, 0) + end_vanished(board, known, frozenset(), lost_at)
    for key in [key for key in board.graph.gone if key[0] == fact.pbx]:
        del board.graph.gone[key]


def may_be_new(board: Switchboard, channel: Channel, lost_at: datetime) -> bool:
    """Tell whether a channel is known from the log of a gap alone, so that it may be one of a PBX started in it."""
    work = board.call_of(channel)
    if work is None:
        return channel.key[0] in board.backfilled_until
    return work.call.backfilled and work.call.started_at >= lost_at


def state_asked(board: Switchboard, fact: StateAsked) -> None:
    """Remember whom the answer will be about. What waits for one that never came waits on."""
    before = board.asking.get(fact.pbx)
    known = frozenset(each.key for each in board.graph.of_pbx(fact.pbx))
    board.asking[fact.pbx] = Asking(known, waiting=before.waiting if before is not None else [])


def answered(board: Switchboard, pbx: str) -> Asking:
    """Return the question that is answered now; whoever did not ask knows all there is."""
    everybody = frozenset(each.key for each in board.graph.of_pbx(pbx))
    return board.asking.pop(pbx, None) or Asking(everybody)


def state_read(board: Switchboard, fact: StateRead) -> None:
    """Join what we knew with what is true now: end what is over, adopt what is new, tell the gap."""
    pbx, before = fact.pbx, frozenset(board.open)
    asked = answered(board, pbx)
    alive = frozenset((pbx, each.channel) for each in fact.channels)
    ended = board.restarted.pop(pbx, None)
    lost_at = board.heard_until.get(pbx)
    over_at = fact.at if ended is None else min(lost_at or fact.at, fact.at)
    gone = end_vanished(board, asked.older(tuple(asked.known)), alive, over_at)
    asked.touched -= adopt_unheard(board, fact)
    join(board, fact, asked)
    reunion.unite(board, fact)
    reunion.end_empty(board, pbx, fact.at)
    removal.end_lost(board, pbx)
    adopted = len(board.open.keys() - before)
    board.heard_until.pop(pbx, None)
    limits.watch_all(board, pbx, fact.at)
    restored = board.restored.pop(pbx, None)
    gap = None
    if lost_at is not None or ended is not None:
        gap = {
            "from": min(lost_at or fact.at, fact.at),
            "to": fact.at,
            "restarted": ended is not None,
            "ended": gone + (ended or 0),
            "adopted": adopted,
            "backfilled": None if restored is None else restored.told(),
        }
    board.told.append(pbx_event(pbx, EventType.PBX_CONNECTED, fact.at, gap=gap))


def channels_listed(board: Switchboard, fact: ChannelsListed) -> None:
    """End the calls whose end was not heard, though the link was there all the time."""
    asked = answered(board, fact.pbx)
    alive = frozenset((fact.pbx, channel) for channel in fact.alive)
    for _ in range(end_vanished(board, asked.older(tuple(asked.known)), alive, fact.at)):
        board.odd("call whose end was not heard")
    reunion.end_empty(board, fact.pbx, fact.at)
    removal.end_lost(board, fact.pbx)


def end_vanished(board: Switchboard, known: tuple[Key, ...] | list[Key], alive: frozenset[Key], at: datetime) -> int:
    """End those of the channels the PBX no longer knows; return how many calls that ended.

    How they ended nobody knows, so a call that loses its last channel this way
    was interrupted: at `at`, or when the last was told of it, where the PBX's log knew more.
    """
    before = len(board.open)
    for pbx, channel in sorted(set(known) - alive):
        work = board.call_of(board.channel(pbx, channel))
        if work is not None:
            work.interrupted = not work.alive & alive
        known_until = work.told_at if work is not None else None
        ending.gone(board, ChannelGone(pbx, max(at, known_until or at), channel))
    return before - len(board.open)


def endpoints_learnt(board: Switchboard, fact: EndpointsLearnt) -> None:
    """Remember which devices are phones and which are trunks."""
    board.profile(fact.pbx).endpoints.update(fact.endpoints)


def time_passed(_: Switchboard, fact: TimePassed) -> None:
    """Nothing more: whatever the time brought has been applied before any fact is."""


def nonsense(board: Switchboard, fact: Nonsense) -> None:
    """Count what could not be read."""
    board.odd(fact.what)
