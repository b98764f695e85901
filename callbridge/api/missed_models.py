"""The models of `/v1/missed`."""

from typing import Annotated

from pydantic import Field

from callbridge.api.call_object import CustomerObject, PartyObject
from callbridge.api.resources import Input, Output
from callbridge.api.words import Cursor, Limit, Stamp, When
from callbridge.calls.call import Reason
from callbridge.calls.missed import AttemptKind, MissedState, MissedStatus, RecoveredBy

Name = Annotated[str, Field(min_length=1, max_length=128)]
Person = Annotated[
    str | None,
    Field(min_length=1, max_length=200, description="Who it is that says so, of those the CRM knows; else the token."),
]


class RowPath(Input):
    row_id: Annotated[str, Field(alias="id", max_length=200, description="The row's id, such as `missed_01995c0e…`.")]


class MissedFilters(Input):
    """All that are given must hold; one that is given several times holds by any of its values."""

    state: Annotated[tuple[MissedState, ...], Field(max_length=len(MissedState))] = Field(
        (MissedState.OPEN,), description="Rows in one of these states; may be given several times. Left out: the list."
    )
    status: Annotated[tuple[MissedStatus, ...], Field(max_length=len(MissedStatus))] = Field(
        (), description="By the last that was tried; may be given several times."
    )
    since: When | None = Field(None, description="Rows whose last try was then or later.")
    until: When | None = Field(None, description="Rows whose last try was before.")
    pbx: Name | None = Field(None, description="Rows of one PBX.")
    queue: Name | None = Field(None, description="Rows of callers who waited in this queue.")
    agent: Name | None = Field(None, description="Rows of callers for whom this extension rang.")
    number: Annotated[str, Field(pattern=r"^[+ ]?[^\s+\x00-\x1f]{1,60}$")] | None = Field(
        None, description="The caller's number, as E.164 (`+351912345678`), else as the PBX wrote it."
    )


class MissedListQuery(MissedFilters):
    limit: Limit = 50
    cursor: Cursor | None = None


class HistoryQuery(Input):
    limit: Limit = 50
    cursor: Cursor | None = None


class FiguresQuery(Input):
    since: When = Field(description="Rows whose last try was then or later.")
    until: When = Field(description="Rows whose last try was before.")
    pbx: Name | None = Field(None, description="Rows of one PBX.")
    queue: Name | None = Field(None, description="Rows of callers who waited in this queue.")


class NewAttempt(Input):
    kind: AttemptKind = Field(description="`message` where they were written to, `note` for all else.")
    text: Annotated[str, Field(min_length=1, max_length=2000)]
    by: Person = None


class Hiding(Input):
    by: Person = None
    text: Annotated[str, Field(min_length=1, max_length=2000)] | None = Field(None, description="Why.")


class Restoring(Input):
    by: Person = None


class CallbackObject(Output):
    call: str
    since: Stamp
    extension: str | None
    name: str | None


class MissedRowObject(Output):
    id: str
    pbx: str
    state: MissedState
    status: MissedStatus = Field(description="The last that was tried to reach them.")
    number: str | None = Field(description="E.164; null where it is withheld, or none.")
    raw: str | None = Field(description="As the PBX wrote it.")
    name: str | None
    customer: CustomerObject | None = Field(description="As the last call has it; null where that is kept no longer.")
    count: int = Field(description="How often they tried.")
    first_at: Stamp
    last_at: Stamp
    last_call: str
    reason: Reason | None = Field(description="Of the last try.")
    queue: str | None = Field(description="Of the last try.")
    queues: tuple[str, ...] = Field(description="All in which they waited.")
    rung: tuple[PartyObject, ...] = Field(description="All whose phones rang for them.")
    attempts: int = Field(description="How many lines the history has.")
    callbacks: tuple[CallbackObject, ...] = Field(description="Who calls them back right now.")
    closed_at: Stamp | None
    closed_by: str | None = Field(description="The person who hid it.")
    recovered_by: RecoveredBy | None
    recovered_call: str | None
    recovery_s: float | None = Field(description="From the last try to the answer.")


class AttemptObject(Output):
    number: int
    kind: AttemptKind
    at: Stamp
    call: str | None
    by: str | None = Field(description="The extension, or who said so; null for a rule, and for the caller.")
    name: str | None
    answered: bool | None = Field(description="Of a callback; null while it goes on.")
    text: str | None


class PersonCount(Output):
    name: str
    rows: int


class MissedFiguresObject(Output):
    since: Stamp
    until: Stamp
    rows: int
    calls: int = Field(description="The tries of all of them.")
    by_status: dict[MissedStatus, int] = Field(description="By the last that was tried.")
    by_state: dict[MissedState, int] = Field(
        description="`open` are still there, `recovered` were made good, `hidden` removed by a person, "
        "`expired` by a rule."
    )
    by_person: tuple[PersonCount, ...] = Field(description="Of the hidden: by whom.")
    recovery_s: float | None = Field(description="The mean of the recovered.")
