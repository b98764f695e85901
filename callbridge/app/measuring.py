"""Looking at the files of recordings that are over, and saying what is there as facts.

Which files are awaited the tracker knows, after a restart too; so nothing is remembered here but what
is being looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from callbridge.asterisk import recording_file
from callbridge.asterisk.recording_file import Look
from callbridge.calls.facts import Fact, RecordingMeasured, RecordingMissing
from callbridge.calls.recording_files import AwaitedFile
from callbridge.calls.tracker import Tracker
from callbridge.errors import RecordingUnreadable
from callbridge.logs import Action, logger

STEADY_S: Final = 0.25
"""A file that is the same after so long is written to its end: Asterisk closes it some milliseconds after its call."""
STEADY_WITHIN_S: Final = 10.0
SHORT_S: Final = 0.3
APPEARS_WITHIN_S: Final = 1.0
"""How long a file may be missing: a recording that ends as it begins has none yet."""
LOOK_S: Final = 10.0
"""For one look: a folder that hangs (NFS) must not be waited for."""
AT_ONCE: Final = 4
AGAIN_S: Final = 5.0
"""How often we ask what is awaited when nothing tells us to."""

log = logger()


class Measuring:
    """`run` until cancelled; `wake` whenever something was committed."""

    def __init__(
        self,
        tracker: Tracker,
        folders: Mapping[str, Path],
        offer: Callable[[Sequence[Fact]], Awaitable[None]],
        clock_of: Callable[[str], datetime],
    ) -> None:
        """`folders` are the recordings of each PBX; `clock_of` tells what its clock shows."""
        self._tracker = tracker
        self._folders = folders
        self._offer = offer
        self._clock_of = clock_of
        self._news = asyncio.Event()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._looking: set[str] = set()

    def wake(self) -> None:
        """Look whether there is something to look at."""
        if self._tracker.awaits_files:
            self._news.set()

    async def run(self) -> None:
        """Answer for every file that is awaited."""
        self._looking.clear()
        async with asyncio.TaskGroup() as group:
            while True:
                for recording, file in self._tracker.awaited().items():
                    if recording not in self._looking:
                        self._looking.add(recording)
                        group.create_task(self._answer(recording, file), name=f"measure {recording}")
                await self._something_new()

    async def _something_new(self) -> None:
        try:
            async with asyncio.timeout(AGAIN_S):
                await self._news.wait()
        except TimeoutError:
            pass  # looked at anyway
        self._news.clear()

    async def _answer(self, recording: str, file: AwaitedFile) -> None:
        pbx = file.pbx
        try:
            async with self._places:
                found = await self._steady(self._folders[pbx], file)
        except RecordingUnreadable as error:
            log.warning(str(error), action=Action.RECORDING_UNREADABLE, pbx=pbx, recording=recording)
            await self._offer((RecordingMissing(pbx, self._clock_of(pbx), recording, error.why),))
        else:
            await self._offer((RecordingMeasured(pbx, self._clock_of(pbx), recording, found.length_s, found.size),))
        finally:
            self._looking.discard(recording)

    async def _steady(self, folder: Path, file: AwaitedFile) -> Look:
        """Return what is in a file once nobody writes to it, or after a time anyway. Raises RecordingUnreadable."""
        before = await self._first_look(folder, file.file)
        for _ in range(round(STEADY_WITHIN_S / STEADY_S)):
            await asyncio.sleep(STEADY_S)
            now = await self._look(folder, file.file)
            if now == before and not is_short(now, file.expected_s):
                break
            before = now
        return before

    async def _first_look(self, folder: Path, file: str) -> Look:
        for _ in range(round(APPEARS_WITHIN_S / STEADY_S)):
            try:
                return await self._look(folder, file)
            except RecordingUnreadable as error:
                if error.why != "missing":
                    raise
            await asyncio.sleep(STEADY_S)
        return await self._look(folder, file)

    async def _look(self, folder: Path, file: str) -> Look:
        try:
            async with asyncio.timeout(LOOK_S):
                return await asyncio.to_thread(recording_file.look, folder, file)
        except TimeoutError:
            raise RecordingUnreadable(f"{folder} does not answer within {LOOK_S:.0f} s", "timeout") from None


def is_short(found: Look, expected_s: float | None) -> bool:
    """Tell whether a file may not be written to its end: Asterisk keeps up to 32 KB back until it closes it."""
    return found.length_s is not None and expected_s is not None and found.length_s < expected_s - SHORT_S
