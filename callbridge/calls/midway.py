"""Consultations by feature code that began while nobody listened: told apart from the calls they are about.

All their channels share one Linkedid with the held call. What tells is the
variable the PBX sets on the near half of the Local channel it makes for them:
who asks. The phones behind its far half are those that are asked.
"""

from datetime import datetime

from callbridge.calls import answering, arrival, consultations, dialling, ringing
from callbridge.calls.call import LegState, Party
from callbridge.calls.events import EventType
from callbridge.calls.facts import ChannelSeen, ChannelUp, ConsultationBegan, DialBegan, StateRead
from callbridge.calls.open_call import OpenCall
from callbridge.calls.switchboard import Switchboard


def near_halves(fact: StateRead) -> tuple[ChannelSeen, ...]:
    """Return the near half of each Local channel somebody asks through, who is still there."""
    there = {each.name for each in fact.channels}
    return tuple(
        each for each in fact.channels if each.asked_by in there and each.name.endswith(consultations.NEAR_HALF)
    )


def asked(fact: StateRead) -> dict[str, str]:
    """Return whom a consultation has called, by what: channel → the far half that dials it, both halves included."""
    found: dict[str, str] = {}
    for near in near_halves(fact):
        names = {near.name, near.name.removesuffix(consultations.NEAR_HALF) + ";2"}
        halves = [each.channel for each in fact.channels if each.name in names]
        behind = [each.channel for each in fact.channels if is_behind(each, near)]
        found |= dict.fromkeys([*halves, *behind], halves[-1])
    return found


def is_behind(each: ChannelSeen, near: ChannelSeen) -> bool:
    """Tell whether a channel was called for the consultation: born after it began."""
    born = [(len(one.channel), one.channel) for one in (near, each)]  # Asterisk counts its channels in their ids
    return each.linkedid == near.linkedid and not each.calling and born[0] < born[1]


def ask_alone(board: Switchboard, fact: StateRead) -> None:
    """Begin the consultations whose held call is over: nobody else who calls has their Linkedid."""
    callers = {each.linkedid for each in fact.channels if each.calling and not is_local(each)}
    for near in near_halves(fact):
        asking = board.graph.named(fact.pbx, near.asked_by or "")
        local = board.channel(fact.pbx, near.channel)
        if asking is None or local is None or asking.call_id is not None or near.linkedid in callers:
            continue
        party = board.roster.party(fact.pbx, asking.extension) if asking.extension else Party(raw=asking.number)
        at = near.since or fact.at
        work = consultations.opened(board, asking, party, local, at)
        arrival.adopt(board, work, asking)
        arrival.adopt(board, work, local)
        board.tell(work, EventType.CALL_STARTED, at)


def is_local(each: ChannelSeen) -> bool:
    """Tell whether a channel is a half of a Local channel."""
    return each.name.startswith("Local/")


def ask_again(board: Switchboard, fact: StateRead, calls: dict[str, str]) -> None:
    """Begin the consultations among the calls that were taken in, and give them the phones in `calls`."""
    for near in near_halves(fact):
        channel = board.channel(fact.pbx, near.channel)
        held = board.call_of(board.graph.named(fact.pbx, near.asked_by or ""))
        if channel is None or channel.call_id is not None or held is None:
            continue
        at = near.since or fact.at
        if held.call.answered_at is None:
            had_answered(board, held, fact, at)
        consultations.began(board, ConsultationBegan(fact.pbx, at, near.channel, near.asked_by or ""))
    for each in fact.channels:
        target = board.channel(fact.pbx, each.channel)
        if each.channel in calls and target is not None and target.real and target.call_id is None:
            dialling.dial_began(board, DialBegan(fact.pbx, each.since or fact.at, each.channel, calls[each.channel]))


def had_answered(board: Switchboard, held: OpenCall, fact: StateRead, at: datetime) -> None:
    """Tell that a call is answered: only of such a one anybody can ask."""
    for each in fact.channels:
        if each.channel in held.legs and each.up:
            ringing.up(board, ChannelUp(fact.pbx, at, each.channel))
    leg = next((leg for leg in held.legs.values() if held.called_for(leg) and leg.state is LegState.UP), None)
    if leg is not None:
        answering.answered(board, held, leg, at)
