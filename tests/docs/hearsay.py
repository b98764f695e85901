"""What each AMI event is read as, found out by letting the code read one."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.ami.wire import AmiParser
from callbridge.asterisk.from_ami import APPLICATIONS, DIAL_STATES, FROM_AMI, STATES, VARIABLES, facts_from
from callbridge.calls.facts import Fact

NEEDED: Final = (
    *("Uniqueid", "Linkedid", "Channel", "ChannelStateDesc", "DestUniqueid", "DialStatus", "Newname", "Queue"),
    *("LocalOneUniqueid", "LocalTwoUniqueid", "BridgeUniqueid", "CallerIDNum", "CallerIDName", "Exten", "MemberName"),
    *("TransfererUniqueid", "OrigTransfererUniqueid", "SecondTransfererUniqueid"),
    *("ParkeeUniqueid", "ParkingSpace", "TargetUniqueid"),
)
"""Headers that any event may be asked for; each says its own name here."""

ONLY: Final[Mapping[str, tuple[str, Mapping[str, object]]]] = {
    "Newstate": ("ChannelStateDesc", STATES),
    "DialState": ("DialStatus", DIAL_STATES),
    "VarSet": ("Variable", VARIABLES),
    "Newexten": ("Application", APPLICATIONS),
}
"""Events that are read for some values of one header only."""


def readings() -> Iterator[tuple[str, str, type[Fact]]]:
    """Yield (event, `header: value` it is read for or nothing, the fact it becomes)."""
    for event in FROM_AMI:
        header, values = ONLY.get(event, ("", {"": None}))
        for value in values:
            only = f"{header}: {value}" if header else ""
            (fact,) = facts_from("main", said(event, header, value), datetime(2026, 11, 22, tzinfo=UTC))
            yield event, only, type(fact)


def said(event: str, header: str, value: str) -> Message:
    lines = {name: name for name in NEEDED} | {"Value": "v", "AppData": "a", "Result": "Success"}
    text = "".join(f"{key}: {each}\r\n" for key, each in ({"Event": event} | lines | {header or "X": value}).items())
    (message,) = AmiParser().receive(f"{text}\r\n".encode())
    return message
