"""Every way a call can end: the law of endings asked about all circumstances there are."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import product

from callbridge.calls.call import Call, CallState, Direction, Leg, Party, Reason, Side
from callbridge.calls.outcome import CAUSES, STATUSES, Circumstances, Outcome, conclude
from callbridge.calls.queues import EXITS

AT = datetime(2026, 11, 22, tzinfo=UTC)
NOBODY = Party()
CALL = Call("call_1", "main", "20261122-000001", Direction.INBOUND, CallState.STARTED, NOBODY, NOBODY, AT)
LEG = Leg("PJSIP/1001-1", "1.1", Side.CALLEE, NOBODY)


@cache
def ends() -> Sequence[tuple[CallState, Sequence[Reason | None]]]:
    """Return each end state with the reasons it can have, both in the order of their lists."""
    found = {(outcome.state, outcome.reason) for outcome in outcomes()}
    reasons = (None, *Reason)
    return [
        (state, [reason for reason in reasons if (state, reason) in found])
        for state in CallState
        if any(state is one for one, _ in found)
    ]


def outcomes() -> Iterator[Outcome]:
    for answered_at, known in product((None, AT), circumstances()):
        yield conclude(replace(CALL, answered_at=answered_at), known)


def circumstances() -> Iterator[Circumstances]:
    exits = (None, Reason.QUEUE_KEY, *EXITS.values())
    yes_no = (False, True)
    for gave_up, left, tried, status, voicemail, interrupted in product(
        yes_no, exits, rounds(), (None, *STATUSES), yes_no, yes_no
    ):
        yield Circumstances(gave_up, left, tried, status, voicemail, interrupted)


def rounds() -> Iterator[tuple[Leg, ...]]:
    """Yield rounds of dialling: nobody, or one phone that ended in each way, having rung or not."""
    yield ()
    for rang_at in (None, AT):
        yield (replace(LEG, rang_at=rang_at),)
        yield from ((replace(LEG, rang_at=rang_at, cause=cause),) for cause in CAUSES)
        yield from ((replace(LEG, rang_at=rang_at, dial_status=status),) for status in STATUSES)
