"""After a (re)connect: what is true on the PBX now, as facts.

Live events queue meanwhile and are played after it; saying twice what the PBX
said is harmless. Asked rarely and with a deadline: a server that polls channels
under load has blocked Asterisk (asterisk#1928).

| question | tells | where the PBX cannot say it |
|---|---|---|
| `CoreStatus` | when this Asterisk started: another start is another PBX | a restart shows in the channels alone |
| `CoreShowChannels` | every channel, what it does, in which bridge | the resync fails, and is tried again |
| `BridgeList` | which bridges hold instead of joining | every bridge joins |
| `QueueStatus` | who waits where, and since when | nobody waits |
| `BridgeList` | which bridges are car parks | nobody is parked |
| `ParkedCalls` | who is parked in which slot; needs the class `call` | who is in a car park is parked, somewhere |
| `DeviceStateList` | which slots are taken; asked where it is not known whose | these slots are not told |
| `ExtensionStateList` | which device sits at which extension | what is configured, and what calls show |
| `Status` | the number first dialled, who holds, why a queue was left, who asks, who answered | these stay unknown |
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

from callbridge.asterisk.ami.answers import Response
from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.from_ami import CALLING, given, name_given, number, time_of
from callbridge.calls.facts import ChannelSeen, ChannelsListed, EndpointsLearnt, Fact, LinkUp, StateAsked, StateRead
from callbridge.errors import ActionFailed, ActionTimeout

DIALLED: Final = frozenset({"AppDial", "AppDial2", "AppQueue"})
"""The application a channel seems to be in while the PBX dials it."""

PLACED: Final = "AppDial2"
"""The one of them in which the PBX dials by itself."""

REFUSED: Final = frozenset({"Busy"})
"""ChannelStateDesc of a caller who is being refused."""

VOICEMAIL: Final = "VoiceMail"
QUEUE: Final = "Queue"
DIAL: Final = "Dial"

HOLDING: Final = "holding_bridge"
"""The technology of a bridge in which nobody hears anybody."""

CAR_PARK: Final = "parking"
"""The type of a bridge in which calls are parked."""

SLOT: Final = "park:"
"""How the device begins that a slot of a car park is, `park:701@parkedcalls`."""
FREE: Final = frozenset({"NOT_INUSE", "INVALID", "UNKNOWN"})

ROOM: Final = "ConfBridge"
"""Who makes a bridge in which calls meet."""

ON_HOLD: Final = "CHANNEL(onhold)"
"""1 while somebody keeps this channel on hold: the one who is held, not the one who holds (seen on 22.10)."""

QUEUE_STATUS: Final = "QUEUESTATUS"
RECORDING: Final = "MIXMONITOR_FILENAME"
ASKED_BY: Final = "TRANSFERERNAME"
ANSWERED_BY: Final = "DIALEDPEERNAME"
"""Set by Dial() on the channel that dials, once somebody has answered it, and kept (seen on 22.10)."""
VARIABLES: Final = f"{ON_HOLD},{QUEUE_STATUS},{RECORDING},{ASKED_BY},{ANSWERED_BY}"

UNSET: Final = frozenset({"", "(null)"})
"""What `Status` says of a variable that was never set: the second on 22.10."""

MOST_ASKED: Final = 1000
"""Channels of a PBX that is asked for its `Status`: that locks each of them in turn, `CoreShowChannels` none."""


class Ask(Protocol):
    """Sends an action. Raises errors.PbxError."""

    async def __call__(self, action: str, *headers: tuple[str, str]) -> Response: ...


async def read_start(pbx: str, ask: Ask, now: datetime) -> LinkUp:
    """Return that the PBX is heard, and since when it runs.

    Its own time; `now` stands in where it does not tell it (before Asterisk 12). Raises errors.PbxError.
    """
    at = time_of((await ask("Ping")).message) or now
    try:
        started = started_at((await ask("CoreStatus")).message)
    except ActionFailed:
        started = None
    return LinkUp(pbx, at, started)


async def ask_state(pbx: str, ask: Ask, now: datetime) -> StateAsked:
    """Return that the state is being asked for, to be told before `read_state` asks. Raises errors.PbxError."""
    return StateAsked(pbx, time_of((await ask("Ping")).message) or now)


async def read_state(asked: StateAsked, ask_list: Ask) -> tuple[Fact, ...]:
    """Return what a PBX says of itself: the endpoints it knows, and all channels.

    Needs the `reporting` class for writing. Raises errors.PbxError.
    """
    pbx, at = asked.pbx, asked.at
    endpoints = endpoints_of(await _if_it_can(ask_list, "ExtensionStateList"))
    channels = [m for m in (await ask_list("CoreShowChannels")).items if m.get("Uniqueid")]
    bridges = await _if_it_can(ask_list, "BridgeList")
    queues = [m for m in await _if_it_can(ask_list, "QueueStatus") if m.name == "QueueEntry" and m.get("Uniqueid")]
    parked = await _parked(ask_list, channels, bridges)
    slots = await _slots(ask_list) if None in parked.values() else frozenset()
    more = await _status(ask_list) if 0 < len(channels) <= MOST_ASKED else {}
    return (
        EndpointsLearnt(pbx, at, endpoints),
        StateRead(
            pbx,
            at,
            tuple(seen(m, at, more.get(m["Uniqueid"])) for m in channels),
            {m["Uniqueid"]: m.get("Queue", "") for m in queues},
            frozenset(m["BridgeUniqueid"] for m in bridges if m.get("BridgeTechnology") == HOLDING),
            frozenset(m["BridgeUniqueid"] for m in bridges if m.get("BridgeCreator") == ROOM),
            {m["Uniqueid"]: at - timedelta(seconds=number(m.get("Wait")) or 0) for m in queues},
            parked,
            slots,
        ),
    )


async def list_channels(asked: StateAsked, ask_list: Ask) -> tuple[Fact, ...]:
    """Return which channels there are, and no more. Raises errors.PbxError."""
    items = (await ask_list("CoreShowChannels")).items
    return (ChannelsListed(asked.pbx, asked.at, frozenset(m["Uniqueid"] for m in items if m.get("Uniqueid"))),)


async def _parked(ask_list: Ask, channels: Iterable[Message], bridges: Iterable[Message]) -> Mapping[str, str | None]:
    """Return who is parked, and in which slot; None where they are seen in a car park, but the PBX may not say more."""
    car_parks = {m["BridgeUniqueid"] for m in bridges if m.get("BridgeType") == CAR_PARK}
    found: dict[str, str | None] = {m["Uniqueid"]: None for m in channels if m.get("BridgeId") in car_parks}
    items = await _if_it_can(ask_list, "ParkedCalls")
    return found | {m["ParkeeUniqueid"]: m.get("ParkingSpace") or None for m in items if m.get("ParkeeUniqueid")}


async def _slots(ask_list: Ask) -> frozenset[str]:
    """Return the slots that are taken. A PBX of many devices has many to tell, so this is asked where it is needed."""
    items = await _if_it_can(ask_list, "DeviceStateList")
    taken = (m.get("Device", "") for m in items if m.get("State") not in FREE)
    return frozenset(device.removeprefix(SLOT).partition("@")[0] for device in taken if device.startswith(SLOT))


async def _if_it_can(ask_list: Ask, action: str) -> tuple[Message, ...]:
    """Return a list; empty where the PBX does not know the question, or may not answer it to us.

    A PBX without queues has no QueueStatus, and so has one that is still loading
    its modules: AMI lets us in before that (seen on 22.10). Nobody waits there.
    """
    try:
        return (await ask_list(action)).items
    except ActionFailed:
        return ()


async def _status(ask_list: Ask) -> Mapping[str, Message]:
    """Return more of each channel, by its id; nothing where the PBX may not or cannot: it is worth no resync."""
    try:
        items = (await ask_list("Status", ("Variables", VARIABLES))).items
    except (ActionFailed, ActionTimeout):
        return {}
    return {m["Uniqueid"]: m for m in items if m.get("Uniqueid")}


def seen(m: Message, at: datetime, more: Message | None = None) -> ChannelSeen:
    """Return one CoreShowChannel as the channel it tells of, with what `Status` says of it besides."""
    state = m.get("ChannelStateDesc", "")
    application = m.get("Application", "")
    told = variables_of(more)
    placed = is_placed(application, state, more)
    return ChannelSeen(
        channel=m["Uniqueid"],
        name=m.get("Channel", ""),
        linkedid=m.get("Linkedid") or m["Uniqueid"],
        up=state == "Up",
        ringing=state == "Ringing",
        calling=application not in DIALLED and state in CALLING | REFUSED and not placed,
        number=given(m, "CallerIDNum"),
        caller_name=name_given(m),
        exten=(given(more, "DNID") if more is not None else None) or given(m, "Exten"),
        bridge=m.get("BridgeId") or None,
        since=began(m.get("Duration", ""), at),
        on_hold=told[ON_HOLD] == "1" if ON_HOLD in told else None,
        placed=placed,
        voicemail=application == VOICEMAIL,
        queue=m.get("ApplicationData", "").partition(",")[0] or None if application == QUEUE else None,
        queue_status=told.get(QUEUE_STATUS),
        recording=told.get(RECORDING),
        dials=application == DIAL,
        answered_by=told.get(ANSWERED_BY),
        asked_by=told.get(ASKED_BY),
    )


def is_placed(application: str, state: str, more: Message | None) -> bool:
    """Tell whether the PBX called a channel by itself: nobody dialled a number on it (seen on 22.10)."""
    if application in DIALLED:
        return application == PLACED
    return state == "Up" and more is not None and "DNID" in more and given(more, "DNID") is None


def variables_of(more: Message | None) -> dict[str, str]:
    """Return the variables a `Status` item shows: `Variable: QUEUESTATUS=TIMEOUT`, those that are set."""
    pairs = [each.partition("=") for each in more.all("Variable")] if more is not None else []
    return {name: value for name, _, value in pairs if value not in UNSET}


def began(duration: str, at: datetime) -> datetime | None:
    """Return when a channel began, from how long it has been there: `00:01:07`."""
    parts = duration.split(":")
    if len(parts) != 3 or not all(number(part) is not None for part in parts):  # noqa: PLR2004 - hours, minutes, seconds
        return None
    hours, minutes, seconds = map(int, parts)
    try:
        return at - timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return None


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
