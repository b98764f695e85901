"""Asking the directory whom calls are with, and saying what it knows as facts.

What the house itself knows is said before the call begins, so that its first event
has the customer. Else the call begins as `pending`, and every source is asked.
Which numbers are wanted the tracker knows, after a restart too; so nothing is
remembered here but what is being asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from callbridge.app import supervision
from callbridge.calls.correlation import Key
from callbridge.calls.customer import NOBODY
from callbridge.calls.enquiries import expected_of
from callbridge.calls.facts import Backfilled, ChannelBorn, DirectoryAnswered, Fact, StateRead
from callbridge.calls.tracker import Tracker
from callbridge.directory.directory import Directory
from callbridge.logs import Action, logger

BEGINNINGS: Final = (ChannelBorn, StateRead, Backfilled)
"""Facts with which calls may begin."""
AT_ONCE: Final = 64
"""Numbers that are asked for side by side; the sources have bounds of their own."""
ANSWER_S: Final = 30.0
"""For all sources together: each has its own deadline, this one is for what nobody thought of."""
AGAIN_S: Final = 5.0
"""How often we look what is wanted when nothing tells us to."""

log = logger()


class Enquiring:
    """`informed` stands before the pipeline, `run` beside it; `wake` whenever something was committed."""

    def __init__(
        self,
        tracker: Tracker,
        directory: Directory,
        offer: Callable[[Sequence[Fact]], Awaitable[None]],
        clock_of: Callable[[str], datetime],
    ) -> None:
        """`clock_of` tells what a PBX's clock shows."""
        self._tracker = tracker
        self._directory = directory
        self._offer = offer
        self._clock_of = clock_of
        self._news = asyncio.Event()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._asking: set[Key] = set()

    async def informed(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        """Return facts with what is known at once of those who begin to call put before them."""
        callers: dict[Key, datetime] = {}
        for fact in facts:
            if isinstance(fact, BEGINNINGS):
                for number in expected_of(self._tracker.board.profile(fact.pbx), fact):
                    callers.setdefault((fact.pbx, number), fact.at)
        if not callers:
            return facts
        known = [
            DirectoryAnswered(pbx, callers[pbx, number], number, found)
            for pbx in dict.fromkeys(pbx for pbx, _ in callers)
            for number, found in (await self._directory.at_once(pbx, numbers_of(callers, pbx))).items()
        ]
        return [*known, *facts]

    def wake(self) -> None:
        """Look whether anybody is to be asked for."""
        if self._tracker.awaits_directory:
            self._news.set()

    async def run(self) -> None:
        """Answer for every number that is wanted."""
        self._asking.clear()
        async with asyncio.TaskGroup() as group:
            while True:
                for pbx, number in self._tracker.wanted():
                    if (pbx, number) not in self._asking:
                        self._asking.add((pbx, number))
                        group.create_task(self._answer(pbx, number), name="directory")
                await supervision.woken(self._news, AGAIN_S)

    async def _answer(self, pbx: str, number: str) -> None:
        try:
            async with self._places:
                said = await self._said(pbx, number)
            await self._offer((said,))
        finally:
            self._asking.discard((pbx, number))

    async def _said(self, pbx: str, number: str) -> DirectoryAnswered:
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await self._directory.ask(pbx, number)
        except TimeoutError:
            log.warning("the directory does not answer", action=Action.DIRECTORY_FAILED, pbx=pbx, within_s=ANSWER_S)
            return DirectoryAnswered(pbx, self._clock_of(pbx), number, NOBODY, failed=True)
        return DirectoryAnswered(pbx, self._clock_of(pbx), number, answer.known, failed=answer.failed)


def numbers_of(callers: Mapping[Key, datetime], pbx: str) -> list[str]:
    """Return those of the callers' numbers that were heard at a PBX."""
    return [number for each, number in callers if each == pbx]
