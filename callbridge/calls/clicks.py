"""Calls that nobody dials on a phone: the PBX is asked to place them, and calls one side after the other.

An agent's phone first is a click-to-dial: the call goes from the agent to
whoever is called then. The customer first is a call of the system's own, which
puts an agent or a queue behind it. Who asked the PBX (AMI, a call file, the
dialplan's Originate) makes no difference, and is not said: what is said is a
dial without a source.

With a Local channel in between, what its `;2` dials is the first side and what
its `;1` dials is the second.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from callbridge.calls import arrival
from callbridge.calls.call import Call, CallState, Direction, Leg, Party, Side
from callbridge.calls.correlation import Channel, Kind
from callbridge.calls.events import EventType
from callbridge.calls.facts import CallPlaced, ChannelSeen, ChannelUp, DialBegan, StateRead
from callbridge.calls.frozen import replace
from callbridge.calls.numbers import endpoint_of
from callbridge.calls.open_call import OpenCall, marked
from callbridge.calls.switchboard import Switchboard

FAR_HALF: Final = ";2"
"""How the name of that half of a Local channel ends which runs the dialplan that dials."""

NAMING_S: Final = 2.0
"""How long the end of a call waits for its number: of a first side that did not come, the PBX says whom it would
have called right before or right after it hangs up, on a machine that is overloaded more than a second after. Of a
call file it never says so."""


def placed(board: Switchboard, target: Channel, fact: DialBegan) -> OpenCall | None:
    """Open the call that the PBX places, where `target` is its first phone or line; None where it places none.

    A dial without a source is also what a consultation by feature code begins
    with: that one has the Linkedid of the call it is about.
    """
    source = board.channel(fact.pbx, fact.source)
    root = target if source is None else board.channel(fact.pbx, source.linkedid)
    if root is None or root.call_id is not None or target.linkedid != root.key[1] or not target.real:
        return None
    return begin(board, target, fact)


def begin(board: Switchboard, target: Channel, fact: DialBegan) -> OpenCall:
    """Open a call that begins with the phone or line it calls first, and tell it."""
    call = as_placed(board, target, fact)
    root = board.channel(fact.pbx, target.linkedid) or target
    work = OpenCall(marked(call, CallState.STARTED, fact.at), placed_on=endpoint_of(root.name))
    side, who = (Side.CALLER, call.caller) if target.kind is Kind.EXTENSION else (Side.CALLEE, call.callee)
    work.legs[fact.channel] = Leg(
        target.name, fact.channel, side, who, placed=True, trunk=target.kind is Kind.TRUNK, started_at=fact.at
    )
    work.round, work.phones_to_come = (fact.channel,), 0 if fact.source is None else None
    adopt_all(board, work, target, fact.source)
    board.open[call.id] = work
    board.tell(work, EventType.CALL_STARTED, fact.at)
    return work


def as_placed(board: Switchboard, target: Channel, fact: DialBegan) -> Call:
    """Return the call the PBX places, as far as its first phone or line tells."""
    pbx, at = fact.pbx, fact.at
    profile = board.profile(pbx)
    agent, direction = None, Direction.OUTBOUND_AUTO
    if target.extension is not None:
        board.roster.learn(pbx, target.extension, own_name(target), at)
        agent, direction = board.roster.agent(pbx, target.extension), Direction.OUTBOUND_MANUAL
        caller, callee = board.roster.party(pbx, target.extension), Party()
    else:
        dialled = number_dialled(fact)
        callee = profile.outside(dialled) if dialled else Party()
        root = board.channel(pbx, target.linkedid)
        shown = target.number or (root.number if root is not None else None)
        caller = profile.outside(shown) if shown not in {None, callee.raw} else Party()
    protocol = arrival.next_protocol(board, profile, at)
    started = CallState.STARTED
    call_id = arrival.new_id(board, pbx, fact.channel, at)
    return Call(call_id, pbx, protocol, direction, started, caller, callee, started_at=at, agent=agent)


def own_name(target: Channel) -> str | None:
    """Return the name of the phone's own; None where it is shown with a caller ID somebody chose."""
    return target.caller_name if target.number == target.extension else None


def number_dialled(fact: DialBegan) -> str:
    """Return the number in a dial string: `912345678@trunk`, `PJSIP/trunk/912345678` or nothing."""
    return (fact.dialled or "").partition("@")[0].rpartition("/")[2]


def adopt_all(board: Switchboard, work: OpenCall, target: Channel, source: str | None) -> None:
    """Make the first phone part of its call, and with it every Local channel on the way to it."""
    arrival.adopt(board, work, target)
    pbx, _ = target.key
    dialling = board.channel(pbx, source)
    target.dialled_by = None if dialling is None else dialling.key
    while dialling is not None and dialling.call_id is None:
        arrival.adopt(board, work, dialling)
        near = board.graph.channels.get(dialling.other_half) if dialling.other_half else None
        dialling = board.graph.channels.get(near.dialled_by) if near is not None and near.dialled_by else None


def side_called(board: Switchboard, work: OpenCall, fact: DialBegan) -> Side:
    """Return on which side of a call that was placed a phone is that is dialled now."""
    first, second = work.caller_leg, Side.CALLER
    if first.side is Side.CALLER:
        second = Side.CALLEE
    source, target = board.channel(fact.pbx, fact.source), board.channel(fact.pbx, fact.channel)
    if source is not None and dials_first_side(board, source):
        return first.side
    own = target is not None and target.extension is not None and target.extension == first.who.extension
    return first.side if own or first.up_at is None else second


