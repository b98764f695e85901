"""`/v1/calls`: the call log, calls that go on included."""

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from pydantic import Field

from callbridge.api import cursors
from callbridge.api.call_filters import CallFilters, behind, place
from callbridge.api.call_object import CallObject, EventObject
from callbridge.api.cursors import Page
from callbridge.api.problems import Kind
from callbridge.api.resources import Input, Resource
from callbridge.api.scopes import Scope
from callbridge.api.words import Cursor, Limit
from callbridge.errors import NotThere
from callbridge.ports import CallLog, LoggedCall


class CallPath(Input):
    call_id: Annotated[str, Field(alias="id", max_length=200, description="The call's id, such as `call_01995c0e…`.")]


class CallsQuery(CallFilters):
    limit: Limit = 50
    cursor: Cursor | None = None


class EventsQuery(Input):
    limit: Limit = 50
    cursor: Cursor | None = None
    after: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(
        0, description="Events behind this sequence: the last one before the hole."
    )


def resources(log: CallLog) -> tuple[Resource, ...]:
    async def listed(query: CallsQuery) -> dict[str, Any]:
        # One more than wanted, to see whether there is a next page.
        found = await log.calls(query.wanted(query.limit + 1, place(query.cursor) if query.cursor else None))
        return page_of(found, query.limit)

    async def read(path: CallPath) -> dict[str, Any]:
        return as_told(await _found(path.call_id))

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
        Resource(
            "GET",
            "/calls",
            listed,
            Scope.CALLS_READ,
            "List calls, the newest first.",
            answer=Page[CallObject],
            problems=(Kind.TOO_MUCH,),
        ),
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


def page_of(found: Sequence[LoggedCall], limit: int) -> dict[str, Any]:
    """Return a page of calls, given one more than it may have where there are more."""
    after = behind(found[limit - 1]) if len(found) > limit else None
    return cursors.page([as_told(each) for each in found[:limit]], after)


def as_told(logged: LoggedCall) -> dict[str, Any]:
    """Return the call as its last event has it."""
    call: dict[str, Any] = orjson.loads(logged.body)["data"]["call"]
    return call


def _events(told: Sequence[tuple[int, bytes]], limit: int) -> dict[str, Any]:
    items = [orjson.Fragment(body) for _, body in told[:limit]]
    return cursors.page(items, cursors.cursor(told[limit - 1][0]) if len(told) > limit else None)
