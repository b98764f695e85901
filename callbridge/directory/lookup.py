"""A CRM as a source: what it answered lately, one question at a time for a number, and rest when it fails."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from callbridge.calls.customer import NOBODY, Known
from callbridge.clock import Clock
from callbridge.directory import answer, template
from callbridge.directory.asking import Asking
from callbridge.directory.breaker import Breaker, Leave
from callbridge.directory.cache import Cache
from callbridge.directory.matching import known
from callbridge.directory.settings import Keeping, LookupSettings
from callbridge.directory.source import Question, Slot, SourceHealth
from callbridge.directory.tally import Tally
from callbridge.errors import DirectoryError, SourceResting
from callbridge.logs import Action, logger

MOST_UNDER_WAY: Final = 1000
"""Numbers asked for at once; the deadline lets far fewer get through."""

Said = Known | DirectoryError

log = logger()


class Lookup:
    """One CRM. Use it as an async context manager."""

    def __init__(self, settings: LookupSettings, keeping: Keeping, clock: Clock) -> None:
        self._settings, self._keeping, self._clock = settings, keeping, clock
        self._asking = Asking(settings)
        self._cache = Cache[Slot, Known](keeping.size)
        self._breaker = Breaker(settings.rest_after, settings.rest_s)
        self._tally = Tally(settings.name)
        self._finished = False
        self._under_way: dict[Slot, asyncio.Task[Said]] = {}
        self._tasks: set[asyncio.Task[Said]] = set()
        """Those under way, and those whose answer was forgotten before it came."""

    @property
    def name(self) -> str:
        return self._settings.name

    async def __aenter__(self) -> Self:
        await self._asking.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finished = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._asking.__aexit__(kind, error, trace)

    async def at_once(self, questions: Sequence[Question]) -> Mapping[Question, Known]:
        now = self._clock.monotonic()
        kept = {asked: self._cache.get(asked.slot, now) for asked in questions}
        return {asked: found for asked, found in kept.items() if found is not None}

    async def ask(self, question: Question) -> Known:
        """Return what is kept, or ask; who asks for the same number meanwhile shares the answer."""
        kept = self._cache.get(question.slot, self._clock.monotonic())
        if kept is not None:
            return kept
        task = self._under_way.get(question.slot) or self._set_out(question)
        await asyncio.wait((task,))  # whoever stops to wait takes nobody's answer away
        if task.cancelled():
            raise SourceResting(f"{self.name} is not asked any more.")
        said = task.result()
        if isinstance(said, DirectoryError):
            raise said
        return said

    def forget(self, which: Collection[Slot] | None) -> None:
        """Drop answers, and do not keep those that are under way: they may be old already."""
        if which is None:
            self._cache.clear()
            self._under_way.clear()
            return
        for slot in which:
            self._cache.forget(slot)
            self._under_way.pop(slot, None)

    def health(self) -> SourceHealth:
        return self._tally.health(resting=self._breaker.is_open)

    async def finish(self) -> None:
        self._finished = True
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _set_out(self, question: Question) -> asyncio.Task[Said]:
        """Start to ask. Raises SourceResting."""
        if self._finished:
            raise SourceResting(f"{self.name} is not asked any more.")
        if len(self._tasks) >= MOST_UNDER_WAY:
            raise SourceResting(f"{self.name} is not asked, for {MOST_UNDER_WAY} questions wait for it.")
        leave = self._breaker.admit(self._clock.monotonic())
        if leave is None:
            raise SourceResting(f"{self.name} is left alone for a while, for it failed too often.")
        task = asyncio.create_task(self._settled(question, leave), name=f"directory {self.name}")
        self._under_way[question.slot] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _settled(self, question: Question, leave: Leave) -> Said:
        """Ask, and draw the consequences; the task of a question, which never raises but when it is cancelled."""
        said: Said | None = None
        try:
            said = await self._said(question)
        finally:
            kept = self._under_way.get(question.slot) is asyncio.current_task()
            if kept:
                del self._under_way[question.slot]
            self._learn(leave, said)
        if kept and isinstance(said, Known):
            now, keeping = self._clock.monotonic(), self._keeping
            self._cache.put(question.slot, said, now + (keeping.unknown_s if said == NOBODY else keeping.known_s))
        return said

    async def _said(self, question: Question) -> Said:
        self._tally.asked()
        places = {"number": question.key, "raw": question.number, "pbx": question.pbx}
        try:
            status, body = await self._asking.get(template.question(self._settings.url, places))
            return known(answer.customers(self.name, status, body))
        except DirectoryError as error:
            return error

    def _learn(self, leave: Leave, said: Said | None) -> None:
        if said is None:  # cancelled: nobody knows
            self._breaker.withdrawn(leave)
        elif isinstance(said, Known):
            if self._breaker.succeeded():
                log.info("answers again", action=Action.DIRECTORY_RECOVERED, source=self.name)
        else:
            self._tally.failed(said)
            if self._breaker.failed(leave, self._clock.monotonic()):
                rest_s = self._settings.rest_s
                log.warning("left alone", action=Action.DIRECTORY_RESTS, source=self.name, rest_s=rest_s)
