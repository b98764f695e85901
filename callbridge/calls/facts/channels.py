"""What a channel does: it is born, rings, is up, holds, is renamed, goes."""

from dataclasses import dataclass

from callbridge.calls.facts.fact import ChannelFact


@dataclass(frozen=True, slots=True)
class ChannelBorn(ChannelFact):
    """A channel exists.

    `calling` is True where its device began it (somebody dials), False where
    the PBX did (somebody is being dialled). `exten` is what it wants to reach.
    """

    name: str
    linkedid: str
    calling: bool
    number: str | None = None
    caller_name: str | None = None
    exten: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelCalls(ChannelFact):
    """The device asks for somebody: what some drivers say only after the channel was born."""


@dataclass(frozen=True, slots=True)
class ChannelRang(ChannelFact):
    """The device rings."""


@dataclass(frozen=True, slots=True)
class ChannelProgressed(ChannelFact):
    """The far end sends sound before it answers: what a carrier does where a phone would ring."""


@dataclass(frozen=True, slots=True)
class ChannelUp(ChannelFact):
    """The channel is up: on a caller's side that may only mean music."""


@dataclass(frozen=True, slots=True)
class ChannelHeld(ChannelFact):
    """This side put the other on hold."""


@dataclass(frozen=True, slots=True)
class ChannelResumed(ChannelFact):
    """This side took the other back from hold."""


@dataclass(frozen=True, slots=True)
class ChannelRenamed(ChannelFact):
    """The channel has another name now (a masquerade)."""

    name: str


@dataclass(frozen=True, slots=True)
class CallerIdChanged(ChannelFact):
    """Who stands behind the channel became known, or is shown otherwise."""

    number: str | None
    caller_name: str | None


@dataclass(frozen=True, slots=True)
class HangupAsked(ChannelFact):
    """The device itself asked to hang up: this side ended it. `cause` is Q.850, None where the PBX does not say."""

    cause: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelGone(ChannelFact):
    """The channel is no more. `cause` is Q.850, None where the PBX does not say."""

    cause: int | None = None
