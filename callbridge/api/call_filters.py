"""By what calls are searched for: the filters that the list and the export of `/v1/calls` share."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from callbridge.api import cursors
from callbridge.api.resources import Input
from callbridge.api.words import When
from callbridge.calls.call import CallState, Direction, Reason
from callbridge.calls.customer import Match
from callbridge.ports import CallQuery, LoggedCall

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
MOST_MICROS: Final = 2**56
"""In the year 4253."""

Name = Annotated[str, Field(min_length=1, max_length=128)]
Number = Annotated[str, Field(pattern=r"^[+ ]?[0-9*#]{1,30}$")]
Seconds = Annotated[float, Field(gt=0, le=10_000_000)]


class CallFilters(Input):
    """All that are given must hold; one that is given several times holds by any of its values."""

    since: When | None = Field(None, description="Calls that began then or later.")
    until: When | None = Field(None, description="Calls that began before.")
    pbx: Name | None = Field(None, description="Calls of one PBX.")
    state: Annotated[tuple[CallState, ...], Field(max_length=len(CallState))] = Field(
        (), description="Calls in one of these states; may be given several times."
    )
    direction: Annotated[tuple[Direction, ...], Field(max_length=len(Direction))] = Field(
        (), description="Calls that went this way; may be given several times."
    )
    queue: Name | None = Field(None, description="Calls whose queue it is, or was last.")
    agent: Name | None = Field(None, description="Calls of our own person at this extension.")
    number: Number | None = Field(
        None, description="Calls from or to a number, as E.164 (`+351912345678`); or from, to or with an extension."
    )
    did: Number | None = Field(
        None, description="Calls to a number: as E.164 (`+351210000000`), or without a + as the PBX wrote it."
    )
    customer: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Calls with the customer of this id."
    )
    match: Annotated[tuple[Match, ...], Field(max_length=len(Match))] = Field(
        (),
        description="Calls whose number led to `one` customer, to `many` or to `none`, or is `pending`; "
        "may be given several times.",
    )
    reason: Annotated[tuple[Reason, ...], Field(max_length=len(Reason))] = Field(
        (), description="Calls that ended for one of these reasons; may be given several times."
    )
    missed: bool | None = Field(None, description="`true`: calls that were missed; `false`: all others.")
    protocol: Name | None = Field(None, description="The call of a protocol number, such as `20261122-000042`.")
    min_talk_s: Seconds | None = Field(None, description="Calls in which one talked so long; none that goes on.")
    min_wait_s: Seconds | None = Field(None, description="Calls that waited in queues so long.")

    def wanted(self, limit: int, before: tuple[datetime, str] | None = None) -> CallQuery:
        """Return what the log is asked for; `before` is the last call of the page before."""
        return CallQuery(
            limit=limit,
            before=before,
            since=self.since,
            until=self.until,
            pbx=self.pbx,
            states=self.state,
            directions=self.direction,
            queue=self.queue,
            agent=self.agent,
            number=_with_plus(self.number),
            dialled=_with_plus(self.did),
            customer=self.customer,
            matches=self.match,
            reasons=self.reason,
            missed=self.missed,
            protocol=self.protocol,
            min_talk_s=self.min_talk_s,
            min_wait_s=self.min_wait_s,
        )


def _with_plus(number: str | None) -> str | None:
    """In a query string a + that is sent as it is means a space."""
    return number and number.replace(" ", "+")


def behind(call: LoggedCall) -> str:
    """Return the cursor of what follows a call."""
    return cursors.cursor((call.started_at - EPOCH) // MICROSECOND, call.id)


def place(cursor: str) -> tuple[datetime, str]:
    """Return what `behind` was given. Raises Refused."""
    micros, call_id = cursors.values_of(cursor, int, str)
    return EPOCH + timedelta(microseconds=max(0, min(micros, MOST_MICROS))), call_id.replace("\0", "")
