"""The calls of the demo: who does what at the phones, and what the CRM must be told of it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from tests.demo.sample import Told
from tests.lab.room import Room

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Customer:
    """Somebody who calls; `company` is what the directory has for the number."""

    number: str
    name: str
    company: str | None = None

    @property
    def first(self) -> str:
        return self.name.split()[0]

    @property
    def e164(self) -> str:
        return f"+351{self.number}"

    @property
    def known_as(self) -> Told:
        """What the CRM shows of whom the call is with."""
        return () if self.company is None else (f"customer {self.company}",)


@dataclass(frozen=True)
class PhoneCall:
    """One way a call goes."""

    make: Callable[[Room, Customer, Tell], Awaitable[None]]
    told: Callable[[Customer], Sequence[Told]]


MARIA = Customer("912345678", "Maria Silva", "Silva Lda")
RUI = Customer("936000111", "Rui Costa", "Costa & Filhos")
JOAO = Customer("965550100", "João Ferreira")
LUKASZ = Customer("222333444", "Łukasz Nowak")
SOFIA = Customer("917000222", "Sofia Ramos")
CUSTOMERS: Final = (MARIA, RUI, JOAO, LUKASZ, SOFIA)


async def answered(room: Room, customer: Customer, tell: Tell) -> None:
    ana, outside = await room.phone("1001"), await room.customer(customer.number, customer.name)
    tell(f"{customer.first} calls 21 000 0000; Ana's phone rings …")
    await outside.dial("210000000")
    await ana.rings()
    await room.talk(2)
    tell(f"Ana answers; she and {customer.first} talk …")
    await ana.answer()
    await outside.established()
    await room.talk(3)
    tell(f"{customer.first} hangs up.")
    await outside.hangup()
    await ana.closed()


async def missed(room: Room, customer: Customer, tell: Tell) -> None:
    ana, outside = await room.phone("1001"), await room.customer(customer.number, customer.name)
    tell(f"{customer.first} calls 21 000 0000; Ana's phone rings, and nobody comes …")
    await outside.dial("210000000")
    await ana.rings()
    await room.talk(3)
    tell(f"{customer.first} gives up.")
    await outside.hangup()
    await ana.closed()


async def queued(room: Room, customer: Customer, tell: Tell) -> None:
    ana, bruno = await room.phone("1001"), await room.phone("1002")
    outside = await room.customer(customer.number, customer.name)
    tell(f"{customer.first} calls 21 000 0020, waits in the sales queue; Ana's and Bruno's phones ring …")
    await outside.dial("210000020")
    await ana.rings()
    await bruno.rings()
    await room.talk(3)
    tell("Bruno answers; Ana's phone falls silent …")
    await bruno.answer()
    await ana.closed()
    await room.talk(3)
    tell("Bruno hangs up.")
    await bruno.hangup()
    await outside.closed()


async def called_back(room: Room, customer: Customer, tell: Tell) -> None:
    ana, outside = await room.phone("1001"), await room.customer(customer.number, customer.name)
    tell(f"Ana calls {customer.first} back …")
    await ana.dial(customer.number)
    await outside.rings()
    await room.talk(2)
    tell(f"{customer.first} answers; they talk …")
    await outside.answer()
    await ana.established()
    await room.talk(3)
    tell("Ana hangs up.")
    await ana.hangup()
    await outside.closed()


def _inbound(*more: Told) -> Callable[[Customer], Sequence[Told]]:
    """Each line of a call from outside shows the caller's name and number."""

    def told(customer: Customer) -> Sequence[Told]:
        events = (("call.started",), *more)
        return [(*words, customer.name, customer.e164, *customer.known_as) for words in events]

    return told


def _outbound(*more: Told) -> Callable[[Customer], Sequence[Told]]:
    def told(customer: Customer) -> Sequence[Told]:
        events = (("call.started",), *more)
        return [(*words, "Ana Costa 1001", customer.e164, *customer.known_as) for words in events]

    return told


ANSWERED = PhoneCall(
    answered,
    _inbound(("call.ringing",), ("call.answered", "agent Ana Costa"), ("call.ended", "completed", "rang ", "talked ")),
)
MISSED = PhoneCall(missed, _inbound(("call.ringing",), ("call.ended", "cancelled"), ("call.missed", "rang ")))
QUEUED = PhoneCall(
    queued,
    _inbound(
        ("call.queued", "queue sales"),
        ("call.ringing", "queue sales"),
        ("call.answered", "queue sales", "agent Bruno Reis", "waited "),
        ("call.ended", "completed", "agent Bruno Reis", "talked "),
    ),
)
CALLED_BACK = PhoneCall(
    called_back, _outbound(("call.ringing",), ("call.answered",), ("call.ended", "completed", "talked "))
)
MADE_GOOD = PhoneCall(
    called_back,
    _outbound(("call.ringing",), ("call.answered",), ("call.recovered", "recovered after "), ("call.ended", "talked ")),
)

FIRST_ROUND: Final = ((ANSWERED, MARIA), (MISSED, RUI), (QUEUED, JOAO), (MADE_GOOD, RUI))
LATER: Final = (ANSWERED, MISSED, QUEUED, CALLED_BACK)


def later_calls() -> Iterator[tuple[PhoneCall, Customer]]:
    """Return calls without end; who calls changes from one to the next."""
    for number in count():
        yield LATER[number % len(LATER)], CUSTOMERS[number % len(CUSTOMERS)]
