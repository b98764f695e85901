"""What joins channels."""

from dataclasses import dataclass

from callbridge.calls.facts.fact import ChannelFact, Fact


@dataclass(frozen=True, slots=True)
class LocalJoined(ChannelFact):
    """`channel` and `other` are two halves of one Local channel: plumbing."""

    other: str


@dataclass(frozen=True, slots=True)
class BridgeEntered(ChannelFact):
    """The channel came into a bridge. `holding` bridges (parking, music) join nobody to anybody.

    A `room` is a conference's, where people meet who never called one another.
    """

    bridge: str
    holding: bool = False
    room: bool = False


@dataclass(frozen=True, slots=True)
class BridgeLeft(ChannelFact):
    """The channel left a bridge."""

    bridge: str


@dataclass(frozen=True, slots=True)
class BridgeGone(Fact):
    """The bridge is no more."""

    bridge: str
