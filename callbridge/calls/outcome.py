"""How a call ended: the law, as tables read from top to bottom."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from callbridge.calls.call import Call, CallState, Direction, Leg, Missed, Reason, Side
from callbridge.calls.missed import MissedRules
from callbridge.calls.open_call import seconds_between

CAUSES: Final[Mapping[int, Reason]] = {
    1: Reason.UNALLOCATED,
    2: Reason.UNALLOCATED,
    3: Reason.UNAVAILABLE,
    17: Reason.BUSY,
    18: Reason.TIMEOUT,
    19: Reason.TIMEOUT,
    20: Reason.UNAVAILABLE,
    21: Reason.REJECTED,
    22: Reason.UNALLOCATED,
    23: Reason.FORWARDED,
    27: Reason.UNAVAILABLE,
    28: Reason.UNALLOCATED,
    34: Reason.CONGESTION,
    38: Reason.CONGESTION,
    41: Reason.CONGESTION,
    42: Reason.CONGESTION,
    44: Reason.CONGESTION,
    58: Reason.CONGESTION,
}
"""Q.850 cause of a leg nobody answered → why. It is finer than the dial status: to
Asterisk's Dial() a phone that rejects (21) is as unavailable as one that is off (20)."""

STATUSES: Final[Mapping[str, Reason]] = {
    "BUSY": Reason.BUSY,
    "NOANSWER": Reason.TIMEOUT,
    "CONGESTION": Reason.CONGESTION,
    "CHANUNAVAIL": Reason.UNAVAILABLE,
    "UNAVAILABLE": Reason.UNAVAILABLE,
    "DONTCALL": Reason.REJECTED,
    "TORTURE": Reason.REJECTED,
}
"""The dial status → why, where the cause says nothing."""

TAKEN_BACK: Final = "CANCEL"
"""The dial status of a phone that rang no more because whoever called is gone, or their call was ended for them."""

BY_REASON: Final[Mapping[Reason, CallState]] = {
    Reason.TIMEOUT: CallState.NO_ANSWER,
    Reason.REJECTED: CallState.NO_ANSWER,
    Reason.BUSY: CallState.BUSY,
    Reason.CONGESTION: CallState.FAILED,
    Reason.UNALLOCATED: CallState.FAILED,
    Reason.UNAVAILABLE: CallState.FAILED,
    Reason.QUEUE_EMPTY: CallState.NO_ANSWER,
    Reason.QUEUE_FULL: CallState.NO_ANSWER,
    Reason.QUEUE_KEY: CallState.NO_ANSWER,
    Reason.ABANDONED: CallState.CANCELLED,
    Reason.TRANSFERRED: CallState.NO_ANSWER,
    Reason.FORWARDED: CallState.NO_ANSWER,
    Reason.VOICEMAIL: CallState.NO_ANSWER,
    Reason.IVR: CallState.NO_ANSWER,
    Reason.INTERRUPTED: CallState.FAILED,
}
"""Why nobody answered → the state the call ends in. The order is the order of
weight where several phones were tried: one that rang unanswered says more than a busy one."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a call at its end, besides the call itself."""

    gave_up: bool
    """The caller hung up while somebody was being called for them, or while they waited."""
    queue_exit: Reason | None
    """Why the last queue was left, where nobody else was dialled after it."""
    tried: tuple[Leg, ...]
    """The legs of the last round of dialling."""
    dial_status: str | None = None
    """The PBX's word for a round in which it could dial nobody."""
    voicemail: bool = False
    """The caller was asked to leave a message."""
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end state with its finer reason."""

    state: CallState
    reason: Reason | None


def conclude(call: Call, known: Circumstances) -> Outcome:
    """Return how `call` ended. Answered is completed, whatever came after it."""
    if call.answered_at is not None:
        return Outcome(CallState.COMPLETED, Reason.INTERRUPTED if known.interrupted else None)
    if known.interrupted:
        return Outcome(CallState.FAILED, Reason.INTERRUPTED)
    if known.voicemail:
        return Outcome(CallState.NO_ANSWER, Reason.VOICEMAIL)
    if known.gave_up:
        abandoned = Reason.ABANDONED if known.queue_exit is Reason.ABANDONED else None
        return Outcome(CallState.CANCELLED, abandoned if known.tried or known.queue_exit else Reason.IVR)
    if declined(known.tried):
        return Outcome(CallState.CANCELLED, Reason.REJECTED)
    return unanswered(known)


def unanswered(known: Circumstances) -> Outcome:
    """Return how a call ended that nobody took back, nor answered."""
    reason = known.queue_exit or weightiest(map(why_unanswered, known.tried))
    if reason is None and any(leg.dial_status == TAKEN_BACK for leg in known.tried):
        return Outcome(CallState.CANCELLED, None)
    reason = reason or STATUSES.get(known.dial_status or "") or Reason.IVR
    return Outcome(BY_REASON[reason], reason)


DECLINED: Final = frozenset({Reason.REJECTED, Reason.BUSY})


def declined(tried: Iterable[Leg]) -> bool:
    """Tell whether the agent did not want the call the PBX was to place for them: then nobody else was called.

    A phone that rang and then is busy was declined: most phones say 486 for it.
    """
    own = [leg for leg in tried if leg.placed and leg.side is Side.CALLER]
    return any(why_unanswered(leg) in (DECLINED if leg.rang_at else {Reason.REJECTED}) for leg in own)


def why_unanswered(leg: Leg) -> Reason | None:
    """Return why a dialled leg was not answered; None where the caller took the call back.

    One of our own phones that never rang did not fail to answer: it was not there.
    Carriers may well ring without saying so.
    """
    reason = CAUSES.get(leg.cause or 0) or STATUSES.get(leg.dial_status or "")
    silent = reason is Reason.TIMEOUT and leg.rang_at is None and not leg.trunk
    return Reason.UNAVAILABLE if silent else reason


def weightiest(reasons: Iterable[Reason | None]) -> Reason | None:
    """Return the reason that stands first in BY_REASON; None where there is none."""
    found = set(reasons)
    return next((reason for reason in BY_REASON if reason in found), None)


def missed(call: Call, rules: MissedRules) -> Missed | None:
    """Return what a missed call leaves behind; None where it was not missed.

    Missed is an inbound call that ended without anybody having answered, unless the rules do not count it.
    """
    if call.direction is not Direction.INBOUND or call.answered_at is not None or not counts(call, rules):
        return None
    rung = {leg.who.extension or leg.channel: leg.who for leg in call.legs if leg.rang_at and leg.side is Side.CALLEE}
    return Missed(call.reason, call.queue, tuple(rung.values()))


def counts(call: Call, rules: MissedRules) -> bool:
    """Tell whether a caller nobody answered counts: in the menu nobody was called for them, or they gave up at once."""
    if call.reason is Reason.IVR and not rules.ivr:
        return False
    gave_up = call.state is CallState.CANCELLED and call.ended_at is not None
    return not gave_up or seconds_between(call.started_at, call.ended_at or call.started_at) >= rules.shortest_s
