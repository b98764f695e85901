"""The customers, and by which numbers they are found."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import orjson
from sqlalchemy import Column, ColumnElement, Connection, Select, bindparam, delete, func, insert, select, tuple_

from callbridge.calls.customer import Matched
from callbridge.clock import Clock
from callbridge.errors import NotThere
from callbridge.ports import Choice, CustomerNumber, CustomerQuery, Found, KeptCustomer
from callbridge.store import upserts
from callbridge.store.access import Access
from callbridge.store.columns import moment, sought
from callbridge.store.people_tables import customer_numbers, customers, number_choices
from callbridge.store.prepared import Prepared, plain
from callbridge.store.rows import Row

_c: Final = customers.c
_n: Final = customer_numbers.c
_h: Final = number_choices.c

AT_ONCE: Final = 1000
"""Ids asked for in one statement: SQLite takes 32,766 values, PostgreSQL 32,767."""
LAST_LETTER: Final = "\U0010ffff"

_CUSTOMER: Final = tuple(column for column in _c if column.name != "sought")
_NUMBER: Final = (_n.kind, _n.written, _n.key, _n.tail, _n.at)

_WRITE: Final = Prepared(upserts.putting_customers)
_DROP_NUMBERS: Final = plain(delete(customer_numbers).where(_n.customer_id == bindparam("of")))
_WRITE_NUMBERS: Final = plain(insert(customer_numbers))
_CHOOSE: Final = Prepared(partial(upserts.replacing, table=number_choices))


def _owners(column: Column[Any]) -> Prepared:
    """Return who has a number of this key or tail, each once: by the first of those of theirs that are such."""
    other = customer_numbers.alias("other")
    theirs = (other.c.customer_id == _n.customer_id, other.c[column.key] == bindparam("wanted"))
    first = select(func.min(other.c.place)).where(*theirs).correlate(customer_numbers).scalar_subquery()
    return plain(
        select(*_CUSTOMER, *_NUMBER)
        .join_from(customer_numbers, customers, _c.id == _n.customer_id)
        .where(column == bindparam("wanted"), _n.place == first)
        .order_by(_n.customer_id)
        .limit(bindparam("most"))
    )


_BY_KEY: Final = _owners(_n.key)
_BY_TAIL: Final = _owners(_n.tail)
_CHOSEN: Final = plain(
    select(*_CUSTOMER, _h.by, _h.at)
    .join_from(number_choices, customers, _c.id == _h.customer_id)
    .where(_h.key == bindparam("wanted"))
)


class SqlCustomers:
    """Fulfils `ports.Customers`."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access = access
        self._clock = clock

    async def by_keys(self, keys: Sequence[str], limit: int) -> Mapping[str, Sequence[Found]]:
        return await self._access.read(partial(_by_keys, keys=keys, limit=limit))

    async def by_tail(self, tail: str, limit: int) -> Sequence[Found]:
        return await self._access.read(partial(_found, _BY_TAIL, wanted=tail, limit=limit))

    async def choices(self, keys: Sequence[str]) -> Mapping[str, tuple[Choice, KeptCustomer]]:
        return await self._access.read(partial(_choices, keys=keys))

    async def whose(
        self, keys: Sequence[str], limit: int
    ) -> tuple[Mapping[str, tuple[Choice, KeptCustomer]], Mapping[str, Sequence[Found]]]:
        return await self._access.read(partial(_whose, keys=keys, limit=limit))

    async def choose(self, choice: Choice) -> None:
        if not await self._access.write(partial(_choose, choice=choice)):
            raise NotThere("There is no customer of this id.")

    async def forget_choice(self, key: str) -> None:
        await self._access.write(partial(_forget_choice, key=key))

    async def customer(self, customer_id: str) -> KeptCustomer | None:
        found = await self._access.read(partial(_whole, which=select(*_CUSTOMER).where(_c.id == customer_id)))
        return found[0] if found else None

    async def customers(self, query: CustomerQuery) -> Sequence[KeptCustomer]:
        return await self._access.read(partial(_whole, which=_wanted(query)))

    async def put(self, customers: Sequence[KeptCustomer]) -> frozenset[str]:
        last = {each.id: each for each in customers}
        # In one order: two daemons that share a database and put the same ones would wait for each other for ever.
        return await self._access.write(partial(_put, customers=[last[each] for each in sorted(last)]))

    async def remove(self, customer_id: str) -> bool:
        return await self._access.write(partial(_remove, customer_id=customer_id))


def _by_keys(connection: Connection, keys: Sequence[str], limit: int) -> Mapping[str, Sequence[Found]]:
    found = {key: _found(_BY_KEY, connection, key, limit) for key in dict.fromkeys(keys)}
    return {key: owners for key, owners in found.items() if owners}


