"""Phones that answer or call oddly, on sipp: what no softphone would say by itself."""

import asyncio
import ipaddress
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.lab.processes import start
from tests.lab.templates import furnish

_SCENARIOS: Final = Path(__file__).parent / "sipp"
_UDP_SOCKETS: Final = Path("/proc/net/udp")


class Refuser:
    """A phone, or a carrier, that refuses every call with one answer, such as `603 Decline`."""

    _scenario = "refuse.xml"

    def __init__(self, address: str, answer: str, folder: Path) -> None:
        self._address, self._answer, self._folder = address, answer, folder
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        furnish(self._folder, _SCENARIOS, {"answer": self._answer, "caller": "", "more": ""})
        child = start(*_sipp(self._address, self._folder / self._scenario), log=self._folder / "log")
        self._stack.push_async_callback(child.stop, within_s=10)
        await _listens(self._address)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()


class Forwarder(Refuser):
    """A phone that sends every call on to another number, with 302."""

    _scenario = "forward.xml"


class LateForwarder(Refuser):
    """The same, after a second in which it rings: when its own time for no answer is over, or a key is pressed."""

    _scenario = "forward_late.xml"


class OddCaller:
    """One call whose From header is exactly `caller`; the other side hangs up."""

    def __init__(self, address: str, pbx: str, caller: str, folder: Path, *, more: str = "") -> None:
        self._address, self._pbx, self._folder = address, pbx, folder
        self._caller, self._more = caller, more
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def dial(self, number: str) -> None:
        more = f"{self._more}\n      " if self._more else ""
        furnish(self._folder, _SCENARIOS, {"answer": "", "caller": self._caller, "more": more})
        target = (f"{self._pbx}:5060", "-s", number, "-m", "1")
        command = _sipp(self._address, self._folder / "call.xml")
        self._child = start(*command, *target, log=self._folder / "log")
        self._stack.push_async_callback(self._child.stop, within_s=10)

    async def closed(self, within_s: float = 30) -> None:
        """Raises AssertionError when the call did not go as a plain answered call goes."""
        code = await self._child.exits(within_s)
        assert code == 0, f"sipp ended with {code}:\n{(self._folder / 'log').read_text(errors='replace')[-2000:]}"


async def _listens(address: str, port: int = 5060) -> None:
    """The kernel's table is the only place that tells when sipp is ready."""
    entry = f"{int.from_bytes(ipaddress.IPv4Address(address).packed, sys.byteorder):08X}:{port:04X}"
    async with asyncio.timeout(30):
        while entry not in _UDP_SOCKETS.read_text():  # noqa: ASYNC110 - no event tells it
            await asyncio.sleep(0.02)


def _sipp(address: str, scenario: Path) -> tuple[str, ...]:
    here = ("-i", address, "-p", "5060", "-mi", address, "-ci", address)
    return ("sipp", "-sf", str(scenario), *here, "-nostdin", "-aa")
