"""All live calls: apply a fact, hear what the world should be told.

    tracker = Tracker({"main": PbxProfile("main")})
    for event in tracker.apply(fact): ...
    changes = tracker.take_changes()    # after some facts, for one commit

The PBX is the authority on what happened. A fact that fits nowhere is kept as
an oddity, never raised: an observer that argues loses calls.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from callbridge.calls import (
    answering,
    arrival,
    backfill,
    clicks,
    consultations,
    dialling,
    ending,
    fetching,
    gap,
    holding,
    identifying,
    limits,
    parking,
    pickups,
    queues,
    recording_files,
    recordings,
    removal,
    reunion,
    ringing,
)
from callbridge.calls import facts as f
from callbridge.calls.call import Agent, Call, Limits
from callbridge.calls.correlation import Key
from callbridge.calls.events import Event
from callbridge.calls.missed import MissedChanges, MissedRules
from callbridge.calls.numbers import PbxProfile
from callbridge.calls.switchboard import ALL_COUNT, NO_LIMITS, Registered, Switchboard


def told_afterwards(board: Switchboard, fact: f.Backfilled) -> None:
    """Apply what the PBX's own log says of a gap, where it is news."""
    law = LAWS.get(type(fact.fact))
    limits.watch_afterwards(board, fact)
    if law is not None and not backfill.is_told(board, fact):
        law(board, fact.fact)


LAWS: Final[Mapping[type[f.Fact], Callable[[Switchboard, Any], None]]] = {
    f.ChannelBorn: fetching.born,
    f.ChannelCalls: arrival.calls,
    f.LocalJoined: arrival.local_joined,
    f.CallerIdChanged: arrival.caller_id_changed,
    f.ChannelRenamed: arrival.renamed,
    f.DialBegan: dialling.dial_began,
    f.CallPlaced: clicks.placing_told,
    f.ChannelRang: ringing.rang,
    f.ChannelProgressed: ringing.rang,
    f.ChannelUp: ringing.up,
    f.DialTried: dialling.dial_tried,
    f.DialEnded: dialling.dial_ended,
    f.VoicemailBegan: ending.voicemail_began,
    f.DialFailed: dialling.dial_failed,
    f.RecordingAsked: recordings.asked,
    f.RecordingNamed: recordings.named,
    f.RecordingBegan: recordings.began,
    f.RecordingMuted: recordings.muted,
    f.RecordingStopped: recordings.stopped,
    f.RecordingGoesOn: recordings.goes_on,
    f.RecordingMeasured: recording_files.measured,
    f.RecordingMissing: recording_files.missing,
    f.BridgeEntered: reunion.entered,
    f.BridgeLeft: answering.left,
    f.BridgeGone: answering.gone,
    f.BlindTransferred: answering.sent_on,
    f.AttendedTransferred: consultations.attended,
    f.ConsultationBegan: consultations.began,
    f.ChannelHeld: holding.held,
    f.ChannelResumed: holding.resumed,
    f.CallPickedUp: pickups.picked_up,
    f.CallParked: parking.parked,
    f.CallUnparked: fetching.unparked,
    f.QueueTried: queues.tried,
    f.QueueJoined: queues.joined,
    f.QueueLeft: queues.left,
    f.QueueAbandoned: queues.abandoned,
    f.QueueEnded: queues.ended,
    f.MemberCalled: queues.member_called,
    f.HangupAsked: ending.hangup_asked,
    f.ChannelGone: reunion.gone,
    f.EndpointsLearnt: gap.endpoints_learnt,
    f.LinkUp: gap.link_up,
    f.LinkDown: gap.link_down,
    f.StateAsked: gap.state_asked,
    f.StateRead: gap.state_read,
    f.ChannelsListed: gap.channels_listed,
    f.Backfilled: told_afterwards,
    f.BackfillDone: backfill.done,
    f.BackfillFailed: backfill.failed,
    f.DirectoryAnswered: identifying.answered,
    f.CustomerChosen: identifying.chosen,
    f.MissedHidden: removal.hidden,
    f.MissedRestored: removal.restored,
    f.MissedAttempted: removal.attempted,
    f.MissedExpired: removal.expired,
    f.MissedRulesSet: removal.rules_set,
    f.TimePassed: gap.time_passed,
    f.LimitsSet: limits.limits_set,
    f.Nonsense: gap.nonsense,
}
"""Each fact and the law it falls under."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What must be written down since the last time: each changed call once, as it is now."""

    calls: tuple[Call, ...]
    agents: tuple[tuple[str, Agent, datetime], ...]
    protocols: Mapping[str, int]
    amended: tuple[Call, ...] = ()
    """Calls that were over before, and of which something was changed since."""
    registered: tuple[Registered, ...] = ()
    """Customers made of unknown callers."""
    missed: MissedChanges = field(default_factory=MissedChanges)


