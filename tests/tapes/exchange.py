"""An Asterisk's own knowledge of its calls while a tape plays: what it answers when it is asked in the middle.

It follows the tape's messages alone, not what the tracker makes of them, and
answers the questions of `callbridge.asterisk.resync` in the words of Asterisk 22,
as far as the user that README recommends may ask them.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from callbridge.asterisk import resync
from callbridge.asterisk.ami.answers import Response
from callbridge.asterisk.ami.message import Message
from callbridge.calls import facts as f
from callbridge.errors import ActionFailed

SHOWN: Final = (
    "Channel",
    "ChannelStateDesc",
    "CallerIDNum",
    "CallerIDName",
    "Exten",
    "Context",
    "Uniqueid",
    "Linkedid",
)
"""What each event about a channel says of it again."""

BRIDGE: Final = ("BridgeUniqueid", "BridgeType", "BridgeTechnology", "BridgeCreator")

PREFIXES: Final = ("", "Dest", "Transferer", "Transferee", "OrigTransferer", "SecondTransferer", "Parkee", "Retriever")

Items = list[tuple[tuple[str, str], ...]]
"""An answer's events, header by header."""


class Exchange:
    """`hear` the messages one by one; `await` it as what resync asks."""

    def __init__(self) -> None:
        self.now = datetime.fromtimestamp(0, UTC)
        self.channels: dict[str, dict[str, str]] = {}
        self._born: dict[str, datetime] = {}
        self._wanted: dict[str, str] = {}
        self._bridges: dict[str, Message] = {}
        self._waits: dict[str, tuple[str, datetime]] = {}
        self._parked: dict[str, str] = {}
        self._hold: set[str] = set()
        self._variables: dict[str, dict[str, str]] = {}

    async def __call__(self, action: str, *_: tuple[str, str]) -> Response:
        if action in REFUSED:
            raise ActionFailed("Permission denied")
        items = ANSWERS[action](self) if action in ANSWERS else []
        return Response(Message.of(("Response", "Success")), tuple(Message.of(*each) for each in items))

    async def state(self, pbx: str) -> tuple[f.Fact, ...]:
        """Return what a resync finds now."""
        asked = f.StateAsked(pbx, self.now)
        return (asked, *await resync.read_state(asked, self))

    # ── what happens ──

    def hear(self, m: Message, at: datetime) -> None:
        self.now = at
        happens = HAPPENS.get(m.name)
        for prefix in PREFIXES:
            self._see_again(m, prefix)
        if happens is not None and m.is_event:
            happens(self, m)

    def _see_again(self, m: Message, prefix: str) -> None:
        channel = self.channels.get(m.get(f"{prefix}Uniqueid", ""))
        if channel is not None:
            told = {key: m.get(prefix + key) for key in SHOWN}
            channel.update({key: value for key, value in told.items() if value is not None})

    def _is_born(self, m: Message) -> None:
        uniqueid = m["Uniqueid"]
        self._born[uniqueid] = self.now
        self.channels[uniqueid] = {"Event": "CoreShowChannel"} | {key: m.get(key, "") for key in SHOWN}
        if m.get("ChannelStateDesc") == "Ring":
            self._wanted[uniqueid] = m.get("Exten", "")

    def _changes(self, m: Message) -> None:
        if m.get("ChannelStateDesc") == "Ring":  # chan_sip's channels are born Down
            self._wanted.setdefault(m["Uniqueid"], m.get("Exten", ""))

    def _is_gone(self, m: Message) -> None:
        uniqueid = m["Uniqueid"]
        self.channels.pop(uniqueid, None)
        self._hold.discard(uniqueid)
        for each in (self._waits, self._parked, self._variables):
            each.pop(uniqueid, None)

    def _is_dialled(self, m: Message) -> None:
        source = self.channels.get(m.get("Uniqueid", ""), {})
        by = "AppQueue" if source.get("Application") == "Queue" else "AppDial" if source else "AppDial2"
        target = self.channels.get(m["DestUniqueid"], {})
        target.setdefault("Application", by)

    def _runs(self, m: Message) -> None:
        channel = self.channels.get(m["Uniqueid"], {})
        channel.update(Application=m.get("Application", ""), ApplicationData=m.get("AppData", ""))

    def _enters(self, m: Message) -> None:
        self._bridges[m["BridgeUniqueid"]] = m
        self.channels.get(m["Uniqueid"], {})["BridgeId"] = m["BridgeUniqueid"]

    def _leaves(self, m: Message) -> None:
        channel = self.channels.get(m["Uniqueid"], {})
        if channel.get("BridgeId") == m["BridgeUniqueid"]:
            del channel["BridgeId"]

    def _waits_in(self, m: Message) -> None:
        self._waits[m["Uniqueid"]] = (m["Queue"], self.now)

    def _waits_no_more(self, m: Message) -> None:
        self._waits.pop(m["Uniqueid"], None)

    def _is_parked(self, m: Message) -> None:
        self._parked[m["ParkeeUniqueid"]] = m["ParkingSpace"]

    def _is_fetched(self, m: Message) -> None:
        self._parked.pop(m["ParkeeUniqueid"], None)

    def _holds(self, m: Message) -> None:
        self._hold.add(m["Uniqueid"])

    def _resumes(self, m: Message) -> None:
        self._hold.discard(m["Uniqueid"])

    def _is_set(self, m: Message) -> None:
        self._variables.setdefault(m.get("Uniqueid", ""), {})[m["Variable"]] = m.get("Value", "")

    # ── what it answers ──

    def show_channels(self) -> Items:
        return [
            (*each.items(), ("Duration", lasted(self.now - self._born[key]))) for key, each in self.channels.items()
        ]

    def show_bridges(self) -> Items:
        return [
            (("Event", "BridgeListItem"), *((key, value) for key, value in entered.headers if key in BRIDGE))
            for entered in self._bridges.values()
        ]

    def show_queues(self) -> Items:
        return [
            (("Event", "QueueEntry"), ("Queue", queue), ("Uniqueid", key), ("Wait", str((self.now - since).seconds)))
            for key, (queue, since) in self._waits.items()
        ]

    def show_devices(self) -> Items:
        return [
            (("Event", "DeviceStateChange"), ("Device", f"park:{slot}@parkedcalls"), ("State", "INUSE"))
            for slot in self._parked.values()
        ]

    def show_status(self) -> Items:
        return [
            (
                ("Event", "Status"),
                ("Uniqueid", key),
                ("DNID", self._wanted.get(key, "")),
                *(("Variable", line) for line in self._lines(key)),
            )
            for key in self.channels
        ]

    def _lines(self, uniqueid: str) -> list[str]:
        bridge = self.channels[uniqueid].get("BridgeId")
        others = [key for key, each in self.channels.items() if each.get("BridgeId") == bridge and key != uniqueid]
        held = bridge is not None and any(key in self._hold for key in others)
        variables = self._variables.get(uniqueid, {}) | {resync.ON_HOLD: str(int(held))}
        return [f"{name}={value}" for name, value in variables.items()]


