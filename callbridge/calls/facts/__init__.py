"""What we are told: everything that can change a call, in the field's words.

Adapters translate the PBX's own words into these; nothing else changes a call.
`channel` is always the PBX's id of a channel (Asterisk: Uniqueid), never its
name. Times are aware and in UTC; they are the PBX's own where it gives them.
"""

from callbridge.calls.facts.bridges import BridgeEntered, BridgeGone, BridgeLeft, LocalJoined
from callbridge.calls.facts.channels import (
    CallerIdChanged,
    ChannelBorn,
    ChannelCalls,
    ChannelGone,
    ChannelHeld,
    ChannelProgressed,
    ChannelRang,
    ChannelRenamed,
    ChannelResumed,
    ChannelUp,
    HangupAsked,
)
from callbridge.calls.facts.dialling import CallPlaced, DialBegan, DialEnded, DialFailed, DialTried, VoicemailBegan
from callbridge.calls.facts.fact import ChannelFact, Fact
from callbridge.calls.facts.gaps import (
    BackfillDone,
    Backfilled,
    BackfillFailed,
    ChannelSeen,
    ChannelsListed,
    StateAsked,
    StateRead,
)
from callbridge.calls.facts.handovers import (
    AttendedTransferred,
    BlindTransferred,
    CallParked,
    CallPickedUp,
    CallUnparked,
    ConsultationBegan,
)
from callbridge.calls.facts.links import EndpointsLearnt, LimitsSet, LinkDown, LinkUp, Nonsense, TimePassed
from callbridge.calls.facts.people import (
    CustomerChosen,
    DirectoryAnswered,
    MissedAttempted,
    MissedExpired,
    MissedHidden,
    MissedRestored,
    MissedRulesSet,
)
from callbridge.calls.facts.queues import MemberCalled, QueueAbandoned, QueueEnded, QueueJoined, QueueLeft, QueueTried
from callbridge.calls.facts.recordings import (
    RecordingAsked,
    RecordingBegan,
    RecordingGoesOn,
    RecordingMeasured,
    RecordingMissing,
    RecordingMuted,
    RecordingNamed,
    RecordingStopped,
)

__all__ = [
    "AttendedTransferred",
    "BackfillDone",
    "BackfillFailed",
    "Backfilled",
    "BlindTransferred",
    "BridgeEntered",
    "BridgeGone",
    "BridgeLeft",
    "CallParked",
    "CallPickedUp",
    "CallPlaced",
    "CallUnparked",
    "CallerIdChanged",
    "ChannelBorn",
    "ChannelCalls",
    "ChannelFact",
    "ChannelGone",
    "ChannelHeld",
    "ChannelProgressed",
    "ChannelRang",
    "ChannelRenamed",
    "ChannelResumed",
    "ChannelSeen",
    "ChannelUp",
    "ChannelsListed",
    "ConsultationBegan",
    "CustomerChosen",
    "DialBegan",
    "DialEnded",
    "DialFailed",
    "DialTried",
    "DirectoryAnswered",
    "EndpointsLearnt",
    "Fact",
    "HangupAsked",
    "LimitsSet",
    "LinkDown",
    "LinkUp",
    "LocalJoined",
    "MemberCalled",
    "MissedAttempted",
    "MissedExpired",
    "MissedHidden",
    "MissedRestored",
    "MissedRulesSet",
    "Nonsense",
    "QueueAbandoned",
    "QueueEnded",
    "QueueJoined",
    "QueueLeft",
    "QueueTried",
    "RecordingAsked",
    "RecordingBegan",
    "RecordingGoesOn",
    "RecordingMeasured",
    "RecordingMissing",
    "RecordingMuted",
    "RecordingNamed",
    "RecordingStopped",
    "StateAsked",
    "StateRead",
    "TimePassed",
    "VoicemailBegan",
]
