"""Who is dialled for whom, and what came of it."""

from dataclasses import dataclass

from callbridge.calls.facts.fact import ChannelFact, Fact


@dataclass(frozen=True, slots=True)
class DialTried(ChannelFact):
    """The dialplan dials `phones` devices at once for `channel`."""

    phones: int


@dataclass(frozen=True, slots=True)
class DialBegan(ChannelFact):
    """`channel` is being dialled; by `source`, or by the PBX itself where that is None."""

    source: str | None
    dialled: str | None = None


@dataclass(frozen=True, slots=True)
class DialEnded(ChannelFact):
    """Dialling `channel` is over; `status` is ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION or CHANUNAVAIL.

    `forward` is the number to which the phone sends the caller on.
    """

    source: str | None
    status: str
    forward: str | None = None


@dataclass(frozen=True, slots=True)
class DialFailed(ChannelFact):
    """What `channel` dialled came to nothing: the only word said where no phone could even be tried."""

    status: str


@dataclass(frozen=True, slots=True)
class CallPlaced(Fact):
    """What became of an order to place a call to `exten`, `device` first; `channel` is None where nobody came to it."""

    device: str
    channel: str | None
    exten: str | None


@dataclass(frozen=True, slots=True)
class VoicemailBegan(ChannelFact):
    """The caller is asked to leave a message: nobody will answer now."""
