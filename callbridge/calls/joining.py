"""Bringing each channel to where it is, after a gap: what a law would have been told of it, it is told now.

`JOINS` is played from top to bottom, each step for all channels before the next
one. A law that has something to know after a gap adds its step here, and what the
step reads to `facts.ChannelSeen` or `facts.StateRead`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from callbridge.calls import answering, arrival, ending, fetching, holding, parking, queues, recordings, ringing
from callbridge.calls.asking import Asking
from callbridge.calls.call import LegState, Party
from callbridge.calls.correlation import Channel
from callbridge.calls.facts import (
    BridgeEntered,
    BridgeLeft,
    CallParked,
    CallUnparked,
    ChannelHeld,
    ChannelRang,
    ChannelRenamed,
    ChannelResumed,
    ChannelSeen,
    ChannelUp,
    QueueEnded,
    QueueJoined,
    QueueLeft,
    StateRead,
    VoicemailBegan,
)
from callbridge.calls.frozen import replace
from callbridge.calls.queues import EXITS
from callbridge.calls.switchboard import Switchboard


@dataclass(frozen=True, slots=True)
class Found:
    """One channel as we know it, and as the PBX says it is."""

    board: Switchboard
    state: StateRead
    channel: Channel
    seen: ChannelSeen

    @property
    def told(self) -> tuple[str, datetime, str]:
        """How every fact about it begins that happens now."""
        return self.state.pbx, self.state.at, self.seen.channel

    @property
    def at_first(self) -> datetime:
        """The earliest at which something unheard can have happened to it.

        That is nearer to the truth than the moment of asking: phones ring for
        seconds and are answered, and then people talk for minutes.
        """
        bounds = (self.seen.since, self.board.heard_until.get(self.state.pbx))
        return min(self.state.at, max((at for at in bounds if at is not None), default=self.state.at))


def renamed(found: Found) -> None:
    """Follow a channel to its new name."""
    if found.seen.name and found.seen.name != found.channel.name:
        arrival.renamed(found.board, ChannelRenamed(*found.told, found.seen.name))


def moved_on(found: Found) -> None:
    """Let it ring, or be up."""
    pbx, _, channel = found.told
    if found.seen.up and not found.channel.up:
        ringing.up(found.board, ChannelUp(pbx, found.at_first, channel))
        first_side_came(found)
    elif found.seen.ringing and not found.channel.rang:
        ringing.rang(found.board, ChannelRang(pbx, found.at_first, channel))


def first_side_came(found: Found) -> None:
    """Let the phone be quiet that the PBX called first: it came, though nobody answered the call by that."""
    work = found.board.call_of(found.channel)
    leg = work.legs.get(found.seen.channel) if work is not None else None
    if work is not None and leg is not None and leg.placed and not work.called_for(leg):
        ringing.quiet_again(found.board, work, found.at_first)


def left_bridge(found: Found) -> None:
    """Take it out of the bridge it is in no more."""
    before = found.channel.bridge
    if before is not None and before[1] != found.seen.bridge:
        answering.left(found.board, BridgeLeft(*found.told, before[1]))


def to_voicemail(found: Found) -> None:
    """Know that it is asked to leave a message."""
    work = found.board.call_of(found.channel)
    if found.seen.voicemail and work is not None and not work.voicemail:
        ending.voicemail_began(found.board, VoicemailBegan(*found.told))


def went_to_queue(found: Found) -> None:
    """Know the queue that is behind what goes on now."""
    work = found.board.call_of(found.channel)
    if found.seen.queue is not None and work is not None and work.call.queue is None:
        work.call = replace(work.call, queue=found.seen.queue)
        found.board.touch(work)


def began_to_wait(found: Found) -> None:
    """Put it into the queue it waits in."""
    queue = found.state.waiting.get(found.seen.channel)
    work = found.board.call_of(found.channel)
    if queue is None or work is None or (work.wait is not None and work.wait.queue == queue):
        return
    pbx, now, channel = found.told
    joined_at = found.state.waits_since.get(channel, now)
    queues.joined(found.board, QueueJoined(pbx, joined_at, channel, queue))


def entered_bridge(found: Found) -> None:
    """Put it into its bridge: that may answer its call."""
    pbx, _, channel = found.told
    bridge = found.seen.bridge
    if bridge is not None and found.channel.bridge != (pbx, bridge):
        holding = bridge in found.state.holding_bridges
        room = bridge in found.state.rooms
        answering.entered(found.board, BridgeEntered(pbx, found.at_first, channel, bridge, holding, room))


def stopped_waiting(found: Found) -> None:
    """Take it out of the queue it waits in no more, though nobody answered it."""
    work = found.board.call_of(found.channel)
    wait = work.wait if work is not None else None
    if wait is None or wait.channel != found.seen.channel or found.seen.channel in found.state.waiting:
        return
    if found.seen.queue_status is not None and found.seen.queue_status in EXITS:
        queues.ended(found.board, QueueEnded(*found.told, found.seen.queue_status))
    elif wait.left_at is None:
        queues.left(found.board, QueueLeft(*found.told, wait.queue))


def was_answered(found: Found) -> None:
    """See that it was answered before it was parked: who waits in a car park out of a dial or a queue has talked."""
    work, seen = found.board.call_of(found.channel), found.seen
    talked = seen.answered_by is not None or (seen.up and (seen.dials or seen.queue is not None))
    calls = work is not None and work.call.answered_at is None and work.caller_leg.uniqueid == seen.channel
    if work is not None and calls and talked and seen.channel in found.state.parked:
        extension = found.board.profile(found.state.pbx).extension_of(seen.answered_by or "", None)
        by = found.board.roster.party(found.state.pbx, extension) if extension else Party()
        answering.answered_unheard(found.board, work, by, found.at_first)


def parked(found: Found) -> None:
    """Put it into the car park, or take it out."""
    work = found.board.call_of(found.channel)
    if work is None:
        return
    waits = found.seen.channel in found.state.parked
    if waits and work.parked is None and work.came_back is None:
        parking.parked(found.board, CallParked(*found.told, slot_of(found)))
    elif not waits and work.parked is not None and work.parked.channel == found.seen.channel:
        fetching.unparked(found.board, CallUnparked(*found.told, work.parked.slot))


def slot_of(found: Found) -> str | None:
    """Return where it is parked; where the PBX does not say that, what is left when those we know are taken out."""
    state = found.state
    slot = state.parked[found.seen.channel]
    if slot is not None:
        return slot
    calls = {key: found.board.call_of(found.board.channel(state.pbx, key)) for key in state.parked}
    unknown = [key for key, work in calls.items() if work is None or work.parked is None]
    return parking.slot_left(found.board, state.pbx, state.slots, len(unknown))


def recorded(found: Found) -> None:
    """Know to which file it is recorded."""
    if found.seen.recording is not None:
        recordings.found(found.board, found.channel, found.seen.recording, found.state.at)


def fetched(found: Found) -> None:
    """See that it fetched a call, parked or not."""
    fetching.fetched_unheard(found.board, found.channel, found.state.at)


def held(found: Found) -> None:
    """Know who holds: where somebody is held, it is whoever else is in the bridge, if that is one."""
    others = [each for each in found.board.graph.joined_with(found.channel) if each is not found.channel]
    if found.seen.on_hold is None or len(others) != 1:
        return
    work = found.board.call_of(others[0])
    leg = work.legs.get(others[0].key[1]) if work is not None else None
    pbx, now, _ = found.told
    if leg is None:
        return
    if found.seen.on_hold and leg.state is LegState.UP:
        holding.held(found.board, ChannelHeld(pbx, now, leg.uniqueid))
    elif not found.seen.on_hold and leg.state is LegState.HELD:
        holding.resumed(found.board, ChannelResumed(pbx, now, leg.uniqueid))


JOINS: Final[tuple[Callable[[Found], None], ...]] = (
    renamed,
    left_bridge,
    moved_on,
    to_voicemail,
    went_to_queue,
    began_to_wait,
    entered_bridge,
    stopped_waiting,
    fetched,
    was_answered,
    parked,
    held,
    recorded,
)
"""Each step, in the order in which they are played."""


def join(board: Switchboard, state: StateRead, asked: Asking) -> None:
    """Bring every channel to where it is, but for those of which something newer was heard since the PBX was asked."""
    for step in JOINS:
        for seen in state.channels:
            key = (state.pbx, seen.channel)
            channel = board.graph.channels.get(key)
            if channel is not None and key not in asked.touched:
                step(Found(board, state, channel, seen))
