"""Local channels of which the PBX says nothing: it makes them for feature codes, and nobody dials them.

Whoever asks somebody first is alone in a bridge with the near half of one. The PBX says so too, but not to a
user who lacks AMI's class `dialplan`; a millisecond after that it is seen here. And whoever waits alone, after
a blonde transfer in vain, gets one put beside them: whom the call was to is called once more.
"""

from datetime import datetime

from callbridge.calls import arrival, consultations, dialling, transfers
from callbridge.calls.correlation import Channel
from callbridge.calls.open_call import OpenCall
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
    if held.passed_on_by is not None:
        call_again(board, held, near, at)
    elif near.linkedid == asking.linkedid:  # else it was placed: features.c makes it for the channel that asks
        consultations.ask(board, held, asking, near, at)
        dialling.dialled_early(board, near, at)


def call_again(board: Switchboard, work: OpenCall, near: Channel, at: datetime) -> None:
    """Take in what the PBX calls for whoever is left alone after a blonde transfer in vain: whom it was to, again."""
    arrival.adopt(board, work, near)
    dialling.dialled_early(board, near, at)
    board.touch(work)


def may_be_put_beside(board: Switchboard, far: Channel) -> bool:
    """Tell whether what a far half dials may be for somebody who waits alone: its near half may come to them yet.

    The two halves have a thread each. Of a call that the PBX places, it is said that it dials the near half.
    """
    near = board.graph.channels.get(far.other_half) if far.other_half else None
    unknown = near is not None and is_near_half(near) and not near.placed and near.bridge is None
    return unknown and any(transfers.is_left_alone(board, work, far.key[0]) for work in board.open.values())


def is_near_half(channel: Channel) -> bool:
    """Tell whether a channel is the near half of a Local channel that nobody dialled, in no call."""
    near = channel.other_half is not None and channel.name.endswith(consultations.NEAR_HALF)
    return near and channel.call_id is None and channel.dialled_by is None
