"""A caller waits in a queue, and leaves it."""

from dataclasses import dataclass

from callbridge.calls.facts.fact import ChannelFact


@dataclass(frozen=True, slots=True)
class QueueTried(ChannelFact):
    """The dialplan sends the caller to a queue; whether it lets them in is not known yet."""

    queue: str


@dataclass(frozen=True, slots=True)
class QueueJoined(ChannelFact):
    """The caller waits in a queue, at `position` (1 is next)."""

    queue: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class QueueLeft(ChannelFact):
    """The caller is out of the queue; why is told by what comes before and after."""

    queue: str


@dataclass(frozen=True, slots=True)
class QueueAbandoned(ChannelFact):
    """The caller hung up while waiting."""

    queue: str


@dataclass(frozen=True, slots=True)
class QueueEnded(ChannelFact):
    """The queue let the caller go; `status` is the PBX's own word: TIMEOUT, FULL, JOINEMPTY, LEAVEEMPTY or CONTINUE."""

    status: str


@dataclass(frozen=True, slots=True)
class MemberCalled(ChannelFact):
    """A queue calls a member on `channel`, who is known to it as `member`."""

    queue: str
    member: str | None