def dials_first_side(board: Switchboard, source: Channel) -> bool:
    """Tell whether what `source` dials is the side that is called first."""
    near = board.graph.channels.get(source.other_half) if source.other_half else None
    if near is None or not source.name.endswith(FAR_HALF):
        return False
    by = board.graph.channels.get(near.dialled_by) if near.dialled_by else None
    return by is None or dials_first_side(board, by)


def redirect(board: Switchboard, work: OpenCall, target: Channel, fact: DialBegan, side: Side) -> None:
    """Learn from the first dial of the second side whom an agent calls, and which way that goes."""
    call = work.call
    others = [leg for leg in work.legs.values() if work.called_for(leg) and leg.uniqueid != fact.channel]
    second = side is not work.caller_leg.side and not others
    if not second or call.answered_at is not None or call.direction is Direction.OUTBOUND_AUTO:
        return
    callee = call.callee
    if callee.raw is None and work.queue_tried is None:
        callee = wanted_by(board, target, fact)
    work.call = headed(board, replace(call, callee=callee), inside=target.kind is Kind.EXTENSION)


def wanted_by(board: Switchboard, target: Channel, fact: DialBegan) -> Party:
    """Return who is called, as the dial alone tells."""
    if target.extension is not None:
        return Party(None, target.extension, None, target.extension)
    number = number_dialled(fact) or target.number
    return board.profile(fact.pbx).outside(number) if number else Party()


def headed(board: Switchboard, call: Call, *, inside: bool) -> Call:
    """Return an agent's call as one that stays inside, or that leads outside."""
    if inside:
        return replace(call, direction=Direction.INTERNAL, agent=None)
    extension = call.caller.extension
    agent = board.roster.agent(call.pbx, extension) if extension else None
    return replace(call, direction=Direction.OUTBOUND_MANUAL, agent=agent)


def placing_told(board: Switchboard, fact: CallPlaced) -> None:
    """Learn whom the call is for: of asynchronous orders the PBX says so once the first side came, or did not."""
    work = work_placed(board, fact)
    if work is None or fact.exten is None or work.call.direction is Direction.OUTBOUND_AUTO:
        return
    if work.call.answered_at is None:
        callee = board.profile(fact.pbx).dialled(fact.exten)
        if callee.number is None and callee.extension is None:  # a service's number; the dial may have come before
            callee = replace(callee, number=work.call.callee.number)
        call = replace(work.call, callee=callee)
        second = any(map(work.called_for, work.legs.values()))
        work.call = call if second else headed(board, call, inside=call.callee.extension is not None)
    board.touch(work)
    if work.empty_since is not None:
        board.release(work, fact.at)


def work_placed(board: Switchboard, fact: CallPlaced) -> OpenCall | None:
    """Return the call an order was about. Of one that failed only the device is named: then it must be the only one."""
    if fact.channel is not None:
        work = board.call_of(board.channel(fact.pbx, fact.channel))
        return work if work is not None and work.placed else None
    found = [work for work in board.open.values() if failed_to(work, fact)]
    return found[0] if len(found) == 1 else None


def failed_to(work: OpenCall, fact: CallPlaced) -> bool:
    """Tell whether a call is one in which the first side did not come, and was called on that device."""
    if not work.placed or work.call.pbx != fact.pbx or work.caller_leg.up_at is not None:
        return False
    named, _, _ = fact.device.removeprefix(work.placed_on or "").partition("/")  # Local/…/n is called with its options
    return not named


def awaits_its_number(work: OpenCall) -> bool:
    """Tell whether a call that nobody is in any more may still learn whom it was for."""
    leg = work.caller_leg
    unnamed = work.placed and work.call.callee.raw is None and leg.up_at is None
    return unnamed and leg.side is Side.CALLER and not work.interrupted


def until(at: datetime) -> datetime:
    """Return until when such an end waits."""
    return at + timedelta(seconds=NAMING_S)


def begun_unheard(board: Switchboard, fact: StateRead, callers: Mapping[str, str]) -> dict[str, str]:
    """Open the calls that the PBX has placed; return the first phone or line of each by its Linkedid.

    Who was called first nobody heard: the oldest it must be.
    """
    begun: dict[str, str] = {}
    placed = {each.linkedid for each in fact.channels if each.placed and each.channel == each.linkedid}
    for each in sorted(fact.channels, key=age):
        channel = board.channel(fact.pbx, each.channel)
        there = each.up or each.ringing or each.placed
        if channel is not None and channel.real and there and each.linkedid in placed - {*callers, *begun}:
            begin_unheard(board, fact, each)
            begun[each.linkedid] = each.channel
    return begun


def begin_unheard(board: Switchboard, fact: StateRead, each: ChannelSeen) -> None:
    """Open a call that the PBX has placed, by the first phone or line it called."""
    channel = board.channel(fact.pbx, each.channel)
    if channel is not None:
        begin(board, channel, DialBegan(fact.pbx, each.since or fact.at, each.channel, None))
        if each.up:
            channel.up = True
            board.move(ChannelUp(fact.pbx, fact.at, each.channel))


def age(seen: ChannelSeen) -> tuple[int, str]:
    """Return what sorts channels by their birth: Uniqueids count up, with ever more digits."""
    return len(seen.channel), seen.channel
