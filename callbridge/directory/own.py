"""The database's own customers, as three rungs of the ladder: who was chosen, who has the number, who nearly has it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import Final, Self, TypeVar

from callbridge.calls.customer import NOBODY, Customer, Known, Match, Matched
from callbridge.calls.numbers import tail_of
from callbridge.directory.matching import MOST_CANDIDATES, alike, known
from callbridge.directory.source import Question, Slot, SourceHealth
from callbridge.directory.tally import Tally
from callbridge.errors import CallbridgeError, StoreUnavailable
from callbridge.ports.customers import Choice, Customers, Found, KeptCustomer

OWN: Final = "own"
"""Its name in the configuration, and in `Customer.source`."""
OWN_S: Final = 1.0
"""For one look into the database."""

T = TypeVar("T")


def shown(kept: KeptCustomer, matched: Matched, at: str | None = None) -> Customer:
    """Return a customer of the database as a call shows it."""
    return Customer(kept.id, kept.name, kept.type, kept.tax_id, kept.owner, kept.url, matched, at, OWN)


class Own:
    """Asks the database, and counts."""

    def __init__(self, customers: Customers) -> None:
        self.customers = customers
        self._tally = Tally(OWN)

    async def asked(self, reading: Callable[[], Awaitable[T]]) -> T:
        """Return what is read, within OWN_S. Raises CallbridgeError."""
        self._tally.asked()
        try:
            async with asyncio.timeout(OWN_S):
                return await reading()
        except TimeoutError:
            late = StoreUnavailable(f"The database did not answer within {OWN_S:g} s. Is it locked, or busy?")
            self._tally.failed(late)
            raise late from None
        except CallbridgeError as error:
            self._tally.failed(error)
            raise

    def forget(self, which: Collection[Slot] | None) -> None:
        """Do nothing: the database is asked each time."""

    def health(self) -> SourceHealth:
        return self._tally.health()

    async def finish(self) -> None:
        """Do nothing: others ask the database as well."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The database is closed by whoever opened it."""


Reading = Callable[[Customers, Sequence[Question]], Awaitable[Mapping[Question, Known]]]


class OwnRung:
    """One thing that is asked of the database, and the same whether anybody waits or not."""

    name = OWN

    def __init__(self, own: Own, reading: Reading) -> None:
        self._own, self._reading = own, reading

    async def at_once(self, questions: Sequence[Question]) -> Mapping[Question, Known]:
        return await self._own.asked(lambda: self._reading(self._own.customers, questions))

    async def ask(self, question: Question) -> Known:
        return (await self.at_once([question]))[question]


async def chosen(customers: Customers, questions: Sequence[Question]) -> Mapping[Question, Known]:
    """Return what a person said of each number: it stands above all that is written down anywhere."""
    choices = await customers.choices(_keys(questions))
    return {asked: _chosen(choices[asked.key]) if asked.key in choices else NOBODY for asked in questions}


async def chosen_or_written(customers: Customers, questions: Sequence[Question]) -> Mapping[Question, Known]:
    """Return both in one look, where nobody is asked in between."""
    choices, found = await customers.whose(_keys(questions), MOST_CANDIDATES)
    return {
        asked: _chosen(choices[asked.key]) if asked.key in choices else _owners(found.get(asked.key, ()))
        for asked in questions
    }


async def written(customers: Customers, questions: Sequence[Question]) -> Mapping[Question, Known]:
    """Return who has each number written down for them."""
    found = await customers.by_keys(_keys(questions), MOST_CANDIDATES)
    return {asked: _owners(found.get(asked.key, ())) for asked in questions}


async def ends_alike(customers: Customers, questions: Sequence[Question]) -> Mapping[Question, Known]:
    """Return whose number has the same last digits."""
    tails = {asked: tail_of(asked.key) for asked in questions}
    found = {tail: await customers.by_tail(tail, MOST_CANDIDATES) for tail in {*tails.values()} if tail is not None}
    return {
        asked: alike([_found(each) for each in found.get(tail, ())] if tail else []) for asked, tail in tails.items()
    }


def _keys(questions: Sequence[Question]) -> Sequence[str]:
    return list(dict.fromkeys(asked.key for asked in questions))


def _found(found: Found) -> Customer:
    return shown(found.customer, found.number.kind, found.number.at)


def _owners(found: Sequence[Found]) -> Known:
    return known([_found(each) for each in found])


def _chosen(choice: tuple[Choice, KeptCustomer]) -> Known:
    said, customer = choice
    return Known(Match.ONE, shown(customer, Matched.CHOSEN), by=said.by)
