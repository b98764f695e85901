"""What is made of a try that is over: a row for the database, a line of the log, figures."""

from datetime import datetime

from callbridge.delivery.retry import Decision, Outcome
from callbridge.delivery.turns import Turn
from callbridge.logs import Action, logger
from callbridge.meters import Meters
from callbridge.ports import Attempt

log = logger()


def attempt(name: str, turn: Turn, outcome: Outcome, decision: Decision, now: datetime) -> Attempt:
    """Return it as the database keeps it."""
    return Attempt(
        *(name, turn.lane, turn.event_id, decision.delivered, now, decision.next_at, outcome.error),
        number=turn.attempt,
        status=outcome.status,
        ms=outcome.ms,
        answer=outcome.answer,
        sequence=turn.sequence,
    )


def measure(meters: Meters, name: str, turn: Turn, outcome: Outcome, now: float) -> None:
    """Count it; `now` is of the monotonic clock."""
    meters.tried(name, outcome.result, outcome.ms / 1000)
    if outcome.delivered and turn.told_at is not None:
        meters.delivered(name, now - turn.told_at)


def log_failure(name: str, turn: Turn, outcome: Outcome, decision: Decision) -> None:
    action = Action.DELIVERY_FAILED if decision.next_at else Action.DELIVERY_GIVEN_UP
    log.warning(
        "not delivered",
        action=Action.DELIVERY_FORBIDDEN if outcome.forbidden else action,
        subscriber=name,
        event_id=turn.event_id,
        attempt=turn.attempt,
        error=outcome.error,
        next_at=decision.next_at,
    )
