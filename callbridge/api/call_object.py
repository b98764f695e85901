"""The call object of docs/events.md as models, for the OpenAPI document: every key is always there.

Answers are made of the bytes of events and not of these; a test holds each tape's events against them.
"""

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from callbridge.api.resources import Output
from callbridge.api.words import TIME
from callbridge.calls.call import CallState, Direction, LegState, Side
from callbridge.calls.customer import Match, Matched

Time = Annotated[str, WithJsonSchema(TIME)]


class PartyObject(Output):
    number: str | None = Field(description="E.164; null where it is withheld, or an extension.")
    raw: str | None = Field(description="As the PBX wrote it.")
    name: str | None
    extension: str | None


class AgentObject(Output):
    extension: str
    name: str | None


class CandidateObject(Output):
    id: str | None
    name: str | None
    type: str | None
    tax_id: str | None
    owner: str | None
    url: str | None
    matched: Matched | None = Field(description="Where the number stands, or who says so.")
    at: str | None = Field(description="The branch or the contact whose number it is.")
    source: str | None = Field(description="Which source of the directory knew.")


class CustomerObject(CandidateObject):
    match: Match
    by: str | None = Field(description="Who chose, where a person did.")
    candidates: tuple[CandidateObject, ...]


class MomentObject(Output):
    state: CallState
    at: Time


class LegObject(Output):
    channel: str
    party: Side
    state: LegState
    number: str | None
    extension: str | None
    name: str | None
    uniqueid: str
    hangup_cause: int | None


class PauseObject(Output):
    from_: Time = Field(alias="from")
    to: Time | None


class RecordingObject(Output):
    id: str
    state: str
    file: str | None
    started_at: Time | None
    stopped_at: Time | None
    paused: tuple[PauseObject, ...]
    length_s: float | None
    size: int | None
    measured: bool
    reason: str | None


class MissedObject(Output):
    reason: str | None
    queue: str | None
    rung: tuple[PartyObject, ...]


class TooLongObject(Output):
    limit_s: float
    at: Time


class CallObject(Output):
    """A whole call, as it is now."""

    id: str
    pbx: str
    protocol: str
    direction: Direction
    state: CallState
    from_: PartyObject = Field(alias="from")
    to: PartyObject
    queue: str | None
    agent: AgentObject | None
    customer: CustomerObject
    timeline: tuple[MomentObject, ...]
    started_at: Time
    answered_at: Time | None
    ended_at: Time | None
    wait_s: float | None
    ring_s: float | None
    hold_s: float | None
    talk_s: float | None
    ended_by: Side | None
    hangup_cause: int | None
    reason: str | None
    legs: tuple[LegObject, ...]
    recordings: tuple[RecordingObject, ...]
    notes: tuple[dict[str, Any], ...]
    tags: tuple[str, ...]
    disposition: str | None
    quote: dict[str, Any] | None
    missed: MissedObject | None
    too_long: TooLongObject | None
    merged_into: str | None
    oddities: int


class EventObject(Output):
    """An event as it is sent to subscribers."""

    type: str
    timestamp: Time
    data: dict[str, Any] = Field(description="See docs/events.md.")
