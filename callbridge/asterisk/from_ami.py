"""AMI events as facts: one table, each row an event's name and how it reads.

Only what stands here is asked of Asterisk (see `EVENTS_NEEDED` for the
server-side filter) and only this module knows AMI's header names.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from sys import intern
from typing import Final

from callbridge.asterisk.ami.wire import Message
from callbridge.calls import facts as f

Reading = Callable[[str, datetime, Message], f.Fact | None]

NOT_GIVEN: Final = frozenset({"<unknown>", ""})
"""What Asterisk writes in place of a caller ID it does not have."""

C_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
C_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
IN_BRACKETS: Final = re.compile(r"\([^)]*\)")
QUOTED_PAIR: Final = re.compile(r'\\(["\\])')

MOST_DIGITS: Final = 10
"""Of a counter of 32 bits."""

CALLING: Final = frozenset({"Ring", "Up"})
"""ChannelStateDesc of a new channel whose device began it; one the PBX dials out on is born Down."""


def facts_from(pbx: str, message: Message, received_at: datetime) -> tuple[f.Fact, ...]:
    """Return what an AMI message tells; () for all that is not about calls.

    The time is the PBX's own (`timestampevents = yes`), else when it was received.
    A message that lacks what its event must have is told as Nonsense.
    """
    name = message.name
    reading, rarely = FROM_AMI.get(name), RARELY_NEEDED.get(name)
    if reading is None or not message.is_event or (rarely is not None and not rarely.search(message.raw)):
        return ()
    at = time_of(message) or received_at
    try:
        fact = reading(pbx, at, message)
    except (KeyError, ValueError):
        return (f.Nonsense(pbx, at, f"unreadable {name}"),)
    return () if fact is None else (fact,)


def time_of(message: Message) -> datetime | None:
    """Return the event's own time, None where it has none that can be read."""
    written = message.get("Timestamp")
    if written is None:
        return None
    try:
        return datetime.fromtimestamp(float(written), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def given(message: Message, key: str) -> str | None:
    """Return a caller ID's text exactly, None where Asterisk says there is none."""
    value = message.get(key)
    return None if value is None or value in NOT_GIVEN else value


def unescaped(value: str) -> str:
    """Return a text that AMI wrote as a C string."""
    return C_ESCAPE.sub(lambda found: C_ESCAPES.get(found[1], found[1]), value)


def name_given(message: Message) -> str | None:
    r"""Return a caller's name as the caller wrote it.

    AMI escapes names as C strings (since 13: `"` comes as `\"`), and PJSIP hands
    on the `\"` and `\\` of SIP's quoted strings as they stand.
    """
    value = given(message, "CallerIDName")
    if value is None or "\\" not in value:
        return value
    text = unescaped(value)
    return QUOTED_PAIR.sub(r"\1", text) if (message.get("Channel") or "").startswith("PJSIP/") else text


def number(text: str | None) -> int | None:
    """Return a whole number, None where there is none, or one no counter of Asterisk's reaches."""
    return int(text) if text is not None and text.isdecimal() and len(text) <= MOST_DIGITS else None


def _newchannel(pbx: str, at: datetime, m: Message) -> f.Fact:
    return f.ChannelBorn(
        pbx,
        at,
        m["Uniqueid"],
        m["Channel"],
        m.get("Linkedid") or m["Uniqueid"],
        m.get("ChannelStateDesc") in CALLING,
        given(m, "CallerIDNum"),
        name_given(m),
        given(m, "Exten"),
    )


def _newstate(pbx: str, at: datetime, m: Message) -> f.Fact | None:
    state = STATES.get(m.get("ChannelStateDesc") or "")
    return None if state is None else state(pbx, at, m["Uniqueid"])


def _dial_state(pbx: str, at: datetime, m: Message) -> f.Fact | None:
    state = DIAL_STATES.get(m.get("DialStatus") or "")
    return None if state is None else state(pbx, at, m["DestUniqueid"])


def _dial_begin(pbx: str, at: datetime, m: Message) -> f.Fact:
    return f.DialBegan(pbx, at, m["DestUniqueid"], m.get("Uniqueid"), m.get("DialString"))


def _originated(pbx: str, at: datetime, m: Message) -> f.Fact:
    return f.CallPlaced(pbx, at, m["Channel"], given(m, "Uniqueid"), given(m, "Exten"))


def _dial_end(pbx: str, at: datetime, m: Message) -> f.Fact:
    forward = (m.get("Forward") or "").partition("@")[0].rpartition("/")[2]
    return f.DialEnded(pbx, at, m["DestUniqueid"], m.get("Uniqueid"), intern(m["DialStatus"]), forward or None)


def _bridge_enter(pbx: str, at: datetime, m: Message) -> f.Fact:
    holding, room = m.get("BridgeTechnology") == "holding_bridge", m.get("BridgeCreator") == "ConfBridge"
    return f.BridgeEntered(pbx, at, m["Uniqueid"], m["BridgeUniqueid"], holding, room)


def _blind_transfer(pbx: str, at: datetime, m: Message) -> f.Fact | None:
    if m.get("Result") not in DONE:
        return None
    return f.BlindTransferred(pbx, at, m["TransfererUniqueid"], m.get("Extension") or None)


def _attended_transfer(pbx: str, at: datetime, m: Message) -> f.Fact | None:
    if m.get("Result") not in DONE:
        return None
    stays = m.get("DestType") == "Threeway"
    return f.AttendedTransferred(pbx, at, m["OrigTransfererUniqueid"], m["SecondTransfererUniqueid"], stays)


def _varset(pbx: str, at: datetime, m: Message) -> f.Fact | None:
    variable = VARIABLES.get(m.get("Variable") or "")
    value = m.get("Value")
    return None if variable is None or not value else variable(pbx, at, m["Uniqueid"], value)


def _newexten(pbx: str, at: datetime, m: Message) -> f.Fact | None:
    application = APPLICATIONS.get(m.get("Application") or "")
    return None if application is None else application(pbx, at, m["Uniqueid"], m.get("AppData") or "")


def first(data: str) -> str:
    """Return the first argument of a dialplan application."""
    return data.partition(",")[0]


def records_bridged_only(data: str) -> bool:
    """Tell whether MixMonitor has the option `b`; what stands in brackets belongs to another option."""
    _, _, more = data.partition(",")
    return "b" in IN_BRACKETS.sub("", more.partition(",")[0])


def _parked(pbx: str, at: datetime, m: Message) -> f.Fact:
    return f.CallParked(pbx, at, m["ParkeeUniqueid"], m["ParkingSpace"], m.get("ParkerDialString") or None)


def _parked_instead(pbx: str, at: datetime, m: Message) -> f.Fact:
    return f.CallParked(
        pbx, at, m["ParkeeUniqueid"], m["ParkingSpace"], m.get("ParkerDialString") or None, instead=True
    )


def _unparked(pbx: str, at: datetime, m: Message) -> f.Fact:
    return f.CallUnparked(pbx, at, m["ParkeeUniqueid"], m["ParkingSpace"], m.get("RetrieverUniqueid"))


def _agent_called(pbx: str, at: datetime, m: Message) -> f.Fact:
    name = m.get("MemberName")
    return f.MemberCalled(pbx, at, m["DestUniqueid"], m["Queue"], None if name == m.get("Interface") else name)


DONE: Final = frozenset({"Success", None})
"""Result of a transfer that took place; others are Fail, Invalid and Not Permitted."""

VARIABLES: Final[Mapping[str, Callable[[str, datetime, str, str], f.Fact]]] = {
    "QUEUESTATUS": f.QueueEnded,
    "DIALSTATUS": f.DialFailed,
    "TRANSFERERNAME": f.ConsultationBegan,
    "MIXMONITOR_FILENAME": lambda pbx, at, channel, path: f.RecordingNamed(pbx, at, channel, unescaped(path)),
}
"""Channel variables that say what no event does."""
APPLICATIONS: Final[Mapping[str, Callable[[str, datetime, str, str], f.Fact]]] = {
    "Dial": lambda pbx, at, channel, data: f.DialTried(pbx, at, channel, first(data).count("&") + 1),
    "Queue": lambda pbx, at, channel, data: f.QueueTried(pbx, at, channel, first(data)),
    "VoiceMail": lambda pbx, at, channel, _: f.VoicemailBegan(pbx, at, channel),
    "MixMonitor": lambda pbx, at, channel, data: f.RecordingAsked(pbx, at, channel, records_bridged_only(data)),
}
"""Dialplan applications that say what no event does; the text is their arguments."""

STATES: Final[Mapping[str, type[f.ChannelFact]]] = {"Ring": f.ChannelCalls, "Ringing": f.ChannelRang, "Up": f.ChannelUp}
DIAL_STATES: Final[Mapping[str, type[f.ChannelFact]]] = {"RINGING": f.ChannelRang, "PROGRESS": f.ChannelProgressed}

FROM_AMI: Final[Mapping[str, Reading]] = {
    "Newchannel": _newchannel,
    "Newstate": _newstate,
    "NewCallerid": lambda pbx, at, m: f.CallerIdChanged(pbx, at, m["Uniqueid"], given(m, "CallerIDNum"), name_given(m)),
    "Rename": lambda pbx, at, m: f.ChannelRenamed(pbx, at, m["Uniqueid"], m["Newname"]),
    "HangupRequest": lambda pbx, at, m: f.HangupAsked(pbx, at, m["Uniqueid"], number(m.get("Cause"))),
    "Hangup": lambda pbx, at, m: f.ChannelGone(pbx, at, m["Uniqueid"], number(m.get("Cause"))),
    "BlindTransfer": _blind_transfer,
    "AttendedTransfer": _attended_transfer,
    "Hold": lambda pbx, at, m: f.ChannelHeld(pbx, at, m["Uniqueid"]),
    "Unhold": lambda pbx, at, m: f.ChannelResumed(pbx, at, m["Uniqueid"]),
    "DialBegin": _dial_begin,
    "DialState": _dial_state,
    "DialEnd": _dial_end,
    "OriginateResponse": _originated,
    "LocalBridge": lambda pbx, at, m: f.LocalJoined(pbx, at, m["LocalOneUniqueid"], m["LocalTwoUniqueid"]),
    "BridgeEnter": _bridge_enter,
    "BridgeLeave": lambda pbx, at, m: f.BridgeLeft(pbx, at, m["Uniqueid"], m["BridgeUniqueid"]),
    "BridgeDestroy": lambda pbx, at, m: f.BridgeGone(pbx, at, m["BridgeUniqueid"]),
    "QueueCallerJoin": lambda pbx, at, m: f.QueueJoined(pbx, at, m["Uniqueid"], m["Queue"], number(m.get("Position"))),
    "QueueCallerLeave": lambda pbx, at, m: f.QueueLeft(pbx, at, m["Uniqueid"], m["Queue"]),
    "QueueCallerAbandon": lambda pbx, at, m: f.QueueAbandoned(pbx, at, m["Uniqueid"], m["Queue"]),
    "AgentCalled": _agent_called,
    "Pickup": lambda pbx, at, m: f.CallPickedUp(pbx, at, m["Uniqueid"], m["TargetUniqueid"]),
    "ParkedCall": _parked,
    "ParkedCallSwap": _parked_instead,
    "UnParkedCall": _unparked,
    "ParkedCallTimeOut": _unparked,
    "MixMonitorStart": lambda pbx, at, m: f.RecordingBegan(pbx, at, m["Uniqueid"]),
    "MixMonitorStop": lambda pbx, at, m: f.RecordingStopped(pbx, at, m["Uniqueid"]),
    "MixMonitorMute": lambda pbx, at, m: f.RecordingMuted(
        pbx, at, m["Uniqueid"], m.get("Direction") or "both", m.get("State") == "1"
    ),
    "VarSet": _varset,
    "Newexten": _newexten,
}
"""Event name → fact. `VarSet` and `Newexten` are needed for a few variables and applications only."""

RARELY_NEEDED: Final[Mapping[str, re.Pattern[bytes]]] = {
    "VarSet": re.compile(f"\nVariable: (?:{'|'.join(VARIABLES)})\r?(?:\n|\\Z)".encode()),
    "Newexten": re.compile(f"\nApplication: (?:{'|'.join(APPLICATIONS)})\r?(?:\n|\\Z)".encode()),
}
"""Half of all events of an unfiltered call are these, and one in ten of them is needed: put aside unread.

A pattern that begins with letters is looked for seven times as fast as one that begins with `^`.
"""

EVENTS_NEEDED: Final = tuple(sorted(set(FROM_AMI) - {"VarSet", "Newexten"}))
FILTERS: Final = (
    f"Event: ({'|'.join(EVENTS_NEEDED)}|FullyBooted|Shutdown)",
    f"Variable: ({'|'.join(VARIABLES)})",
    f"Application: ({'|'.join(APPLICATIONS)})",
)
"""For Asterisk's own `eventfilter`: what matches one of these is sent. POSIX extended, over the whole message."""


def _needless() -> re.Pattern[bytes]:
    events = "|".join((*EVENTS_NEEDED, "FullyBooted", "Shutdown"))
    variables, applications = "|".join(VARIABLES), "|".join(APPLICATIONS)
    needed = rf"ActionID:|(?:Variable: (?:{variables})|Application: (?:{applications}))\r?\n"
    other_line = rf"(?:[^AV\r\n]|(?!{needed})[AV]).*\n"
    return re.compile(rf"(?:Event: (?!(?:{events})\r\n).*\r\n(?:{other_line})*\r\n)+".encode())


NEEDLESS: Final = _needless()
"""One or many whole events that those filters keep away and that are no part of a list: for a PBX without the filters.

To put one aside takes 1.6 µs, to make a message of it and drop that 3.1. A line's first letter is looked at before all
else: without that it would be 2.2.
"""
