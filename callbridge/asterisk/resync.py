"""After a (re)connect: what is true on the PBX now, as facts.

Live events queue meanwhile and are played after it; saying twice what the PBX
said is harmless. Asked rarely and with a deadline: a server that polls channels
under load has blocked Asterisk (asterisk#1928).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from callbridge.asterisk.ami.answers import Response
from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.from_ami import CALLING, given, name_given, time_of
from callbridge.calls.facts import ChannelSeen, EndpointsLearnt, Fact, LinkUp, StateRead
from callbridge.errors import ActionFailed

Ask = Callable[[str], Awaitable[Response]]
"""Sends an action that takes no headers. Raises errors.PbxError."""

DIALLED: Final = frozenset({"AppDial", "AppDial2", "AppQueue"})
"""The application a channel seems to be in while the PBX dials it."""


async def read_state(pbx: str, ask: Ask, ask_list: Ask, now: datetime) -> tuple[Fact, ...]:
    """Return what a PBX says of itself: LinkUp, the endpoints it knows, and all channels.

    Times are the PBX's own; `now` stands in where it does not tell them (before
    Asterisk 12). Needs the `reporting` class for writing. Raises errors.PbxError.
    """
    at = time_of((await ask("Ping")).message) or now
    started = started_at((await ask("CoreStatus")).message)
    endpoints = endpoints_of(await _if_it_can(ask_list, "ExtensionStateList"))
    channels = (await ask_list("CoreShowChannels")).items
    waiting = entries(await _if_it_can(ask_list, "QueueStatus"))
    return (
        EndpointsLearnt(pbx, at, endpoints),
        LinkUp(pbx, at, started),
        StateRead(pbx, at, tuple(seen(each, at) for each in channels if each.get("Uniqueid")), waiting),
    )


async def _if_it_can(ask_list: Ask, action: str) -> tuple[Message, ...]:
    """Return a list; empty where the PBX does not know the question.

    A PBX without queues has no QueueStatus, and so has one that is still loading
    its modules: AMI lets us in before that (seen on 22.10). Nobody waits there.
    """
    try:
        return (await ask_list(action)).items
    except ActionFailed:
        return ()


def seen(m: Message, at: datetime) -> ChannelSeen:
    """Return one CoreShowChannel as the channel it tells of."""
    state = m.get("ChannelStateDesc", "")
    dialled = m.get("Application", "") in DIALLED
    return ChannelSeen(
        channel=m["Uniqueid"],
        name=m.get("Channel", ""),
        linkedid=m.get("Linkedid") or m["Uniqueid"],
        up=state == "Up",
        ringing=state == "Ringing",
        calling=not dialled and state in CALLING,
        number=given(m, "CallerIDNum"),
        caller_name=name_given(m),
        exten=given(m, "Exten"),
        bridge=m.get("BridgeId") or None,
        since=began(m.get("Duration", ""), at),
    )


def began(duration: str, at: datetime) -> datetime | None:
    """Return when a channel began, from how long it has been there: `00:01:07`."""
    parts = duration.split(":")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):  # noqa: PLR2004 - hours, minutes, seconds
        return None
    hours, minutes, seconds = map(int, parts)
    return at - timedelta(hours=hours, minutes=minutes, seconds=seconds)


def entries(items: Iterable[Message]) -> Mapping[str, str]:
    """Return who waits in which queue, from the QueueEntry items of QueueStatus."""
    return {m["Uniqueid"]: m["Queue"] for m in items if m.name == "QueueEntry" and "Uniqueid" in m and "Queue" in m}


def endpoints_of(items: Iterable[Message]) -> Mapping[str, str | None]:
    """Return which device sits at which extension, from the hints of the dialplan: `PJSIP/ana` → `1005`."""
    found: dict[str, str | None] = {}
    for m in items:
        for device in m.get("Hint", "").partition(",")[0].split("&"):
            if "/" in device and m.get("Exten"):
                found.setdefault(device, m["Exten"])
    return found


def started_at(m: Message) -> datetime | None:
    """Return when this Asterisk started, by its own clock and zone; None where it does not say.

    The time has no zone; it tells one start from another, and no more.
    """
    try:
        return datetime.fromisoformat(f"{m['CoreStartupDate']}T{m['CoreStartupTime']}+00:00")
    except (KeyError, ValueError):
        return None
