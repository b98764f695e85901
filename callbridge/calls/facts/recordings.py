"""What is recorded, and what became of its file."""

from dataclasses import dataclass

from callbridge.calls.facts.fact import ChannelFact, Fact


@dataclass(frozen=True, slots=True)
class RecordingAsked(ChannelFact):
    """The dialplan has the channel recorded: all the time, or while it is in a bridge only."""

    bridged_only: bool


@dataclass(frozen=True, slots=True)
class RecordingNamed(ChannelFact):
    """The file the channel is recorded to."""

    path: str


@dataclass(frozen=True, slots=True)
class RecordingBegan(ChannelFact):
    """The channel is recorded from now on."""


@dataclass(frozen=True, slots=True)
class RecordingMuted(ChannelFact):
    """What the channel hears (`read`), says (`write`) or both is left out of its recordings, or no longer is."""

    direction: str
    muted: bool


@dataclass(frozen=True, slots=True)
class RecordingStopped(ChannelFact):
    """One recording of the channel was ended by command."""


@dataclass(frozen=True, slots=True)
class RecordingMeasured(Fact):
    """The file of a recording that is over has that size; `length_s` is None where its form is not known."""

    recording: str
    length_s: float | None
    size: int


@dataclass(frozen=True, slots=True)
class RecordingGoesOn(Fact):
    """The file of a recording that may be over is still written to; `instead` is the one that is over, if any."""

    recording: str
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingMissing(Fact):
    """There is no file of a recording that is over, or none that may be read; `no_folder`: no place to look."""

    recording: str
    why: str