def lasted(time: timedelta) -> str:
    """Return a duration as Asterisk shows it, whole seconds."""
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


HAPPENS: Final[Mapping[str, Callable[[Exchange, Message], None]]] = {
    "Newchannel": Exchange._is_born,
    "Newstate": Exchange._changes,
    "Hangup": Exchange._is_gone,
    "DialBegin": Exchange._is_dialled,
    "Newexten": Exchange._runs,
    "BridgeEnter": Exchange._enters,
    "BridgeLeave": Exchange._leaves,
    "QueueCallerJoin": Exchange._waits_in,
    "QueueCallerLeave": Exchange._waits_no_more,
    "ParkedCall": Exchange._is_parked,
    "UnParkedCall": Exchange._is_fetched,
    "ParkedCallTimeOut": Exchange._is_fetched,
    "ParkedCallGiveUp": Exchange._is_fetched,
    "Hold": Exchange._holds,
    "Unhold": Exchange._resumes,
    "VarSet": Exchange._is_set,
}
REFUSED: Final = frozenset({"ParkedCalls"})
"""Who may ask that may hang up calls too."""
ANSWERS: Final[Mapping[str, Callable[[Exchange], Items]]] = {
    "CoreShowChannels": Exchange.show_channels,
    "BridgeList": Exchange.show_bridges,
    "QueueStatus": Exchange.show_queues,
    "DeviceStateList": Exchange.show_devices,
    "Status": Exchange.show_status,
}
