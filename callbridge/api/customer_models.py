"""What `/v1/customers` and `/v1/lookup` take and give."""

from typing import Annotated, Any, Final, Self

import orjson
from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, Field, model_validator

from callbridge.api.call_object import CallObject, CustomerObject
from callbridge.api.missed_models import MissedRowObject
from callbridge.api.resources import Input, Output
from callbridge.api.words import Cursor, Limit, Stamp

MOST_AT_ONCE: Final = 500
MOST_BYTES: Final = 2**20
"""Of a body with many customers."""
MOST_NUMBERS: Final = 200
"""Of one customer: each is read by the number plan, which takes its time."""
MOST_FIELDS_BYTES: Final = 16 * 1024
MOST_FIELDS: Final = 200


def _id(text: str) -> str:
    if text != text.strip() or not text.isprintable():
        raise ValueError("must be printable, without spaces around it")
    if text in {".", ".."}:
        raise ValueError("cannot stand in a path")
    return text


def _line(text: str) -> str | None:
    """Return one line of text without spaces around it; None for an empty one."""
    if not text.replace("\t", " ").isprintable():
        raise ValueError("must be one line, without control characters")
    return text.strip() or None


def _named(text: str) -> str:
    name = _line(text)
    if name is None:
        raise ValueError("must not be empty")
    return name


def _written(numbers: tuple[str, ...]) -> tuple[str, ...]:
    """Return numbers as they were written; empty ones are none."""
    return tuple(written for number in numbers if (written := _line(number)))


def _with_its_plus(number: str) -> str:
    """In a query string + is a space."""
    return f"+{number.strip()}" if number.startswith(" ") else number


def _country(text: str) -> str:
    if text not in SUPPORTED_REGIONS:
        raise ValueError(f'"{text}" is no country; write the two letters of ISO 3166, such as "PT"')
    return text


def _fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields as every JSON parser reads them again."""
    try:
        plain = orjson.dumps(fields)
    except orjson.JSONEncodeError as error:
        raise ValueError(f"cannot be kept: {error}") from None
    if len(plain) > MOST_FIELDS_BYTES:
        raise ValueError(f"must be {MOST_FIELDS_BYTES // 1024} KiB of JSON at most")
    found: dict[str, Any] = orjson.loads(plain)
    return found


Id = Annotated[
    str, Field(min_length=1, max_length=200, description="The CRM's own; any printable text."), AfterValidator(_id)
]
Name = Annotated[str, Field(max_length=300), AfterValidator(_line)]
Type = Annotated[str, Field(max_length=64), AfterValidator(_line)]
TaxId = Annotated[str, Field(max_length=64), AfterValidator(_line)]
Owner = Annotated[str, Field(max_length=128), AfterValidator(_line)]
Url = Annotated[
    str, Field(pattern=r"^https?://[^\s\x00-\x1f]{1,2000}$", description="Where the CRM shows this customer.")
]
Country = Annotated[
    str,
    Field(max_length=2, description="Of numbers written without one, ISO 3166; else that of `[directory]`."),
    AfterValidator(_country),
]
Numbers = Annotated[
    tuple[Annotated[str, Field(max_length=64)], ...],
    Field(max_length=MOST_NUMBERS, description="Written in any way."),
    AfterValidator(_written),
]
Fields = Annotated[
    dict[Annotated[str, Field(max_length=64)], Any],
    Field(max_length=MOST_FIELDS, description="Whatever else the CRM keeps, 16 KiB of JSON at most."),
    AfterValidator(_fields),
]
LongCursor = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_-]*$", max_length=2800, description="`next` of the page before.")
]
"""It holds a name and an id. A line of HTTP ends at 8,190 bytes; of those a letter that is no ASCII takes twelve."""
Prefix = Annotated[str, Field(min_length=1, max_length=128)]
Number = Annotated[
    str, Field(min_length=1, max_length=64, description="Written in any way."), AfterValidator(_with_its_plus)
]
PbxId = Annotated[str, Field(min_length=1, max_length=32)]


class NumbersOf(Input):
    """A branch or a contact; one without a number is not kept."""

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_named)]
    phones: Numbers = ()


Others = Annotated[tuple[NumbersOf, ...], Field(max_length=MOST_NUMBERS)]


class CustomerPath(Input):
    customer_id: Annotated[Id, Field(alias="id")]


class GivenCustomer(Input):
    """A customer, whole: what is left out, it has not."""

    id: Id | None = Field(None, description="As in the path.")
    name: Name | None = None
    type: Type | None = Field(None, description="Such as `lead`, `customer`, `vip`.")
    tax_id: TaxId | None = None
    owner: Owner | None = Field(None, description="Whose customer it is: a person of yours.")
    url: Url | None = None
    country: Country | None = None
    phones: Numbers = ()
    mobiles: Numbers = ()
    branches: Others = ()
    contacts: Others = ()
    fields: Fields = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_not_too_many(self) -> Self:
        others = sum(len(each.phones) for each in (*self.branches, *self.contacts))
        if len(self.phones) + len(self.mobiles) + others > MOST_NUMBERS:
            raise ValueError(f"must have {MOST_NUMBERS} numbers at most")
        return self


class ManyCustomers(Input):
    customers: Annotated[tuple[dict[str, Any], ...], Field(min_length=1, max_length=MOST_AT_ONCE)] = Field(
        description="Each as `PUT` takes it, with its `id`; those that are wrong are refused, and the others taken."
    )


class CustomersQuery(Input):
    limit: Limit = 50
    cursor: LongCursor | None = None
    name: Prefix | None = Field(None, description="What the name begins with, in any case, with accents or without.")
    type: Prefix | None = None
    number: Number | None = Field(None, description="Customers who have this number, written in any way.")


class CustomerCallsQuery(Input):
    limit: Limit = 50
    cursor: Cursor | None = None


class LookupQuery(Input):
    number: Number
    pbx: PbxId | None = Field(None, description="Where it calls: by the number plan of its country.")


class NumbersOfAnswer(Output):
    name: str
    phones: tuple[str, ...]


class CustomerAnswer(Output):
    """A customer; numbers are as they were written."""

    id: str
    name: str | None
    type: str | None
    tax_id: str | None
    owner: str | None
    url: str | None
    country: str | None
    phones: tuple[str, ...]
    mobiles: tuple[str, ...]
    branches: tuple[NumbersOfAnswer, ...]
    contacts: tuple[NumbersOfAnswer, ...]
    fields: dict[str, Any]
    registered: bool = Field(description="Made by callbridge itself, of a call.")
    created_at: Stamp
    changed_at: Stamp


class RefusedField(Output):
    field: str
    message: str


class RefusedCustomer(Output):
    """One that was not taken."""

    place: int = Field(description="Its place in `customers`, from 0.")
    id: str | None
    errors: tuple[RefusedField, ...]


class TakenCustomers(Output):
    """What became of many customers."""

    new: tuple[str, ...] = Field(description="Ids of those that were not there before.")
    changed: tuple[str, ...] = Field(description="Ids of those that were.")
    refused: tuple[RefusedCustomer, ...]


class LookedUp(Output):
    """Whose number it is."""

    number: str = Field(description="What it is found by: E.164, or the text itself where it is no public number.")
    customer: CustomerObject
    failed: bool = Field(description="A source could not answer: nobody knows whether an unknown number is unknown.")
    calls: tuple[CallObject, ...] | None = Field(
        description="The last calls from and to the number, the newest first; null without the scope `calls:read`."
    )
    missed: tuple[MissedRowObject, ...] | None = Field(
        description="Its open rows of the missed list; null without the scope `missed:read`."
    )
