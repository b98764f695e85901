"""A call goes to somebody else: it is transferred, picked up, parked."""

from dataclasses import dataclass

from callbridge.calls.facts.fact import ChannelFact


@dataclass(frozen=True, slots=True)
class BlindTransferred(ChannelFact):
    """`channel` sent whoever it was bridged with to the number `wanted`."""

    wanted: str | None = None


@dataclass(frozen=True, slots=True)
class AttendedTransferred(ChannelFact):
    """`channel` and `second`, of one person, leave two calls and join the others; by feature code they are the same.

    With `stays` they join the others, and do not leave: three talk.
    """

    second: str
    stays: bool = False


@dataclass(frozen=True, slots=True)
class ConsultationBegan(ChannelFact):
    """The PBX makes the Local channel `channel`, so that the channel named `by` can ask somebody about its call."""

    by: str


@dataclass(frozen=True, slots=True)
class CallPickedUp(ChannelFact):
    """`channel` took the call for which `target` rings."""

    target: str


@dataclass(frozen=True, slots=True)
class CallParked(ChannelFact):
    """The channel waits in a car park, where it can be had by dialling `slot`; the device `parker` put it there."""

    slot: str | None
    parker: str | None = None
    instead: bool = False
    """It came there in the place of another channel, by an attended transfer."""


@dataclass(frozen=True, slots=True)
class CallUnparked(ChannelFact):
    """The channel is out of the car park: fetched by the channel `retriever`; None where its time there was over."""

    slot: str | None
    retriever: str | None = None
