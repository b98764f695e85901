"""Consultations by feature code where the PBX does not say who asks: its user lacks AMI's class `dialplan`.

Whoever asks is alone in a bridge with the near half of a Local channel that nobody
dialled. That is so a millisecond after it would have been said.
"""

from datetime import datetime

from callbridge.calls import consultations, dialling
from callbridge.calls.correlation import Channel
from callbridge.calls.switchboard import Switchboard


def met(board: Switchboard, channel: Channel, at: datetime) -> None:
    """Begin the consultation that shows in the bridge `channel` has entered, with whom its far half has dialled."""
    here = board.graph.members(channel.bridge) if channel.bridge else ()
    near = next((each for each in here if is_near_half(each)), None)
    asking = next((each for each in here if each.real), None)
    if near is None or asking is None or len(here) != 2:  # noqa: PLR2004 - whoever asks, and the half
        return
    held = board.call_of(asking)
    if held is None or held.call.answered_at is None or asking.key[1] not in held.legs:
        return
    if near.linkedid == asking.linkedid:  # else it was placed: features.c makes it for the channel that asks
        consultations.ask(board, held, asking, near, at)
        dialling.dialled_early(board, near, at)


def is_near_half(channel: Channel) -> bool:
    """Tell whether a channel is the near half of a Local channel that nobody dialled, in no call."""
    near = channel.other_half is not None and channel.name.endswith(consultations.NEAR_HALF)
    return near and channel.call_id is None and channel.dialled_by is None
