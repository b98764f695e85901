"""Everything between the socket and the webhook, in this process: parse, facts, tracker, render, commit."""

import asyncio
import tempfile
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from callbridge.app import build
from callbridge.app.hearing import MOST_AT_ONCE
from callbridge.asterisk.ami.wire import AmiParser
from callbridge.asterisk.from_ami import NEEDLESS, facts_from
from callbridge.calls.tracker import Tracker
from callbridge.clock import SystemClock
from callbridge.config import PbxNumbers
from callbridge.delivery.payload import render
from callbridge.delivery.subscriber import Subscriber, route
from callbridge.pipeline import Pipeline
from callbridge.ports.outlets import Outlets
from callbridge.store import open_store, upgrade
from tests.bench.long_tape import BEGAN

PBX: Final = PbxNumbers(
    id="main",
    country="PT",
    outside_prefix="0",
    extensions=("1XXX", "2XX"),
    trunks=("PJSIP/trunk*",),
    timezone="Europe/Lisbon",
)
CRM: Final = Subscriber("crm", "https://crm.invalid/hook", "whsec_" + "c2VjcmV0" * 5, ("call.*",))
EVENTS_A_CALL: Final = 4


class WholeWay:
    """A new database and all that works on it. Delivery is not started: what it would send waits in the outbox."""

    def __init__(self, runner: asyncio.Runner, folder: Path, subscribers: Sequence[Subscriber] = (CRM,)) -> None:
        self._runner = runner
        self._folder = tempfile.TemporaryDirectory(prefix="whole-way-", dir=folder)
        self._subscribers = subscribers
        self._clock = SystemClock()
        self.committed = 0
        """Events."""

    def __enter__(self) -> Self:
        url = f"sqlite+aiosqlite:///{self._folder.name}/callbridge.db"
        self._runner.run(upgrade(url))
        self._store = self._runner.run(open_store(url, clock=self._clock))
        outlets = Outlets(render, lambda event: route(self._subscribers, event), self._count)
        self.tracker = Tracker(build.profiles([PBX]))
        self._pipeline = Pipeline(self.tracker, self._store, outlets, self._clock)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._store.close())
        self._folder.cleanup()

    def go(self, pieces: Iterable[bytes], calls: int) -> None:
        """Return when everything these bytes tell is committed."""
        self._runner.run(self._go(pieces))
        assert self.committed == calls * EVENTS_A_CALL, f"{self.committed} events of {calls} calls"
        assert not self.tracker.board.oddities

    async def _go(self, pieces: Iterable[bytes]) -> None:
        working = asyncio.create_task(self._pipeline.run())
        parser = AmiParser(needless=NEEDLESS)
        messages = (message for piece in pieces for message in parser.receive(piece))
        while portion := list(islice(messages, MOST_AT_ONCE)):
            await self._pipeline.offer([fact for each in portion for fact in facts_from(PBX.id, each, BEGAN)])
        await self._pipeline.stop()
        await working

    def _count(self, told: Sequence[object]) -> None:
        self.committed += len(told)