class Tracker:
    """Facts in, events out."""

    def __init__(
        self,
        profiles: Mapping[str, PbxProfile],
        protocols: Mapping[str, int] | None = None,
        limits: Limits = NO_LIMITS,
        missed_rules: MissedRules = ALL_COUNT,
    ) -> None:
        self.board = Switchboard(profiles, protocols, limits, missed_rules)

    def apply(self, fact: f.Fact) -> tuple[Event, ...]:
        """Return what the world should hear because of `fact`, in order."""
        if self.board.backfilled_until and backfill.was_told(self.board, fact):
            return ()
        board = self.board
        board.reads_log = isinstance(fact, f.Backfilled)
        if isinstance(fact, f.ChannelFact):
            board.look_at_clock(fact.pbx, fact.at)
        board.pass_time(fact.pbx, fact.at)
        if not board.asking or not self._waits_for_answer(fact):
            self._abide_by_law(fact)
        if not board.told:
            return ()
        told, board.told = tuple(board.told), []
        afterwards = board.reads_log or board.backfilled_until
        return backfill.marked(board, fact, told) if afterwards else told

    def _abide_by_law(self, fact: f.Fact) -> None:
        law = LAWS.get(type(fact))
        if law is None:
            self.board.odd(f"no law for {type(fact).__name__}")
        else:
            law(self.board, fact)

    def _waits_for_answer(self, fact: f.Fact) -> bool:
        """Tell whether `fact` waits for what its PBX is being asked; play what waited, where this is the answer."""
        board = self.board
        asking = board.asking.get(fact.pbx)
        if asking is None or not isinstance(fact, (f.StateRead, f.ChannelsListed)):
            known = board.channel(fact.pbx, fact.channel) if isinstance(fact, f.ChannelFact) else None
            return asking is not None and asking.keeps(fact, known)
        self._abide_by_law(fact)
        for waited in asking.waiting:
            self._abide_by_law(waited)
        return True

    def take_changes(self) -> Changes:
        """Return everything that changed since this was last asked, and forget that it did."""
        board = self.board
        seen = tuple((pbx, agent, at) for (pbx, _), (agent, at) in board.roster.seen.items())
        calls = tuple(board.open[key].refreshed() if key in board.open else call for key, call in board.changed.items())
        amended, registered = tuple(board.amended.values()), tuple(board.registered.values())
        changes = Changes(calls, seen, board.new_protocols, amended, registered, board.missed.take_changes())
        board.changed, board.roster.seen, board.new_protocols = {}, {}, {}
        board.amended, board.registered = {}, {}
        return changes

    def remembers(self, call: Call) -> bool:
        """Tell whether more may be told of a call, so that it must be written down as we know it."""
        return not call.over or call.id in self.board.settling

    @property
    def awaits_files(self) -> bool:
        """Whether a file of a recording is to be looked at."""
        return bool(self.board.unsettled)

    def awaited(self) -> Mapping[str, recording_files.AwaitedFile]:
        """Return the recordings whose files are to be looked at.

        Answer with `facts.RecordingMeasured`, `facts.RecordingMissing` or `facts.RecordingGoesOn`.
        """
        return recording_files.awaited(self.board)

    @property
    def awaits_directory(self) -> bool:
        """Whether the directory is to be asked for a number."""
        return self.board.enquiries.open

    def wanted(self) -> Mapping[Key, Sequence[str]]:
        """Return the numbers the directory is to be asked for, as (pbx, number), with the calls that wait.

        Answer with `facts.DirectoryAnswered`.
        """
        return self.board.enquiries.wanted()

    def next_deadline(self, pbx: str) -> datetime | None:
        """Return when `facts.TimePassed` is wanted for a PBX, in its own time; None while nothing waits."""
        return self.board.next_deadline(pbx)

    def next_telling(self, pbx: str) -> datetime | None:
        """Return when the next of what is held back of a PBX's calls is told; for a tape that is over."""
        return self.board.next_telling(pbx)

    def progress(self, pbx: str) -> Mapping[str, int]:
        """Return how many events each live call of a PBX has had."""
        return {key: work.call.sequence for key, work in self.board.open.items() if work.call.pbx == pbx}

    @property
    def live_calls(self) -> int:
        """How many calls are not over."""
        return len(self.board.open)
