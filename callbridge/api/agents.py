"""`/v1/agents`: our own people."""

from typing import Annotated, Any

from pydantic import Field

from callbridge.api.call_object import CallObject
from callbridge.api.calls import as_told
from callbridge.api.problems import Kind
from callbridge.api.resources import Input, Output, Resource
from callbridge.api.scopes import Scope
from callbridge.ports import CallLog, CallQuery

RECENT = 5


class AgentPath(Input):
    extension: Annotated[str, Field(alias="ext", max_length=128, description="The agent's extension, such as `1001`.")]


class RecentQuery(Input):
    limit: Annotated[int, Field(ge=1, le=50, description="How many calls at most.")] = RECENT
    pbx: Annotated[str, Field(min_length=1, max_length=128)] | None = Field(
        None, description="Of several PBXs that have the extension, the one that is meant."
    )


class RecentCalls(Output):
    items: tuple[CallObject, ...]


def resources(log: CallLog) -> tuple[Resource, ...]:
    async def recent(path: AgentPath, query: RecentQuery) -> dict[str, Any]:
        found = await log.calls(CallQuery(query.limit, agent=path.extension, pbx=query.pbx))
        return {"items": [as_told(each) for each in found]}

    return (
        Resource(
            "GET",
            "/agents/{ext}/recent",
            recent,
            Scope.CALLS_READ,
            "List the last calls of an agent, the newest first, each with the customer and where to open it.",
            answer=RecentCalls,
            problems=(Kind.TOO_MUCH,),
        ),
    )
