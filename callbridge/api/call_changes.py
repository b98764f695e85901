"""What a person changes of a call: whom it is with."""

from collections.abc import Awaitable
from typing import Annotated, Any, Protocol, Self

import orjson
from pydantic import Field, model_validator

from callbridge.api.call_object import CallObject
from callbridge.api.calls import CallPath
from callbridge.api.problems import Kind
from callbridge.api.resources import Input, Resource
from callbridge.api.scopes import Caller, Scope
from callbridge.calls.customer import Customer

Text = Annotated[str, Field(min_length=1, max_length=200)]


class ChosenCustomer(Input):
    id: Annotated[str, Field(min_length=1, max_length=200, description="The CRM's own.")]
    name: Text | None = Field(
        None, description="Left out, all is taken from the call's candidates, or from the directory, where it is there."
    )
    type: Text | None = None
    tax_id: Text | None = None
    owner: Text | None = None
    url: Annotated[str, Field(pattern=r"^https?://[^\s\x00-\x1f]{1,2000}$")] | None = None


class CallChange(Input):
    customer: ChosenCustomer | None = Field(None, description="Whom the call is with; null: nobody that is known.")
    remember: bool = Field(
        False, description="Whether the next call of this number is with them as well; with null: that is forgotten."
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if "customer" not in self.model_fields_set:
            raise ValueError("customer is to be given: null says that the call is with nobody that is known")
        return self


class Choose(Protocol):
    """Changes a call, and returns its last event. Raises NotThere, Conflicting, StoreUnavailable."""

    def __call__(self, call_id: str, customer: Customer | None, by: str, *, remember: bool) -> Awaitable[bytes]: ...


def resources(choose: Choose) -> tuple[Resource, ...]:
    async def change(path: CallPath, body: CallChange, caller: Caller) -> dict[str, Any]:
        customer = None if body.customer is None else Customer(**body.customer.model_dump())
        event = await choose(path.call_id, customer, caller.name, remember=body.remember)
        call: dict[str, Any] = orjson.loads(event)["data"]["call"]
        return call

    return (
        Resource(
            "PATCH",
            "/calls/{id}",
            change,
            Scope.CALLS_WRITE,
            "Say whom a call is with, while it goes on or afterwards. It is told as `call.updated`.",
            answer=CallObject,
            problems=(Kind.NOT_FOUND, Kind.CONFLICT),
        ),
    )
