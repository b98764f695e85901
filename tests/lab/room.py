"""The room where a test takes place: phones at their addresses around one PBX."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from callbridge.clock import SystemClock
from tests.lab.ami_tap import AmiTap, Message
from tests.lab.asterisk import Asterisk
from tests.lab.lateness import Lateness
from tests.lab.odd_phones import Forwarder, LateForwarder, OddCaller, Refuser
from tests.lab.phones import Phone, Place

PEOPLE: Final = {
    "1001": ("Ana Costa", 11),
    "1002": ("Bruno Reis", 12),
    "1003": ("Carla Nunes", 13),
    "1004": ("Duarte Lima", 14),
    "201": ("Eva Pinto", 21),
    "202": ("Filipe Sá", 22),
    "203": ("Graça Melo", 23),
    "204": ("Hugo Dias", 24),
}
"""Extension: name, and the last part of the phone's address. As pjsip.conf has them."""

DEVICES: Final = {"desk": 15, "mobile": 16}
"""Of Inês Vaz, extension 1005."""

CARRIER: Final = 100
"""Where calls to outside go; calls from outside come from here up to 107."""

CUSTOMER: Final = ("912345678", "Maria Silva")


class Room:
    """Fresh phones for one test; all gone at its end."""

    def __init__(self, pbx: Asterisk) -> None:
        self.pbx = pbx
        self.journal: list[str] = []
        self._clock = SystemClock()
        self._stack = AsyncExitStack()
        self._driving: AmiTap | None = None
        self._lateness = Lateness()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._lateness)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def slack_s(self) -> float:
        """By how much longer than its scene says a call may be, on a machine as busy as this one was.

        Phone, PBX, phone and test hand each step on, and each may be kept waiting more than once.
        """
        return 10 * self._lateness.worst_s

    async def phone(self, extension: str) -> Phone:
        name, host = PEOPLE[extension]
        return await self._phone(extension, name, host)

    async def device(self, which: str) -> Phone:
        """One of the two devices of extension 1005."""
        return await self._phone("1005", "Inês Vaz", DEVICES[which])

    async def customer(self, number: str = CUSTOMER[0], name: str = CUSTOMER[1], host: int = CARRIER) -> Phone:
        """Somebody outside. Only the one at CARRIER can be called; others call from hosts up to 107."""
        return await self._phone(number, name, host)

    async def refuser(self, who: str, answer: str) -> Refuser:
        """`who` is an extension or "carrier"; `answer` is like `486 Busy Here`."""
        host = CARRIER if who == "carrier" else PEOPLE[who][1]
        refuser = Refuser(self._address(host), answer, self._folder())
        return await self._stack.enter_async_context(refuser)

    async def forwarder(self, extension: str, to: str) -> Forwarder:
        forwarder = Forwarder(self._address(PEOPLE[extension][1]), f"sip:{to}@{self.pbx.ip}", self._folder())
        return await self._stack.enter_async_context(forwarder)

    async def late_forwarder(self, extension: str, to: str) -> LateForwarder:
        forwarder = LateForwarder(self._address(PEOPLE[extension][1]), f"sip:{to}@{self.pbx.ip}", self._folder())
        return await self._stack.enter_async_context(forwarder)

    async def taker(self, extension: str, rings: Phone) -> OddCaller:
        """A phone that takes over what rings at another, by SIP's Replaces (RFC 3891)."""
        name, host = PEOPLE[extension]
        where = f'"{name}" <sip:{extension}@{self._address(host)}>'
        replaces = "{};to-tag={};from-tag={}".format(*await self._dialog(rings))
        taker = OddCaller(self._address(host), self.pbx.ip, where, self._folder(), more=f"Replaces: {replaces}")
        return await self._stack.enter_async_context(taker)

    async def odd_caller(self, caller: str, *, more: str = "") -> OddCaller:
        """An outside caller whose From header is `caller`, with `more` header lines."""
        odd = OddCaller(self._address(CARRIER), self.pbx.ip, caller, self._folder(), more=more)
        return await self._stack.enter_async_context(odd)

    async def first_to_ring(self, *phones: Phone) -> Phone:
        """Where the PBX decides whose turn it is."""
        waiting = {asyncio.ensure_future(phone.rings()): phone for phone in phones}
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        first = done.pop()
        await first  # raises what went wrong
        return waiting[first]

    async def talk(self, seconds: float = 1.0) -> None:
        """Time passes while people talk, wait or let it ring: the only sleep there is."""
        await asyncio.sleep(seconds)

    async def action(self, name: str, **headers: str) -> Message:
        """What an admin does to the PBX over AMI."""
        self._note("driver", f"{name} {headers}")
        return await (await self._driver()).action(name, **headers)

    async def answers_who_asks(self, asked: Phone) -> None:
        """`asked` picks up, whom somebody asks by feature code; return once the PBX knows that they are asked now.

        Whoever hangs up before is taken for one who did so while it rang, and then the PBX ends it for the others.
        """
        driver = await self._driver()
        await asked.answer()
        await asked.established()
        local = f"Local/{asked.number}@"
        await driver.until(
            lambda said: (
                said.get("Event") == "DialEnd"
                and said.get("DialStatus") == "ANSWER"
                and said.get("DestChannel", "").startswith(local)
                and said["DestChannel"].endswith(";1")
            )
        )

    async def _phone(self, number: str, name: str, host: int) -> Phone:
        place = Place(self._address(host), self.pbx.ip, self._folder(), self._note)
        phone = Phone(number, name, place)
        return await self._stack.enter_async_context(phone)

    async def channel_of(self, endpoint: str) -> str:
        """The newest channel of an endpoint: its number ends its name, in hexadecimal digits."""
        shown = await (await self._driver()).items("CoreShowChannels", last="CoreShowChannelsComplete")
        return max(one["Channel"] for one in shown if one["Channel"].startswith(f"PJSIP/{endpoint}-"))

    async def joins(self, phone: Phone, asked: str) -> None:
        """Attended transfer by SIP: `phone` refers who is on its line 1 to the call it has with `asked`.

        The softphone does not say the names of its dialog, so they come from the PBX; the REFER is its own.
        """
        dialog = await self._dialog(phone)
        replaces = quote("{};to-tag={};from-tag={}".format(*dialog), safe="")
        await phone.line(1)
        await phone.refer(f"<sip:{asked}@{self.pbx.ip}?Replaces={replaces}>")

    async def _dialog(self, phone: Phone) -> list[str]:
        """The names of the dialog of a phone's newest channel, which only the PBX can tell."""
        channel = await self.channel_of(phone.number)
        return [await self._read(channel, f"CHANNEL(pjsip,{part})") for part in ("call-id", "local_tag", "remote_tag")]

    async def _read(self, channel: str, variable: str) -> str:
        return (await (await self._driver()).action("Getvar", Channel=channel, Variable=variable))["Value"]

    async def _driver(self) -> AmiTap:
        if self._driving is None:
            self._driving = await self._stack.enter_async_context(self.pbx.tap())
        return self._driving

    def _note(self, who: str, what: str) -> None:
        self.journal.append(f"{self._clock.now().timestamp():.6f} {who:>10} {what}")

    def _address(self, host: int) -> str:
        return self.pbx.network.address(host)

    def _folder(self) -> Path:
        phones = self.pbx.home / "phones"
        phones.mkdir(exist_ok=True)
        return Path(tempfile.mkdtemp(dir=phones))
