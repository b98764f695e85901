"""Calls that go on to somebody else before anybody answered them.

Three ways, told alike, as `call.updated` with `forwarded`:

    the phone itself sends the caller on (SIP 302)          `phone`
    the dialplan tries another after one who did not answer  `no_answer`, `busy`, `unavailable`
    the dialplan never tries the one who was wanted          `always`

A group that is tried next, the members of a queue, and what is dialled out of a
menu are no forwards: nobody's call went elsewhere. Asterisk has no word for the
last two ways; they are seen in who is dialled after whom.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from callbridge.calls.call import Direction, Leg, Party
from callbridge.calls.correlation import Channel
from callbridge.calls.events import EventType
from callbridge.calls.open_call import OpenCall
from callbridge.calls.switchboard import Switchboard

BY_PHONE: Final = "phone"
ALWAYS: Final = "always"
UNAVAILABLE: Final = "unavailable"

WHY: Final[Mapping[str, str]] = {
    "NOANSWER": "no_answer",
    "BUSY": "busy",
    "CONGESTION": UNAVAILABLE,
    "CHANUNAVAIL": UNAVAILABLE,
}
"""How the dial of the one before ended → why the dialplan sent the caller on."""


def by_phone(board: Switchboard, work: OpenCall, leg: Leg, number: str, at: datetime) -> None:
    """Tell that a phone sends its caller on to `number`."""
    wanted = board.profile(work.call.pbx).dialled(number)
    if wanted.extension is not None:
        wanted = board.roster.party(work.call.pbx, wanted.extension)
    tell(board, work, (leg.who, wanted), BY_PHONE, at)


def by_dialplan(board: Switchboard, work: OpenCall, target: Leg, source: Channel | None, at: datetime) -> None:
    """Tell that somebody else is dialled than was before, or than was wanted."""
    if sequential(work):
        found = whom_before(board, work, source)
        if found is not None and found[0].extension != target.who.extension:
            tell(board, work, (found[0], target.who), found[1], at)


def sequential(work: OpenCall) -> bool:
    """Tell whether one is dialled after the other for a caller who wanted one person."""
    call = work.call
    wanted_inside = call.direction in {Direction.INBOUND, Direction.INTERNAL} and not work.placed
    alone = not work.round and not work.phones_to_come
    return wanted_inside and alone and not work.voicemail and call.answered_at is None and not queued(work)


def queued(work: OpenCall) -> bool:
    """Tell whether the caller is, or was, in a queue."""
    return work.wait is not None or work.queue_tried is not None or work.call.queue is not None


def whom_before(board: Switchboard, work: OpenCall, source: Channel | None) -> tuple[Party, str] | None:
    """Return who was to have the call before, and why they do not; None where that was nobody, or several."""
    before = [work.legs[key] for key in work.round_before if key in work.legs]
    if len({leg.who for leg in before}) == 1:
        why = WHY.get(before[0].dial_status or "")
        return None if why is None else (before[0].who, why)
    wanted = work.call.callee.extension
    first = len(work.legs) == 2  # noqa: PLR2004 - the caller, and who is dialled now
    in_a_menu = source is not None and source.real and source.up
    if wanted is None or in_a_menu or not first:
        return None
    return board.roster.party(work.call.pbx, wanted), UNAVAILABLE if work.dial_status else ALWAYS


def tell(board: Switchboard, work: OpenCall, way: tuple[Party, Party], why: str, at: datetime) -> None:
    """Tell that the call goes from one to the other; in a loop, each way once."""
    ends = (name_of(way[0]), name_of(way[1]))
    if ends not in work.forwards:
        work.forwards = (*work.forwards, ends)
        forwarded = {"from": way[0], "to": way[1], "reason": why}
        board.tell(work, EventType.CALL_UPDATED, at, changed=("forwarded",), forwarded=forwarded)


def name_of(party: Party) -> str:
    """Return what tells one party from another."""
    return party.extension or party.number or party.raw or ""
