"""Customers kept in memory, and numbers written as people write them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from callbridge.calls.customer import Matched
from callbridge.calls.numbers import tail_of
from callbridge.directory.numbers import key_of
from callbridge.errors import StoreUnavailable
from callbridge.ports.customers import Choice, CustomerNumber, CustomerQuery, Found, KeptCustomer

AT: Final = datetime(2026, 11, 22, 10, tzinfo=UTC)


def number(written: str, kind: Matched = Matched.PHONE, at: str | None = None, country: str = "PT") -> CustomerNumber:
    key = key_of(written, country)
    return CustomerNumber(kind, written, key, tail_of(key), at)


def customer(customer_id: str, *numbers: CustomerNumber, url: str | None = None) -> KeptCustomer:
    return KeptCustomer(customer_id, AT, AT, f"Name of {customer_id}", "customer", url=url, numbers=numbers)


@dataclass
class MemoryCustomers:
    """Fulfils `ports.Customers` as far as the directory goes."""

    kept: list[KeptCustomer] = field(default_factory=list)
    chosen: dict[str, Choice] = field(default_factory=dict)
    away: bool = False
    locked: bool = False
    """No answer comes."""
    asked: list[str] = field(default_factory=list)

    def _look(self, what: str) -> None:
        self.asked.append(what)
        if self.away:
            raise StoreUnavailable("The database cannot be reached. Is it up?")

    async def by_keys(self, keys: Sequence[str], limit: int) -> Mapping[str, Sequence[Found]]:
        self._look("keys")
        assert len(set(keys)) == len(keys)
        found = {
            key: [Found(each, one) for each in self.kept for one in each.numbers if one.key == key][:limit]
            for key in keys
        }
        return {key: owners for key, owners in found.items() if owners}

    async def by_tail(self, tail: str, limit: int) -> Sequence[Found]:
        self._look("tail")
        return [Found(each, one) for each in self.kept for one in each.numbers if one.tail == tail][:limit]

    async def choices(self, keys: Sequence[str]) -> Mapping[str, tuple[Choice, KeptCustomer]]:
        self._look("choices")
        if self.locked:
            await asyncio.Event().wait()
        by_id = {each.id: each for each in self.kept}
        return {key: (self.chosen[key], by_id[self.chosen[key].customer_id]) for key in keys if key in self.chosen}

    async def whose(
        self, keys: Sequence[str], limit: int
    ) -> tuple[Mapping[str, tuple[Choice, KeptCustomer]], Mapping[str, Sequence[Found]]]:
        return await self.choices(keys), await self.by_keys(keys, limit)

    async def choose(self, choice: Choice) -> None:
        self.chosen[choice.key] = choice

    async def forget_choice(self, key: str) -> None:
        self.chosen.pop(key, None)

    async def customer(self, customer_id: str) -> KeptCustomer | None:
        raise NotImplementedError

    async def customers(self, query: CustomerQuery) -> Sequence[KeptCustomer]:
        raise NotImplementedError

    async def put(self, customers: Sequence[KeptCustomer]) -> frozenset[str]:
        raise NotImplementedError

    async def remove(self, customer_id: str) -> bool:
        raise NotImplementedError
