"""What is left of a tracker when its daemon ends, and what the PBX says when it is asked afterwards."""

import json
from datetime import datetime

from callbridge.calls import facts as f
from callbridge.calls import removal, snapshot
from callbridge.calls.correlation import Channel
from callbridge.calls.tracker import Tracker


def next_life(tracker: Tracker, new: Tracker) -> Tracker:
    """Tell `new`, which has the same configuration, all that was written down of `tracker`, as JSON."""
    old = tracker.board
    new.board.limits = old.limits
    for call_id in (*old.open, *old.settling):
        memory = snapshot.plain(snapshot.remember(tracker, call_id))
        snapshot.recall(new, json.loads(json.dumps(memory)))
    new.board.protocols.update(old.protocols)
    new.board.heard_until.update(old.heard_until)
    new.board.heard.update(old.heard)
    new.board.heard_since.update(old.heard_since)
    new.board.started.update(old.started)
    new.board.missed.rules = old.missed.rules
    new.board.missed.restore(old.missed.open.values())
    removal.end_lost(new.board)
    return new


def now_true(tracker: Tracker, pbx: str, at: datetime) -> f.StateRead:
    """Return what a PBX would say if it were asked now."""
    waits = [work.wait for work in tracker.board.open.values() if work.call.pbx == pbx and work.wait]
    waiting = {wait.channel: wait.queue for wait in waits if wait.left_at is None}
    channels = (as_seen(tracker, each) for each in tracker.board.graph.of_pbx(pbx))
    places = [work.parked for work in tracker.board.open.values() if work.parked]
    parked = {place.channel: place.slot for place in places if not is_out(tracker, pbx, place.channel)}
    holding = frozenset(key[1] for key, bridge in tracker.board.graph.bridges.items() if bridge.holding)
    rooms = frozenset(key[1] for key, bridge in tracker.board.graph.bridges.items() if bridge.room)
    return f.StateRead(pbx, at, tuple(channels), waiting, parked=parked, holding_bridges=holding, rooms=rooms)


def is_out(tracker: Tracker, pbx: str, uniqueid: str) -> bool:
    """Whether a channel talks to somebody of another call, though it was not said yet that it was fetched."""
    channel = tracker.board.channel(pbx, uniqueid)
    reached = tracker.board.graph.joined_with(channel) if channel is not None else ()
    return any(channel is not None and each.call_id != channel.call_id for each in reached)


def linkedid(tracker: Tracker, channel: Channel) -> str:
    """Whoever comes into a bridge takes the oldest Linkedid there."""
    related = tracker.board.graph.of_call(channel.call_id) if channel.call_id else (channel,)
    return min((each.linkedid for each in related), key=lambda one: (len(one), one))


def is_placed(tracker: Tracker, channel: Channel) -> bool:
    """Whether the PBX called the channel by itself, and not for another."""
    work = tracker.board.call_of(channel)
    return work is not None and work.placed and channel.dialled_by is None and not channel.name.endswith(";2")


def who_asks(tracker: Tracker, channel: Channel) -> str | None:
    """The name of whoever consults somebody through a Local channel: a variable of it says so."""
    work = tracker.board.call_of(channel)
    return work.caller_leg.channel if work is not None and work.consults_for and not channel.real else None


def last_recorded(tracker: Tracker, channel: Channel) -> str | None:
    """The file a channel is, or was, recorded to last: a variable of it keeps that."""
    calls = [each.call for each in tracker.board.open.values() if each.call.pbx == channel.key[0]]
    paths = [each.path for call in calls for each in call.recordings if each.channel == channel.key[1]]
    return paths[-1] if paths else None


def as_seen(tracker: Tracker, channel: Channel) -> f.ChannelSeen:
    return f.ChannelSeen(
        channel.key[1],
        channel.name,
        linkedid(tracker, channel),
        up=channel.up,
        ringing=channel.rang and not channel.up,
        calling=channel.calling,
        number=channel.number,
        caller_name=channel.caller_name,
        exten=channel.exten,
        bridge=channel.bridge[1] if channel.bridge else None,
        placed=is_placed(tracker, channel),
        recording=last_recorded(tracker, channel),
        asked_by=who_asks(tracker, channel),
    )
