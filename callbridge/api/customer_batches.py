"""`/v1/customer-batches`: how a whole table of customers comes in, over the control socket alone.

Reading a number by its number plan takes more than all the rest. So whoever brings the
table reads them, on another core than the calls have, and says what each is found by; the
daemon reads itself where that was another version of callbridge, whose reading may differ.
"""

from typing import Annotated

from pydantic import Field

from callbridge import __version__
from callbridge.api.customer_models import MOST_BYTES, ManyCustomers, TakenCustomers
from callbridge.api.customers import CustomerDesk, taken
from callbridge.api.resources import Input, Output, Resource
from callbridge.api.scopes import Scope

Keys = dict[str, dict[str, str]]


class NumbersRead(Input):
    version: Annotated[str, Field(max_length=64, description="Of the callbridge that read them.")]
    keys: Keys = Field(description="What each number is found by: `{country: {written: key}}`.")


class CustomerBatch(ManyCustomers):
    numbers: NumbersRead | None = None


class ReadAs(Output):
    """How the daemon reads numbers."""

    version: str
    country: str = Field(description="Of numbers of customers that have none.")


def resources(desk: CustomerDesk) -> tuple[Resource, ...]:
    async def read_as() -> ReadAs:
        return ReadAs(version=__version__, country=desk.country)

    async def take(body: CustomerBatch) -> TakenCustomers:
        numbers = body.numbers
        keys = numbers.keys if numbers is not None and numbers.version == __version__ else {}
        return await taken(body.customers, desk, keys)

    path = "/customer-batches"
    return (
        Resource(
            "GET", path, read_as, Scope.CUSTOMERS_WRITE, "Say how numbers are read.", answer=ReadAs, local_only=True
        ),
        Resource(
            "POST", path, take, Scope.CUSTOMERS_WRITE, "Put some customers of a table.", answer=TakenCustomers,
            most_bytes=MOST_BYTES, local_only=True,
        ),
    )  # fmt: skip
