"""Hearing one PBX: its links kept up, its state read after each connect, its words turned into facts."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from callbridge import logs
from callbridge.app.backfill import Backfill
from callbridge.app.deafness import Deafness
from callbridge.asterisk import resync
from callbridge.asterisk.ami.answers import Response
from callbridge.asterisk.ami.link import AmiLink, LinkDown, LinkItem, LinkState, LinkUp, Received
from callbridge.asterisk.ari.link import AriLink
from callbridge.asterisk.from_ami import facts_from, number
from callbridge.calls import facts as f
from callbridge.clock import Clock
from callbridge.errors import ActionFailed, PbxError
from callbridge.logs import Action

MOST_AT_ONCE: Final = 500
RESYNC_S: Final = 10.0
"""For each question of a resync: a PBX under load answers late, one that hangs never."""
RESYNC_AGAIN_S: Final = 5.0
"""After a resync that failed. Meanwhile calls are told from what is heard."""

SWEEP_S: Final = 300.0
"""How often we look whether a call stands still. If one does, the PBX is asked which channels it has:
a call whose end was never said is closed after five to ten minutes. Rarely, for polling has blocked PBXs."""
DOUBT_S: Final = 30.0
"""How often we ask ourselves whether the PBX has calls that we do not hear of."""
RIGHTS: Final = "Does our user have `reporting` in write=? `callbridge check` tells."

Question = Callable[[f.StateAsked, resync.Ask], Awaitable[Sequence[f.Fact]]]

log = logs.logger()


@dataclass(slots=True)
class Gap:
    """When a PBX was not heard. `ended` None means: it goes on."""

    began: datetime
    ended: datetime | None = None


class Hearing:
    """One PBX. `run` until cancelled; facts go to `offer`."""

    def __init__(  # noqa: PLR0913 - what it hears with, and whom it tells and asks
        self,
        pbx: str,
        ami: AmiLink,
        ari: AriLink | None,
        offer: Callable[[Sequence[f.Fact]], Awaitable[None]],
        clock: Clock,
        *,
        progress: Callable[[str], Mapping[str, int]] = lambda _: {},
        backfill: Backfill | None = None,
    ) -> None:
        """`progress` tells of each live call of a PBX how many events it has had; `backfill` what a gap hid."""
        self.pbx = pbx
        self.ami = ami
        self.ari = ari
        self._offer = offer
        self._clock = clock
        self._progress = progress
        self.backfill = backfill
        self.heard_until: datetime | None = None
        """The time, on the PBX's clock, of what was heard last, in this life or the one before."""
        self._first_heard: datetime | None = None
        """When the PBX was heard for the first time ever, where that was in this life."""
        self._joined_again = False
        """Whether all is known up to now: what a gap hid is told, and the state was read."""
        self.gap: Gap | None = None
        self.resync_error: str | None = None
        """Why the state could not be read after the last connect; None while it was."""
        self.deaf = False
        """Whether it has calls and tells us of none."""
        self.since = clock.now()
        """When we began to try."""
        self._deafness = Deafness()
        self._channels_heard = 0
        self._resynced_at = clock.monotonic()
        self._resync_wanted = False
        self._swept_at = clock.monotonic()
        self._told_then: Mapping[str, int] = {}
        """How far each call was when we last looked whether one stands still."""
        self._ahead = timedelta()
        """What the PBX's clock shows more than ours."""

    @property
    def connected(self) -> bool:
        """Whether the PBX is heard now."""
        return self.ami.status.state is LinkState.UP

    async def run(self) -> None:
        """Keep the links up and pass on what they say."""
        with logs.bind(pbx=self.pbx):
            await self._run()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.ami.run(), name=f"ami {self.pbx}")
            group.create_task(self._listen(), name=f"listen {self.pbx}")
            group.create_task(self._doubt(), name=f"doubt {self.pbx}")
            if self.ari is not None:
                group.create_task(self.ari.run(), name=f"ari {self.pbx}")
                group.create_task(self._drain(self.ari), name=f"ari events {self.pbx}")

    async def _listen(self) -> None:
        while True:
            await self._pass_on(await self._next_items())
            while self._resync_is_due():  # again at once where the link went and came while the PBX was asked
                await self._resync()
            if self._sweep_is_due():
                await self._sweep()

    async def _pass_on(self, items: Sequence[LinkItem]) -> None:
        facts: list[f.Fact] = []
        for item in items:
            match item:
                case Received():
                    facts.extend(facts_from(self.pbx, item.message, item.at))
                case LinkUp():
                    await self._pass_on_facts(facts)
                    self._joined_again, self._resync_wanted = False, True
                    facts = [await self._greet()]
                    if self.heard_until is None:
                        self._first_heard = facts[0].at
                    await self._tell_afterwards(facts[0].at)
                case LinkDown():
                    facts.append(self._lost(item))
        await self._pass_on_facts(facts)

    async def _pass_on_facts(self, facts: Sequence[f.Fact]) -> None:
        self._channels_heard += sum(isinstance(fact, f.ChannelBorn) for fact in facts)
        heard = [fact.at for fact in facts if not isinstance(fact, f.LinkDown)]
        self.heard_until = heard[-1] if heard else self.heard_until
        await self._offer(facts)

    async def _greet(self) -> f.Fact:
        """Return that the PBX is heard. Before anything it says is passed on: it may be another PBX by now."""
        now = self._clock.now()
        try:
            heard = await resync.read_start(self.pbx, self._ask, now)
        except PbxError as error:
            log.debug("it does not say when it was started", action=Action.AMI_ACTION, error=str(error))
            return f.LinkUp(self.pbx, now + self._ahead)
        self._ahead = heard.at - now
        return heard

    async def _tell_afterwards(self, until: datetime) -> None:
        """Have the PBX's own log tell what was not heard, before anything is that is said now."""
        if self.backfill is not None and self.heard_until is not None:
            await self.backfill.tell(self.heard_until, until, self._first_heard)

    @property
    def heard_now(self) -> datetime | None:
        """What the PBX's clock shows, where all was heard until now; None where something may be missing."""
        all_heard = self.connected and self._joined_again and not self.ami.status.backlog
        return self._clock.now() + self._ahead if all_heard else None

    async def _drain(self, ari: AriLink) -> None:
        """Take what ARI says: calls are told by AMI alone (docs/facts.md), so only the link's health counts here."""
        while True:
            await ari.take(MOST_AT_ONCE)

    def _lost(self, item: LinkDown) -> f.Fact:
        self.gap = Gap(item.at)
        self._joined_again = self.deaf = False
        self._deafness.forget()
        return f.LinkDown(self.pbx, item.at + self._ahead, str(item.reason))

    async def _next_items(self) -> Sequence[LinkItem]:
        """Return what the link has; nothing when a resync or a sweep is due before it says anything."""
        again = self._resynced_at + RESYNC_AGAIN_S if self.resync_error is not None else float("inf")
        until = min(again, self._swept_at + SWEEP_S)
        try:
            async with asyncio.timeout(max(0.0, until - self._clock.monotonic())):
                return await self.ami.take(MOST_AT_ONCE)
        except TimeoutError:
            return ()

    def _resync_is_due(self) -> bool:
        """Tell whether the state is to be read: after a connect, and some time after a try that failed."""
        again = self.resync_error is not None and self._clock.monotonic() - self._resynced_at >= RESYNC_AGAIN_S
        return self.connected and (self._resync_wanted or again)

    def _sweep_is_due(self) -> bool:
        """Tell whether the PBX is to be asked for its channels: when a call has stood still since we last looked."""
        if self._clock.monotonic() - self._swept_at < SWEEP_S:
            return False
        self._swept_at = self._clock.monotonic()
        before, self._told_then = self._told_then, self._progress(self.pbx)
        still = any(before.get(call) == told for call, told in self._told_then.items())
        return still and self.connected and self.resync_error is None

    async def _resync(self) -> None:
        """Read the state after a connect, and join it with what was known."""
        self._resync_wanted = False
        self._resynced_at = self._clock.monotonic()
        log.info("reading the state of the PBX", action=Action.RESYNC_STARTED, pbx=self.pbx)
        try:
            state = await self._asked(resync.read_state)
        except PbxError as error:
            self.resync_error = f"{error}. {RIGHTS}" if isinstance(error, ActionFailed) else str(error)
            log.warning(self.resync_error, action=Action.RESYNC_FAILED, pbx=self.pbx)
            return
        if not self._resync_wanted and self.connected:
            self._joined()
            await self._offer(state)

    async def _sweep(self) -> None:
        """Ask for the channels alone: calls may be over though their end was never said."""
        try:
            await self._offer(await self._asked(resync.list_channels))
        except PbxError as error:
            log.warning(str(error), action=Action.RESYNC_FAILED, pbx=self.pbx)

    async def _asked(self, question: Question) -> Sequence[f.Fact]:
        """Return the answer, after all that was said before it was complete has been passed on.

        That is older than the answer, or newer: `calls.asking` sorts it out.
        """
        asked = await resync.ask_state(self.pbx, self._ask, self._clock.now())
        await self._offer((asked,))
        try:
            return await question(asked, self._ask_list)
        finally:
            await self._catch_up()

    async def _catch_up(self) -> None:
        """Pass on all that has come in until now."""
        waiting = self.ami.status.backlog
        while waiting > 0:
            items = await self.ami.take(min(waiting, MOST_AT_ONCE))
            waiting -= len(items)
            await self._pass_on(items)

    def _joined(self) -> None:
        self.resync_error, self._joined_again = None, True
        if self.gap is not None and self.gap.ended is None:
            self.gap.ended = self._clock.now()
        log.info("the state of the PBX is known", action=Action.RESYNC_DONE, pbx=self.pbx)

    async def _doubt(self) -> None:
        """Ask now and then whether we hear what there is to hear."""
        while True:
            await asyncio.sleep(DOUBT_S)
            if self.backfill is not None:
                await self.backfill.look_again()
            calls = await self._calls_counted()
            if calls is None or self.ami.status.backlog:  # not heard yet is not deaf
                continue
            deaf = self._deafness.compare(calls, self._channels_heard)
            if deaf and not self.deaf:
                log.error("the PBX has calls and tells us of none", action=Action.AMI_DEAF)
            self.deaf = deaf

    async def _calls_counted(self) -> int | None:
        """Return how many calls the PBX has begun since its start; None when it cannot be asked."""
        if not self.connected:
            return None
        try:
            return number((await self._ask("CoreStatus")).message.get("CoreProcessedCalls"))
        except PbxError as error:
            log.debug("it cannot be asked for its calls", action=Action.AMI_ACTION, error=str(error))
            return None

    async def _ask(self, action: str, *headers: tuple[str, str]) -> Response:
        return await self.ami.send(action, headers, timeout_s=RESYNC_S)

    async def _ask_list(self, action: str, *headers: tuple[str, str]) -> Response:
        return await self.ami.send_list(action, headers, timeout_s=RESYNC_S)