def _found(owners: Prepared, connection: Connection, wanted: str, limit: int) -> Sequence[Found]:
    rows = owners.ask(connection, {"wanted": wanted, "most": limit})
    return [Found(_customer(row), _number(row[len(_CUSTOMER) :])) for row in rows]


def _choices(connection: Connection, keys: Sequence[str]) -> Mapping[str, tuple[Choice, KeptCustomer]]:
    found = ((key, row) for key in dict.fromkeys(keys) for row in _CHOSEN.ask(connection, {"wanted": key}))
    return {key: (Choice(key, row[0], row[-2], moment(row[-1])), _customer(row)) for key, row in found}


def _whose(
    connection: Connection, keys: Sequence[str], limit: int
) -> tuple[Mapping[str, tuple[Choice, KeptCustomer]], Mapping[str, Sequence[Found]]]:
    return _choices(connection, keys), _by_keys(connection, keys, limit)


def _choose(connection: Connection, choice: Choice) -> bool:
    if connection.scalar(select(_c.id).where(_c.id == choice.customer_id)) is None:
        return False
    _CHOOSE(connection, [{"key": choice.key, "customer_id": choice.customer_id, "by": choice.by, "at": choice.at}])
    return True


def _forget_choice(connection: Connection, key: str) -> None:
    connection.execute(delete(number_choices).where(_h.key == key))


def _remove(connection: Connection, customer_id: str) -> bool:
    """Numbers and choices go with it."""
    return connection.execute(delete(customers).where(_c.id == customer_id)).rowcount > 0


def _wanted(query: CustomerQuery) -> Select[Any]:
    order = (_c.sought, _c.id)
    return select(*_CUSTOMER).where(*_conditions(query)).order_by(*order).limit(query.limit)


def _conditions(query: CustomerQuery) -> Iterator[ColumnElement[bool]]:
    if query.after is not None:
        name, customer_id = query.after
        yield tuple_(_c.sought, _c.id) > tuple_(sought(name), customer_id, types=[_c.sought.type, _c.id.type])
    if query.name is not None:
        begins = sought(query.name)
        yield _c.sought >= begins
        yield _c.sought < begins + LAST_LETTER
    if query.type is not None:
        yield _c.type == query.type
    if query.keys:
        yield _c.id.in_(select(_n.customer_id).where(_n.key.in_(query.keys)))


def _whole(connection: Connection, which: Select[Any]) -> Sequence[KeptCustomer]:
    """Return customers with their numbers."""
    found = connection.execute(which).all()
    numbers: defaultdict[str, list[CustomerNumber]] = defaultdict(list)
    theirs = select(_n.customer_id, *_NUMBER).where(_n.customer_id.in_([row[0] for row in found]))
    for owner, *number in connection.execute(theirs.order_by(_n.customer_id, _n.place)):
        numbers[owner].append(_number(number))
    return [KeptCustomer(**row._mapping, numbers=tuple(numbers[row[0]])) for row in found]  # noqa: SLF001 - SQLAlchemy's public way to names


def _put(connection: Connection, customers: Sequence[KeptCustomer]) -> frozenset[str]:
    there = _known(connection, [each.id for each in customers])
    _WRITE(connection, [_customer_row(each) for each in customers])
    # Of all: one that another daemon put since we looked has numbers, too.
    _DROP_NUMBERS(connection, [{"of": each.id} for each in customers])
    _WRITE_NUMBERS(connection, [row for each in customers for row in _number_rows(each)])
    return frozenset(each.id for each in customers) - there


def _known(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    pages = (ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE))
    return frozenset(found for page in pages for found in connection.scalars(select(_c.id).where(_c.id.in_(page))))


def _customer(row: Sequence[Any]) -> KeptCustomer:
    """Read what `_CUSTOMER` found, as the driver gives it, without numbers."""
    found = dict(zip(_CUSTOMER_NAMES, row, strict=False))
    found |= {"created_at": moment(found["created_at"]), "changed_at": moment(found["changed_at"])}
    fields = found["fields"] if isinstance(found["fields"], dict) else orjson.loads(found["fields"])  # SQLite: text
    return KeptCustomer(**found | {"fields": fields, "registered": bool(found["registered"])})


_CUSTOMER_NAMES: Final = tuple(column.name for column in _CUSTOMER)


def _number(row: Sequence[Any]) -> CustomerNumber:
    kind, written, key, tail, at = row
    return CustomerNumber(Matched(kind), written, key, tail, at)


def _customer_row(customer: KeptCustomer) -> Row:
    row = {name: getattr(customer, name) for name in _CUSTOMER_NAMES}
    return row | {"fields": dict(customer.fields), "sought": sought(customer.name)}


def _number_rows(customer: KeptCustomer) -> Iterable[Row]:
    for place, number in enumerate(customer.numbers):
        yield {
            "customer_id": customer.id,
            "place": place,
            "kind": number.kind.value,
            "at": number.at,
            "written": number.written,
            "key": number.key,
            "tail": number.tail,
        }
