"""Which channel belongs to which call: a graph of who dialled whom and what is joined.

Linkedid is a hint at best: entering a bridge takes the oldest one, a masquerade
swaps it. What holds is who dialled whom (DialBegan), which two halves make one
Local channel (LocalJoined) and who is in which bridge. So that is what is kept:

- a channel that calls begins a call;
- a channel being dialled belongs to the call of whoever dials it;
- both halves of a Local channel belong to the same call, and are never a leg.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

PLUMBING: Final = frozenset(
    {
        "Local",
        "Message",
        "Announcer",
        "CBAnn",
        "CBRec",
        "Recorder",
        "Snoop",
        "Surrogate",
        "Bridge",
        "Parked",
        "AsyncGoto",
        "ConfBridgeRecorder",
        "MulticastRTP",
        "UnicastRTP",
        "OutgoingSpoolFailed",
    },
)
"""Channel technologies with nobody behind them."""

MOST_GONE: Final = 10_000
"""Channels remembered after their end: what a big PBX ends while it is asked for its state."""

Key = tuple[str, str]
"""(pbx, the PBX's id): two PBXs may use the same id."""


class Kind(StrEnum):
    """What is behind a channel."""

    EXTENSION = "extension"
    TRUNK = "trunk"
    LOCAL = "local"
    PLUMBING = "plumbing"


@dataclass(slots=True)
class Channel:
    """One channel, as long as it lives. `call_id` is None until somebody dials it."""

    key: Key
    name: str
    linkedid: str
    kind: Kind
    calling: bool
    number: str | None = None
    caller_name: str | None = None
    exten: str | None = None
    extension: str | None = None
    call_id: str | None = None
    dialled_by: Key | None = None
    leaving: bool = False
    """Whether somebody asked for its hang-up: its own thread says that it leaves its bridge, maybe later."""
    placed: bool = False
    """The PBX was said to dial it by itself."""
    other_half: Key | None = None
    early: tuple[Key, ...] = ()
    """Of a Local channel's half: whom it dialled before it was known whose call it is part of."""
    bridge: Key | None = None
    rang: bool = False
    up: bool = False

    @property
    def real(self) -> bool:
        """Whether a device is behind it, so that it can be a leg."""
        return self.kind in {Kind.EXTENSION, Kind.TRUNK}


@dataclass(slots=True)
class Bridge:
    """What joins channels. A holding bridge joins nobody to anybody; a room is a conference's."""

    key: Key
    holding: bool
    room: bool = False
    channels: set[Key] = field(default_factory=set)


class ChannelGraph:
    """All channels and bridges that are alive, on all PBXs."""

    def __init__(self) -> None:
        self.channels: dict[Key, Channel] = {}
        self.bridges: dict[Key, Bridge] = {}
        self.gone: dict[Key, None] = {}
        """The latest few that are no more, in the order in which they went: an answer may still name them."""

    def enter(self, channel: Channel, bridge: Key, *, holding: bool, room: bool = False) -> None:
        """Put `channel` into a bridge, out of any other."""
        self.leave(channel)
        known = self.bridges.get(bridge)
        if known is None:
            known = self.bridges[bridge] = Bridge(bridge, holding, room)
        known.channels.add(channel.key)
        channel.bridge = known.key

    def leave(self, channel: Channel) -> None:
        """Take `channel` out of its bridge; a bridge nobody is in is forgotten."""
        bridge = self.bridges.get(channel.bridge) if channel.bridge else None
        channel.bridge = None
        if bridge is None:
            return
        bridge.channels.discard(channel.key)
        if not bridge.channels:
            del self.bridges[bridge.key]

    def drop_bridge(self, key: Key) -> None:
        """Forget a bridge the PBX has no longer."""
        for each in self.members(key):
            each.bridge = None
        self.bridges.pop(key, None)

    def drop(self, channel: Channel) -> None:
        """Forget a channel that is gone."""
        self.leave(channel)
        self.channels.pop(channel.key, None)
        self.gone[channel.key] = None
        if len(self.gone) > MOST_GONE:
            del self.gone[next(iter(self.gone))]
        other = self.channels.get(channel.other_half) if channel.other_half else None
        if other is not None:
            other.other_half = None

    def members(self, bridge: Key) -> tuple[Channel, ...]:
        """Return who is in a bridge, in the order of their ids."""
        found = self.bridges.get(bridge)
        return tuple(self.channels[key] for key in sorted(found.channels)) if found else ()

    def joined_with(self, start: Channel) -> tuple[Channel, ...]:
        """Return every real channel that can hear `start`, itself included: through bridges and Local channels."""
        return tuple(each for each in self.reached(start) if each.real)

    def reached(self, start: Channel) -> tuple[Channel, ...]:
        """Return every channel on the way to whoever can hear `start`, in the order of their ids."""
        seen = {start.key}
        reached = [start]
        for channel in reached:
            for key in self._next_to(channel):
                if key not in seen and key in self.channels:
                    seen.add(key)
                    reached.append(self.channels[key])
        return tuple(self.channels[key] for key in sorted(seen) if key in self.channels)

    def named(self, pbx: str, name: str) -> Channel | None:
        """Return the channel of that name. Costs a walk over all channels: for rare moments only."""
        return next((each for each in self.of_pbx(pbx) if each.name == name), None)

    def _next_to(self, channel: Channel) -> Iterable[Key]:
        bridge = self.bridges.get(channel.bridge) if channel.bridge else None
        here = () if bridge is None or bridge.holding else bridge.channels
        return here if channel.other_half is None else (*here, channel.other_half)

    def of_call(self, call_id: str) -> tuple[Channel, ...]:
        """Return a call's channels that are alive. Costs a walk over all channels: for rare moments only."""
        return tuple(each for each in self.channels.values() if each.call_id == call_id)

    def of_pbx(self, pbx: str) -> Iterable[Channel]:
        """Return a PBX's channels that are alive."""
        return tuple(each for each in self.channels.values() if each.key[0] == pbx)


def kind_of(name: str, extension: str | None) -> Kind:
    """Return what is behind a channel of this name; `extension` is what the number plan found, None for a trunk."""
    technology = name.partition("/")[0]
    if technology == "Local":
        return Kind.LOCAL
    if technology in PLUMBING:
        return Kind.PLUMBING
    return Kind.EXTENSION if extension else Kind.TRUNK
