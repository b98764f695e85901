"""Customers with their numbers, as the database keeps them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from callbridge.calls.customer import Matched


@dataclass(frozen=True, slots=True)
class CustomerNumber:
    """A number of a customer; `written` as whoever keeps them wrote it.

    `key` is what it is found by (`directory.numbers`), `tail` its last digits, None where it has too few.
    `at` is the name of the branch or the contact it belongs to.
    """

    kind: Matched
    written: str
    key: str
    tail: str | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class KeptCustomer:
    """A customer. `id` is the CRM's own; `fields` whatever else it keeps, plain JSON values by name."""

    id: str
    created_at: datetime
    changed_at: datetime
    name: str | None = None
    type: str | None = None
    tax_id: str | None = None
    owner: str | None = None
    url: str | None = None
    country: str | None = None
    """Of numbers written without one, ISO 3166; None: the directory's."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    registered: bool = False
    """Made by the daemon itself, of a call."""
    numbers: tuple[CustomerNumber, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A customer that a number led to, and by which of theirs."""

    customer: KeptCustomer
    """Without its numbers."""
    number: CustomerNumber


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom a person said that a number belongs to."""

    key: str
    customer_id: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerQuery:
    """Which customers are wanted, in the order of (name, id); None and () mean: whichever.

    `after` is the last one before; a name that is None comes as "".
    """

    limit: int
    after: tuple[str, str] | None = None
    name: str | None = None
    """What the name begins with, in any case, with accents or without."""
    type: str | None = None
    keys: Sequence[str] = ()
    """Those who have one of these numbers."""


class Customers(Protocol):
    """The database's customers. Every method may raise errors.StoreUnavailable."""

    async def by_keys(self, keys: Sequence[str], limit: int) -> Mapping[str, Sequence[Found]]:
        """Return for each key who has it, up to `limit` customers each; a key that nobody has is left out."""

    async def by_tail(self, tail: str, limit: int) -> Sequence[Found]:
        """Return up to `limit` customers with a number that ends so."""

    async def choices(self, keys: Sequence[str]) -> Mapping[str, tuple[Choice, KeptCustomer]]:
        """Return for each key the customer a person chose for it, without numbers; others are left out."""

    async def whose(
        self, keys: Sequence[str], limit: int
    ) -> tuple[Mapping[str, tuple[Choice, KeptCustomer]], Mapping[str, Sequence[Found]]]:
        """Return both `choices` and `by_keys`, in one look."""

    async def choose(self, choice: Choice) -> None:
        """Remember a choice; the last one counts. Raises NotThere where there is no such customer."""

    async def forget_choice(self, key: str) -> None:
        """Forget what was chosen for a number, if anything was."""

    async def customer(self, customer_id: str) -> KeptCustomer | None:
        """Return a customer with all numbers."""

    async def customers(self, query: CustomerQuery) -> Sequence[KeptCustomer]:
        """Return the customers wanted, with their numbers."""

    async def put(self, customers: Sequence[KeptCustomer]) -> frozenset[str]:
        """Write customers, each whole, in one commit; return the ids of the new. `created_at` of the others stays.

        Of several with one id, the last counts.
        """

    async def remove(self, customer_id: str) -> bool:
        """Remove a customer with all numbers and choices; False where there is none."""
