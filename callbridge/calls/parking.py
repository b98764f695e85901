"""Calls that come into a car park, and those whose time there is over. Who fetches them: `fetching`.

    Ana sends Maria to 700      ParkedCall          call.parked
    Ana dials 700, hears 701,
      and puts Maria there      ParkedCallSwap      call.parked; what Ana dialled is part of Maria's call
    Bruno dials 701             UnParkedCall        call.unparked, by Bruno; what he dialled is no call of its own
    nobody does                 ParkedCallTimeOut   call.unparked, by nobody; the dialplan calls Ana back
    Maria hangs up              ParkedCallGiveUp    not read: the end of the call says it

Music in a car park is hold: it counts as `hold_s`, where the call was answered.
What Asterisk says of its car parks is said by a thread of its own, which may be
milliseconds later than what the channels do, or earlier; on a busy machine more.
"""

from datetime import datetime

from callbridge.calls import merging, recordings
from callbridge.calls.call import Leg, Party
from callbridge.calls.correlation import Channel
from callbridge.calls.events import EventType
from callbridge.calls.facts import CallParked
from callbridge.calls.holding import anyone_holds
from callbridge.calls.open_call import TALKING, OpenCall, Parked
from callbridge.calls.switchboard import Switchboard
from callbridge.calls.transfers import pass_on, release_hold, who_left


def parked(board: Switchboard, fact: CallParked) -> None:
    """Tell that one side waits in a car park."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    if work is None:
        return board.odd("parking of an unknown channel")
    place = Parked(fact.channel, fact.slot)
    if work.parked is not None and work.parked.channel == fact.channel and work.parked.slot in {None, fact.slot}:
        work.parked = place
        return None if fact.instead else board.odd("parked twice", work)
    by = parker(board, work, fact)
    asked = whose_place(board, work, fact) if fact.instead else None
    if asked is not None:
        return give_place(board, asked, work, place, fact.at)
    return drive_in(board, work, place, by, fact.at)


def whose_place(board: Switchboard, work: OpenCall, fact: CallParked) -> OpenCall | None:
    """Return the call in which somebody of `work` waited in that slot themselves."""
    people = {leg.who for leg in work.legs.values()}
    waiting = (each for each in board.open.values() if each.call.pbx == fact.pbx and each.parked is not None)
    return next(
        (
            each
            for each in waiting
            if each is not work and each.parked and each.parked.slot == fact.slot and each.caller_leg.who in people
        ),
        None,
    )


def parks_instead(board: Switchboard, one: OpenCall, other: OpenCall, at: datetime) -> bool:
    """Park the one of two calls of a person who waits in a car park in the other; tell whether they did."""
    asked, held = (one, other) if one.parked is not None else (other, one)
    place = asked.parked
    by = next((leg for leg in held.legs.values() if leg.who == asked.caller_leg.who), None)
    waits = next((leg for leg in held.legs.values() if by is not None and is_with(leg, by)), None)
    if place is None or waits is None:
        return False
    give_place(board, asked, held, Parked(waits.uniqueid, place.slot), at)
    return True


def is_with(leg: Leg, other: Leg) -> bool:
    """Tell whether a leg talks to the other one."""
    return leg.side is not other.side and leg.state in TALKING


def give_place(board: Switchboard, asked: OpenCall, held: OpenCall, place: Parked, at: datetime) -> None:
    """Let the held call wait where somebody of it waited; what they dialled for that is part of it."""
    who = asked.caller_leg
    board.release(asked, at)
    board.release(held, at)
    for key in sorted(asked.alive):
        board.graph.channels[key].call_id = held.call.id
        held.alive.add(key)
    asked.parked, asked.hung_up_by = None, who.side
    recordings.move(board, asked, held)
    asked.hangs_up_all(at)
    merging.end_as_part(board, asked, held, at)
    merging.forget(board, asked)
    drive_in(board, held, place, who.who, at)


def drive_in(board: Switchboard, work: OpenCall, place: Parked, by: Party | None, at: datetime) -> None:
    """Put one side of the call into the car park. Whoever put it there is out of the call, and ends nothing."""
    for leg in tuple(work.legs.values()):
        if leg.uniqueid != place.channel:
            release_hold(board, work, leg, at)
    waits = work.legs.get(place.channel)
    others = (leg.uniqueid for leg in work.legs.values() if waits is None or leg.side is not waits.side)
    work.let_go = tuple(dict.fromkeys((*work.let_go, *others)))
    work.parked, work.came_back, work.hung_up_by = place, None, None
    work.passed_on_by, work.handover = None, None
    if work.call.answered_at is not None:
        work.held_since = work.held_since or at
    board.tell(work, EventType.CALL_PARKED, at, slot=place.slot, by=by)


def parker(board: Switchboard, work: OpenCall, fact: CallParked) -> Party | None:
    """Return who parked the call: who sits at the device the PBX would call back; None where the dialplan did it."""
    if fact.parker is None:
        return None
    extension = board.profile(fact.pbx).extension_of(f"{fact.parker}-", None)
    if extension is not None:
        return board.roster.party(fact.pbx, extension)
    legs = [leg for leg in work.legs.values() if leg.uniqueid != fact.channel]
    return next((leg.who for leg in legs if leg.channel.startswith(f"{fact.parker}-")), None)


def comes_back(board: Switchboard, work: OpenCall, channel: Channel | None, at: datetime) -> None:
    """See that the time in the car park is over in that who was parked dials, before it is said."""
    place = work.parked
    if place is not None and channel is not None and channel.key[1] == place.channel:
        drive_out(board, work, channel, place.slot, at)
        work.came_back = place


def drive_out(board: Switchboard, work: OpenCall, channel: Channel | None, slot: str | None, at: datetime) -> None:
    """Tell that nobody fetched the call in time."""
    leave(work, at)
    if channel is not None:
        await_anew(board, work, channel, at)
    board.tell(work, EventType.CALL_UNPARKED, at, slot=slot, by=None)


def leave(work: OpenCall, at: datetime) -> None:
    """Take the call out of the car park, and off hold unless a phone still holds it."""
    work.parked = None
    if not anyone_holds(work):
        work.stops_holding(at)


def await_anew(board: Switchboard, work: OpenCall, waiting: Channel, at: datetime) -> None:
    """Wait for somebody to answer whom nobody fetched: that is no transfer."""
    parker = who_left(board, work, waiting) if work.call.answered_at is not None else None
    if parker is not None:
        pass_on(board, work, parker, at)


def slot_left(board: Switchboard, pbx: str, slots: frozenset[str], unknown: int) -> str | None:
    """Return the slot of the one channel of which it is not known, by leaving out those of all others."""
    known = {work.parked.slot for work in board.open.values() if work.call.pbx == pbx and work.parked is not None}
    left = slots - known
    return next(iter(left)) if len(left) == unknown == 1 else None
