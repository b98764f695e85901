"""`/v1/customers`: who is kept, with their numbers; a CRM puts them under its own ids."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from callbridge.api import asking, cursors
from callbridge.api.cursors import Page
from callbridge.api.customer_models import (
    MOST_BYTES,
    CustomerAnswer,
    CustomerPath,
    CustomersQuery,
    GivenCustomer,
    ManyCustomers,
    NumbersOfAnswer,
    RefusedCustomer,
    RefusedField,
    TakenCustomers,
)
from callbridge.api.problems import FieldError, Kind, Refused, invalid
from callbridge.api.resources import Made, Resource
from callbridge.api.scopes import Scope
from callbridge.calls.customer import Matched
from callbridge.calls.numbers import tail_of
from callbridge.clock import Clock
from callbridge.directory.numbers import key_of
from callbridge.errors import NotThere
from callbridge.ports import CustomerNumber, CustomerQuery, Customers, KeptCustomer

AT_ONCE: Final = 8
"""Numbers read before others get their turn: reading one takes some 30 µs."""
UNREAD: Final[Mapping[str, Mapping[str, str]]] = {}


@dataclass(frozen=True, slots=True)
class CustomerDesk:
    """Where customers are kept. `country` is of numbers written without one; `changed` is told of each change."""

    customers: Customers
    clock: Clock
    country: str
    changed: Callable[[], None]


def resources(desk: CustomerDesk) -> tuple[Resource, ...]:
    """Return the resources of the customers that are kept."""
    return (*_asked(desk), *_changed(desk))


def _asked(desk: CustomerDesk) -> tuple[Resource, ...]:
    async def listed(query: CustomersQuery) -> dict[str, Any]:
        found = await desk.customers.customers(_wanted(query, desk.country))
        items = [shown(each).model_dump(mode="json") for each in found[: query.limit]]
        last = found[query.limit - 1] if len(found) > query.limit else None
        return cursors.page(items, cursors.cursor(last.name or "", last.id) if last else None)

    async def read(path: CustomerPath) -> CustomerAnswer:
        found = await desk.customers.customer(path.customer_id)
        if found is None:
            raise _nobody()
        return shown(found)

    reading = Scope.CUSTOMERS_READ
    return (
        Resource("GET", "/customers", listed, reading, "List customers, by name.", answer=Page[CustomerAnswer]),
        Resource(
            "GET", "/customers/{id}", read, reading, "Read a customer.", answer=CustomerAnswer,
            problems=(Kind.NOT_FOUND,),
        ),
    )  # fmt: skip


def _changed(desk: CustomerDesk) -> tuple[Resource, ...]:
    async def put(path: CustomerPath, body: GivenCustomer) -> CustomerAnswer | Made:
        if body.id not in {None, path.customer_id}:
            raise invalid("id", "is not the one in the path; leave it out")
        new = await desk.customers.put([await kept(path.customer_id, body, desk)])
        desk.changed()
        found = await desk.customers.customer(path.customer_id)
        if found is None:
            raise Refused(Kind.CONFLICT, "It was removed at the same moment.")
        return Made(shown(found)) if new else shown(found)

    async def put_many(body: ManyCustomers) -> TakenCustomers:
        return await taken(body.customers, desk)

    async def remove(path: CustomerPath) -> None:
        if not await desk.customers.remove(path.customer_id):
            raise _nobody()
        desk.changed()

    writing = Scope.CUSTOMERS_WRITE
    return (
        Resource(
            "PUT", "/customers/{id}", put, writing, "Put a customer, whole: what is left out, it has no longer.",
            answer=CustomerAnswer, makes=True, problems=(Kind.CONFLICT,),
        ),
        Resource(
            "POST", "/customers", put_many, writing, "Put up to 500 customers; says which were new, and which refused.",
            answer=TakenCustomers, most_bytes=MOST_BYTES,
        ),
        Resource(
            "DELETE", "/customers/{id}", remove, writing, "Remove a customer, with all numbers and choices.",
            problems=(Kind.NOT_FOUND,),
        ),
    )  # fmt: skip


async def taken(
    customers: Sequence[dict[str, Any]], desk: CustomerDesk, keys: Mapping[str, Mapping[str, str]] = UNREAD
) -> TakenCustomers:
    """Put those that are right, in one commit, and say which are not; `keys` as for `kept`."""
    good: dict[str, KeptCustomer] = {}
    refused: list[RefusedCustomer] = []
    for place, customer in enumerate(customers):
        given = checked(customer)
        if isinstance(given, GivenCustomer):
            good[given.id or ""] = await kept(given.id or "", given, desk, keys)
        else:
            refused.append(_refused(place, customer.get("id"), given))
    new = await desk.customers.put(list(good.values()))
    if good:
        desk.changed()
    changed = tuple(each for each in good if each not in new)
    return TakenCustomers(new=tuple(each for each in good if each in new), changed=changed, refused=tuple(refused))


def checked(customer: dict[str, Any]) -> GivenCustomer | Sequence[FieldError]:
    """Return a customer among many as it is to be put, or what is wrong with it."""
    try:
        given = GivenCustomer.model_validate(customer, strict=False)  # for a list to be taken for a tuple
    except ValidationError as error:
        return asking.mistakes_in(GivenCustomer, error)
    return given if given.id else (FieldError(field="id", message="is missing"),)


async def kept(
    customer_id: str, given: GivenCustomer, desk: CustomerDesk, keys: Mapping[str, Mapping[str, str]] = UNREAD
) -> KeptCustomer:
    """Return a customer as it is kept, each number with what it is found by; others get their turn meanwhile.

    `keys` are those of numbers that were read already: `{country: {written: key}}`.
    """
    now, country, numbers = desk.clock.now(), given.country or desk.country, list[CustomerNumber]()
    for kind, written, at in _numbers(given):
        if len(numbers) % AT_ONCE == 0:
            await asyncio.sleep(0)
        key = keys.get(country, {}).get(written) or key_of(written, country)
        numbers.append(CustomerNumber(kind, written, key, tail_of(key), at))
    texts = given.model_dump(include={"name", "type", "tax_id", "owner", "url", "country", "fields"})
    return KeptCustomer(customer_id, now, now, **texts, numbers=tuple(numbers))


def shown(customer: KeptCustomer) -> CustomerAnswer:
    """Return a customer as whoever put it wrote it."""
    direct: defaultdict[Matched, list[str]] = defaultdict(list)
    others: defaultdict[Matched, dict[str, list[str]]] = defaultdict(dict)
    for number in customer.numbers:
        whose = direct[number.kind] if number.at is None else others[number.kind].setdefault(number.at, [])
        whose.append(number.written)
    branches, contacts = (
        tuple(NumbersOfAnswer(name=name, phones=tuple(phones)) for name, phones in others[kind].items())
        for kind in (Matched.BRANCH, Matched.CONTACT)
    )
    return CustomerAnswer(
        id=customer.id,
        name=customer.name,
        type=customer.type,
        tax_id=customer.tax_id,
        owner=customer.owner,
        url=customer.url,
        country=customer.country,
        phones=tuple(direct[Matched.PHONE]),
        mobiles=tuple(direct[Matched.MOBILE]),
        branches=branches,
        contacts=contacts,
        fields=dict(customer.fields),
        registered=customer.registered,
        created_at=customer.created_at,
        changed_at=customer.changed_at,
    )


def _numbers(given: GivenCustomer) -> Iterator[tuple[Matched, str, str | None]]:
    yield from ((Matched.PHONE, written, None) for written in given.phones)
    yield from ((Matched.MOBILE, written, None) for written in given.mobiles)
    for kind, others in ((Matched.BRANCH, given.branches), (Matched.CONTACT, given.contacts)):
        yield from ((kind, written, each.name) for each in others for written in each.phones)


def _wanted(query: CustomersQuery, country: str) -> CustomerQuery:
    """Return what is asked for: one more than wanted, to see whether there is a next page."""
    return CustomerQuery(
        limit=query.limit + 1,
        after=_place(query.cursor) if query.cursor else None,
        name=query.name,
        type=query.type,
        keys=() if query.number is None else (key_of(query.number, country),),
    )


def _place(written: str) -> tuple[str, str]:
    name, customer_id = cursors.values_of(written, str, str)
    return name, customer_id.replace("\0", "")


def _refused(place: int, customer_id: object, errors: Sequence[FieldError]) -> RefusedCustomer:
    told = tuple(RefusedField(field=each.field, message=each.message) for each in errors)
    return RefusedCustomer(place=place, id=customer_id[:200] if isinstance(customer_id, str) else None, errors=told)


def _nobody() -> NotThere:
    return NotThere("There is no customer of this id.")
