"""CEL rows about bridges: who comes, who goes, and who hears music there because the other side holds."""

from collections.abc import Iterator

from callbridge.asterisk.cel.row import CelRow, text
from callbridge.asterisk.cel.walk import Seen, Walk
from callbridge.calls import facts as f


def entered(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """A channel came into a bridge."""
    bridge = text(row, "bridge_id")
    if bridge is not None:
        holding = row.extra.get("bridge_technology") == "holding_bridge"
        seen.bridge = None if holding else bridge
        yield f.BridgeEntered(walk.pbx, row.at, row.channel, bridge, holding, row.app == "ConfBridge")


def left(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """A channel left a bridge."""
    bridge = text(row, "bridge_id")
    if bridge is not None:
        seen.bridge = None
        yield f.BridgeLeft(walk.pbx, row.at, row.channel, bridge)


def music_began(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """Somebody in a talk hears music: the other side put them on hold."""
    holder = walk.only_other(seen)
    if row.user_event == "MOH_STREAM_BEGIN" and holder is not None:
        walk.holding[row.channel] = holder
        yield f.ChannelHeld(walk.pbx, row.at, holder)


def music_ended(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """The music is over, and with it the hold, unless it is the call that is over."""
    holder = walk.holding.pop(row.channel, walk.only_other(seen))
    music = row.user_event == "MOH_STREAM_END"
    if music and holder is not None and not any(walk.ends_by(each, row.at) for each in (row.channel, holder)):
        yield f.ChannelResumed(walk.pbx, row.at, holder)
