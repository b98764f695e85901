"""`/v1/calls.csv`: the call log as CSV, a line a call."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from aiohttp import web

from callbridge.api import sheets
from callbridge.api.call_filters import CallFilters
from callbridge.api.calls import as_told
from callbridge.api.exports import Exports, Sheet
from callbridge.api.problems import Kind
from callbridge.api.resources import Resource
from callbridge.api.scopes import Scope
from callbridge.api.sheets import SheetQuery
from callbridge.ports import CallLog, LoggedCall

PLAIN: Final = ("protocol", "pbx", "direction", "state", "reason")
TIMES: Final = ("started_at", "answered_at", "ended_at")
PARTY: Final = ("number", "raw", "name", "extension")
CUSTOMER: Final = ("match", "id", "name", "type", "url")
FIGURES: Final = ("wait_s", "ring_s", "hold_s", "talk_s", "ended_by", "hangup_cause", "disposition", "merged_into")
COLUMNS: Final = (
    *("started_local", "timezone"),
    *PLAIN,
    "missed",
    *(f"{side}_{name}" for side in ("from", "to") for name in PARTY),
    *("queue", "agent", "agent_name"),
    *(f"customer_{name}" for name in CUSTOMER),
    *FIGURES,
    "tags",
    *TIMES,
    "id",
)


class CallExportQuery(CallFilters, SheetQuery):
    """Which calls, and how they are written."""


def resources(log: CallLog, exports: Exports | None = None) -> tuple[Resource, ...]:
    sent = exports or Exports()

    async def export(query: CallExportQuery, request: web.Request) -> web.StreamResponse:
        async def read(limit: int, last: LoggedCall | None) -> Sequence[LoggedCall]:
            return await log.calls(query.wanted(limit, None if last is None else (last.started_at, last.id)))

        def row(logged: LoggedCall) -> Sequence[Any]:
            call = as_told(logged)
            return cells(call, sent.zone(call["pbx"]))

        return await sent.send(request, Sheet("calls", COLUMNS, read, row), query)

    return (
        Resource(
            "GET",
            "/calls.csv",
            export,
            Scope.CALLS_READ,
            "Export calls as CSV, the newest first: all that the filters find.",
            produces=sheets.MEDIA_TYPE,
            problems=(Kind.TOO_MUCH,),
        ),
    )


def cells(call: Mapping[str, Any], zone: tzinfo) -> Sequence[Any]:
    """Return the line of a call object, in the order of `COLUMNS`."""
    agent, customer = call["agent"] or {}, call["customer"]
    return (
        sheets.local(datetime.fromisoformat(call["started_at"]), zone),
        str(zone),
        *(call[name] for name in PLAIN),
        call["missed"] is not None,
        *(call[side][name] for side in ("from", "to") for name in PARTY),
        *(call["queue"], agent.get("extension"), agent.get("name")),
        *(customer[name] for name in CUSTOMER),
        *(call[name] for name in FIGURES),
        call["tags"],
        *(call[name] for name in TIMES),
        call["id"],
    )
