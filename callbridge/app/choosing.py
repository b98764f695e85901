"""A person says whom a call is with, while it goes on or long after.

It goes in as a fact like all others. A call that is over lives in the database
alone: then what was told of it last is read back, and changed as it stands there.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final, Protocol

from callbridge.calls.call import Call
from callbridge.calls.customer import Customer, Matched
from callbridge.calls.enquiries import asked_for
from callbridge.calls.facts import CustomerChosen, Fact
from callbridge.calls.tracker import Tracker
from callbridge.clock import Clock
from callbridge.delivery.recalled import call_in
from callbridge.directory.directory import Directory
from callbridge.errors import Conflicting, NotThere, StoreUnavailable
from callbridge.ports import CallLog, Choice, Customers, KeptCustomer

TRIES: Final = 3
"""A call may end between a look and what is said of it."""
TURN_S: Final = 15.0
"""How long one may wait for those before."""

ELSEWHERE: Final = "This call is of the PBX {pbx}, which another daemon hears. Ask that one."
NO_NUMBER: Final = "This call has no number to remember it for."


class Settled(Protocol):
    """The pipeline's way to wait for a commit."""

    async def __call__(self, facts: Sequence[Fact]) -> None: ...


class Choosing:
    """One choice after the other, so that each is made of the call as the one before left it."""

    def __init__(  # noqa: PLR0913, PLR0917 - whom it asks, and whom it tells
        self,
        tracker: Tracker,
        settled: Settled,
        call_log: CallLog,
        customers: Customers,
        directory: Directory,
        clock: Clock,
        clock_of: Callable[[str], datetime],
        pbxs: Collection[str],
    ) -> None:
        """`clock_of` tells what a PBX's clock shows; `pbxs` are those this daemon hears."""
        self._tracker, self._settled = tracker, settled
        self._call_log, self._customers, self._directory = call_log, customers, directory
        self._clock, self._clock_of = clock, clock_of
        self._pbxs = pbxs
        self._turn = asyncio.Lock()

    async def choose(self, call_id: str, customer: Customer | None, by: str, *, remember: bool) -> bytes:
        """Say whom a call is with, None: nobody known; return the call's last event.

        With `remember`, the next call of the number is with them as well.

        Raises:
            NotThere: there is no such call.
            Conflicting: another daemon's, or there is nothing to remember.
            StoreUnavailable: it cannot be written now.
        """
        try:
            async with asyncio.timeout(TURN_S), self._turn:
                return await self._choose(call_id, customer, by, remember=remember)
        except TimeoutError:
            raise StoreUnavailable("Too many choices wait for the database.") from None

    async def _choose(self, call_id: str, customer: Customer | None, by: str, *, remember: bool) -> bytes:
        call = await self._look(call_id)
        if remember and asked_for(call) is None:
            raise Conflicting(NO_NUMBER)
        chosen = None if customer is None else await self._whole(call, customer)
        if remember:
            await self._remember(call, chosen, by)
        for _ in range(TRIES):
            over = self._tracker.board.remembered(call_id) is None
            fact = CustomerChosen(call.pbx, self._clock_of(call.pbx), call_id, chosen, by, call if over else None)
            await self._settled((fact,))
            body = await self._body(call_id)
            now = call_in(body)
            if now.sequence > call.sequence and now.customer.by == by:
                return body
            call = now
        raise StoreUnavailable("The call changes too fast. Try again.")

    async def _look(self, call_id: str) -> Call:
        """Return the call as it is told; all that was heard of it is by then."""
        await self._settled(())
        call = call_in(await self._body(call_id))
        if call.pbx not in self._pbxs:
            raise Conflicting(ELSEWHERE.format(pbx=call.pbx))
        return call

    async def _body(self, call_id: str) -> bytes:
        found = await self._call_log.call(call_id)
        if found is None:
            raise NotThere("There is no call of this id.")
        return found.body

    async def _whole(self, call: Call, customer: Customer) -> Customer:
        """Return what is known of a customer who is named by their id alone: a candidate, or one of the directory."""
        if customer.name is not None:
            return customer
        for each in call.customer.candidates:
            if each.id == customer.id:
                return each
        kept = await self._customers.customer(customer.id)
        return customer if kept is None else self._directory.shown(kept, Matched.CHOSEN)

    async def _remember(self, call: Call, customer: Customer | None, by: str) -> None:
        number, now = asked_for(call) or "", self._clock.now()
        key = self._directory.key(call.pbx, number)
        if customer is None:
            await self._customers.forget_choice(key)
        else:
            if await self._customers.customer(customer.id) is None:
                await self._customers.put([_kept(customer, now)])
            await self._customers.choose(Choice(key, customer.id, by, now))
        self._directory.forget(number)


def _kept(customer: Customer, now: datetime) -> KeptCustomer:
    """Return a customer that only the CRM knew, to be remembered."""
    return KeptCustomer(
        customer.id,
        now,
        now,
        name=customer.name,
        type=customer.type,
        tax_id=customer.tax_id,
        owner=customer.owner,
        url=customer.url,
    )
