"""When a mail is sent, and when it is tried again: pure decisions.

What waits for a recipient goes out together, in one mail. It is ready at once, or, where the
same caller was told of lately, once that is long enough ago. With a digest, the mail waits
for its time since the first that was ready.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from callbridge.ports import WaitingNotice

RETRY: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 10, 20, 30, 60, 60, 120, 120, 180, 180, 240, 240, 240)
)
"""The wait after each try that failed: the first are for servers that turn strangers away at first (greylisting)."""
SPREAD: Final = 0.1
"""A wait is made up to this much longer, at random."""
PATIENCE: Final = timedelta(hours=24)
"""For so long a mail is tried; the missed call stays in the list."""
MOST_ROWS: Final = 50
"""In one mail; what is more goes into the next."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with the notices that wait for one recipient; each is in one of them, or stays as it is."""

    send: Sequence[WaitingNotice] = ()
    """In one mail."""
    later: Sequence[tuple[WaitingNotice, datetime]] = ()
    moot: Sequence[WaitingNotice] = ()
    """Made good, or hidden, before it was sent."""
    late: Sequence[WaitingNotice] = ()
    """It has waited too long."""
    since: Mapping[int, datetime] = field(default_factory=dict)
    """When each, by its number, could be sent at the earliest."""


def plan(
    waiting: Sequence[WaitingNotice],
    told: Mapping[str, datetime],
    again_after: timedelta,
    digest: timedelta | None,
    now: datetime,
) -> Plan:
    """Decide. `told` is when the recipient was last told of each caller."""
    gather = digest or timedelta(0)
    begins = {each.number: _begins(each, told, again_after) for each in waiting}
    since = {number: at + gather for number, at in begins.items()}
    moot = [each for each in waiting if each.matter is None]
    late = [each for each in waiting if each.matter and now - since[each.number] > PATIENCE]
    left = [each for each in waiting if each.matter and now - since[each.number] <= PATIENCE]
    ready = [each for each in left if begins[each.number] <= now]
    later = [(each, begins[each.number]) for each in left if begins[each.number] > now]
    due_at = min((since[each.number] for each in ready), default=now)
    if due_at > now:
        return Plan((), [*((each, due_at) for each in ready), *later], moot, late, since)
    return Plan(_in_one_mail(ready), later, moot, late, since)


def _begins(notice: WaitingNotice, told: Mapping[str, datetime], again_after: timedelta) -> datetime:
    last = told.get(notice.caller)
    return notice.made_at if last is None else max(notice.made_at, last + again_after)


def _in_one_mail(ready: Sequence[WaitingNotice]) -> Sequence[WaitingNotice]:
    rows = dict.fromkeys(each.matter.row for each in ready if each.matter)
    chosen = frozenset(list(rows)[:MOST_ROWS])
    return [each for each in ready if each.matter and each.matter.row in chosen]


def again_at(tries: int, since: datetime, now: datetime, jitter: float) -> datetime | None:
    """Return when to try again, after so many tries that all failed; None: never. `jitter` is in [0, 1).

    `since` is when it was to be sent: it is given up by its age, for it is tried with whatever comes after it, too.
    """
    at = now + RETRY[min(tries, len(RETRY)) - 1] * (1 + SPREAD * jitter)
    return at if at - since <= PATIENCE else None
