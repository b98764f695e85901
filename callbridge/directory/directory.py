"""Whose number is it: the sources in their order, the first that knows somebody answers.

Before all sources stands what a person chose for the number, after them the customers
whose number only ends alike. A source that fails is passed over, and said so.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from callbridge.calls.customer import NOBODY, Customer, Known, Match, Matched
from callbridge.directory.numbers import key_of
from callbridge.directory.own import shown
from callbridge.directory.source import Question, Rung, Source, SourceHealth
from callbridge.errors import CallbridgeError
from callbridge.ports.customers import KeptCustomer

AT_ONCE_S: Final = 0.25
"""For `at_once`: a call waits for it before anybody is told of it."""
NO_PBX: Final = ""
"""In a question about a number that none of our PBXs heard."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the directory knows. Where a source `failed`, nobody knows whether an unknown number is unknown."""

    known: Known
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Ways:
    """How numbers are read, and where customers are shown."""

    country: str = "ZZ"
    """ISO 3166, of PBXs that are not in `countries`; ZZ: only what begins with + is public."""
    countries: Mapping[str, str] = field(default_factory=dict)
    """By the PBX's id."""
    customer_url: str | None = None
    """`https://crm.example/c/{id}`, for customers without a URL of their own."""


class Directory:
    """All sources. Use it as an async context manager: it holds connections to CRMs."""

    def __init__(self, sources: Sequence[Source], rungs: Sequence[Rung], ways: Ways) -> None:
        self._sources, self._rungs, self._ways = sources, rungs, ways
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for source in self._sources:
            await self._opened.enter_async_context(source)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.aclose()

    async def go_by(self, sources: Sequence[Source], rungs: Sequence[Rung], ways: Ways) -> None:
        """Ask other sources from now on; those there were finish what they were asked.

        Raises ConfigError where one cannot be opened; then nothing changes.
        """
        async with AsyncExitStack() as opening:
            for source in sources:
                await opening.enter_async_context(source)
            before, self._opened = self._opened, opening.pop_all()
        former, self._sources, self._rungs, self._ways = self._sources, sources, rungs, ways
        for source in former:
            await source.finish()
        await before.aclose()

    def key(self, pbx: str, number: str) -> str:
        """Return what a number that was heard at a PBX is found by; choices are remembered under it."""
        return key_of(number, self._ways.countries.get(pbx, self._ways.country))

    def _question(self, pbx: str, number: str) -> Question:
        return Question(pbx if pbx in self._ways.countries else NO_PBX, number, self.key(pbx, number))

    def shown(self, kept: KeptCustomer, matched: Matched, at: str | None = None) -> Customer:
        """Return a customer of the database as a call shows it."""
        return self._linked(shown(kept, matched, at))

    async def at_once(self, pbx: str, numbers: Collection[str]) -> Mapping[str, Known]:
        """Return what is known of numbers without asking anybody outside; those that would take it are left out.

        Takes AT_ONCE_S at most, and never raises: what fails is left out too.
        """
        questions = {number: self._question(pbx, number) for number in numbers}
        found: dict[Question, Known] = {}
        with suppress(CallbridgeError, TimeoutError):  # asked again by `ask`, which counts and tells what fails
            async with asyncio.timeout(AT_ONCE_S):
                await self._climb(list(questions.values()), found)
        return {number: self._finished(found[asked]) for number, asked in questions.items() if asked in found}

    async def _climb(self, questions: Sequence[Question], found: dict[Question, Known]) -> None:
        for rung in self._rungs:
            if not questions:
                return
            said = await rung.at_once(questions)
            found.update({asked: known for asked, known in said.items() if known.match is not Match.NONE})
            questions = [asked for asked in questions if asked in said and asked not in found]
        found.update(dict.fromkeys(questions, NOBODY))

    async def ask(self, pbx: str, number: str) -> Answer:
        """Ask all sources in their order until one knows somebody. Each has its deadline; never raises."""
        question = self._question(pbx, number)
        failed: set[str] = set()
        for rung in self._rungs:
            if rung.name in failed:
                continue
            try:
                known = await rung.ask(question)
            except CallbridgeError:  # the source has counted and told it
                failed.add(rung.name)
                continue
            if known.match is not Match.NONE:
                return Answer(self._finished(known), bool(failed))
        return Answer(NOBODY, bool(failed))

    def forget(self, number: str | None = None) -> None:
        """Drop what is remembered of CRMs' answers, for one number or for all: customers have changed."""
        which = (
            None if number is None else [self._question(pbx, number).slot for pbx in (NO_PBX, *self._ways.countries)]
        )
        for source in self._sources:
            source.forget(which)

    def health(self) -> tuple[SourceHealth, ...]:
        """Return how each source does, in their order."""
        return tuple(source.health() for source in self._sources)

    def _finished(self, known: Known) -> Known:
        return replace(
            known,
            customer=known.customer and self._linked(known.customer),
            candidates=tuple(map(self._linked, known.candidates)),
        )

    def _linked(self, customer: Customer) -> Customer:
        """Return a customer with the URL where the CRM shows it."""
        template = self._ways.customer_url
        if customer.url is not None or template is None:
            return customer
        return replace(customer, url=template.replace("{id}", quote(customer.id, safe="")))
