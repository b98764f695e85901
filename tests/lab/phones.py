"""A real softphone (baresip) as a person uses it."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.lab.control import WITHIN_S, Control, Event
from tests.lab.processes import start
from tests.lab.templates import furnish

_MODULES: Final = Path("/usr/lib/baresip/modules")
_TEMPLATES: Final = Path(__file__).parent / "baresip"


Journal = Callable[[str, str], None]
"""Told who did or noticed what, as it happens: `("1001", "answers")`."""


@dataclass(frozen=True)
class Place:
    """Where a phone stands: its own address, its PBX's, a folder for its files."""

    address: str
    pbx: str
    folder: Path
    journal: Journal


class CallEnded(Exception):
    """The call ended while something else was waited for; the text says why it ended."""


class Phone:
    """Verbs do, and return when the phone has taken the order; `rings`, `established`, … wait until it is so.

    Waiting goes through what happened in order, so nothing that comes quickly is missed.
    """

    def __init__(self, number: str, name: str, place: Place) -> None:
        self.number, self.name, self.address = number, name, place.address
        self._pbx, self._folder, self._journal = place.pbx, place.folder, place.journal
        self._stack = AsyncExitStack()
        self._over: set[str] = set()
        self._dials = False

    async def __aenter__(self) -> Self:
        values = {"number": self.number, "name": self.name, "address": self.address, "modules": _MODULES}
        furnish(self._folder, _TEMPLATES, values)
        child = start("baresip", "-f", str(self._folder), log=self._folder / "log")
        self.pid = child.pid
        self._stack.push_async_callback(child.stop, within_s=10)
        try:
            self._control = await self._stack.enter_async_context(Control(self.address))
        except TimeoutError:
            await self._stack.aclose()
            raise RuntimeError(f"{self!r} does not start:\n{(self._folder / 'log').read_text()}") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def __repr__(self) -> str:
        return f"<Phone {self.number} {self.name} at {self.address}>"

    async def dial(self, number: str) -> None:
        self._dials = True
        await self._does("dial", f"sip:{number}@{self._pbx}")

    async def answer(self) -> None:
        """A call that was already up is put on hold."""
        await self._does("accept")

    async def hangup(self) -> None:
        """Ends the call; cancels one that still rings there; rejects one that rings here (486)."""
        await self._does("hangup")

    async def hold(self) -> None:
        await self._does("hold")

    async def resume(self) -> None:
        await self._does("resume")

    async def transfer(self, number: str) -> None:
        """Blind, by REFER."""
        await self.refer(f"sip:{number}@{self._pbx}")

    async def refer(self, target: str) -> None:
        await self._does("transfer", target)

    async def line(self, number: int) -> None:
        """Of several calls, the one that hold, resume, transfer and hangup mean; the first is 1."""
        await self._does("line", str(number))

    async def press(self, keys: str) -> None:
        for key in keys:
            await self._does("sndcode", key)

    async def rings(self, within_s: float = WITHIN_S) -> None:
        await self._hears("CALL_INCOMING", within_s)
        self._dials = False

    async def hears_ringing(self, within_s: float = WITHIN_S) -> None:
        """The other side's phone rings."""
        await self._hears("CALL_RINGING", within_s)

    async def established(self, within_s: float = WITHIN_S) -> None:
        """Raises CallEnded when the call ends instead."""
        await self._hears("CALL_ESTABLISHED", within_s)

    async def closed(self, within_s: float = WITHIN_S) -> str:
        """Return why, in the phone's words: `486 Busy Here`."""
        return str((await self._hears("CALL_CLOSED", within_s)).get("param", ""))

    async def _does(self, verb: str, params: str = "") -> None:
        self._journal(self.number, f"{verb} {params}".strip())
        await self._control.command(verb, params)

    async def _next(self) -> Event:
        """What it says next. baresip may say twice that a call is over: sent on, and hung up by the PBX meanwhile."""
        event = await self._control.events.get()
        while event["type"] == "CALL_CLOSED" and event.get("id") in self._over:
            event = await self._control.events.get()
        if event["type"] == "CALL_CLOSED" and "id" in event:
            self._over.add(event["id"])
        return event

    def _waits(self, event: Event) -> bool:
        """Whether it may be the call that is waited for.

        An INVITE to a phone that is gone is sent again for half a minute, and may come to the next test's phone.
        """
        return not self._dials or event.get("direction") != "incoming"

    async def _hears(self, kind: str, within_s: float) -> Event:
        async with asyncio.timeout(within_s):
            while (event := await self._next())["type"] != kind:
                if (
                    event["type"] == "CALL_CLOSED"
                    and kind in ("CALL_RINGING", "CALL_ESTABLISHED")
                    and self._waits(event)
                ):
                    raise CallEnded(
                        f"{self!r}: {event.get('param')} ({event.get('direction')}, {event.get('peeruri')})"
                    )
        self._journal(self.number, f"{kind} {event.get('param', '')}".strip())
        return event
