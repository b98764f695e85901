"""`/v1/lookup`: whose number it is; and what calls there were with a customer."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from callbridge.api import missed
from callbridge.api.call_filters import place
from callbridge.api.call_object import CallObject
from callbridge.api.calls import as_told, page_of
from callbridge.api.cursors import Page
from callbridge.api.customer_models import CustomerCallsQuery, CustomerPath, LookedUp, LookupQuery
from callbridge.api.resources import Resource
from callbridge.api.scopes import Caller, Scope
from callbridge.calls.customer import Customer, Known
from callbridge.calls.missed import MissedState
from callbridge.directory.directory import Directory
from callbridge.ports import CallLog, CallQuery, MissedList, MissedQuery

LAST_CALLS: Final = 5
MOST_ROWS: Final = 20
"""Of the missed list: a caller has one at each PBX."""
ANYWHERE: Final = ""
"""No PBX's id: the country of `[directory]` is asked for."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is asked whose number it is, and what calls there were."""

    directory: Directory
    calls: CallLog
    missed: MissedList


def resources(lookup: Lookup) -> tuple[Resource, ...]:
    async def look_up(query: LookupQuery, caller: Caller) -> dict[str, Any]:
        pbx = query.pbx or ANYWHERE
        key = lookup.directory.key(pbx, query.number)
        answer = await lookup.directory.ask(pbx, query.number)
        return {
            "number": key,
            "customer": shown(answer.known),
            "failed": answer.failed,
            "calls": await last_calls(key) if caller.may(Scope.CALLS_READ) else None,
            "missed": await open_rows(key, query.pbx) if caller.may(Scope.MISSED_READ) else None,
        }

    async def last_calls(number: str) -> list[dict[str, Any]]:
        found = await lookup.calls.calls(CallQuery(limit=LAST_CALLS, number=number))
        return [as_told(each) for each in found]

    async def open_rows(number: str, pbx: str | None) -> list[dict[str, Any]]:
        wanted = MissedQuery(limit=MOST_ROWS, states=(MissedState.OPEN,), number=number, pbx=pbx)
        rows = await missed.all_shown(lookup.missed, await lookup.missed.rows(wanted))
        return [row.model_dump(mode="json") for row in rows]

    async def calls_of(path: CustomerPath, query: CustomerCallsQuery) -> dict[str, Any]:
        before = place(query.cursor) if query.cursor else None
        wanted = CallQuery(limit=query.limit + 1, before=before, customer=path.customer_id)
        return page_of(await lookup.calls.calls(wanted), query.limit)

    return (
        Resource(
            "GET", "/lookup", look_up, Scope.CUSTOMERS_READ,
            "Say whose number it is, with its last calls and what was missed of it.", answer=LookedUp,
        ),
        Resource(
            "GET", "/customers/{id}/calls", calls_of, Scope.CALLS_READ,
            "List the calls with a customer, the newest first; also with one whom a CRM alone knows.",
            answer=Page[CallObject],
        ),
    )  # fmt: skip


def shown(known: Known) -> dict[str, Any]:
    """Return who somebody is, as every call has it."""
    whom = asdict(known.customer or Customer(""))
    candidates = [asdict(each) for each in known.candidates]
    return {"match": known.match, **whom, "id": whom["id"] or None, "by": known.by, "candidates": candidates}
