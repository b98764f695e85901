"""`/v1/calls`: the call log, calls that go on included."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import orjson
from pydantic import Field

from callbridge.api import cursors
from callbridge.api.call_object import CallObject, EventObject
from callbridge.api.cursors import Page
from callbridge.api.problems import Kind
from callbridge.api.resources import Input, Resource
from callbridge.api.scopes import Scope
from callbridge.api.words import Cursor, Limit, When
from callbridge.calls.call import CallState, Direction
from callbridge.errors import NotThere
from callbridge.ports import CallLog, CallQuery, LoggedCall

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
MOST_MICROS: Final = 2**56
"""In the year 4253."""

Name = Annotated[str, Field(min_length=1, max_length=128)]


class CallPath(Input):
    call_id: Annotated[str, Field(alias="id", max_length=200, description="The call's id, such as `call_01995c0e…`.")]


class CallsQuery(Input):
    limit: Limit = 50
    cursor: Cursor | None = None
    since: When | None = Field(None, description="Calls that began then or later.")
    until: When | None = Field(None, description="Calls that began before.")
    pbx: Name | None = Field(None, description="Calls of one PBX.")
    state: Annotated[tuple[CallState, ...], Field(max_length=len(CallState))] = Field(
        (), description="Calls in one of these states; may be given several times."
    )
    direction: Annotated[tuple[Direction, ...], Field(max_length=len(Direction))] = Field(
        (), description="May be given several times."
    )
    queue: Name | None = Field(None, description="Calls whose queue it is, or was last.")
    agent: Name | None = Field(None, description="Calls of our own person at this extension.")
    number: Annotated[str, Field(pattern=r"^[+ ]?[0-9*#]{1,30}$")] | None = Field(
        None, description="Calls from or to a number, as E.164 (`+351912345678`); or from, to or with an extension."
    )


class EventsQuery(Input):
    limit: Limit = 50
    cursor: Cursor | None = None
    after: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(
        0, description="Events behind this sequence: the last one before the hole."
    )


def resources(log: CallLog) -> tuple[Resource, ...]:
    async def listed(query: CallsQuery) -> dict[str, Any]:
        found = await log.calls(_wanted(query))
        more = found[query.limit - 1] if len(found) > query.limit else None
        return cursors.page([_call(each) for each in found[: query.limit]], _behind(more) if more else None)

    async def read(path: CallPath) -> dict[str, Any]:
        return _call(await _found(path.call_id))

    async def events(path: CallPath, query: EventsQuery) -> dict[str, Any]:
        after = cursors.values_of(query.cursor, int)[0] if query.cursor else query.after
        told = await log.events_of(path.call_id, min(max(after, 0), 2**31 - 1), query.limit + 1)
        if not told:
            await _found(path.call_id)
        return _events(told, query.limit)

    async def _found(call_id: str) -> LoggedCall:
        found = await log.call(call_id)
        if found is None:
            raise NotThere("There is no call of this id.")
        return found

    return (
        Resource("GET", "/calls", listed, Scope.CALLS_READ, "List calls, the newest first.", answer=Page[CallObject]),
        Resource(
            "GET", "/calls/{id}", read, Scope.CALLS_READ, "Read a call.", answer=CallObject, problems=(Kind.NOT_FOUND,)
        ),
        Resource(
            "GET",
            "/calls/{id}/events",
            events,
            Scope.CALLS_READ,
            "List a call's events, byte for byte as they were sent, in their sequence.",
            answer=Page[EventObject],
            problems=(Kind.NOT_FOUND,),
        ),
    )


def _call(logged: LoggedCall) -> dict[str, Any]:
    """Return the call as its last event has it."""
    call: dict[str, Any] = orjson.loads(logged.body)["data"]["call"]
    return call


def _events(told: Sequence[tuple[int, bytes]], limit: int) -> dict[str, Any]:
    items = [orjson.Fragment(body) for _, body in told[:limit]]
    return cursors.page(items, cursors.cursor(told[limit - 1][0]) if len(told) > limit else None)


def _wanted(query: CallsQuery) -> CallQuery:
    """Return what the log is asked for: one call more than wanted, to see whether there is a next page."""
    return CallQuery(
        limit=query.limit + 1,
        before=_place(query.cursor) if query.cursor else None,
        since=query.since,
        until=query.until,
        pbx=query.pbx,
        states=query.state,
        directions=query.direction,
        queue=query.queue,
        agent=query.agent,
        number=query.number and query.number.replace(" ", "+"),  # in a query string + is a space
    )


def _behind(call: LoggedCall) -> str:
    return cursors.cursor((call.started_at - EPOCH) // MICROSECOND, call.id)


def _place(written: str) -> tuple[datetime, str]:
    micros, call_id = cursors.values_of(written, int, str)
    return EPOCH + timedelta(microseconds=max(0, min(micros, MOST_MICROS))), call_id.replace("\0", "")
