"""Hearing one PBX: its links kept up, its state read after each connect, its words turned into facts."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from callbridge.asterisk import resync
from callbridge.asterisk.ami.answers import Response
from callbridge.asterisk.ami.link import AmiLink, LinkDown, LinkItem, LinkState, LinkUp, Received
from callbridge.asterisk.ari.link import AriLink
from callbridge.asterisk.from_ami import facts_from
from callbridge.calls import facts as f
from callbridge.clock import Clock
from callbridge.errors import PbxError
from callbridge.logs import Action, logger

MOST_AT_ONCE: Final = 500
RESYNC_S: Final = 10.0
"""For each question of a resync: a PBX under load answers late, one that hangs never."""
RESYNC_AGAIN_S: Final = 5.0
"""After a resync that failed. Meanwhile calls are told from what is heard."""

log = logger()


@dataclass(slots=True)
class Gap:
    """When a PBX was not heard. `ended` None means: it goes on."""

    began: datetime
    ended: datetime | None = None


class Hearing:
    """One PBX. `run` until cancelled; facts go to `offer`, raw messages to `tap` where somebody records."""

    def __init__(
        self,
        pbx: str,
        ami: AmiLink,
        ari: AriLink | None,
        offer: Callable[[Sequence[f.Fact]], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self.pbx = pbx
        self.ami = ami
        self.ari = ari
        self._offer = offer
        self._clock = clock
        self.gap: Gap | None = None
        self.resync_error: str | None = None
        """Why the state could not be read after the last connect; None while it was."""
        self.heard_at: datetime | None = None
        self._resynced_at = clock.monotonic()

    @property
    def connected(self) -> bool:
        """Whether the PBX is heard now."""
        return self.ami.status.state is LinkState.UP

    async def run(self) -> None:
        """Keep the links up and pass on what they say."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.ami.run(), name=f"ami {self.pbx}")
            group.create_task(self._listen(), name=f"listen {self.pbx}")
            if self.ari is not None:
                group.create_task(self.ari.run(), name=f"ari {self.pbx}")
                group.create_task(self._drain(self.ari), name=f"ari events {self.pbx}")

    async def _listen(self) -> None:
        while True:
            facts: list[f.Fact] = list(await self._resync_again())
            for item in await self._next_items():
                match item:
                    case Received():
                        facts.extend(facts_from(self.pbx, item.message, item.at))
                        self.heard_at = item.at
                    case LinkUp():
                        await self._offer(facts)
                        facts = list(await self._connected())
                    case LinkDown():
                        facts.append(self._lost(item))
            await self._offer(facts)

    async def _drain(self, ari: AriLink) -> None:
        """Take what ARI says: calls are told by AMI alone (docs/facts.md), so only the link's health counts here."""
        while True:
            await ari.take(MOST_AT_ONCE)

    def _lost(self, item: LinkDown) -> f.Fact:
        self.gap = Gap(item.at)
        return f.LinkDown(self.pbx, item.at, str(item.reason))

    async def _next_items(self) -> Sequence[LinkItem]:
        """Return what the link has; nothing when a resync is due again before it says anything."""
        if self.resync_error is None:
            return await self.ami.take(MOST_AT_ONCE)
        try:
            async with asyncio.timeout(RESYNC_AGAIN_S):
                return await self.ami.take(MOST_AT_ONCE)
        except TimeoutError:
            return ()

    async def _resync_again(self) -> Sequence[f.Fact]:
        """Return the state of the PBX where the last try to read it failed some time ago."""
        due = self._clock.monotonic() - self._resynced_at >= RESYNC_AGAIN_S
        return await self._connected() if self.resync_error is not None and self.connected and due else ()

    async def _connected(self) -> Sequence[f.Fact]:
        """Return the state of the PBX as facts. Live events wait in the link meanwhile."""
        log.info("reading the state of the PBX", action=Action.RESYNC_STARTED, pbx=self.pbx)
        self._resynced_at = self._clock.monotonic()
        try:
            facts = await resync.read_state(self.pbx, self._ask, self._ask_list, self._clock.now())
        except PbxError as error:
            self.resync_error = str(error)
            log.warning(str(error), action=Action.RESYNC_FAILED, pbx=self.pbx)
            return (f.LinkUp(self.pbx, self._clock.now()),)
        self._joined()
        return facts

    def _joined(self) -> None:
        self.resync_error = None
        if self.gap is not None and self.gap.ended is None:
            self.gap.ended = self._clock.now()
        log.info("the state of the PBX is known", action=Action.RESYNC_DONE, pbx=self.pbx)

    async def _ask(self, action: str) -> Response:
        return await self.ami.send(action, (), timeout_s=RESYNC_S)

    async def _ask_list(self, action: str) -> Response:
        return await self.ami.send_list(action, (), timeout_s=RESYNC_S)
